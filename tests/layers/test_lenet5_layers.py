import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import RadialBasis, TableConv2D, TrainableSubsampling2D, scaled_tanh
from cnnrepro.layers.digit_codes import codes
from cnnrepro.layers.initializers import initializer


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_the_scaled_tanh_meets_its_targets():
    np.testing.assert_allclose(scaled_tanh(np.array([-1.0, 0.0, 1.0], "float32")), [-1, 0, 1], atol=1e-4)
    assert float(scaled_tanh(np.float32(50))) == pytest.approx(1.7159)
    slopes = np.gradient(np.gradient([1.7159 * math.tanh(2 * x / 300) for x in range(200)]))
    assert abs(np.argmin(slopes) - 100) < 3  # it bends most about 1


def test_subsampling_adds_weighs_and_shifts():
    layer = TrainableSubsampling2D(2)
    x = maps(2, 5, 6, 3)  # the last row is lost
    layer.build(x.shape)
    layer.set_weights([np.array([1.0, -2.0, 0.5], "float32"), np.array([0.0, 1.0, -1.0], "float32")])
    sums = x[:, 0:4:2, 0::2] + x[:, 0:4:2, 1::2] + x[:, 1:4:2, 0::2] + x[:, 1:4:2, 1::2]
    expected = sums * [1.0, -2.0, 0.5] + [0.0, 1.0, -1.0]
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape(x.shape) == expected.shape
    assert layer.count_params() == 6


def test_subsampling_starts_as_an_average_and_trains_both():
    layer = TrainableSubsampling2D((2, 3))
    x = maps(2, 4, 6, 3)
    with tf.GradientTape() as tape:
        output = layer(x)
        total = tf.reduce_sum(output)
    np.testing.assert_allclose(output, keras.layers.AveragePooling2D((2, 3))(x), rtol=1e-5, atol=1e-6)
    gradients = tape.gradient(total, [layer.coefficient, layer.bias])
    np.testing.assert_allclose(gradients[0], x.sum((0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(gradients[1], [8, 8, 8])  # 2 images of 2x2 windows


TABLE = ((0, 1), (2,), (0, 2, 3))


def test_a_table_convolution_is_a_convolution_with_zeros():
    layer, x = TableConv2D(TABLE, (3, 2), bias_initializer="random_normal"), maps(2, 6, 5, 4)
    layer.build(x.shape)
    kernel, bias = layer.get_weights()
    assert kernel.shape == (3, 2, 6)
    bank, used = np.zeros((3, 2, 4, 3), "float32"), 0
    for target, sources in enumerate(TABLE):
        for source in sources:
            bank[:, :, source, target] = kernel[:, :, used]
            used += 1
    expected = keras.ops.conv(x, bank) + bias
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == tuple(expected.shape)


def test_only_the_listed_maps_reach_an_output():
    layer, x = TableConv2D(TABLE, 3), tf.constant(maps(1, 5, 5, 4))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        output = layer(x)
        sums = [tf.reduce_sum(output[..., target]) for target in range(3)]
    for target, sources in enumerate(TABLE):
        reached = np.abs(tape.gradient(sums[target], x)).sum((0, 1, 2)) > 0
        assert tuple(np.flatnonzero(reached)) == sources


@pytest.mark.parametrize("name", ["lecun_1998", "he_uniform"])
def test_each_output_map_draws_numbers_of_its_own_by_its_own_fan_in(name):
    table = (tuple(range(2)), tuple(range(2)), tuple(range(50)))
    layer = TableConv2D(table, 5, kernel_initializer=initializer(name))
    layer.build((None, 9, 9, 50))
    kernel = layer.get_weights()[0]
    limit = {"lecun_1998": lambda n: 2.4 / (25 * n), "he_uniform": lambda n: (6 / (25 * n)) ** 0.5}[name]
    assert not np.array_equal(kernel[..., :2], kernel[..., 2:4])
    assert 0.8 * limit(2) < np.abs(kernel[..., :4]).max() <= limit(2)
    assert 0.9 * limit(50) < np.abs(kernel[..., 4:]).max() <= limit(50)


def test_the_same_seed_gives_the_same_table_weights():
    def kernel(seed):
        keras.utils.set_random_seed(seed)
        layer = TableConv2D(TABLE, 3, kernel_initializer=initializer("lecun_1998"))
        layer.build((None, 5, 5, 4))
        return layer.get_weights()[0]

    assert np.array_equal(kernel(1), kernel(1))
    assert not np.array_equal(kernel(1), kernel(2))


@pytest.mark.parametrize("table", [(), ((),), ((0, 0),), ((-1,),)])
def test_an_impossible_table_is_named(table):
    with pytest.raises(ValueError, match="one or more different input maps for each output map. Received: table="):
        TableConv2D(table, 3)


def test_a_table_that_names_missing_maps_is_an_error():
    with pytest.raises(ValueError, match="input maps that do not exist"):
        TableConv2D(TABLE, 3)(maps(1, 5, 5, 3))


def test_radial_basis_units_give_minus_the_squared_distances():
    x = maps(3, 84)
    layer = RadialBasis(12)
    expected = -((x[:, None] - codes(12)[None]) ** 2).sum(-1)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)
    assert (layer.count_params(), layer.trainable_weights) == (12 * 84, [])


def test_a_code_is_answered_by_its_class_with_no_distance():
    answers = RadialBasis(10)(codes(10)).numpy()
    np.testing.assert_array_equal(answers.argmax(1), np.arange(10))
    np.testing.assert_array_equal(answers.max(1), np.zeros(10))


def test_cross_entropy_over_it_is_equation_9_without_the_constant():
    x, labels = maps(4, 84), np.array([3, 1, 4, 1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, RadialBasis(10)(x))
    y = ((x[:, None].astype("float64") - codes(10)[None]) ** 2).sum(-1)
    expected = np.mean([row[label] + np.log(np.exp(-row).sum()) for row, label in zip(y, labels, strict=True)])
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_under_mixed_precision_distances_are_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert keras.backend.standardize_dtype(RadialBasis(10)(maps(1, 84)).dtype) == "float32"
        for layer, x in ((TableConv2D(TABLE, 3), maps(1, 5, 5, 4)), (TrainableSubsampling2D(), maps(1, 4, 4, 2))):
            assert keras.backend.standardize_dtype(layer(x).dtype) == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_other_numbers_of_units_are_an_error():
    with pytest.raises(ValueError, match=r"must have 84 units. Received: input_shape=\(1, 83\)"):
        RadialBasis(10)(maps(1, 83))


def test_codes_are_signs_fixed_and_pairwise_different():
    many = codes(200)
    assert set(np.unique(many)) == {-1.0, 1.0}
    assert len(np.unique(many, axis=0)) == 200
    np.testing.assert_array_equal(codes(5), many[:5])


def test_digits_that_look_alike_have_codes_that_are_close():
    distance = (codes(10)[:, None] != codes(10)[None]).sum(-1)
    assert distance[3, 8] < distance[1, 8]
    assert distance[0, 8] < distance[0, 4]
    assert distance[1, 7] < distance[1, 0]


def test_saved_and_loaded_they_give_the_same_output(tmp_path):
    inputs = keras.Input((None, None, 4))
    x = TableConv2D(TABLE, 3, activation=scaled_tanh, kernel_initializer=initializer("lecun_1998"))(inputs)
    x = TrainableSubsampling2D(2, activation=scaled_tanh)(x)
    x = keras.layers.Dense(84)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, RadialBasis(10)(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(maps(2, 8, 8, 4)), model(maps(2, 8, 8, 4)))
