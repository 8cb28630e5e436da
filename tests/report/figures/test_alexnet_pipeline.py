import numpy as np
import pytest

from cnnrepro.data.pipelines.definition import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES
from cnnrepro.lessons.alexnet_pipeline.cut_windows import CutWindows
from cnnrepro.lessons.photographs import Map
from cnnrepro.report import figures
from tests.report.drawn import titles


def test_places_of_windows_say_how_many_were_reached():
    counts = np.ones((33, 33), int)
    counts[32] = counts[:, 32] = 0
    figure = figures.window_places({"paper": counts, "code": np.ones((33, 33), int)})
    assert titles(figure) == ["paper: 1,024 of 1,089 places", "code: 1,089 of 1,089 places"]


def test_principal_colours_are_ramps_through_grey_with_shares():
    figure = figures.principal_colours({"published": (np.array(IMAGENET_DIRECTIONS), np.array(IMAGENET_VARIANCES))})
    ramp, shares = figure.axes
    pixels = ramp.images[0].get_array()
    np.testing.assert_allclose(pixels[:, 50], 0.5, atol=1e-6)
    assert pixels[0, -1].std() < 0.01  # the first direction is nearly grey
    assert [text.get_text() for text in shares.texts] == ["90.3%", "7.8%", "1.9%"]


def test_captioned_pictures_need_a_caption_each():
    images = np.zeros((3, 8, 8, 3), np.uint8)
    figure = figures.captioned(images, ["a", "b", "c"])
    assert [axes.get_title() for axes in figure.axes if axes.get_visible()] == ["a", "b", "c"]
    with pytest.raises(ValueError, match="Every picture needs its label"):
        figures.captioned(images, ["a"])


def test_pictures_of_a_row_have_one_height_and_fill_the_width():
    rows = [[Map("a", np.zeros((4, 6, 3))), Map("b", np.zeros((8, 8)))], [Map("c", np.zeros((20, 30, 3)))]]
    figure = figures.picture_rows(rows)
    first, second, third = (axes.get_position() for axes in figure.axes)
    across, down = figure.get_size_inches()
    assert first.height == pytest.approx(second.height)
    assert second.x1 == pytest.approx(1)
    assert third.height * down <= 4.4 + 1e-9  # a row of one picture does not take the whole screen
    for place, ratio in ((first, 1.5), (second, 1.0), (third, 1.5)):
        assert place.width * across / (place.height * down) == pytest.approx(ratio)
    assert third.y0 >= 0 and third.y1 < first.y0


def test_a_place_that_windows_share_is_drawn_once():
    words, corners = tuple("abcd"), ((0, 0), (0, 0), (2, 1), (0, 0))
    cut = CutWindows(np.zeros((8, 8, 3), np.uint8), np.zeros((4, 6, 6, 3), np.uint8), words, corners, 6)
    figure = figures.windows_of(cut, columns=3)
    canvas, *windows = figure.axes
    places = [(patch.get_x(), patch.get_y(), patch.get_width()) for patch in canvas.patches]
    assert places == [(-0.5, -0.5, 6), (0.5, 1.5, 6)]
    assert [axes.get_title() for axes in windows if axes.get_visible()] == list(words)
