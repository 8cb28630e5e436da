"""Grids of numbers with signs between them, as on a blackboard: input, filter, equals sign, output.

Lengths are in cells of the grids; y runs down. Everything stands on one pair of axes without ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnrepro.report import style

# What a cell is, as a tint and as the stronger colour of a frame; the tints are light enough for dark numbers.
TINTS = {
    "": "#ffffff",
    "padding": "#eef1f4",
    "window": "#cfe6f7",
    "filter": "#fbdcc8",
    "output": "#cdeee2",
    "second": "#f5e0ec",
    "third": "#fcecc6",
}
FRAMES = {"window": "#0072B2", "filter": "#D55E00", "output": "#009E73", "second": "#A9568A", "third": "#9C6F00"}
KINDS_OF_FOUR = ("window", "filter", "output", "third")  # tints for four things that are told apart

CELL = 0.42  # inches, where there is room
SIGN = 1.1  # cells that a sign between two grids takes
TITLE_LETTER = 0.078  # inches a letter of a title, at 9.5 points in bold


@dataclass(frozen=True)
class Term:
    """One grid of a picture.

    Args:
        values: (rows, columns); NaN leaves a cell empty.
        title: above the grid.
        tints: a name in ``TINTS`` for all cells, or one a cell.
        below: lines under the grid.
        columns: headings of the columns, or none.
    """

    values: np.ndarray
    title: str = ""
    tints: str | np.ndarray = ""
    below: str = ""
    columns: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return np.asarray(self.values).shape

    def width(self, cell: float) -> float:
        """Cells that the grid and its words take."""
        lines = [*self.title.splitlines(), *self.below.splitlines()]
        words = max((len(line) for line in lines), default=0) * TITLE_LETTER / cell
        return max(self.shape[1], words)


def number(value: float) -> str:
    """A cell as text: whole numbers plain, others with two figures behind the point at most, a true minus sign."""
    if np.isnan(value):
        return ""
    text = f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}".rstrip("0").rstrip(".")
    return ("0" if text in ("-0", "0") else text).replace("-", "−")


def canvas(width: float, height: float, cell: float = CELL) -> tuple[Figure, Axes]:
    """An empty board of the page's width on which a cell is ``cell`` inches, or less if ``width`` cells need it."""
    cell = min(cell, style.WIDTH / width)
    figure = Figure(figsize=(style.WIDTH, height * cell), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, style.WIDTH / cell), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def draw(axes: Axes, values: np.ndarray, at: tuple[float, float], tints: str | np.ndarray = "") -> None:
    """Draw a grid with its numbers; ``at`` is the (x, y) of its upper left corner."""
    values = np.asarray(values, np.float64)
    names = np.broadcast_to(np.asarray(tints, dtype=object), values.shape)
    cell = style.WIDTH / axes.get_xlim()[1]  # inches
    size = min(11.0, cell * 72 * 0.36)
    for (row, column), value in np.ndenumerate(values):
        x, y = at[0] + column, at[1] + row
        tint = TINTS[names[row, column]]
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=tint, edgecolor=style.RULE, linewidth=0.8))
        text = number(value)
        fitted = size * min(1.0, 3.6 / max(len(text), 1))
        axes.text(x + 0.5, y + 0.52, text, ha="center", va="center", fontsize=fitted, color=style.INK)


def frame(
    axes: Axes, at: tuple[float, float], shape: tuple[int, int], kind: str, *, dashed: bool = False, inset: float = 0.0
) -> None:
    """A frame around ``shape`` cells from ``at``, ``inset`` cells inside of them."""
    place = (at[0] + inset, at[1] + inset), shape[1] - 2 * inset, shape[0] - 2 * inset
    look = {"edgecolor": FRAMES[kind], "linewidth": 2.2, "linestyle": (0, (3, 2)) if dashed else "solid"}
    axes.add_patch(Rectangle(*place, fill=False, zorder=3, **look))


def words(axes: Axes, x: float, y: float, text: str, *, bold: bool = False, size: float = 9.0, **how: object) -> None:
    """Plain words on the board, in ink where they are bold and quiet where not."""
    ink = {"fontweight": "bold", "color": style.INK} if bold else {"fontweight": "normal", "color": style.QUIET}
    axes.text(x, y, style.plain(text), fontsize=size, **ink, **{"va": "center", "linespacing": 1.45, **how})


@style.applied()
def equation(lines: Sequence[Sequence[Term | str]], *, titles: Sequence[str] = (), cell: float = CELL) -> Figure:
    """Draw lines of grids with signs between them.

    Args:
        lines: of each line its terms; a text is a sign such as "=" or "·".
        titles: a heading above each line, or none.
        cell: inches of a cell, where there is room.

    Raises:
        ValueError: a heading too few.
    """
    if not lines or not all(any(isinstance(term, Term) for term in line) for line in lines):
        raise ValueError(f"equation() needs lines with one grid or more each. Received: {len(lines)} lines")
    if titles and len(titles) != len(lines):
        raise ValueError(f"equation() needs a title for each line. Received: {len(titles)} for {len(lines)}")
    largest = cell
    for _ in range(4):  # words do not shrink with the cells, so the width is found by trying
        cell = min(largest, cell * style.WIDTH / max(cell * _line_width(line, cell) for line in lines))
    heights = [sum(_reach(line, cell)) + (0.34 / cell if titles else 0) for line in lines]
    figure, axes = canvas(style.WIDTH / cell, sum(heights) + 0.06 / cell, cell)
    y = 0.0
    for index, (line, height) in enumerate(zip(lines, heights, strict=True)):
        if titles:
            words(axes, 0.05, y + 0.2 / cell, titles[index], bold=True, size=10.5)
        _line(axes, line, y + (0.34 / cell if titles else 0), cell)
        y += height
    return figure


def _line_width(line: Sequence[Term | str], cell: float) -> float:
    return 0.3 + sum(SIGN if isinstance(term, str) else term.width(cell) + 0.25 for term in line)


def _reach(line: Sequence[Term | str], cell: float) -> tuple[float, float]:
    """How far grids and words reach above and below the middle of a line, in cells."""
    terms = [term for term in line if isinstance(term, Term)]
    above = [len(term.title.splitlines()) + bool(term.columns) for term in terms]  # lines of words
    up = max(term.shape[0] / 2 + (0.2 * lines + 0.08) / cell for term, lines in zip(terms, above, strict=True))
    down = max(term.shape[0] / 2 + (0.19 * len(term.below.splitlines()) + 0.1) / cell for term in terms)
    return up, down + 0.14 / cell


def _line(axes: Axes, line: Sequence[Term | str], top: float, cell: float) -> None:
    middle = top + _reach(line, cell)[0]
    x = 0.15
    for term in line:
        if isinstance(term, str):
            size = 24 if term == "⋆" else 15  # the star is small in this typeface
            axes.text(x + SIGN / 2 - 0.1, middle, style.plain(term), ha="center", va="center", fontsize=size)
            x += SIGN
            continue
        _term(axes, term, x, middle - term.shape[0] / 2, cell)
        x += term.width(cell) + 0.25


def _term(axes: Axes, term: Term, x: float, y: float, cell: float) -> None:
    draw(axes, term.values, (x, y), term.tints)
    heading = 0.2 / cell if term.columns else 0.0
    for column, name in enumerate(term.columns):
        words(axes, x + column + 0.5, y - 0.1 / cell, name, size=8.0, ha="center")
    words(axes, x, y - heading - 0.08 / cell, term.title, bold=True, va="baseline")
    words(axes, x, y + term.shape[0] + 0.07 / cell, term.below, va="top", size=8.5)
