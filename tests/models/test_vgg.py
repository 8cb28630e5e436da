"""The VGG networks: table 1's columns, the published counts, what options do."""

import keras
import numpy as np
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.models import MODELS, build
from cnnrepro.models.vgg import vgg, vgg_small

DEPTHS = (11, 13, 16, 19)
DENSE = (25_088 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000

# Parameters of each block's convolutions, 9·c·f + f each.
BLOCKS = {
    11: (1_792, 73_856, 885_248, 3_539_968, 4_719_616),
    13: (38_720, 221_440, 885_248, 3_539_968, 4_719_616),
    16: (38_720, 221_440, 1_475_328, 5_899_776, 7_079_424),
    19: (38_720, 221_440, 2_065_408, 8_259_584, 9_439_232),
}
FEATURE_MAPS = {11: 2_752, 13: 2_944, 16: 4_224, 19: 5_504}


def kinds(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def multiply_adds(model):
    """Over all convolutions and dense layers: filter size · filters · positions."""
    weighted = kinds(model, (keras.layers.Conv2D, keras.layers.Dense))
    return sum(int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:-1])) for layer in weighted)


@pytest.fixture(scope="module")
def small():
    return {depth: build(f"vgg{depth}_small", kernel_initializer="zeros") for depth in DEPTHS}


@pytest.fixture(scope="module")
def vgg16():
    """The one network that is built whole: its dense layers alone take half a gigabyte."""
    return build("vgg16", kernel_initializer="zeros")


def convolution_multiply_adds(depth):
    """At 224, by hand: block b sees maps of 224 / 2^(b-1) pixels; a 3x3 convolution has 9·c·f a pixel."""
    total, channels = 0, 3
    convolutions = {11: (1, 1, 2, 2, 2), 13: (2,) * 5, 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}[depth]
    for block, (count, filters) in enumerate(zip(convolutions, (64, 128, 256, 512, 512), strict=True)):
        for _ in range(count):
            total += 9 * channels * filters * (224 >> block) ** 2
            channels = filters
    return total


@pytest.mark.parametrize("depth", DEPTHS)
def test_each_block_has_the_parameters_of_table_1(small, depth):
    counts = [
        sum(layer.count_params() for layer in kinds(small[depth], keras.layers.Conv2D) if layer.name[4] == str(block))
        for block in (1, 2, 3, 4, 5)
    ]
    assert tuple(counts) == BLOCKS[depth]
    assert MODELS[f"vgg{depth}"].parameters == sum(counts) + DENSE
    assert MODELS[f"vgg{depth}_small"].parameters == sum(counts) + 530_442 == small[depth].count_params()


def test_sixteen_layers_whole(vgg16):
    assert vgg16.count_params() == 138_357_544
    assert multiply_adds(vgg16) == 15_470_264_320
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in vgg16.layers}
    sides = {f"pool{block}": side for block, side in enumerate((112, 56, 28, 14, 7), start=1)}
    assert {name: shapes[name] for name in sides} == {
        name: (side, side, filters)
        for (name, side), filters in zip(sides.items(), (64, 128, 256, 512, 512), strict=True)
    }
    assert shapes["conv3_3"] == (56, 56, 256)
    assert shapes["flatten"] == (25_088,)
    dense = [layer.units for layer in kinds(vgg16, keras.layers.Dense)]
    assert dense == [4096, 4096, 1000]
    assert [layer.rate for layer in kinds(vgg16, keras.layers.Dropout)] == [0.5, 0.5]
    assert vgg16.name == "vgg16"


@pytest.mark.parametrize(
    "depth, published", [(11, 7_609_090_048), (13, 11_308_466_176), (16, 15_470_264_320), (19, 19_632_062_464)]
)
def test_multiply_adds_are_the_published(small, depth, published):
    # The convolutions of the built network at 32, moved to 224: every map has 49 times the pixels.
    built = 49 * multiply_adds(keras.Model(small[depth].input, small[depth].get_layer("pool5").output))
    dense = 25_088 * 4096 + 4096 * 4096 + 4096 * 1000
    assert built == convolution_multiply_adds(depth)
    assert built + dense == published == MODELS[f"vgg{depth}"].published.multiply_adds


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_depth_is_the_number_of_weighted_layers(small, depth):
    convolutions = kinds(small[depth], keras.layers.Conv2D)
    assert len(convolutions) + len(kinds(small[depth], keras.layers.Dense)) == depth
    assert {(layer.kernel_size, layer.strides, layer.padding) for layer in convolutions} == {((3, 3), (1, 1), "same")}
    assert small[depth].name == f"vgg{depth}_small"


@pytest.mark.parametrize("size, sides", [(32, (16, 8, 4, 2, 1)), (28, (14, 7, 4, 2, 1)), (1, (1, 1, 1, 1, 1))])
def test_pools_of_the_small_form_round_up(size, sides):
    model = build("vgg11_small", input_shape=(size, size, 1), kernel_initializer="zeros")
    assert tuple(pool.output.shape[1] for pool in kinds(model, keras.layers.MaxPooling2D)) == sides


def test_the_smallest_image_leaves_one_position():
    model = build("vgg11", input_shape=(32, 32, 1), classes=10, kernel_initializer="zeros")
    assert model.get_layer("pool5").output.shape[1:] == (1, 1, 512)
    with pytest.raises(UsageError, match="at least 32x32 pixels"):
        build("vgg11", input_shape=(31, 32, 1))


@pytest.mark.parametrize("depth", DEPTHS)
def test_batch_normalisation_stands_between_convolution_and_relu(depth):
    model = build(f"vgg{depth}_small", normalization="batch", kernel_initializer="zeros")
    order = [type(layer).__name__ for layer in model.layers if layer.name.endswith("1_1")]
    assert order == ["Conv2D", "BatchNormalization", "ReLU"]
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == MODELS[f"vgg{depth}_small"].parameters + 2 * FEATURE_MAPS[depth]


def test_response_normalisation_stands_behind_the_relu():
    model = build("vgg11_small", normalization="lrn", kernel_initializer="zeros")
    assert [type(layer).__name__ for layer in model.layers if layer.name.endswith("5_2")] == [
        "Conv2D", "ReLU", "LocalResponseNormalization",
    ]  # fmt: skip
    assert len(kinds(model, LocalResponseNormalization)) == 8
    assert model.count_params() == MODELS["vgg11_small"].parameters


def test_dropout_and_initialiser_reach_the_layers():
    model = build("vgg13_small", dropout=0.25, kernel_initializer="gaussian_0.01")
    assert {layer.rate for layer in kinds(model, keras.layers.Dropout)} == {0.25}
    kernels = [layer.kernel.numpy().std() for layer in kinds(model, (keras.layers.Conv2D, keras.layers.Dense))]
    np.testing.assert_allclose(kernels, 0.01, rtol=0.1)


def test_with_the_weights_of_keras_applications_it_gives_the_same_logits():
    keras.utils.set_random_seed(0)
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10, classifier_activation=None)
    ours = build("vgg16", (32, 32, 3), 10, kernel_initializer="zeros")
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32") * 100
    expected = keras.ops.convert_to_numpy(theirs(images))
    assert np.std(expected) > 0.05
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(images)), expected, rtol=1e-3, atol=1e-5)


def test_a_training_step_moves_every_filter():
    model = build("vgg11_small", input_shape=(8, 8, 1), normalization="batch", dropout=0)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = {weight.path: weight.numpy() for weight in model.trainable_weights if weight.name == "kernel"}
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    assert np.isfinite(model.train_on_batch(images, np.array([0, 1, 2, 9])))
    after = {weight.path: weight.numpy() for weight in model.trainable_weights}
    assert [path for path, kernel in before.items() if np.array_equal(kernel, after[path])] == []


@pytest.mark.parametrize("builder", [vgg, vgg_small])
def test_a_depth_that_table_1_does_not_have_is_refused(builder):
    with pytest.raises(UsageError, match="one of 11, 13, 16, 19. Received: 12"):
        builder((32, 32, 3), 10, depth=12)
