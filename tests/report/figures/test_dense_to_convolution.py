"""Maps over pictures: which numbers stand where, which cells count as equal, what is refused."""

import numpy as np
import pytest

from cnnrepro.report import figures
from tests.report.drawn import legend

NAMES = [str(number) for number in range(3)]


def probabilities(rows=3, columns=4):
    values = np.full((rows, columns, 3), 0.05)
    values[..., 0] = 0.9
    values[1, 2] = (0.0, 0.05, 0.95)
    values[0, 0] = (0.4, 0.3, 0.3)
    return values


def class_map(**changes):
    how = {"stride": 4, "size": (28, 28), "threshold": 0.5, "frames": [(2, 3)]} | changes
    return figures.class_map(np.zeros((36, 40, 1), np.uint8), probabilities(), how.pop("names", NAMES), **how)


def test_classes_stand_at_the_centres_of_their_crops():
    figure = class_map()
    axes = figure.axes[0]
    placed = {(text.get_position()): text.get_text() for text in axes.texts}
    assert len(placed) == 3 * 4 - 1
    assert placed[(2 * 4 + 13.5, 1 * 4 + 13.5)] == "2"
    assert (13.5, 13.5) not in placed
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[13.5, 13.5]])
    assert legend(figure) == ["0", "2", "below 50 %"]
    frame = axes.patches[0]
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((2.5, 1.5), 28, 28)


def test_long_names_stand_in_the_legend_with_their_numbers():
    assert legend(class_map(names=["Trouser", "Dress", "$ Bag"])) == ["0 Trouser", "2 \\$ Bag", "below 50 %"]


def test_a_map_that_does_not_fit_its_canvas_is_refused():
    with pytest.raises(ValueError, match=r"needs a map of \(5, 7, 3\). Received: \(3, 4, 3\)"):
        class_map(stride=2)


def test_two_ways_have_one_scale_and_a_logarithmic_difference():
    difference = np.array([[0, 3e-7], [2e-6, 5e-6]])
    figure = figures.two_ways(np.zeros((2, 2)), np.ones((2, 2)), difference, ("a", "b", "c"))
    figure.canvas.draw()
    assert [axes.images[0].get_clim() for axes in figure.axes[:2]] == [(0, 1)] * 2
    assert figure.axes[2].images[0].get_clim() == pytest.approx((1e-7, 1e-5))
    assert np.isnan(np.ma.filled(figure.axes[2].images[0].get_array(), np.nan)[0, 0])


def test_two_ways_may_be_the_same():
    figures.two_ways(np.ones((2, 2)), np.ones((2, 2)), np.zeros((2, 2)), ("a", "b", "c")).canvas.draw()


def test_borders_count_the_cells_that_are_equal():
    values = np.ones((5, 5))
    values[1:4, 1:4] = 1e-7
    figure = figures.borders({"pool2": values}, rounding=1e-5)
    figure.canvas.draw()
    axes = figure.axes[0]
    assert axes.get_title(loc="left") == "pool2\n9 of 25 cells equal"
    assert len(axes.lines[0].get_xdata()) == 9


def test_titles_of_borders_lie_inside_the_figure():
    maps = {f"layer {n}": np.ones((n, n)) for n in (28, 14, 10, 5)}
    figure = figures.borders(maps, rounding=0)
    figure.canvas.draw()
    for axes in figure.axes[:4]:
        assert figure.bbox.y1 >= axes._left_title.get_window_extent().y1


def test_a_drop_lies_at_the_centre_of_its_square():
    drops = np.zeros((22, 22))
    drops[3, 5] = 0.8
    figure = figures.occlusion([np.eye(28, dtype=np.uint8)[..., None] * 255], [drops], ["eye: −80"])
    figure.canvas.draw()
    axes = figure.axes[0]
    left, right, bottom, top = axes.images[0].get_extent()
    # A square of 7 pixels from row 3 and column 5 has its centre at row 6 and column 8.
    assert (left + 5.5, top + 3.5) == (8, 6)
    assert (right - left, bottom - top) == (22, 22)
    assert axes.images[0].get_clim() == (-1, 1)
    assert axes.get_title() == "eye: −80"


def test_savings_draw_counts_medians_ranges_and_the_limit():
    figure = figures.savings([28, 56], [1.0, 6.5], [[0.9, 1.0, 1.2], [3.0, 5.0, 9.0]], limit=9.889)
    figure.canvas.draw()
    axes = figure.axes[0]
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert {(1.0, 6.5), (1.0, 5.0), (9.889, 9.889)} <= drawn
    bars = [path.vertices[:, 1].tolist() for path in axes.collections[0].get_paths()]
    assert bars == [pytest.approx([0.9, 1.2]), pytest.approx([3.0, 9.0])]
    assert "limit of the multiply-adds: 9.89" in [text.get_text() for text in axes.texts]
    assert legend(figure) == ["multiply-adds, counted", "time, measured"]
