"""Filter sheets, feature maps and patches: what is drawn, and what is refused."""

import numpy as np
import pytest

from cnnrepro.report import figures
from cnnrepro.report.figures.what_the_filters_see import mosaic
from tests.report.drawn import titles


def test_a_mosaic_has_every_tile_in_its_place():
    tiles = np.arange(2 * 3 * 5.0).reshape(2, 3, 5)
    sheet = mosaic(tiles, columns=2)
    assert sheet.shape == (3 * 3 - 1, 2 * 4 - 1)
    np.testing.assert_array_equal(sheet[0:2, 0:3], tiles[..., 0])
    np.testing.assert_array_equal(sheet[3:5, 4:7], tiles[..., 3])
    assert np.isnan(sheet[2]).all() and np.isnan(sheet[:, 3]).all()
    assert np.isnan(sheet[6:, 4:]).all()  # the sixth tile is missing


def test_filter_sheets_share_a_scale_around_nought():
    random = np.random.default_rng(0)
    sheets = {"before": random.normal(size=(5, 5, 6)), "after": 3 * random.normal(size=(5, 5, 6))}
    figure = figures.filter_sheets(sheets)
    most = max(np.abs(filters).max() for filters in sheets.values())
    assert titles(figure) == ["before", "after"]
    assert [axes.images[0].get_clim() for axes in figure.axes[:2]] == [(-most, most)] * 2
    assert len(figure.axes[0].collections[0].get_paths()) == 6


@pytest.mark.parametrize("shapes", [[], [(5, 5)], [(5, 5, 0)], [(5, 5, 2), (3, 3, 2)]])
def test_filter_sheets_need_filters_of_one_shape(shapes):
    with pytest.raises(ValueError, match="needs sets .* of one shape"):
        figures.filter_sheets({str(shape): np.zeros(shape) for shape in shapes})


def test_feature_maps_name_their_layers_and_count_the_silent():
    maps = np.random.default_rng(0).uniform(0.1, 1, size=(6, 6, 5))
    silent = maps.copy()
    silent[..., 2] = 0
    figure = figures.feature_maps(np.zeros((28, 28, 1), np.uint8), {"one": maps, "two": silent}, columns=4)
    assert titles(figure) == ["the image", "one: 5 maps of 6×6", "two: 5 maps of 6×6, 1 of them silent here"]
    drawn = np.asarray(figure.axes[2].images[0].get_array())
    assert len(np.unique(drawn[0:6, 14:20].reshape(-1, 4), axis=0)) == 1  # the silent tile is of one grey
    assert drawn[0, 14, 0] == pytest.approx(0xE4 / 255)


def test_feature_maps_need_maps():
    with pytest.raises(ValueError, match="needs maps"):
        figures.feature_maps(np.zeros((28, 28, 1)), {"one": np.zeros((5, 5))})


def test_patches_have_a_row_and_a_title_a_filter():
    rows = [np.full((4, 6, 6, 1), number, np.uint8) for number in range(3)]
    figure = figures.patches(rows, ["filter 0", "filter 1", "filter 2"])
    assert titles(figure) == ["filter 0", "filter 1", "filter 2"]
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [np.nanmax(axes.images[0].get_array()) for axes in shown] == [0, 1, 2]
    assert all(len(axes.collections[0].get_paths()) == 4 for axes in shown)
