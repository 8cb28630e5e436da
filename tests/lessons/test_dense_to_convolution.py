"""A classifier slid over scattered images: positions, agreement, padding, costs."""

import numpy as np
import pytest

from cnnrepro import anatomy, data
from cnnrepro.errors import UsageError
from cnnrepro.lessons import dense_to_convolution as sliding
from cnnrepro.lessons.dense_to_convolution import costs, limit, scatter
from cnnrepro.lessons.dense_to_convolution.scattered_images import Scattered
from cnnrepro.lessons.dense_to_convolution.sliding import Slid
from cnnrepro.lessons.dense_to_convolution.sliding_costs import SlidingCost


@pytest.fixture(scope="module")
def network(model):
    return anatomy.convolutionalize(model)


@pytest.fixture(scope="module")
def scattered(digits):
    return scatter(digits, size=(60, 76), count=2, seed=1)


@pytest.mark.parametrize("seed", range(2))
def test_images_are_scattered_whole_and_apart(digits, seed):
    scattered = scatter(digits, size=(96, 144), count=6, seed=seed)
    images, labels = data.arrays(digits, "test")
    assert len(set(scattered.labels)) == 6
    covered = np.zeros(scattered.image.shape[:2], int)
    for (row, column), label in zip(scattered.corners, scattered.labels, strict=True):
        cut = scattered.image[row : row + 28, column : column + 28]
        assert (images[labels == label] == cut).all(axis=(1, 2, 3)).any()
        covered[row : row + 28, column : column + 28] += 1
    assert covered.max() == 1
    assert not scattered.image[covered == 0].any()


def test_an_image_too_small_is_refused(digits):
    with pytest.raises(UsageError, match="no room for 2 images of 28x28"):
        scatter(digits, size=(30, 30), count=2, seed=0)


def test_without_padding_one_pass_gives_the_scores_of_the_crops(model, network, scattered, digits):
    slid = sliding.slide(model, network, data.standardise(scattered.image, digits))
    assert slid.one_pass.shape == ((60 - 28) // 4 + 1, (76 - 28) // 4 + 1, 10)
    assert slid.stride == 4
    assert slid.difference.max() < 1e-5 * max(slid.spread, 1)
    assert slid.other_answers == 0
    np.testing.assert_allclose(slid.probabilities, slid.probabilities_of_crops, atol=1e-6)
    assert sliding.agreement("it", slid)[-1] == "0 of 117"


def test_answers_are_counted_by_class():
    scores = np.log([[[0.5, 0.25, 0.25], [0.2, 0.75, 0.05]], [[0.7, 0.2, 0.1], [0.2, 0.4, 0.4]]])
    slid = Slid(scores, scores, 4, (28, 28))
    assert sliding.answers(slid, ("a", "b", "c")) == [("a", 2, "60.0 %"), ("b", 2, "57.5 %")]


def test_with_padding_the_borders_differ_and_the_inside_does_not(model, scattered, digits):
    twin = sliding.padded_twin(model, seed=0)
    network = anatomy.convolutionalize(twin)
    image = data.standardise(scattered.image, digits)
    slid = sliding.slide(twin, network, image)
    assert slid.difference.max() > 1e-3 * slid.spread
    # Two zeros a side reach two cells of the first layer and one of each layer behind it.
    reach = {"conv1_activation": 2, "pool1": 1, "conv2_activation": 1, "pool2": 1}
    apart = sliding.trunk_differences(twin, network, image, list(reach))
    for name, cells in reach.items():
        inside = np.zeros(apart[name].shape, bool)
        inside[cells:-cells, cells:-cells] = True
        assert apart[name][inside].max() < 1e-5
        assert apart[name][~inside].min() > 1e-3


def test_without_padding_the_feature_maps_are_equal_everywhere(model, network, scattered, digits):
    image = data.standardise(scattered.image, digits)
    apart = sliding.trunk_differences(model, network, image, ["pool1", "pool2"])
    assert {name: values.shape for name, values in apart.items()} == {"pool1": (12, 12), "pool2": (4, 4)}
    assert max(values.max() for values in apart.values()) < 1e-5


def test_the_head_keeps_its_parameters(model, network):
    rows = {row[0]: row for row in sliding.head(model, network, (96, 144))}
    assert list(rows) == ["flatten", "dense3", "dense4", "logits"]
    kinds = ("Dense", "1024×120", "120", "Conv2D", "4×4×64×120", "1×1×120", "18×30×120")
    assert rows["dense3"][1:] == (*kinds, f"{1024 * 120 + 120:,}")


def test_an_image_at_a_position_is_read_there_as_on_its_own(model, network, digits):
    image = digits.examples["test"].images[0]
    whole = np.zeros((36, 40, 1), np.uint8)
    whole[4:32, 8:36] = image
    scattered = Scattered(whole, image[None], ((4, 8),), (int(digits.examples["test"].labels[0]),))
    slid = sliding.slide(model, network, data.standardise(scattered.image, digits))
    ((_, alone, offset, there),) = sliding.readings(scattered, slid, model, digits)
    assert offset == "0, 0"
    assert alone == there
    far = sliding.away(scattered, slid, pixels=4)
    assert far.shape == (3, 4)
    assert np.argwhere(~far).tolist() == [[r, c] for r in (0, 1, 2) for c in (1, 2, 3)]


def test_costs_are_counted_by_hand(model, network):
    single, larger = costs(model, network, [28, 32])
    assert single.one_pass == single.by_crops == 2_937_000
    assert (single.positions, larger.positions) == (1, 4)
    # 28² · 25 · 24 + 10² · 600 · 64 + 2² · (1024 · 120 + 120 · 84 + 84 · 10)
    assert larger.one_pass == 28 * 28 * 600 + 100 * 38_400 + 4 * 133_800
    assert larger.by_crops == 4 * 2_937_000
    assert larger.speed_ups == ()
    assert larger.row()[5:] == ("–", "–", "–")


def test_the_ratio_comes_near_its_limit_from_below(model, network):
    # One position: 4² places of conv1, 2² of conv2, one of the head.
    expected = 2_937_000 / (16 * 600 + 4 * 38_400 + 133_800)
    assert limit(model, network) == pytest.approx(expected)
    ratios = [cost.ratio for cost in costs(model, network, [28, 56, 112, 448])]
    assert ratios == sorted(ratios)
    assert 0.95 * expected < ratios[-1] < expected


def test_times_are_taken_in_pairs(model, network):
    (cost,) = costs(model, network, [32], repeats=3)
    assert len(cost.seconds_one_pass) == len(cost.seconds_by_crops) == len(cost.speed_ups) == 3
    assert min(cost.seconds_one_pass + cost.seconds_by_crops) > 0


def test_a_cost_is_spelled_with_its_range():
    cost = SlidingCost(32, 4, 10, 30, (0.001, 0.002, 0.003), (0.002, 0.004, 0.012))
    assert cost.ratio == 3
    assert cost.row() == ("32×32", 4, 10, 30, "3.00", "2.0 (1.0 to 3.0)", "4.0 (2.0 to 12.0)", "2.0 (2.0 to 4.0)")
