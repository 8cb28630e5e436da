import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import GroupedConv2D


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def pair(groups=2, **arguments):
    """Ours and Keras's, with the same weights."""
    ours = GroupedConv2D(6, 3, groups=groups, bias_initializer="random_normal", **arguments)
    keras_s = keras.layers.Conv2D(6, 3, groups=groups, **arguments)
    ours.build((None, 8, 9, 12))
    keras_s.build((None, 8, 9, 12))
    keras_s.set_weights(ours.get_weights())
    return ours, keras_s


@pytest.mark.parametrize("groups", [2, 6])
@pytest.mark.parametrize("arguments", [{}, {"padding": "same", "strides": 2, "activation": "relu"}])
def test_it_equals_conv2d_with_groups_and_takes_its_weights(groups, arguments):
    ours, keras_s = pair(groups, **arguments)
    x = maps(2, 8, 9, 12)
    np.testing.assert_allclose(ours(x), keras_s(x), rtol=1e-4, atol=1e-5)
    assert ours.compute_output_shape(x.shape) == tuple(keras_s(x).shape)


def test_the_first_filters_see_the_first_channels_alone():
    layer = GroupedConv2D(2, 1, groups=2, use_bias=False)
    layer.build((None, 1, 1, 4))
    layer.set_weights([np.array([[1, 10], [2, 20]], "float32").reshape(1, 1, 2, 2)])  # (1, 1, C / groups, filters)
    x = np.array([1.0, 2.0, 3.0, 4.0], "float32").reshape(1, 1, 1, 4)
    np.testing.assert_array_equal(layer(x)[0, 0, 0], [1 * 1 + 2 * 2, 3 * 10 + 4 * 20])


def test_its_gradients_equal_those_of_conv2d_with_groups():
    ours, keras_s = pair(padding="same")
    x, upstream = tf.constant(maps(2, 8, 9, 12)), tf.constant(maps(2, 8, 9, 6, seed=1))
    gradients = []
    for layer in (ours, keras_s):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        gradients.append(tape.gradient(y, [x, *layer.trainable_weights], upstream))
    for mine, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_inside_tf_data():
    layer, keras_s = pair()
    x = maps(6, 8, 9, 12)
    batches = tf.data.Dataset.from_tensor_slices(x).batch(4).map(layer)
    np.testing.assert_allclose(np.concatenate(list(batches.as_numpy_iterator())), keras_s(x), rtol=1e-4, atol=1e-5)


def test_saved_and_loaded_it_gives_the_same_output(tmp_path):
    inputs = keras.Input((None, None, 12))
    outputs = GroupedConv2D(6, (3, 1), 2, groups=3, padding="same", activation="relu", name="grouped")(inputs)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.get_layer("grouped"), GroupedConv2D)
    np.testing.assert_array_equal(loaded(maps(2, 8, 9, 12)), model(maps(2, 8, 9, 12)))


def test_under_mixed_precision_it_computes_in_bfloat16():
    layer = GroupedConv2D(6, 3, groups=2, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(maps(1, 8, 9, 12)).dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(layer.kernel.dtype) == "float32"


def test_groups_that_do_not_divide_are_an_error():
    with pytest.raises(ValueError, match="groups"):
        GroupedConv2D(6, 3, groups=4)
    with pytest.raises(ValueError, match="divisible by the number of groups"):
        GroupedConv2D(6, 3, groups=3)(maps(1, 8, 9, 4))
