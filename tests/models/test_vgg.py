"""The VGG networks: table 1's columns, the published counts, what options do."""

import keras
import numpy as np
import pytest

from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.models import MODELS, build, outline
from tests.models.layer_counts import multiply_adds, of_kinds, outlined, shapes, trainable

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
@pytest.mark.parametrize("form, dense", [("", DENSE), ("_small", 530_442)])
def test_each_block_has_the_parameters_of_table_1(depth, form, dense):
    model = outlined(f"vgg{depth}{form}")
    assert tuple(trainable(model, f"conv{block}") for block in (1, 2, 3, 4, 5)) == BLOCKS[depth]
    assert MODELS[f"vgg{depth}{form}"].parameters == sum(BLOCKS[depth]) + dense == model.count_params()
    convolutions = of_kinds(model, keras.layers.Conv2D)
    assert len(convolutions) + len(of_kinds(model, keras.layers.Dense)) == depth
    assert {(layer.kernel_size, layer.strides, layer.padding) for layer in convolutions} == {((3, 3), (1, 1), "same")}
    assert model.name == f"vgg{depth}{form}"


def test_sixteen_layers_whole():
    model = outlined("vgg16")
    shape = shapes(model)
    assert [shape[f"pool{block}"] for block in (1, 2, 3, 4, 5)] == [
        (112, 112, 64), (56, 56, 128), (28, 28, 256), (14, 14, 512), (7, 7, 512),
    ]  # fmt: skip
    assert shape["conv3_3"] == (56, 56, 256)
    assert shape["flatten"] == (25_088,)
    assert [layer.units for layer in of_kinds(model, keras.layers.Dense)] == [4096, 4096, 1000]
    assert [layer.rate for layer in of_kinds(model, keras.layers.Dropout)] == [0.5, 0.5]


@pytest.mark.parametrize(
    "depth, published", [(11, 7_609_090_048), (13, 11_308_466_176), (16, 15_470_264_320), (19, 19_632_062_464)]
)
def test_multiply_adds_are_the_published(depth, published):
    dense = 25_088 * 4096 + 4096 * 4096 + 4096 * 1000
    assert multiply_adds(outlined(f"vgg{depth}")) == convolution_multiply_adds(depth) + dense == published
    assert MODELS[f"vgg{depth}"].published.multiply_adds == published


@pytest.mark.parametrize("size, sides", [(32, (16, 8, 4, 2, 1)), (28, (14, 7, 4, 2, 1)), (1, (1, 1, 1, 1, 1))])
def test_pools_of_the_small_form_round_up(size, sides):
    model = outline("vgg11_small", input_shape=(size, size, 1))
    assert tuple(pool.output.shape[1] for pool in of_kinds(model, keras.layers.MaxPooling2D)) == sides


@pytest.mark.parametrize("depth", DEPTHS)
def test_batch_normalisation_stands_between_convolution_and_relu(depth):
    model = outline(f"vgg{depth}_small", normalization="batch")
    order = [type(layer).__name__ for layer in model.layers if layer.name.endswith("1_1")]
    assert order == ["Conv2D", "BatchNormalization", "ReLU"]
    assert trainable(model) == MODELS[f"vgg{depth}_small"].parameters + 2 * FEATURE_MAPS[depth]


def test_response_normalisation_stands_behind_the_relu():
    model = outline("vgg11_small", normalization="lrn")
    assert [type(layer).__name__ for layer in model.layers if layer.name.endswith("5_2")] == [
        "Conv2D", "ReLU", "LocalResponseNormalization",
    ]  # fmt: skip
    assert len(of_kinds(model, LocalResponseNormalization)) == 8
    assert model.count_params() == MODELS["vgg11_small"].parameters


def test_dropout_and_initialiser_reach_the_layers():
    model = outline("vgg13_small", dropout=0.25, kernel_initializer="he_uniform")
    assert {layer.rate for layer in of_kinds(model, keras.layers.Dropout)} == {0.25}
    weighted = of_kinds(model, keras.layers.Conv2D, keras.layers.Dense)
    assert {type(layer.kernel_initializer) for layer in weighted} == {keras.initializers.HeUniform}


def test_with_the_weights_of_keras_applications_it_gives_the_same_logits():
    keras.utils.set_random_seed(0)
    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10, classifier_activation=None)
    ours = build("vgg16", (32, 32, 3), 10, kernel_initializer="zeros")
    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32") * 100
    expected = keras.ops.convert_to_numpy(theirs(images))
    assert np.std(expected) > 0.05
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(images)), expected, rtol=1e-3, atol=1e-5)
