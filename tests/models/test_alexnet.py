"""The AlexNets: shapes and counts by arithmetic, the networks written out in TensorFlow, what options do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import GroupedConv2D, LocalResponseNormalization
from cnnrepro.models import MODELS, build, outline
from cnnrepro.models.alexnet import ONE_TOWER, TORCHVISION_TOWER, TWO_GROUPS
from cnnrepro.models.alexnet_blocks import chain_network
from tests.models.layer_counts import counts, multiply_adds, of_kinds, outlined, shapes

LARGE = ["alexnet", "alexnet_one_tower", "alexnet_torchvision"]
DENSE = {"dense6": 37_752_832, "dense7": 16_781_312, "logits": 4_097_000}


@pytest.mark.parametrize("name", LARGE)
def test_the_maps_go_55_27_13_6(name):
    shape = shapes(outlined(name))
    assert shape["conv1"][:2] == (55, 55)
    assert shape["pool1"][:2] == shape["conv2"][:2] == (27, 27)
    assert shape["pool2"][:2] == shape["conv3"][:2] == shape["conv4"][:2] == shape["conv5"][:2] == (13, 13)
    assert shape["pool5"] == (6, 6, 256)
    assert shape["flatten"] == (9_216,)
    assert (shape["dense6"], shape["dense7"], shape["logits"]) == ((4_096,), (4_096,), (1_000,))


@pytest.mark.parametrize(
    "name, convolutions, parameters, products",
    [
        # weights plus biases: 11·11·3·96 + 96, 5·5·48·256 + 256, 3·3·256·384 + 384, …
        ("alexnet", (34_944, 307_456, 885_120, 663_936, 442_624), 60_965_224, 724_406_816),
        ("alexnet_one_tower", (34_944, 614_656, 885_120, 1_327_488, 884_992), 62_378_344, 1_135_256_096),
        ("alexnet_torchvision", (23_296, 307_392, 663_936, 884_992, 590_080), 61_100_840, 714_188_480),
    ],
)
def test_parameters_and_multiply_adds_layer_by_layer(name, convolutions, parameters, products):
    model = outlined(name)
    assert counts(model) == {f"conv{number}": count for number, count in enumerate(convolutions, start=1)} | DENSE
    assert model.count_params() == MODELS[name].parameters == parameters
    assert multiply_adds(model) == products


def test_the_small_form_layer_by_layer():
    model = outlined("alexnet_small")
    # the names are those of the first records
    assert [layer.name for layer in model.layers] == [
        "image", "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "flatten",
        "dense6", "dropout6", "dense7", "dropout7", "logits",
    ]  # fmt: skip
    shape = shapes(model)
    # 28 -> pool 13 -> pool 6 -> pool 2: (s - 3)//2 + 1 each time
    assert [shape[f"conv{number}"] for number in (1, 2, 3, 4, 5)] == [
        (28, 28, 96), (13, 13, 256), (6, 6, 384), (6, 6, 384), (6, 6, 256),
    ]  # fmt: skip
    assert [shape[f"pool{number}"][0] for number in (1, 2, 5)] == [13, 6, 2]
    assert shape["flatten"] == (1024,)
    # weights plus biases: 5·5·1·96 + 96, 5·5·96·256 + 256, …
    assert counts(model) == {
        "conv1": 2_496,
        "conv2": 614_656,
        "conv3": 885_120,
        "conv4": 1_327_488,
        "conv5": 884_992,
        "dense6": 1_049_600,
        "dense7": 1_049_600,
        "logits": 10_250,
    }


def test_convolutions_2_4_and_5_are_in_two_groups():
    assert {layer.name: layer.groups for layer in of_kinds(outlined("alexnet"), GroupedConv2D)} == {
        "conv2": 2, "conv4": 2, "conv5": 2,
    }  # fmt: skip


def test_biases_start_at_1_in_convolutions_2_4_5_and_the_hidden_dense_layers():
    biases = {
        layer.name: getattr(layer.bias_initializer, "value", 0.0)
        for layer in outlined("alexnet").layers
        if getattr(layer, "bias", None) is not None
    }
    assert {name for name, bias in biases.items() if bias == 1} == {"conv2", "conv4", "conv5", "dense6", "dense7"}
    assert {name for name, bias in biases.items() if bias == 0} == {"conv1", "conv3", "logits"}


def written_out(model, images, *, first_padding, groups, lrn):
    """The network in TensorFlow's own operations, from the weights of the model."""
    x = tf.constant(images)
    for number, padding, group in zip(range(1, 6), (first_padding, 2, 1, 1, 1), groups, strict=True):
        layer = model.get_layer(f"conv{number}")
        x = tf.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
        parts = [
            tf.nn.conv2d(part, filters, 4 if number == 1 else 1, "VALID")
            for part, filters in zip(
                tf.split(x, group, -1), tf.split(tf.constant(layer.kernel.numpy()), group, -1), strict=True
            )
        ]
        x = tf.nn.relu(tf.concat(parts, -1) + layer.bias.numpy())
        if lrn and number < 3:
            x = tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
        if number in (1, 2, 5):
            x = tf.nn.max_pool2d(x, 3, 2, "VALID")
    x = tf.reshape(x, (len(images), -1))
    for name in ("dense6", "dense7", "logits"):
        layer = model.get_layer(name)
        x = x @ layer.kernel.numpy() + layer.bias.numpy()
        x = x if name == "logits" else tf.nn.relu(x)
    return x


@pytest.mark.parametrize(
    "name, convolutions, written",
    [
        ("alexnet", TWO_GROUPS, {"first_padding": 0, "groups": (1, 2, 1, 2, 2), "lrn": True}),
        ("alexnet_one_tower", ONE_TOWER, {"first_padding": 2, "groups": (1,) * 5, "lrn": False}),
        ("alexnet_torchvision", TORCHVISION_TOWER, {"first_padding": 2, "groups": (1,) * 5, "lrn": False}),
    ],
)
def test_it_equals_the_network_written_out_and_trains_a_step(name, convolutions, written):
    keras.utils.set_random_seed(0)
    size = MODELS[name].smallest
    options = {"dropout": 0.5, "normalization": "lrn" if written["lrn"] else "none", "units": 32}
    model = chain_network(
        name, (size, size, 3), 5, convolutions, kernel_initializer="glorot_uniform", initial_bias=1.0, **options
    )
    images = 30 * np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    np.testing.assert_allclose(model(images), written_out(model, images, **written), rtol=1e-3, atol=1e-3)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    before = [weight.numpy().copy() for weight in model.trainable_weights if weight.name == "kernel"]
    assert np.isfinite(model.train_on_batch(images / 30, np.arange(2)))
    after = [weight.numpy() for weight in model.trainable_weights if weight.name == "kernel"]
    assert all(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("name", [*LARGE, "alexnet_small"])
def test_normalisation_stands_where_the_papers_have_it(name):
    model = outline(name, normalization="lrn")
    names = [layer.name for layer in model.layers if not layer.name.startswith("padding")]
    assert names[1:7] == ["conv1", "norm1", "pool1", "conv2", "norm2", "pool2"]
    assert len(of_kinds(model, LocalResponseNormalization)) == 2
    assert model.get_layer("conv1").activation is keras.activations.relu
    model = outline(name, normalization="batch")
    names = [layer.name for layer in model.layers]
    for number in range(1, 6):
        place = names.index(f"conv{number}")
        assert names[place : place + 3] == [f"conv{number}", f"norm{number}", f"relu{number}"]
        assert model.get_layer(f"conv{number}").activation is keras.activations.linear
        assert model.get_layer(f"conv{number}").bias is None


def test_dropout_is_behind_the_hidden_layers_and_before_them_in_torchvisions():
    def order(name):
        names = [layer.name for layer in outlined(name).layers]
        return names[names.index("flatten") + 1 :]

    assert order("alexnet") == ["dense6", "dropout6", "dense7", "dropout7", "logits"]
    assert order("alexnet_torchvision") == ["dropout6", "dense6", "dropout7", "dense7", "logits"]
    assert outline("alexnet", dropout=0.25).get_layer("dropout7").rate == 0.25


def test_the_gaussian_start_reaches_every_layer():
    options = {"kernel_initializer": "gaussian_0.01", "initial_bias": 0.1, "dense_units": 256}
    model = build("alexnet_small", input_shape=(15, 15, 3), classes=5, **options)
    for layer in model.layers:
        if getattr(layer, "kernel", None) is not None and layer.name != "logits":
            assert layer.kernel.numpy().std() == pytest.approx(0.01, rel=0.05), layer.name
    biased = [layer.name for layer in model.layers if getattr(layer, "bias", None) is not None and layer.bias[0] != 0]
    assert biased == ["conv2", "conv4", "conv5", "dense6", "dense7"]
