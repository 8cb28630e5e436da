import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import GroupedConv2D, LocalResponseNormalization
from cnnrepro.models import MODELS, build

LARGE = ["alexnet", "alexnet_one_tower", "alexnet_torchvision"]
DENSE = {"dense6": 37_752_832, "dense7": 16_781_312, "logits": 4_097_000}


@pytest.fixture(scope="module")
def large():
    """The models at full size, built once; zeros, as 60 million random numbers take seconds."""
    return {name: build(name, kernel_initializer="zeros") for name in LARGE}


def shapes(model):
    return {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}


def counts(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


def multiply_adds(model):
    """Inputs of a unit times units; a filter's are its height, its width and the channels of its group."""
    total = 0
    for layer in model.layers:
        if getattr(layer, "kernel", None) is not None:
            *inputs, _ = layer.kernel.shape
            total += int(np.prod(inputs)) * int(np.prod(layer.output.shape[1:]))
    return total


def small(name, channels=3, classes=5, **options):
    """The model at the smallest size of its row."""
    size = MODELS[name].smallest
    return build(name, input_shape=(size, size, channels), classes=classes, **options)


@pytest.mark.parametrize("name", LARGE)
def test_the_maps_go_55_27_13_6(large, name):
    found = shapes(large[name])
    assert found["conv1"][:2] == (55, 55)
    assert found["pool1"][:2] == found["conv2"][:2] == (27, 27)
    assert found["pool2"][:2] == found["conv3"][:2] == found["conv4"][:2] == found["conv5"][:2] == (13, 13)
    assert found["pool5"] == (6, 6, 256)
    assert found["flatten"] == (9_216,)
    assert (found["dense6"], found["dense7"], found["logits"]) == ((4_096,), (4_096,), (1_000,))


@pytest.mark.parametrize(
    "name, convolutions, parameters, products",
    [
        # weights plus biases: 11·11·3·96 + 96, 5·5·48·256 + 256, 3·3·256·384 + 384, …
        ("alexnet", (34_944, 307_456, 885_120, 663_936, 442_624), 60_965_224, 724_406_816),
        ("alexnet_one_tower", (34_944, 614_656, 885_120, 1_327_488, 884_992), 62_378_344, 1_135_256_096),
        ("alexnet_torchvision", (23_296, 307_392, 663_936, 884_992, 590_080), 61_100_840, 714_188_480),
    ],
)
def test_parameters_and_multiply_adds_layer_by_layer(large, name, convolutions, parameters, products):
    expected = {f"conv{number}": count for number, count in enumerate(convolutions, start=1)}
    assert counts(large[name]) == expected | DENSE
    assert large[name].count_params() == MODELS[name].parameters == parameters
    assert multiply_adds(large[name]) == products


def test_convolutions_2_4_and_5_are_in_two_groups(large):
    grouped = {layer.name: layer.groups for layer in large["alexnet"].layers if isinstance(layer, GroupedConv2D)}
    assert grouped == {"conv2": 2, "conv4": 2, "conv5": 2}


def test_biases_start_at_1_in_convolutions_2_4_5_and_the_hidden_dense_layers(large):
    first = {
        layer.name: float(layer.bias.numpy().mean())
        for layer in large["alexnet"].layers
        if getattr(layer, "bias", None) is not None
    }
    assert {name for name, bias in first.items() if bias == 1} == {"conv2", "conv4", "conv5", "dense6", "dense7"}
    assert {name for name, bias in first.items() if bias == 0} == {"conv1", "conv3", "logits"}


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
    "name, written",
    [
        ("alexnet", {"first_padding": 0, "groups": (1, 2, 1, 2, 2), "lrn": True}),
        ("alexnet_one_tower", {"first_padding": 2, "groups": (1,) * 5, "lrn": False}),
        ("alexnet_torchvision", {"first_padding": 2, "groups": (1,) * 5, "lrn": False}),
    ],
)
def test_it_equals_the_network_written_out(name, written):
    keras.utils.set_random_seed(0)
    model = small(name, kernel_initializer="glorot_uniform")
    images = 30 * np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype("float32")
    np.testing.assert_allclose(model(images), written_out(model, images, **written), rtol=1e-3, atol=1e-3)


def test_alexnet_with_groups_trains_a_step_on_this_machine():
    keras.utils.set_random_seed(0)
    model = small("alexnet")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).normal(size=(4, *model.input_shape[1:])).astype("float32")
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    assert np.isfinite(model.train_on_batch(images, np.arange(4)))
    assert all(not np.array_equal(old, new.numpy()) for old, new in zip(before, model.trainable_weights, strict=True))


@pytest.mark.parametrize("name", LARGE)
def test_the_smallest_size_leaves_one_position_and_less_leaves_none(name):
    model = small(name, kernel_initializer="zeros")
    assert shapes(model)["pool5"] == (1, 1, 256)
    module = __import__("cnnrepro.models.alexnet", fromlist=[name])
    less = MODELS[name].smallest - 1
    with pytest.raises(ValueError, match="zero or negative"):
        getattr(module, name)((less, less, 3), 5, kernel_initializer="zeros")


@pytest.mark.parametrize("name", [*LARGE, "alexnet_small"])
def test_local_response_normalisation_stands_between_relu_and_pool_after_1_and_2(name):
    model = small(name, normalization="lrn", kernel_initializer="zeros")
    names = [layer.name for layer in model.layers if not layer.name.startswith("padding")]
    assert names[1:7] == ["conv1", "norm1", "pool1", "conv2", "norm2", "pool2"]
    assert sum(isinstance(layer, LocalResponseNormalization) for layer in model.layers) == 2
    assert model.get_layer("conv1").activation is keras.activations.relu


@pytest.mark.parametrize("name", [*LARGE, "alexnet_small"])
def test_batch_normalisation_stands_between_every_convolution_and_its_relu(name):
    model = small(name, normalization="batch", kernel_initializer="zeros")
    names = [layer.name for layer in model.layers]
    for number in range(1, 6):
        at = names.index(f"conv{number}")
        assert names[at : at + 3] == [f"conv{number}", f"norm{number}", f"relu{number}"]
        assert model.get_layer(f"conv{number}").activation is keras.activations.linear
        assert model.get_layer(f"conv{number}").bias is None


def test_dropout_is_behind_the_hidden_layers_and_before_them_in_torchvisions():
    def order(name):
        names = [layer.name for layer in small(name, kernel_initializer="zeros", dropout=0.25).layers]
        return names[names.index("flatten") + 1 :]

    assert order("alexnet") == ["dense6", "dropout6", "dense7", "dropout7", "logits"]
    assert order("alexnet_torchvision") == ["dropout6", "dense6", "dropout7", "dense7", "logits"]
    assert small("alexnet", kernel_initializer="zeros", dropout=0.25).get_layer("dropout7").rate == 0.25


def test_the_gaussian_start_reaches_every_layer():
    model = small("alexnet_small", kernel_initializer="gaussian_0.01", initial_bias=0.1, dense_units=256)
    for layer in model.layers:
        if getattr(layer, "kernel", None) is not None and layer.name != "logits":
            assert layer.kernel.numpy().std() == pytest.approx(0.01, rel=0.05), layer.name
    biased = [layer.name for layer in model.layers if getattr(layer, "bias", None) is not None and layer.bias[0] != 0]
    assert biased == ["conv2", "conv4", "conv5", "dense6", "dense7"]


def test_alexnet_small_keeps_the_layers_of_its_first_records():
    names = [layer.name for layer in build("alexnet_small").layers]
    assert names == [
        "image", "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "flatten",
        "dense6", "dropout6", "dense7", "dropout7", "logits",
    ]  # fmt: skip


def test_under_mixed_precision_the_logits_are_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small("alexnet", kernel_initializer="zeros")
        logits = model(np.ones((1, *model.input_shape[1:]), "float32"))
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("norm1").compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
