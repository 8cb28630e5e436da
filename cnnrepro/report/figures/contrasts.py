"""What the arms scored, with the numbers by which a statement is judged, or with what was published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from cnnrepro.report import style
from cnnrepro.report.figure_numbers import with_numbers
from cnnrepro.report.figures.comparisons import draw_scores
from cnnrepro.report.figures.panels import one_panel

if TYPE_CHECKING:
    import pandas as pd

NAME_CHARACTERS = 30
BETWEEN = 0.12  # inches above and below a panel, so that a title stands by its own axis


@dataclass(frozen=True)
class ContrastRow:
    """One contrast.

    Args:
        name: what is compared.
        values: the number that is judged, one a seed.
        low, high: the interval of the mean; NaN where there is none.
        matters: from where to where a value does not matter, as the claim has it.
        mean: as it is written beside it.
        word: what is decided of it.
        strong: whether it decides; others are drawn in grey.
    """

    name: str
    values: Sequence[float]
    low: float
    high: float
    matters: tuple[float, float]
    mean: str
    word: str
    strong: bool


@dataclass(frozen=True)
class ContrastPanel:
    """The contrasts of one score.

    Args:
        title: what their numbers are, with the unit.
        rows: the contrasts.
        zero: what they are held against.
        factors: whether numbers are logarithms to base 2, and the axis tells the factors.
    """

    title: str
    rows: Sequence[ContrastRow]
    zero: float = 0.0
    factors: bool = False


@style.applied()
def contrasts(
    scores: Sequence[tuple[str, Sequence[float]]],
    panels: Sequence[ContrastPanel],
    *,
    metric: str,
    unit: str,
) -> Figure:
    """Draw each arm's scores, one dot a seed, and below them the contrasts, a panel a score.

    Args:
        scores: the arms' names, and a score a seed.
        panels: the contrasts, by score.
        metric: what a score of an arm is.
        unit: of it.
    """
    heights = [0.9 + 0.36 * len(scores), *(1.1 + 0.5 * len(panel.rows) for panel in panels)]
    figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    figure.get_layout_engine().set(h_pad=BETWEEN)
    upper, *lower = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    draw_scores(upper, scores, f"{metric}, one dot a seed", unit)
    for axes, panel in zip(lower, panels, strict=True):
        _draw_panel(axes, panel)
    return figure


def _draw_panel(axes: Axes, panel: ContrastPanel) -> None:
    rows = panel.rows
    axes.axvline(panel.zero, color=style.INK, linewidth=1.0, zorder=1)
    reached = [panel.zero]
    for place, row in enumerate(rows):
        colour, mean = style.colour(0) if row.strong else style.QUIET, float(np.mean(row.values))
        start, end = row.matters
        axes.barh(place, end - start, left=start, height=0.8, color=style.FAINT, zorder=0, linewidth=0)
        if not math.isnan(row.low):
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=3.0, zorder=2, solid_capstyle="butt")
        axes.scatter(row.values, np.full(len(row.values), place - 0.24), color=colour, alpha=0.6, s=20, linewidths=0)
        axes.plot(mean, place, marker="D", color=colour, markersize=7, markeredgecolor="white", zorder=3)
        right = {"xy": (1.02, place), "xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
        words = f"{row.mean}\n{row.word}" if row.word else row.mean
        axes.annotate(
            style.plain(words), fontsize=9, linespacing=1.4, color=style.INK if row.strong else style.QUIET, **right
        )
        reached += [value for value in (*row.values, row.low, row.high, *row.matters) if not math.isnan(value)]  # noqa: PD011 - no frame
    room = 0.08 * (max(reached) - min(reached))
    axes.set_xlim(min(reached) - room, max(reached) + room)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    names = [style.wrapped(row.name, NAME_CHARACTERS) for row in rows]
    axes.set_yticks(range(len(rows)), names, color=style.INK)
    axes.spines["left"].set_visible(False)
    style.quiet_grid(axes, "x")
    axes.set_title(style.wrapped(panel.title, 95))
    if panel.factors:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{2**value:.3g}"))


@style.applied()
def against_published(
    scores: Sequence[tuple[str, Sequence[float]]],
    published: float,
    *,
    metric: str,
    unit: str,
    numbers: pd.DataFrame | None = None,
) -> Figure:
    """Draw each arm's scores, one dot a seed, and the published one as a dashed line.

    Args:
        scores: the arms' names, and a score a seed.
        published: the score to be held against.
        metric: what a score is.
        unit: of it.
        numbers: that the figure carries to its page.
    """
    figure, axes = one_panel(1.4 + 0.45 * len(scores))
    draw_scores(axes, scores, f"{metric}, one dot a seed", unit)
    axes.axvline(published, color=style.INK, linewidth=1.2, linestyle=(0, (4, 3)))
    look = {"xycoords": ("data", "axes fraction"), "xytext": (4, -10), "textcoords": "offset points"}
    axes.annotate(f"published: {published:g}", (published, 1.0), fontsize=8.5, color=style.QUIET, **look)
    return figure if numbers is None else with_numbers(figure, numbers)
