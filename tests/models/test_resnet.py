"""The CIFAR networks: the formula in the docstring against built models, what options do, where windows lie."""

import keras
import numpy as np
import pytest

from cnnrepro.anatomy import trace
from cnnrepro.layers import IdentityShortcut
from cnnrepro.models import MODELS, check_options, outline
from cnnrepro.models.blocks import ResidualLayers
from cnnrepro.models.resnet import resnet
from tests.models.layer_counts import multiply_adds, of_kinds, outlined, trainable

DEPTHS = (20, 32, 44, 56, 110)


def options(**changes):
    return check_options("resnet20", changes)


@pytest.mark.parametrize("depth", DEPTHS)
def test_each_stage_has_the_parameters_of_the_formula(depth):
    model, n = outlined(f"resnet{depth}"), (depth - 2) // 6
    assert n * 6 + 2 == depth
    assert trainable(model, "stem") == 432 + 32
    assert trainable(model, "stage1") == 4_608 * n + 64 * n
    assert trainable(model, "stage2") == 18_432 * n - 4_608 + 128 * n
    assert trainable(model, "stage3") == 73_728 * n - 18_432 + 256 * n
    assert trainable(model, "logits") == 650
    assert trainable(model) == 97_216 * n - 21_926 == MODELS[f"resnet{depth}"].parameters
    assert model.count_params() - trainable(model) == 448 * n + 32
    assert multiply_adds(model) == 442_368 + 14_155_776 * n - 2 * 1_179_648 + 640
    assert len(of_kinds(model, keras.layers.Conv2D, keras.layers.Dense)) == depth
    assert model.name == f"resnet{depth}"


def test_multiply_adds_of_twenty_layers():
    # REFERENCES.md gives 41.29 M with option B, as a tool does that counts normalisation and activations too;
    # convolutions and the dense layer alone come to 40.55 M, and 40.81 M with the projections.
    assert multiply_adds(outlined("resnet20")) == 40_551_040
    assert multiply_adds(outline("resnet20", shortcut="B")) == 40_551_040 + 2 * 131_072


@pytest.mark.parametrize("depth, parameters", [(20, 272_474), (56, 855_770)])
def test_projections_add_what_the_formula_says(depth, parameters):
    model = outline(f"resnet{depth}", shortcut="B")
    assert trainable(model) == parameters == MODELS[f"resnet{depth}"].parameters + 2_752
    projections = [layer.name for layer in model.layers if layer.name.endswith("shortcut_conv")]
    assert projections == ["stage2_block1_shortcut_conv", "stage3_block1_shortcut_conv"]


@pytest.mark.parametrize("size, maps", [(32, (32, 16, 8)), (28, (28, 14, 7)), (33, (33, 17, 9)), (4, (4, 2, 1))])
def test_stages_halve_the_size_rounded_up(size, maps):
    model = outline("resnet20", input_shape=(size, size, 1))
    shapes = [model.get_layer(f"stage{stage}_block3_add").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(side, side, filters) for side, filters in zip(maps, (16, 32, 64), strict=True)]


def test_a_block_is_the_layers_of_figure_2_in_order():
    names = [layer.name for layer in outlined("resnet20").layers if layer.name.startswith("stage2_block1")]
    assert set(names) == {
        f"stage2_block1_{part}"
        for part in ("conv1_pad", "conv1", "bn1", "relu1", "conv2", "bn2", "shortcut", "add", "relu2")
    }  # fmt: skip
    assert outlined("resnet20").get_layer("stage2_block1_add").input == [
        outlined("resnet20").get_layer("stage2_block1_bn2").output,
        outlined("resnet20").get_layer("stage2_block1_shortcut").output,
    ]
    shortcuts = of_kinds(outlined("resnet20"), IdentityShortcut)
    assert [(layer.filters, layer.strides) for layer in shortcuts] == [(32, 2), (64, 2)]


def test_without_shortcuts_it_is_the_same_network_but_for_the_additions():
    plain = outline("resnet20", shortcut="none")
    assert not of_kinds(plain, keras.layers.Add, IdentityShortcut)
    assert trainable(plain) == trainable(outlined("resnet20"))
    assert multiply_adds(plain) == multiply_adds(outlined("resnet20"))


@pytest.mark.parametrize("shortcut, saved", [("A", 224 * 3 + 16), ("B", 224 * 3 + 16 + 96)])
def test_without_normalisation_biases_take_its_place(shortcut, saved):
    model = outline("resnet20", shortcut=shortcut, normalization="none")
    assert all(layer.use_bias for layer in of_kinds(model, keras.layers.Conv2D))
    assert not of_kinds(model, keras.layers.BatchNormalization)
    assert trainable(model) == trainable(outline("resnet20", shortcut=shortcut)) - saved
    assert model.count_params() == trainable(model)


def test_options_reach_the_layers():
    model = outline(
        "resnet20", batchnorm_momentum=0.7, batchnorm_epsilon=0.01, dropout=0.25, kernel_initializer="glorot_normal"
    )
    normalisations = of_kinds(model, keras.layers.BatchNormalization)
    assert {(layer.momentum, layer.epsilon) for layer in normalisations} == {(0.7, 0.01)}
    assert len(normalisations) == 19
    assert model.get_layer("dropout").rate == 0.25
    weighted = [layer for layer in model.layers if hasattr(layer, "kernel_initializer")]
    assert {type(layer.kernel_initializer) for layer in weighted} == {keras.initializers.GlorotNormal}


def test_equal_filters_start_from_different_numbers():
    model = resnet((4, 4, 1), 3, depth=8, **options(shortcut="none", kernel_initializer="he_normal"))
    first, second = (model.get_layer(f"stage1_block1_conv{number}").kernel.numpy() for number in (1, 2))
    assert not np.array_equal(first, second)


def test_a_strided_window_is_centred_where_the_shortcut_takes_its_pixels():
    """A 3x3 filter with stride 2 that is 1 in its middle picks every other of 6x6 pixels, from the first on."""
    pixels = np.arange(36, dtype="float32").reshape(1, 6, 6, 1)
    blocks = ResidualLayers("none", 0.9, 1e-5, "zeros")
    inputs = keras.Input((6, 6, 1))
    model = keras.Model(inputs, [blocks.convolution(inputs, 1, 3, 2, "conv"), blocks.shortcut(inputs, "A", 1, 2, "to")])
    kernel = np.zeros((3, 3, 1, 1), "float32")
    kernel[1, 1] = 1
    model.get_layer("conv").set_weights([kernel, np.zeros(1, "float32")])
    picked, passed = (keras.ops.convert_to_numpy(maps) for maps in model(pixels))
    np.testing.assert_array_equal(picked, pixels[:, ::2, ::2])
    np.testing.assert_array_equal(passed, picked)


@pytest.mark.parametrize("size", [28, 32, 33])
@pytest.mark.parametrize("shortcut", ["A", "B"])
def test_the_two_paths_of_every_block_are_centred_on_the_same_pixels(size, shortcut):
    rows = trace(outline("resnet20", input_shape=(size, size, 1), shortcut=shortcut))
    offsets = {}
    for row in rows:
        if row.name.endswith("_add"):
            assert "centred" not in row.note
            offsets[row.name] = row.offset
    assert len(offsets) == 9
    assert set(offsets.values()) == {0}
