"""Filters, patches, occlusion and silence, on networks whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro import data
from cnnrepro.engine import keras
from cnnrepro.experiments.digits_classifier import arms
from cnnrepro.lessons import what_the_filters_see as see
from cnnrepro.lessons.what_the_filters_see import occlusion
from cnnrepro.lessons.what_the_filters_see.filter_changes import changes, roughness
from cnnrepro.lessons.what_the_filters_see.responses import Exciting, silence


def test_roughness_of_known_filters():
    slope = np.tile(np.arange(5.0), (5, 1))
    chessboard = np.indices((5, 5)).sum(0) % 2
    c = roughness(np.stack([slope, chessboard, np.ones((5, 5))], axis=-1))
    # Slope: 20 of 40 pairs differ by 1; the variance of 0…4, five times each, is 50 / 24.
    assert c[0] == pytest.approx(0.5 / (2 * 50 / 24))
    assert c[1] == pytest.approx(1 / (2 * chessboard.var(ddof=1)))
    assert np.isnan(c[2])


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-10, 10))
def test_roughness_knows_neither_scale_nor_shift(seed, scale, shift):
    filters = np.random.default_rng(seed).normal(size=(5, 5, 2))
    np.testing.assert_allclose(roughness(scale * filters + shift), roughness(filters), rtol=1e-6)


def test_roughness_is_one_on_average_for_random_orders():
    random = np.random.default_rng(0)
    weights = random.normal(size=25)
    orders = np.stack([random.permutation(weights).reshape(5, 5) for _ in range(4000)], axis=-1)
    assert roughness(orders).mean() == pytest.approx(1, abs=0.01)


def test_change_measures_distance_and_direction():
    before = np.random.default_rng(0).normal(size=(5, 5, 3))
    after = before.copy()
    after[..., 1] *= 3
    after[..., 2] *= -1
    distance, cosine, rough_before, rough_after, _ = changes(before, after).values()
    np.testing.assert_allclose(distance, [0, 2, 2], atol=1e-12)
    np.testing.assert_allclose(cosine, [1, 1, -1])
    np.testing.assert_allclose(rough_before, rough_after)
    rows = see.change_rows(before, after)
    assert rows[0] == ("distance from the start, in lengths of the start", "1.33 ± 1.15", "0.00 to 2.00")
    assert rows[-1][1].endswith(" of 3")


def test_first_filters_are_the_kernel(model):
    filters = see.first_filters(model)
    assert filters.shape == (5, 5, 24)
    np.testing.assert_array_equal(filters, model.get_weights()[0][:, :, 0])


def test_feature_maps_have_the_layers_shapes(model, digits):
    image = digits.examples["test"].images[0]
    maps = see.feature_maps(model, image, digits, ("conv1_activation", "conv2_activation"))
    assert [values.shape for values in maps.values()] == [(24, 24, 24), (8, 8, 64)]
    assert min(values.min() for values in maps.values()) == 0


@pytest.mark.parametrize("layer, side", [("conv1_activation", 5), ("conv2_activation", 14)])
def test_a_unit_sees_its_patch_and_nothing_else(model, digits, layer, side):
    part = keras.Model(model.inputs[0], model.get_layer(layer).output)
    for strongest in see.exciting(model, digits, layer, filters=3, count=4):
        assert strongest.patches.shape == (4, side, side, 1)
        assert (np.diff(strongest.responses) <= 0).all()
        # The patch alone, in the corner of an empty image, gives the response at the corner of the map.
        alone = np.zeros((4, 28, 28, 1), np.uint8)
        alone[:, :side, :side] = strongest.patches
        maps = np.asarray(part(data.standardise(alone, digits)))
        np.testing.assert_allclose(maps[:, 0, 0, strongest.channel], strongest.responses, rtol=1e-4)


def test_filters_that_never_respond_are_passed_over(digits):
    keras.utils.set_random_seed(0)
    model = arms("mnist_5k", 1, 0)[0].model()
    kernel, bias = model.get_layer("conv1").get_weights()
    bias[:2], kernel[..., :2] = -1, 0
    model.get_layer("conv1").set_weights([kernel, bias])
    assert [row.channel for row in see.exciting(model, digits, "conv1_activation", filters=2, count=3)] == [2, 3]
    units, dead, zeros = silence(model, digits)["conv1"]
    assert (units, dead) == (24, 2)
    assert 2 / 24 < zeros < 1
    row = see.silence_rows(model, model, digits)[0]
    assert row[:4] == ("conv1", "24", "2", "2")


def test_a_title_names_the_commonest_class():
    strongest = Exciting(3, np.zeros((4, 2, 2, 1)), np.ones(4), np.array([7, 1, 7, 9]))
    assert strongest.title([str(n) for n in range(10)]) == "filter 3 · 2 of 4: 7"


class Reader(keras.Model):
    """Says 1 as long as the pixel at row 10, column 12 is ink, and 0 otherwise."""

    def call(self, images, training=False):
        seen = 20 * images[:, 10, 12]
        return keras.ops.concatenate([keras.ops.zeros_like(seen), seen], axis=-1)


def test_occlusion_finds_the_one_pixel_that_matters(digits):
    image = np.zeros((28, 28, 1), np.uint8)
    image[5:20, 12] = 255
    hidden = occlusion.occlude(Reader(), image, 1, digits, side=3)
    assert hidden.drops.shape == hidden.answers.shape == hidden.ink.shape == (26, 26)
    hiding = np.zeros((26, 26), bool)
    hiding[8:11, 10:13] = True  # a square from row 8, 9 or 10 and column 10, 11 or 12 covers it
    assert ((hidden.answers == 0) == hiding).all()
    assert hidden.drops[hiding].min() > 0.9
    np.testing.assert_allclose(hidden.drops[~hiding], 0, atol=1e-6)
    assert hidden.ink[8, 10] == pytest.approx(3 / 15)
    assert hidden.ink[0, 0] == 0
    # 13 squares of a column hide three pixels of the stroke; 3 of them hide the pixel.
    assert hidden.drop_of_as_much_ink == pytest.approx(0, abs=1e-6)
    assert hidden.little == pytest.approx(1 - 9 / (3 * 17))
    assert hidden.words(("zero", "one")) == "one: −100, read as zero"
    assert hidden.row(("zero", "one")) == ("one", "100.0 %", "100", "zero", "20 %", "0", "82 %", "9 of 676")


def test_an_answer_that_stays_is_said_to_stay(digits):
    image = np.zeros((28, 28, 1), np.uint8)
    hidden = occlusion.occlude(Reader(), image, 0, digits, side=28)
    assert hidden.words(("zero", "one")) == "zero: −0, still right"
    assert np.isnan(hidden.little)


def test_recognised_images_are_the_first_that_are_right(model, digits):
    images, labels = data.arrays(digits, "test")
    answers = np.asarray(model(data.standardise(images, digits))).argmax(-1)
    positions = occlusion.recognised(model, digits)
    assert positions
    for label, position in positions.items():
        assert labels[position] == answers[position] == label
        assert not ((labels == label) & (answers == label))[:position].any()
