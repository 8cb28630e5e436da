import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cnnrepro.lessons import pooling
from cnnrepro.lessons.pooling.on_photographs import Shifts
from cnnrepro.lessons.pooling.savings import PartCosts
from cnnrepro.report import figures
from cnnrepro.report.figures import number_grids as grids
from tests.report.drawn import texts, titles


def tinted(figure):
    """How many cells have each tint."""
    colours = [to_hex(cell.get_facecolor()) for cell in figure.findobj(Rectangle) if cell.get_fill()]
    return {name: colours.count(colour) for name, colour in grids.TINTS.items()}


def test_a_window_and_its_value_have_one_tint():
    figure = figures.pooled_numbers(pooling.small())
    counts = tinted(figure)
    assert all(counts[name] == 4 + 3 for name in grids.KINDS_OF_FOUR)  # cells of a window, and its three values
    assert {"max", "average", "L2", "3.25", "7.14"} <= set(texts(figure))


def test_windows_that_overlap_are_not_tinted():
    with pytest.raises(ValueError, match="must not overlap"):
        figures.pooled_numbers(pooling.overlapping())


def test_winners_are_marked_and_those_of_two_windows_otherwise():
    pools = [pooling.small(), pooling.overlapping()]
    counts = tinted(figures.pooled_gradients(pools))
    assert counts["third"] == sum(int((pool.winners == 1).sum()) for pool in pools)
    assert counts["filter"] == 1
    assert counts["window"] == sum(int((gradient != 0).sum()) for pool in pools for gradient in pool.to_input.values())


def test_discarded_shares_are_drawn_with_their_mark():
    figure = figures.discarded_shares([2, 3], {"2x2": [0.75, 8 / 9], "3x3": [0.8, 0.9]}, 0.75)
    lines = [line for line in figure.axes[0].lines if line.get_label() in ("2x2", "3x3")]
    assert [list(line.get_ydata()) for line in lines] == [[0.75, 8 / 9], [0.8, 0.9]]
    assert "75 %" in texts(figure)


def test_no_line_of_the_shifts_is_cut_off():
    shifts = [
        Shifts(2, (0, 1), {"not made smaller": (0.0, 1.0), "max": (0.0, 0.6)}),
        Shifts(8, (0, 1), {"not made smaller": (0.0, 1.5), "max": (0.0, 0.2)}),
    ]
    figure = figures.shift_changes(shifts)
    assert titles(figure) == ["2 times smaller", "8 times smaller"]
    for axes, factor in zip(figure.axes, shifts, strict=True):
        assert [tuple(line.get_ydata()) for line in axes.lines] == list(factor.changes.values())
        assert axes.get_ylim()[1] > 1.5


def test_savings_are_stacked_and_summed():
    figure = figures.pool_savings([PartCosts("all of it", (100_000, 2_000_000, 0), (5, 6, 7))])
    parameters, work = figure.axes
    assert [bar.get_width() for bars in parameters.containers for bar in bars] == [100_000, 2_000_000, 0]
    assert {"all of it", "2.10 M", "18", "convolutions"} <= set(texts(figure))
    assert work.get_xlim()[1] > 18
