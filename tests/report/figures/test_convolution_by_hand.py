import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from cnnrepro.lessons import convolution_by_hand as by_hand
from cnnrepro.lessons.photographs import Map
from cnnrepro.report import figures
from cnnrepro.report.figures import number_grids as grids
from tests.report.drawn import texts


def cells(figure, tint):
    """How many cells have a tint."""
    colour = to_rgb(grids.TINTS[tint])
    return sum(cell.get_facecolor()[:3] == colour for cell in figure.findobj(Rectangle) if cell.get_fill())


def frames(figure):
    return [frame for frame in figure.findobj(Rectangle) if not frame.get_fill()]


def within(figure):
    """Whether no words leave the picture."""
    figure.canvas.draw()
    edge = figure.bbox
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if text.get_text().strip()]
    return all(box.x0 >= -1 and box.x1 <= edge.x1 + 1 and box.y0 >= -1 and box.y1 <= edge.y1 + 1 for box in boxes)


@pytest.mark.parametrize(
    "value, text",
    [(3.0, "3"), (-2, "−2"), (0.5, "0.5"), (3.25, "3.25"), (-0.0, "0"), (2.449, "2.45"), (-0.004, "0"), (np.nan, "")],
)
def test_numbers_are_short_and_have_a_true_minus(value, text):
    assert grids.number(value) == text


def test_one_cell_shows_window_products_and_their_sum():
    slide = by_hand.sliding("stride 1")
    figure = figures.one_cell(slide, 1, 2)
    assert "2 + (−1) + (−3) + 1 = −1" in texts(figure)
    assert slide.output[1, 2] == -1
    assert cells(figure, "window") == 9 + 9  # in the input, and taken out
    assert cells(figure, "output") == 1
    assert within(figure)


def test_the_output_fills_up_as_the_filter_slides():
    slide = by_hand.sliding("stride 1")
    figure = figures.sliding_windows(slide, [(0, 0), (2, 2)])
    words = texts(figure)
    assert len(frames(figure)) == 2
    assert sum(len(word) < 3 for word in words) == 2 * 25 + 1 + 9  # two inputs, one cell of output and nine
    assert {"row 1, column 1", "row 3, column 3"} <= set(words)
    assert within(figure)


def test_variants_say_their_arithmetic():
    slides = by_hand.variants()
    figure = figures.window_variants(slides)
    words = texts(figure)
    assert [slide.label in words for slide in slides] == [True] * 4
    assert "(5 − 5 + 2·1)/1 + 1 = 3" in words
    assert "3 taps span 5 cells" in words
    assert len(frames(figure)) == 8
    assert cells(figure, "window") == 4 * 9
    assert within(figure)


def test_the_volume_adds_channels_and_bias():
    demo = by_hand.volume()
    figure = figures.volume_windows(demo, 0, 1)
    words = texts(figure)
    for index in range(2):
        assert sum(f"= {grids.number(demo.output[0, 1, index])}\n(channels, then bias)" in word for word in words) == 1
    assert cells(figure, "filter") == 3 * 2 * 9
    assert cells(figure, "window") == 3 * 9
    assert within(figure)


def test_equations_of_filters_show_every_grid():
    impulse = figures.impulse_answers(by_hand.impulse())
    assert texts(impulse).count("⋆") == 2
    columns = figures.filter_columns(by_hand.columns())
    assert cells(columns, "filter") == 4 + 1  # copies of the followed cell, and the cell
    assert "W_row, 2x9: a filter a row" in texts(columns)
    back = figures.input_gradients([by_hand.backward(4, 1), by_hand.backward(5, 2)])
    assert cells(back, "output") == 2 * (4 + 4)
    assert {"Stride 1", "Stride 2", "padded, spread out"} <= set(texts(back))
    shared = figures.shared_gradient(by_hand.added())
    assert texts(shared).count("+") == 3
    assert cells(shared, "window") == 4 * 9
    assert all(map(within, (impulse, columns, back, shared)))


def test_connections_are_filled_cells():
    seen = by_hand.seen_channels()
    figure = figures.connected_maps(seen)
    assert cells(figure, "filter") == sum(int(sees.sum()) for sees in seen.values())
    assert "16 filters\nsee 3 to 6 of 6" in texts(figure)
    assert within(figure)


def test_an_equation_needs_grids_and_a_title_for_each_line():
    with pytest.raises(ValueError, match="one grid or more"):
        grids.equation([["="]])
    with pytest.raises(ValueError, match="a title for each line"):
        grids.equation([[grids.Term(np.eye(2))]], titles=("one", "two"))


def test_a_wide_equation_still_fits_the_page():
    assert within(grids.equation([[grids.Term(np.ones((2, 40)), "wide"), "=", grids.Term(np.ones((1, 1)), "narrow")]]))


def test_maps_share_a_scale_around_nought_and_pixels_may_have_one_size():
    panels = [
        Map("a", np.full((4, 6), -0.5), "signed"),
        Map("b", np.full((2, 3), 0.1), "signed", np.eye(3)),
        Map("c", np.ones((4, 6, 3)), "colour"),
        Map("d", np.zeros((4, 6))),
    ]
    figure = figures.map_grid(panels, columns=2, true_size=True)
    first, second = (axes.images[0] for axes in figure.axes[:2])
    assert (first.norm.vmin, first.norm.vmax) == (second.norm.vmin, second.norm.vmax) == (-0.5, 0.5)
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim() == (-0.5, 5.5)
    assert {"a", "b\n3x3", "c", "d", "≤ −0.50", "≥ 0.50"} <= set(texts(figure))
    assert within(figure)


def test_the_photographs_filters_stand_beside_their_maps():
    brightness = by_hand.grey(by_hand.picture("flower", 64))
    panels = by_hand.feature_maps(brightness)
    figure = figures.map_grid(panels)
    assert len(figure.axes) == 2 * len(panels) + 1
    assert "slanting stripes (Gabor)\n11x11" in [text.replace("\n(", " (") for text in texts(figure)]
    assert within(figure)
