"""A comparison in one picture: the scores of each network, and the paired differences beside what would matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnrepro.claims.paired_statistics import signed
from cnnrepro.report import style

MOST_ROWS = 15  # pairs that are drawn; the table has them all
NAME_CHARACTERS = 26


@dataclass(frozen=True)
class DifferenceRow:
    """Two networks.

    Args:
        first, second: their names.
        values: first minus second, one a seed.
        low, high: the interval of the mean; NaN where there is none.
        word: what is decided.
    """

    first: str
    second: str
    values: Sequence[float]
    low: float
    high: float
    word: str


@style.applied()
def comparison(
    scores: Sequence[tuple[str, Sequence[float]]],
    rows: Sequence[DifferenceRow],
    *,
    metric: str,
    unit: str,
    margin: float,
    level: str,
    digits: int = 2,
) -> Figure:
    """Draw each network's scores, one dot a seed, and below them each pair's differences with their interval.

    Args:
        scores: the networks' names, and a score a seed.
        rows: the pairs; the first ``MOST_ROWS`` are drawn.
        metric: what a score is ("Test accuracy").
        unit: of scores and differences.
        margin: the smallest difference that matters: the band around zero.
        level: of the intervals, "95 %".
        digits: decimals of a difference.
    """
    rows = rows[:MOST_ROWS]
    heights = [0.9 + 0.4 * len(scores), 1.2 + 0.5 * len(rows)]
    figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=heights)
    draw_scores(upper, scores, f"{metric}, one dot a seed", unit.replace("percentage points", "percent"))
    _draw_differences(lower, rows, unit, margin, level, digits)
    return figure


def draw_scores(axes: Axes, scores: Sequence[tuple[str, Sequence[float]]], title: str, unit: str) -> None:
    """Draw each arm's scores, one dot a seed, and their mean as a line."""
    for place, (_, values) in enumerate(scores):
        mean = float(np.mean(values))
        axes.plot([mean, mean], [place - 0.3, place + 0.3], color=style.INK, linewidth=2.0, solid_capstyle="butt")
        spread = 0.12 * np.resize([0, 1, -1], len(values))
        axes.scatter(values, place + spread, color=style.colour(place), alpha=0.8, s=30, linewidths=0, zorder=3)
    _finish(axes, [name for name, _ in scores])
    axes.set_title(style.wrapped(title, 95))
    axes.set_xlabel(style.plain(f"In {unit}. Line: mean."))


def _draw_differences(
    axes: Axes, rows: Sequence[DifferenceRow], unit: str, margin: float, level: str, digits: int
) -> None:
    axes.axvspan(-margin, margin, color=style.FAINT, zorder=0, linewidth=0)
    axes.axvline(0, color=style.INK, linewidth=1.0, zorder=1)
    reach = 1.6 * margin
    for place, row in enumerate(rows):
        mean = float(np.mean(row.values))
        colour = style.colour(0)
        if not math.isnan(row.low):
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=3.0, zorder=2)
        axes.scatter(row.values, np.full(len(row.values), place - 0.22), color=colour, alpha=0.6, s=22, linewidths=0)
        axes.plot(mean, place, marker="D", color=colour, markersize=8, markeredgecolor="white", zorder=3)
        right = {"xy": (1.02, place), "xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
        axes.annotate(f"{signed(mean, digits)}\n{row.word}", fontsize=9, linespacing=1.4, **right)
        ends = [abs(value) for value in (*row.values, row.low, row.high) if not math.isnan(value)]
        reach = max(reach, 1.1 * max(ends))
    axes.set_xlim(-reach, reach)  # zero in the middle: both sides get the same room
    several = len(rows) > 1
    _finish(axes, [f"{row.first} minus {row.second}" if several else "difference" for row in rows])
    axes.set_title(
        "First minus second, seed by seed"
        if several
        else style.wrapped(f"{rows[0].first} minus {rows[0].second}, seed by seed", 80)
    )
    intervals = f" Bar: {level} interval." if any(not math.isnan(row.low) for row in rows) else ""
    axes.set_xlabel(
        style.wrapped(
            f"Difference in {unit}. Dot: one seed. Diamond: mean.{intervals} Grey: less than {margin:g}, "
            "which does not matter.",
            110,
        )
    )


def _finish(axes: Axes, names: Sequence[str]) -> None:
    axes.set_ylim(len(names) - 0.5, -0.6)
    axes.set_yticks(range(len(names)), [style.wrapped(name, NAME_CHARACTERS) for name in names], color=style.INK)
    axes.spines["left"].set_visible(False)
    style.quiet_grid(axes, "x")


@style.applied()
def class_errors(classes: Sequence[str], errors: Sequence[tuple[str, Sequence[float]]]) -> Figure:
    """Draw how often the images of each class are read wrongly, by network.

    Args:
        classes: their names.
        errors: the networks' names, and a share a class, from 0 to 1.
    """
    figure = Figure(figsize=(style.WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(errors)
    for place, (name, shares) in enumerate(errors):
        at = np.arange(len(classes)) - 0.4 + width * (place + 0.5)
        axes.bar(at, 100 * np.asarray(shares), width, color=style.colour(place), label=style.plain(name))
    axes.set_xticks(range(len(classes)), [style.short(name, 12) for name in classes], rotation=45 * (len(classes) > 12))
    axes.set_title("Test images of each class that are read wrongly")
    axes.set_ylabel("percent, mean over seeds")
    style.quiet_grid(axes)
    names = [name for name, _ in errors]
    figure.legend(loc="outside upper left", ncols=style.legend_columns(names))
    return figure
