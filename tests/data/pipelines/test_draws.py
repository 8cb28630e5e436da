import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.draws import draw, evaluation

ALEXNET = PIPELINES["alexnet-2012"]
MANY = 10_000

# Of seed 2012, epoch 7.
GOLDEN = {
    "top": [27, 4, 13],
    "left": [27, 30, 17],
    "mirrored": [False, True, False],
    "alphas": [
        [0.02238947, -0.03174651, 0.03347884],
        [-0.08318312, -0.08217217, 0.03280619],
        [-0.05527381, -0.0248259, -0.07999609],
    ],
}


@pytest.mark.parametrize(
    "name, last",
    [("alexnet-2012", 31), ("alexnet-2012-code", 32), ("alexnet-2012-227", 28), ("scattered-digits", 12)],
)
def test_the_law_of_offsets(name, last):
    values = draw(PIPELINES[name], MANY, 256, 0, 0).values
    for axis in ("top", "left"):
        places, counts = np.unique(values[axis], return_counts=True)
        assert places.tolist() == list(range(last + 1))
        # Each place is binomial: five standard deviations hold for all 33 and both axes.
        mean = MANY / (last + 1)
        assert np.abs(counts - mean).max() < 5 * mean**0.5
    assert abs(np.corrcoef(values["top"], values["left"])[0, 1]) < 5 / MANY**0.5


@settings(max_examples=15)
@given(canvas=st.integers(8, 300), name=st.sampled_from(sorted(PIPELINES)), seed=st.integers(0, 99))
def test_windows_and_boxes_lie_inside_the_canvas(canvas, name, seed):
    pipeline = PIPELINES[name]
    size, side = pipeline.size(canvas), canvas + 2 * pipeline.padding
    for values in (draw(pipeline, 200, canvas, seed, 0).values, evaluation(pipeline, 2, canvas).values):
        for axis in ("top", "left"):
            if axis in values:
                assert values[axis].min() >= 0
                assert values[axis].max() + size <= side
        if "box" in values:
            top, left, height, width = values["box"].astype(float).T
            assert min(top.min(), left.min()) >= 0
            assert max((top + height).max(), (left + width).max()) <= canvas * (1 + 1e-6)
            assert min(height.min(), width.min()) > 0


def test_scales_are_those_of_the_short_side_between_256_and_480():
    box = draw(PIPELINES["resnet-2015"], MANY, 256, 0, 0).values["box"].astype(float)
    short = 256 * 224 / box[:, 2]  # the canvas enlarged until the window is 224 wide
    np.testing.assert_array_equal(box[:, 2], box[:, 3])
    assert 256 <= short.min() < 257 and 479 < short.max() <= 480.001
    assert abs(short.mean() - 368) < 5 * 224 / 12**0.5 / MANY**0.5


def test_areas_and_ratios_are_those_of_the_paper():
    box = draw(PIPELINES["googlenet-2014"], MANY, 256, 0, 0).values["box"].astype(float)
    area, ratio = box[:, 2] * box[:, 3] / 256**2, box[:, 3] / box[:, 2]
    assert 0.079 < area.min() < 0.09 and area.max() <= 1.0001
    assert abs(np.log(ratio)).max() <= np.log(4 / 3) + 1e-5
    assert abs(np.log(ratio).mean()) < 5 * np.log(16 / 9) / 12**0.5 / MANY**0.5
    # A window that fits is as large as was drawn; 3/4 of the canvas fits at every ratio of sides.
    assert abs((area < 0.54).mean() - 0.46 / 0.92) < 5 * 0.5 / MANY**0.5


def test_half_are_mirrored():
    mirrored = draw(ALEXNET, MANY, 256, 1, 0).values["mirrored"]
    assert abs(mirrored.mean() - 0.5) < 5 * 0.5 / MANY**0.5


def test_the_noise_has_the_papers_covariance():
    alphas = draw(ALEXNET, MANY, 256, 2, 0).values["alphas"].astype(np.float64)
    np.testing.assert_allclose(alphas.mean(axis=0), 0, atol=5 * 0.1 / MANY**0.5)
    # The standard error of a variance of n normal numbers is σ² √(2 / n), of a covariance σ² / √n.
    np.testing.assert_allclose(np.cov(alphas.T), 0.01 * np.eye(3), atol=5 * 0.01 * (2 / MANY) ** 0.5)
    kurtosis = ((alphas / alphas.std(axis=0)) ** 4).mean(axis=0)
    np.testing.assert_allclose(kurtosis, 3, atol=5 * (24 / MANY) ** 0.5)
    # And the colours: Σ pᵢ pᵢᵀ (0.1 λᵢ)², with the published numbers.
    directions = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
    variances = np.array([0.2175, 0.0188, 0.0045])
    shifts = (alphas * variances) @ directions.T
    expected = (directions * (0.1 * variances) ** 2) @ directions.T
    np.testing.assert_allclose(np.cov(shifts.T), expected, atol=5 * expected.max() * (2 / MANY) ** 0.5)


def test_what_an_image_gets_follows_from_seed_epoch_and_its_number_alone():
    once, again = (draw(ALEXNET, 50, 256, 3, 4).values for _ in range(2))
    more = draw(ALEXNET, 80, 256, 3, 4).values
    some = draw(ALEXNET, 50, 256, 3, 4).at(np.array([7, 3])).values
    for name in once:
        np.testing.assert_array_equal(once[name], again[name])
        np.testing.assert_array_equal(once[name], more[name][:50])
        np.testing.assert_array_equal(once[name][[7, 3]], some[name])
    for other in (draw(ALEXNET, 50, 256, 4, 4), draw(ALEXNET, 50, 256, 3, 5)):
        assert (other.values["top"] != once["top"]).mean() > 0.8
        assert abs(np.corrcoef(other.values["alphas"][:, 0], once["alphas"][:, 0])[0, 1]) < 0.6


def test_all_pipelines_draw_from_the_same_numbers():
    papers, codes = (draw(PIPELINES[name], 200, 256, 0, 0).values for name in ("alexnet-2012", "alexnet-2012-code"))
    np.testing.assert_array_equal(papers["mirrored"], codes["mirrored"])
    np.testing.assert_array_equal(papers["alphas"], codes["alphas"])


def test_the_numbers_stay_the_same_for_ever():
    """Every published result on augmented pictures rests on these."""
    values = draw(ALEXNET, 3, 256, 2012, 7).values
    assert values["top"].tolist() == GOLDEN["top"]
    assert values["left"].tolist() == GOLDEN["left"]
    assert values["mirrored"].tolist() == GOLDEN["mirrored"]
    np.testing.assert_allclose(values["alphas"], GOLDEN["alphas"], rtol=1e-6)


@pytest.mark.parametrize("name", PIPELINES)
def test_evaluation_takes_the_centre_as_it_is(name):
    pipeline = PIPELINES[name]
    values = evaluation(pipeline, 3, 256).values
    drawn = draw(pipeline, 3, 256, 0, 0).values
    assert {key: (one.shape, one.dtype) for key, one in values.items()} == {
        key: (one.shape, one.dtype) for key, one in drawn.items()
    }
    middle = (256 + 2 * pipeline.padding - pipeline.size(256)) // 2
    expected = {"top": middle, "left": middle, "mirrored": False, "alphas": 0.0}
    for key, value in expected.items():
        if key in values:
            assert (values[key] == value).all()
    if "box" in values:
        assert values["box"].tolist() == [[16, 16, 224, 224]] * 3
