"""The curve of what one pass saves: counted, measured, and the limit."""

import pytest

from cnnrepro.report import figures


def test_savings_draw_counts_medians_ranges_and_the_limit():
    figure = figures.savings([28, 56], [1.0, 6.5], [[0.9, 1.0, 1.2], [3.0, 5.0, 9.0]], limit=9.889)
    figure.canvas.draw()
    axes = figure.axes[0]
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert {(1.0, 6.5), (1.0, 5.0), (9.889, 9.889)} <= drawn
    bars = [path.vertices[:, 1].tolist() for path in axes.collections[0].get_paths()]
    assert bars == [pytest.approx([0.9, 1.2]), pytest.approx([3.0, 9.0])]
    assert "limit of the multiply-adds: 9.89" in [text.get_text() for text in axes.texts]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["multiply-adds, counted", "time, measured"]


@pytest.mark.parametrize("sides, counted, measured", [([], [], []), ([28], [1.0], [[]]), ([28], [1.0, 2.0], [[1.0]])])
def test_savings_need_a_value_for_every_side(sides, counted, measured):
    with pytest.raises(ValueError, match="for every side"):
        figures.savings(sides, counted, measured, limit=1)
