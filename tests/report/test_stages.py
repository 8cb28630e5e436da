import numpy as np
import pytest

from cnnrepro.data.pipeline_entry import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES
from cnnrepro.report import figures


def test_places_of_windows_say_how_many_were_reached():
    counts = np.ones((33, 33), int)
    counts[32] = counts[:, 32] = 0
    figure = figures.window_places({"paper": counts, "code": np.ones((33, 33), int)})
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == [
        "paper: 1,024 of 1,089 places",
        "code: 1,089 of 1,089 places",
    ]


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
