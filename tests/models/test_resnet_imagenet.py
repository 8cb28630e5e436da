"""The ImageNet residual networks: published counts, shapes by table 1, where the stride lies, the plain twins."""

import inspect

import keras
import numpy as np
import pytest

from cnnrepro.layers import IdentityShortcut
from cnnrepro.models import MODELS, build, outline
from cnnrepro.models.resnet_imagenet import BLOCKS, ROWS, resnet
from tests.models.layer_counts import multiply_adds, of_kinds, outlined, trainable

NAMES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "plain18", "plain34")

# By stage at 224x224x3, 1000 classes: stem, four stages, dense layer; the sums of the builder's docstring.
STAGES = {
    "resnet18": (9_536, 147_968, 525_568, 2_099_712, 8_393_728, 513_000),
    "resnet34": (9_536, 221_952, 1_116_416, 6_822_400, 13_114_368, 513_000),
    "resnet50": (9_536, 215_808, 1_219_584, 7_098_368, 14_964_736, 2_049_000),
    "resnet101": (9_536, 215_808, 1_219_584, 7_098_368 + 17 * 1_117_184, 14_964_736, 2_049_000),
    "resnet152": (9_536, 215_808, 1_219_584 + 4 * 280_064, 7_098_368 + 30 * 1_117_184, 14_964_736, 2_049_000),
    "plain18": (9_536, 147_968, 525_568 - 8_448, 2_099_712 - 33_280, 8_393_728 - 132_096, 513_000),
    "plain34": (9_536, 221_952, 1_116_416 - 8_448, 6_822_400 - 33_280, 13_114_368 - 132_096, 513_000),
}


@pytest.fixture(scope="module")
def models():
    """Each network as published; the deepest two as in the table of those who count the stride in the 3x3."""
    deepest = ("resnet101", "resnet152")
    return {name: outline(name, stride_in="3x3") if name in deepest else outlined(name) for name in NAMES}


@pytest.fixture(scope="module")
def v1_5():
    """ResNet-50 with the stride in the 3x3."""
    return outline("resnet50", stride_in="3x3")


@pytest.mark.parametrize("name", NAMES)
def test_each_stage_has_the_parameters_of_the_docstring(models, name):
    groups = ("stem", "stage1", "stage2", "stage3", "stage4", "logits")
    assert tuple(trainable(models[name], group) for group in groups) == STAGES[name]
    assert trainable(models[name]) == sum(STAGES[name]) == MODELS[name].parameters


@pytest.mark.parametrize(
    "name, published",
    [
        ("resnet18", 1_814_073_344),
        ("resnet34", 3_663_761_408),
        ("resnet50", 3_857_973_248),  # stride in the first 1x1
        ("resnet101", 7_801_405_440),  # the last two with the stride in the 3x3
        ("resnet152", 11_513_626_624),
        ("plain18", 1_814_073_344 - 3 * 64 * 128 * 28 * 28),  # three projections of equal cost
        ("plain34", 3_663_761_408 - 3 * 64 * 128 * 28 * 28),
    ],
)
def test_multiply_adds_are_the_published(models, name, published):
    assert multiply_adds(models[name]) == published


def test_multiply_adds_of_fifty_layers_with_the_stride_in_the_3x3(v1_5):
    assert multiply_adds(v1_5) == 4_089_184_256


@pytest.mark.parametrize("name", NAMES)
def test_the_depth_is_the_number_of_weighted_layers_outside_shortcuts(models, name):
    weighted = [
        layer
        for layer in of_kinds(models[name], (keras.layers.Conv2D, keras.layers.Dense))
        if "shortcut" not in layer.name
    ]
    assert f"{len(weighted)}" == name.removeprefix("resnet").removeprefix("plain")


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_those_of_table_1(models, name):
    model, depth = models[name], MODELS[name].arguments["depth"]
    shape = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    assert shape["stem_conv"] == (112, 112, 64)
    assert shape["stem_pool"] == (56, 56, 64)
    wide = 1 if depth < 50 else 4
    for stage, (side, filters, blocks) in enumerate(
        zip((56, 28, 14, 7), (64, 128, 256, 512), BLOCKS[depth], strict=True), start=1
    ):
        assert shape[f"stage{stage}_block{blocks}_relu"] == (side, side, wide * filters)
        assert f"stage{stage}_block{blocks + 1}_relu" not in shape
    assert shape["average"] == (512 * wide,)


def test_the_stride_lies_where_the_option_says(models, v1_5):
    def strided(model):
        return {layer.name.split("_")[-1] for layer in of_kinds(model, keras.layers.Conv2D) if layer.strides == (2, 2)}

    assert strided(models["resnet50"]) == {"conv", "conv1"}  # the stem and projections are called conv
    assert strided(v1_5) == {"conv", "conv2"}
    assert models["resnet50"].get_layer("stage2_block1_conv1").kernel_size == (1, 1)
    assert v1_5.get_layer("stage2_block1_conv2").kernel_size == (3, 3)
    assert strided(models["resnet18"]) == {"conv", "conv1"}
    assert models["resnet18"].get_layer("stage2_block1_conv1").kernel_size == (3, 3)


def test_keras_applications_has_as_many_biases_more_as_there_are_filters(models):
    # 25,583,592 trainable parameters there, against 25,557,032
    assert (
        sum(layer.filters for layer in of_kinds(models["resnet50"], keras.layers.Conv2D))
        == 26_560
        == 25_583_592 - 25_557_032
    )


def test_plain_networks_have_neither_shortcuts_nor_additions(models):
    for name in ("plain18", "plain34"):
        assert not of_kinds(models[name], keras.layers.Add, IdentityShortcut)
        assert not [layer for layer in models[name].layers if "shortcut" in layer.name]
        assert models[name].name == name


def test_shortcuts_a_have_no_parameters_and_c_projects_everywhere():
    a, b, c = (outline("resnet18", shortcut=kind) for kind in "ABC")
    assert trainable(a) == MODELS["plain18"].parameters
    assert [layer.filters for layer in of_kinds(a, IdentityShortcut)] == [128, 256, 512]
    assert trainable(b) == MODELS["resnet18"].parameters
    # C projects in the five blocks that keep their size too: f·f + 2f each, two of them in stage 1
    assert trainable(c) == trainable(b) + sum(f * f + 2 * f for f in (64, 64, 128, 256, 512))


def test_a_bottleneck_takes_identity_shortcuts_too():
    shortcuts = of_kinds(outline("resnet50_small", shortcut="A"), IdentityShortcut)
    assert [(layer.filters, layer.strides) for layer in shortcuts] == [(256, 1), (512, 2), (1024, 2), (2048, 2)]


def test_the_zeros_around_the_max_pool_are_never_a_maximum_of_their_own(models):
    stem = keras.Sequential(
        [models["resnet18"].get_layer(name) for name in ("stem_relu", "stem_pool_pad", "stem_pool")]
    )
    maps = np.random.default_rng(0).normal(size=(1, 7, 7, 2)).astype("float32")
    around = np.pad(np.maximum(maps, 0), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(1, 2))[:, ::2, ::2]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(stem(maps)), windows.max(axis=(-2, -1)))


@pytest.mark.parametrize("size, maps", [(32, (32, 16, 8, 4)), (28, (28, 14, 7, 4)), (8, (8, 4, 2, 1))])
def test_the_small_form_halves_the_size_three_times(size, maps):
    model = outline("resnet18_small", input_shape=(size, size, 1))
    assert tuple(model.get_layer(f"stage{stage}_block2_relu").output.shape[1] for stage in (1, 2, 3, 4)) == maps
    assert not of_kinds(model, keras.layers.MaxPooling2D)
    assert model.name == "resnet18_small"


def test_the_small_form_differs_in_stem_and_dense_layer_alone(models):
    small = outlined("resnet34_small")
    assert trainable(small, "stage") == trainable(models["resnet34"], "stage")
    assert trainable(small, "stem") == 9 * 3 * 64 + 128
    assert trainable(small, "logits") == 512 * 10 + 10


def test_options_reach_the_layers():
    model = outline(
        "resnet18_small",
        batchnorm_momentum=0.7,
        batchnorm_epsilon=0.01,
        dropout=0.25,
        kernel_initializer="he_uniform",
    )
    assert {(layer.momentum, layer.epsilon) for layer in of_kinds(model, keras.layers.BatchNormalization)} == {
        (0.7, 0.01)
    }
    assert model.get_layer("dropout").rate == 0.25
    weighted = of_kinds(model, keras.layers.Conv2D, keras.layers.Dense)
    assert {type(layer.kernel_initializer) for layer in weighted} == {keras.initializers.HeUniform}


def test_without_normalisation_biases_take_its_place():
    model = outline("plain18_small", normalization="none")
    assert all(layer.use_bias for layer in of_kinds(model, keras.layers.Conv2D))
    assert not of_kinds(model, keras.layers.BatchNormalization)
    filters = sum(layer.filters for layer in of_kinds(model, keras.layers.Conv2D))
    assert trainable(model) == MODELS["plain18_small"].parameters - filters


def test_with_the_weights_of_keras_applications_it_gives_the_same_logits():
    """Fresh weights there have zero biases, which this network lacks; its epsilon is 1.001e-5."""
    keras.utils.set_random_seed(0)
    theirs = keras.applications.ResNet50(
        weights=None, input_shape=(64, 64, 3), classes=10, classifier_activation=None, name="theirs"
    )
    ours = build("resnet50", (64, 64, 3), 10, batchnorm_epsilon=1.001e-5, kernel_initializer="zeros")
    for layer in ours.layers:
        if not layer.weights:
            continue
        if layer.name == "logits":
            source = "predictions"
        elif layer.name.startswith("stem"):
            source = layer.name.replace("stem", "conv1")
        else:  # stage1_block2_conv3 is conv2_block2_3_conv there, and stage1_block1_shortcut_bn conv2_block1_0_bn
            stage, block, *_, kind = layer.name.split("_")
            number = 0 if "shortcut" in layer.name else kind[-1]
            source = f"conv{int(stage[-1]) + 1}_{block}_{number}_{kind.rstrip('123')}"
        layer.set_weights(theirs.get_layer(source).get_weights()[: len(layer.weights)])
    images = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(images))
    assert np.std(expected) > 0.05
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(images)), expected, rtol=1e-3, atol=1e-5)


def test_builder_and_table_have_one_default_for_the_stride():
    default = inspect.signature(resnet).parameters["stride_in"].default
    options = [row.options["stride_in"] for row in ROWS if "stride_in" in row.options]
    assert {option.default for option in options if len(option.choices) > 1} == {default} == {"1x1"}
