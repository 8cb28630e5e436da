import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.models import MODELS, build
from cnnrepro.models.zfnet import zfnet


@pytest.fixture(scope="module")
def full():
    """The model at full size, built once; zeros, as 60 million random numbers take seconds."""
    return build("zfnet", kernel_initializer="zeros")


def shapes(model):
    return {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}


def counts(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


def test_the_maps_of_figure_3(full):
    found = shapes(full)
    assert found["conv1"] == (110, 110, 96)
    assert found["pool1"] == (55, 55, 96)
    assert found["conv2"] == (26, 26, 256)
    assert found["pool2"] == (13, 13, 256)
    assert found["conv3"] == found["conv4"] == (13, 13, 384)
    assert found["conv5"] == (13, 13, 256)
    assert found["pool5"] == (6, 6, 256)
    assert found["flatten"] == (9_216,)


def test_parameters_and_multiply_adds_layer_by_layer(full):
    assert counts(full) == {
        "conv1": 14_208,  # 7·7·3·96 + 96
        "conv2": 614_656,
        "conv3": 885_120,
        "conv4": 1_327_488,
        "conv5": 884_992,
        "dense6": 37_752_832,
        "dense7": 16_781_312,
        "logits": 4_097_000,
    }
    assert full.count_params() == MODELS["zfnet"].parameters == 62_357_608
    weighted = [layer for layer in full.layers if getattr(layer, "kernel", None) is not None]
    products = [int(np.prod(layer.kernel.shape[:-1]) * np.prod(layer.output.shape[1:])) for layer in weighted]
    assert sum(products) == 1_168_032_896


def test_contrast_normalisation_comes_behind_pools_1_and_2(full):
    names = [layer.name for layer in full.layers]
    assert names[2:8] == ["conv1", "pool1", "norm1", "conv2", "pool2", "norm2"]
    assert sum(isinstance(layer, LocalResponseNormalization) for layer in full.layers) == 2


@pytest.mark.parametrize("shape", [(63, 63, 1), (66, 64, 2), (70, 63, 1)])
def test_it_equals_the_network_written_out(shape):
    """Sizes whose maps are even, odd, and one of each before the pools that round up."""
    keras.utils.set_random_seed(0)
    model = build("zfnet", input_shape=shape, classes=5, kernel_initializer="glorot_uniform")
    images = 30 * np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    x = tf.constant(images)
    for number, padding, stride in ((1, 1, 2), (2, 0, 2), (3, 1, 1), (4, 1, 1), (5, 1, 1)):
        layer = model.get_layer(f"conv{number}")
        x = tf.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
        x = tf.nn.relu(tf.nn.conv2d(x, layer.kernel.numpy(), stride, "VALID") + layer.bias.numpy())
        if number < 3:
            beyond = [(0, 1 - size % 2) for size in x.shape[1:3]]  # rounded up: one more window
            x = tf.nn.max_pool2d(tf.pad(x, [(0, 0), *beyond, (0, 0)], constant_values=-np.inf), 3, 2, "VALID")
            x = tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
    x = tf.reshape(tf.nn.max_pool2d(x, 3, 2, "VALID"), (2, -1))
    for name in ("dense6", "dense7", "logits"):
        layer = model.get_layer(name)
        x = x @ layer.kernel.numpy() + layer.bias.numpy()
        x = x if name == "logits" else tf.nn.relu(x)
    np.testing.assert_allclose(model(images), x, rtol=1e-3, atol=1e-3)


def test_the_smallest_size_leaves_one_position_and_less_leaves_none():
    size = MODELS["zfnet"].smallest
    model = build("zfnet", input_shape=(size, size, 1), classes=3, kernel_initializer="zeros")
    assert shapes(model)["pool5"] == (1, 1, 256)
    with pytest.raises(ValueError, match="zero or negative"):
        zfnet((size - 1, size - 1, 1), 3, kernel_initializer="zeros")


def test_the_small_form_differs_from_alexnets_in_its_first_filters():
    ours, alexnets = build("zfnet_small"), build("alexnet_small")
    assert counts(ours) == counts(alexnets) | {"conv1": 3 * 3 * 96 + 96}
    found = shapes(ours)
    assert [found[f"pool{number}"][0] for number in (1, 2, 5)] == [13, 6, 2]
    smallest = MODELS["zfnet_small"].smallest
    assert shapes(build("zfnet_small", input_shape=(smallest, smallest, 1)))["pool5"] == (1, 1, 256)
    assert build("zfnet_small", input_shape=(32, 32, 3)).output_shape == (None, 10)


def test_the_options_reach_the_layers():
    model = build("zfnet_small", dropout=0.25, normalization="batch", kernel_initializer="he_normal")
    assert model.get_layer("dropout6").rate == model.get_layer("dropout7").rate == 0.25
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers) == 5
    assert isinstance(model.get_layer("conv5").kernel_initializer, keras.initializers.HeNormal)
    plain = build("zfnet_small", normalization="none")
    assert not [layer for layer in plain.layers if layer.name.startswith("norm")]


def test_it_trains_a_step():
    model = build("zfnet_small", input_shape=(15, 15, 1), kernel_initializer="he_normal")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.get_layer("conv1").kernel.numpy().copy()
    images = np.random.default_rng(0).normal(size=(4, 15, 15, 1)).astype("float32")
    assert np.isfinite(model.train_on_batch(images, np.arange(4)))
    assert not np.array_equal(before, model.get_layer("conv1").kernel.numpy())
