"""ZFNet: figure 3's shapes, counts by arithmetic, the network written out in TensorFlow, what options do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.models import MODELS, outline
from cnnrepro.models.alexnet_blocks import chain_network
from cnnrepro.models.zfnet import FIGURE_3
from tests.models.layer_counts import counts, multiply_adds, of_kinds, outlined, shapes


def test_the_maps_of_figure_3():
    shape = shapes(outlined("zfnet"))
    assert shape["conv1"] == (110, 110, 96)
    assert shape["pool1"] == (55, 55, 96)
    assert shape["conv2"] == (26, 26, 256)
    assert shape["pool2"] == (13, 13, 256)
    assert shape["conv3"] == shape["conv4"] == (13, 13, 384)
    assert shape["conv5"] == (13, 13, 256)
    assert shape["pool5"] == (6, 6, 256)
    assert shape["flatten"] == (9_216,)


def test_parameters_and_multiply_adds_layer_by_layer():
    model = outlined("zfnet")
    assert counts(model) == {
        "conv1": 14_208,  # 7·7·3·96 + 96
        "conv2": 614_656,
        "conv3": 885_120,
        "conv4": 1_327_488,
        "conv5": 884_992,
        "dense6": 37_752_832,
        "dense7": 16_781_312,
        "logits": 4_097_000,
    }
    assert model.count_params() == MODELS["zfnet"].parameters == 62_357_608
    assert multiply_adds(model) == 1_168_032_896


def test_contrast_normalisation_comes_behind_pools_1_and_2():
    model = outlined("zfnet")
    assert [layer.name for layer in model.layers][2:8] == ["conv1", "pool1", "norm1", "conv2", "pool2", "norm2"]
    assert len(of_kinds(model, LocalResponseNormalization)) == 2


@pytest.mark.parametrize("shape", [(63, 63, 1), (66, 64, 2), (70, 63, 1)])
def test_it_equals_the_network_written_out(shape):
    """Sizes whose maps are even, odd, and one of each before the pools that round up."""
    keras.utils.set_random_seed(0)
    options = {"dropout": 0.5, "normalization": "lrn", "kernel_initializer": "glorot_uniform", "units": 32}
    model = chain_network("zfnet", shape, 5, FIGURE_3, pool_first=True, **options)
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


def test_the_small_form_differs_from_alexnets_in_its_first_filters():
    ours, alexnets = outlined("zfnet_small"), outlined("alexnet_small")
    assert counts(ours) == counts(alexnets) | {"conv1": 3 * 3 * 96 + 96}
    shape = shapes(ours)
    assert [shape[f"pool{number}"][0] for number in (1, 2, 5)] == [13, 6, 2]


def test_the_options_reach_the_layers():
    model = outline("zfnet_small", dropout=0.25, normalization="batch", kernel_initializer="he_normal")
    assert model.get_layer("dropout6").rate == model.get_layer("dropout7").rate == 0.25
    assert len(of_kinds(model, keras.layers.BatchNormalization)) == 5
    assert isinstance(model.get_layer("conv5").kernel_initializer, keras.initializers.HeNormal)
    plain = outline("zfnet_small", normalization="none")
    assert not [layer for layer in plain.layers if layer.name.startswith("norm")]
