from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro import anatomy, models
from cnnrepro.errors import UsageError
from cnnrepro.lessons import geometry_and_receptive_fields as study


def test_a_size_that_does_not_divide_is_drawn_rounded_both_ways():
    shown = study.lines([11, 12], 3, 2)
    assert [(line.title, line.geometry.output, line.geometry.input_cells_lost) for line in shown] == [
        ("11 cells, no padding", 5, 0),
        ("11 cells, padding “same”", 6, 0),
        ("12 cells, rounded down", 5, 1),
        ("12 cells, rounded up", 6, 0),
        ("12 cells, padding “same”", 6, 0),
    ]
    assert [line.value for line in shown[:3]] == [5, 6, Fraction(11, 2)]


def test_alexnets_first_layer_in_the_ways_in_print():
    rows = study.line_rows(study.alexnet_lines())
    assert [(row[2], row[3]) for row in rows] == [("55", 55), ("54.25", 54), ("55.25", 55), ("56", 56)]


def test_same_padding_in_front_and_behind():
    assert study.same_rows([28], 3, [1, 2, 3]) == [
        (28, 1, 1, 1, 28, "28"),
        (28, 2, 0, 1, 14, "14"),
        (28, 3, 1, 1, 10, "9.333"),
    ]


@given(st.integers(0, 12), st.integers(0, 500))
def test_halvings_counts_the_twos(twos, odd):
    assert study.halvings(2**twos * (2 * odd + 1)) == twos


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_sizes_down_a_network_are_those_of_its_built_maps(name):
    size = models.entry(name).input_shape[0]
    built = {row.name: row.output_shape[0] for row in anatomy.trace(models.outline(name)) if len(row.output_shape) == 3}
    down = study.descend(name, [size])
    for label, stop in zip(down.layers, down.sizes[size], strict=True):
        assert stop.size == built[label.partition("\n")[0]]
    assert down.sizes[size][-1].size in (6, 7)


def test_sizes_down_the_networks():
    alexnet, vgg = (study.descend(name, [227, 224, 32, 28]) for name in ("alexnet", "vgg16"))
    assert [stop.size for stop in alexnet.sizes[227]] == [55, 27, 13, 6]
    assert [(stop.size, stop.lost) for stop in alexnet.sizes[224]] == [(54, 1), (26, 1), (12, 1), (5, 1)]
    assert [stop.size for stop in alexnet.sizes[28]] == [5, 2, None, None]
    assert [stop.size for stop in vgg.sizes[32]] == [16, 8, 4, 2, 1]
    assert [(stop.size, stop.lost) for stop in vgg.sizes[28]] == [(14, 0), (7, 0), (3, 1), (1, 1), (None, 0)]
    assert [stop.lost for stop in vgg.sizes[227]] == [1, 1, 0, 0, 0]


def test_a_network_with_branches_is_no_chain():
    with pytest.raises(UsageError, match="'googlenet' has branches at 'inception_3a'"):
        study.descend("googlenet", [224])


def test_frames_of_the_central_unit():
    vgg = study.frames("vgg16", {f"pool{number}": str(number) for number in range(1, 6)})
    assert [frame.size for frame in vgg] == [6, 16, 44, 100, 212]
    assert (vgg[-1].first, vgg[-1].last) == (6, 217)
    (stage,) = study.frames("resnet50", {"stage4_block3_add": "stage 4"})
    assert (stage.label, stage.size) == ("stage 4", 483)
    assert stage.first < 0
    assert stage.last > 223


def test_a_crop_is_the_middle_of_the_photograph():
    assert study.crop("china", 224).shape == (224, 224, 3)
    with pytest.raises(UsageError, match="Unknown photograph 'moon'"):
        study.crop("moon", 224)


@pytest.mark.parametrize("name, convolutions, field", [("vgg16", 13, 212), ("resnet50", 49, 483)])
def test_growth_ends_with_the_last_map(name, convolutions, field):
    growth = study.growth(name)
    assert growth.depths == tuple(range(convolutions + 1))
    assert (growth.fields[0], growth.fields[-1], growth.strides[-1]) == (1, field, 32)
    assert list(growth.fields) == sorted(growth.fields)


def test_a_recursion_beside_the_right_fields():
    rows = study.recursion("alexnet")
    assert [row.claimed for row in rows] == [44, 48, 52, 56, 58, 60, 62, 66]
    assert [row.right for row in rows] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert [row.before for row in rows] == [1, 4, 8, 8, 16, 16, 16, 16]
    assert rows[0].cells() == ("conv1", 11, 4, 1, 44, 11, "+33")
    assert rows[-1].cells()[-1] == "−129"


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_path_counts_are_those_of_the_gradient(dilations):
    counts = study.path_counts(dilations)
    assert len(counts) == anatomy.receptive_field([(3, 1, dilation) for dilation in dilations]).size
    assert counts.sum() == 9 ** len(dilations)  # every filter has nine taps
    map_ = np.ones((1, 1, 1, 1))
    for dilation in reversed(dilations):
        size = map_.shape[1] + 2 * dilation
        ones = np.ones((3, 3, 1, 1))
        map_ = anatomy.input_gradient_as_convolution(ones, map_, (size, size), dilation=dilation)
    np.testing.assert_allclose(counts, map_[0, :, :, 0])


def test_doubling_leaves_no_hole_and_a_common_factor_does():
    assert study.path_counts([1, 2, 4]).min() == 1
    constant = study.path_counts([2, 2, 2])
    assert (constant > 0).sum() == 7**2
    assert constant.shape == (13, 13)


def test_growth_by_dilation():
    assert list(study.growth_by_dilation(4).values()) == [(3, 5, 7, 9), (3, 7, 15, 31)]


def test_no_dilations_are_an_error():
    with pytest.raises(UsageError, match="at least one dilation"):
        study.path_counts([])
    with pytest.raises(UsageError, match="dilation"):
        study.path_counts([0])


def test_the_effective_field_follows_the_number_of_paths():
    shallow, deep = study.influences([4, 12], draws=40)
    assert shallow.strength.shape == (9, 9)
    assert deep.strength.shape == (25, 25)
    # With independent weights of mean 0 the mean square of the gradient is the number of paths, up to a factor.
    expected = np.sqrt(study.path_counts([1] * 12)).ravel()
    assert np.corrcoef(expected, deep.strength.ravel())[0, 1] > 0.95
    assert deep.side(0.95) / 25 < shallow.side(0.95) / 9
    assert deep.side(1.0) == 25
    places, strengths = deep.profile()
    assert (places[0], places[-1], len(strengths)) == (-1, 1, 25)


def test_influences_repeat_with_their_seed():
    first, second = (study.influences([2], draws=1, seed=3)[0].strength for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, study.influences([2], draws=1, seed=4)[0].strength)
    with pytest.raises(UsageError, match="must be at least 1"):
        study.influences([2], draws=0)
