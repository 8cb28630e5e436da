"""The figures of the wrong and the conditional statements, derived another way."""

import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy import receptive_field
from cnnrepro.claims.check_helpers.networks import WindowedCall, digits, drawn, traced, windowed
from cnnrepro.claims.checks import (
    architectures,
    convolution,
    data_and_colours,
    dense_layers,
    losses_and_derivatives,
    memory,
    pooling,
    receptive_fields,
    recipe,
    sizes,
)
from cnnrepro.data import DATASETS
from cnnrepro.data.pipelines.definition import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES
from cnnrepro.models import outline


def windows_by_hand(size, window, stride):
    """Where windows start, one after another, while they fit."""
    return [start for start in range(0, size, stride) if start + window <= size]


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.integers(0, 3))
def test_1_and_2_the_formula_rounded_down_counts_the_windows(size, window, stride, padding):
    if window <= size + 2 * padding:
        counted = len(windows_by_hand(size + 2 * padding, window, stride))
        assert sizes.formula(size, window, stride, padding) // 1 == counted


def test_2_googlenet_needs_the_last_window_that_hangs_over():
    verdict = sizes.pooling_size()
    assert "4 of the 4 stride-2 pools" in verdict.sentence
    assert len(windows_by_hand(112, 3, 2)) == 55
    assert any("takes 112 to 56" in finding for finding in verdict.evidence)


def test_4_only_227_and_padding_2_lead_to_55():
    assert len(windows_by_hand(227, 11, 4)) == len(windows_by_hand(224 + 4, 11, 4)) == 55
    assert len(windows_by_hand(224, 11, 4)) == 54
    assert "rounded down 54: the paper's 224 and its 55x55" in sizes.alexnet_first_layer().evidence[-1]


def test_6_the_product_with_and_without_the_bias():
    neurons, weights = 55 * 55 * 96, 11 * 11 * 3
    assert (neurons, weights) == (290_400, 363)
    verdict = architectures.unshared_parameters()
    sentence = verdict.sentence
    assert f"{neurons * weights:,}" == "105,415,200" in sentence
    assert f"{neurons * (weights + 1):,}" == f"{architectures.UNSHARED:,}" == "105,705,600" in sentence
    assert f"{96 * weights:,} weights" == "34,848 weights" in verdict.parts[2].found


def test_7_the_rows_of_the_filters():
    verdict = convolution.matrix_product()
    assert f"W_row is 96x{11 * 11 * 3}; the notes say 96x3015" in verdict.sentence
    assert f"{363 * 3025 * 4:,} bytes in float32" in verdict.parts[3].found
    assert f"The image takes {227 * 227 * 3 * 4:,} bytes" in verdict.evidence[-1]


def test_10_and_51_odd_sizes_lose_more():
    for size in range(2, 66):
        kept = len(windows_by_hand(size, 2, 2))
        assert (kept * 2 == size) == (size % 2 == 0)
        assert (4 * kept**2 == size**2) == (size % 2 == 0)
    assert f"{1 - 1 / 9:.1%} at 3" in pooling.discarded_share().sentence  # 3x3 keeps 1 of 9
    assert "7 becomes 3, or 4" in pooling.halved_sizes().sentence


def seen_by_hand(layers):
    """Which pixels the first unit behind a chain of layers sees: sets, layer by layer from the end."""
    seen = {0}
    for window, stride in reversed(layers):
        seen = {unit * stride + cell for unit in seen for cell in range(window)}
    return max(seen) - min(seen) + 1


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(2, 5), st.integers(1, 3)), min_size=1, max_size=4))
def test_11_the_recursion_is_right_for_all_layers_just_where_strides_are_1(layers):
    real = [seen_by_hand(layers[: depth + 1]) for depth in range(len(layers))]
    assert list(receptive_field(layers).sizes) == real
    assert (receptive_fields.by_the_notes(layers) == real) == all(stride == 1 for _, stride in layers)


def test_11_figures_of_the_sentence():
    vgg = [(3, 1), (3, 1), (2, 2)] * 2 + [(3, 1), (3, 1), (3, 1), (2, 2)] * 3
    assert receptive_fields.by_the_notes(vgg)[-1] == 37
    assert seen_by_hand(vgg) == 212
    findings = receptive_fields.field_formula().evidence
    assert any("37 for VGG-16's last pool" in finding and "212" in finding for finding in findings)


@pytest.mark.parametrize("pixels, plain, doubling", [(15, 7, 3), (63, 31, 5), (255, 127, 7)])
def test_15_layers_needed(pixels, plain, doubling):
    assert 2 * plain + 1 == 2 ** (doubling + 1) - 1 == pixels  # each adds 2, or 2, 4, 8 …
    assert receptive_fields.layers_needed(pixels, doubling=False) == plain
    assert receptive_fields.layers_needed(pixels, doubling=True) == doubling
    assert receptive_fields.layers_needed(pixels + 1, doubling=True) == doubling + 1


def test_16_a_convolution_as_a_matrix_by_hand():
    """Of 3x3 on 6x6x2 with 3 filters: 4x4x3 units, each with the 18 weights of its filter at its own place."""
    layer = drawn(dense_layers._built(keras.layers.Conv2D(3, 3), (6, 6, 2)))
    matrix, by_dense, by_layer = dense_layers._as_matrix(layer, (6, 6, 2))
    kernel = np.array(layer.kernel)  # (3, 3, 2, 3)
    by_hand = np.zeros((6, 6, 2, 4, 4, 3))
    for row, column in itertools.product(range(4), repeat=2):
        by_hand[row : row + 3, column : column + 3, :, row, column] = kernel
    np.testing.assert_allclose(matrix, by_hand.reshape(72, 48), rtol=0, atol=1e-6)
    np.testing.assert_allclose(by_dense, by_layer, rtol=0, atol=1e-5)


def test_17_parameters_of_inception_v1_module_by_module():
    def module(entering, one, reduce3, three, reduce5, five, projection):
        into = (entering + 1) * (one + reduce3 + reduce5 + projection)
        return into + (9 * reduce3 + 1) * three + (25 * reduce5 + 1) * five

    table_1 = [
        (192, 64, 96, 128, 16, 32, 32),
        (256, 128, 128, 192, 32, 96, 64),
        (480, 192, 96, 208, 16, 48, 64),
        (512, 160, 112, 224, 24, 64, 64),
        (512, 128, 128, 256, 24, 64, 64),
        (512, 112, 144, 288, 32, 64, 64),
        (528, 256, 160, 320, 32, 128, 128),
        (832, 256, 160, 320, 32, 128, 128),
        (832, 384, 192, 384, 48, 128, 128),
    ]
    stem = (49 * 3 + 1) * 64 + (64 + 1) * 64 + (9 * 64 + 1) * 192
    total = stem + sum(itertools.starmap(module, table_1)) + (1024 + 1) * 1000
    assert (
        f"Inception v1 has {total:,} parameters, the notes say 4 million"
        in architectures.published_parameters().sentence
    )


def read_by_hand(size, layers):
    """Lines that no window reads, counted one by one; None where nothing is left."""
    lost = 0
    for layer in layers:
        front = (layer.window - 1) // 2 if layer.padding == "same" else 0
        starts = windows_by_hand(size + 2 * front, layer.window, layer.stride)
        if not starts:
            return None
        read = {start + cell - front for start in starts for cell in range(layer.window)}
        lost += len(set(range(size)) - read)
        size = len(starts)
    return lost


LAYERS = st.builds(
    lambda window, stride: WindowedCall("", "", window, stride, "valid", 0, 0), st.integers(1, 5), st.integers(1, 3)
)


@settings(max_examples=60)
@given(st.integers(1, 60), st.lists(LAYERS, min_size=1, max_size=4))
def test_20_lines_that_no_window_reads(size, layers):
    if all(layer.stride <= layer.window for layer in layers):  # else lines between the windows are skipped too
        assert sizes.lines_lost(size, layers) == read_by_hand(size, layers)


def test_20_sizes_of_vgg_and_alexnet():
    vgg, alexnet = windowed(outline("vgg16")), windowed(outline("alexnet"))
    for size in (28, 96, 224, 227, 240):
        assert sizes.lines_lost(size, vgg) == read_by_hand(size, vgg)
        assert sizes.lines_lost(size, alexnet) == read_by_hand(size, alexnet)
    assert [size for size in range(67, 300) if read_by_hand(size, alexnet) == 0] == list(range(67, 300, 32))


def test_21_activations_of_vgg_16_by_hand():
    maps = 2 * 64 * 224**2 + 2 * 128 * 112**2 + 3 * 256 * 56**2 + 3 * 512 * 28**2 + 3 * 512 * 14**2  # convolutions
    pools = 64 * 112**2 + 128 * 56**2 + 256 * 28**2 + 512 * 14**2 + 512 * 7**2
    units = 4096 + 4096 + 1000
    forward, training = memory.activation_memory(traced("vgg16"))
    image = 3 * 224**2
    assert forward == 4 * (image + maps + pools + units)
    assert training == 2 * forward - 4 * image  # every map has a gradient, the image has none
    least = 3 * 4 * 138_357_544 // training + 1
    assert f"at least {least} images for VGG-16" in memory.activations_dominate().sentence


@settings(max_examples=40)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.001, 0.5))
def test_23_the_papers_update_is_descent_on_the_loss_plus_a_square(weight, target, rate):
    """On a loss of (w − t)²: its slope, and that of (w − t)² + 0.00025·w² by small differences, step by step."""
    velocity = momentum = 0.0
    by_paper = by_slope = weight
    for _ in range(5):
        velocity = 0.9 * velocity - 0.0005 * rate * by_paper - rate * 2 * (by_paper - target)
        by_paper += velocity
        loss = [(at - target) ** 2 + 0.00025 * at**2 for at in (by_slope - 1e-3, by_slope + 1e-3)]
        momentum = 0.9 * momentum - rate * (loss[1] - loss[0]) / 2e-3
        by_slope += momentum
    assert by_paper == pytest.approx(by_slope, abs=1e-8)


def test_24_patches_counted_one_by_one():
    places = [(top, left) for top in range(256) for left in range(256) if max(top, left) + 224 <= 256]
    assert any(f"{2 * len(places):,} patches with mirrors, 33·33·2" in text for text in recipe.patches().evidence)
    assert recipe.PUBLISHED_PATCHES == 32 * 32 * 2


def test_53_what_the_pools_save():
    flat = 32 * 32 * 32  # 32 maps of 32x32
    assert f"from {(flat + 1) * 128:,} to {(flat // 64 + 1) * 128:,}" in pooling.savings().sentence


def test_55_work_by_hand():
    rate = 90 * 1_200_000 / (6 * 24 * 3600)
    share = rate * 724_406_816 * 3 * 2 / (2 * 1.581e12)
    assert f"{rate:.0f} images a second, {share:.0%} of" in memory.alexnet_training().sentence


def test_56_the_catalogue_has_the_sizes_of_the_challenges_paper():
    """The published validation pictures are the package's test split: they are not the challenge's test images."""
    training, validation, test = data_and_colours.CHALLENGES[2012]
    sizes_here = DATASETS["imagenet2012"].sizes
    assert sizes_here["train"] + sizes_here["validation"] == training
    assert sizes_here["test"] == validation != test
    assert len(DATASETS["imagenet2012"].classes) == data_and_colours.CHALLENGE_CLASSES


def test_59_windows_over_each_pixel_counted_one_by_one():
    for padding in (0, 1, 2):
        counts = np.zeros((9 + 2 * padding, 9 + 2 * padding), int)
        for top, left in np.ndindex(*(np.array(counts.shape) - 2)):
            counts[top : top + 3, left : left + 3] += 1
        inner = counts[padding : padding + 9, padding : padding + 9]
        np.testing.assert_array_equal(sizes._times_read(9, 3, padding), inner)


def test_57_kinks_counted_one_by_one():
    """The share of 2x2 windows whose largest value stands in them more than once, on one digit."""
    kinks = losses_and_derivatives._at_kinks()
    images, _ = digits(losses_and_derivatives.DIGITS)
    assert 0.6 < (images == 0).mean() < 0.9  # the black ground, before any noise
    assert kinks.values == 50 * 28 * 28 * 8 == 4 * kinks.windows
    assert pytest.approx(kinks.zeros, abs=1e-3) == 0.675
    assert pytest.approx(kinks.ties, abs=1e-3) == 0.707
    assert kinks.at_zero < kinks.ties


def test_65_regions_by_where_windows_start():
    starts = {(i, j) for i in windows_by_hand(227, 11, 4) for j in windows_by_hand(227, 11, 4)}
    assert f"{96 * len(starts):,} neurons read {len(starts):,} regions" in convolution.connected_regions().sentence


def test_68_cells_that_read_no_padding_are_equal():
    scene, filters = np.arange(24 * 28 * 3.0).reshape(24, 28, 3) % 7, np.ones((3, 3, 3, 4))
    # 22 of 22 columns without padding; with it, of 24 the first and last read zeros in one of the two maps.
    assert convolution._equal_cells(scene, filters, 1, "valid", 1) == 1.0
    random = np.random.default_rng(1).normal(size=scene.shape)
    assert convolution._equal_cells(random, filters, 1, "same", 1) == pytest.approx(21 / 23)
    assert convolution._equal_cells(random, filters, 2, "valid", 1) < 0.1


def test_70_a_dense_layer_by_hand():
    sentence = convolution.assumption_of_images().sentence
    assert f"{227 * 227 * 3 * 55 * 55 * 96:,}" == "44,892,064,800" in sentence
    assert f"{55 * 55 * 96 * 363:,} multiply-adds" in sentence


def test_76_the_share_of_grey_by_drawing_the_noise():
    alphas = np.random.default_rng(0).normal(0, 0.1, size=(100_000, 3)) * np.array(IMAGENET_VARIANCES)
    noise = alphas @ np.array(IMAGENET_DIRECTIONS).T
    share = (noise.sum(axis=1) ** 2 / 3).sum() / (noise**2).sum()
    assert f"{share:.1%} of the noise's variance" in data_and_colours.colour_noise().sentence
