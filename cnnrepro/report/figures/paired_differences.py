"""Paired differences: the same seed on both sides, one dot a pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnrepro.claims.paired_statistics import FEWEST, PairedDifference, paired_difference, signed
from cnnrepro.errors import unknown
from cnnrepro.report import style
from cnnrepro.report.figures.panels import one_panel

MARKS = "Dot: one seed. Diamond: mean. Bar: 95 % t interval."
DOTS = f"Dot: one seed. Diamond: mean. No interval: it takes {FEWEST} seeds."


@style.applied()
def paired(frame: pd.DataFrame, *, reference: str, metric: str, unit: str) -> Figure:
    """Draw, for every other arm, the difference reference − arm of each seed that both have; more is better.

    Args:
        frame: one row a run, with the columns arm, seed and value.
        reference: the arm the others are taken away from.
        metric: what the value is ("Test accuracy").
        unit: the unit of a difference ("percentage points"); values are drawn as they are given.

    Raises:
        UsageError: no row belongs to ``reference``.
        ValueError: a column is missing, or there is no other arm.
    """
    others = _others(frame, reference)
    figure, axes = one_panel(1.9 + 0.72 * len(others))
    pairs = [_pairs(frame, reference, arm) for arm in others]
    reach = _reach(pairs)
    for row, own in enumerate(pairs):
        _draw_row(axes, row, own, style.colour(row + 1), reach)
    axes.set_xlim(-reach, reach)  # zero in the middle: both sides get the same room
    axes.axvline(0, color=style.INK, linewidth=1.0, zorder=0)
    style.quiet_grid(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(others) - 0.5, -0.6)
    axes.set_yticks(range(len(others)), [style.wrapped(arm, 26) for arm in others], color=style.INK)
    # The title leaves room for the line that says which side favours whom.
    axes.set_title(style.wrapped(f"{metric}: {reference} minus the other, seed by seed", 95), pad=22)
    marks = MARKS if any(len(own) >= FEWEST for own in pairs) else DOTS
    axes.set_xlabel(style.wrapped(f"Difference in {unit}. {marks}", 95))
    rival = others[0] if len(others) == 1 else "the other"
    look = {"transform": axes.transAxes, "va": "bottom", "fontsize": 8.5, "color": style.QUIET}
    axes.text(0, 1, style.plain(f"← favours {_short(rival)}"), ha="left", **look)
    axes.text(1, 1, style.plain(f"favours {_short(reference)} →"), ha="right", **look)
    return figure


def _others(frame: pd.DataFrame, reference: str) -> list[str]:
    missing = [name for name in ("arm", "seed", "value") if name not in frame.columns]
    if missing:
        raise ValueError(f"paired() needs the columns arm, seed and value. Missing: {missing}")
    arms = list(dict.fromkeys(frame["arm"]))
    if reference not in arms:
        raise unknown("arm", reference, map(str, arms))
    if len(arms) == 1:
        raise ValueError(f"paired() needs an arm to compare {reference!r} with. Received: {reference!r} alone")
    return [arm for arm in arms if arm != reference]


def _pairs(frame: pd.DataFrame, reference: str, arm: str) -> np.ndarray:
    """Reference and arm for each seed that both have, in the order of the seeds: (pairs, 2)."""
    by_seed = frame.pivot_table(index="seed", columns="arm", values="value")
    return by_seed[[reference, arm]].dropna().to_numpy() if arm in by_seed else np.empty((0, 2))


def _reach(pairs: list[np.ndarray]) -> float:
    """How far the axis goes: a little beyond the farthest dot or end of an interval."""
    differences = [paired_difference(own[:, 0], own[:, 1]) for own in pairs if len(own)]
    dots = max((float(np.abs(own[:, 0] - own[:, 1]).max()) for own in pairs if len(own)), default=0.0)
    reached = (max(abs(interval.low), abs(interval.high)) for interval in differences if interval.has_interval)
    ends = max(reached, default=0.0)
    return 1.1 * max(dots, ends) or 1.0


def _draw_row(axes: Axes, row: int, pairs: np.ndarray, colour: str, reach: float) -> None:
    right = {"xy": (1.02, row), "xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    if not len(pairs):
        axes.annotate("no seed in common", color=style.QUIET, **right)
        return
    difference = paired_difference(pairs[:, 0], pairs[:, 1])
    if difference.has_interval:
        axes.plot([difference.low, difference.high], [row, row], color=colour, linewidth=2.5)
    if difference.n > 1:
        axes.plot(difference.mean, row, marker="D", color=colour, markersize=8, markeredgecolor="white")
    # The dots lie a little above mean and interval, so that none hides another; the smaller row number is higher up.
    lift = 0.22 if difference.n > 1 else 0.0
    dots = pairs[:, 0] - pairs[:, 1]
    axes.scatter(dots, row - lift - _piled(dots, reach), color=colour, alpha=0.75, s=30, linewidths=0)
    axes.annotate(_words(difference), fontsize=9, linespacing=1.4, **right)


def _piled(dots: np.ndarray, reach: float) -> np.ndarray:
    """How far up each dot goes, in rows, so that equal differences lie on top of each other and all are seen.

    Two closer than a fiftieth of the axis's half are equal here; the highest pile takes a quarter of a row.
    """
    places = np.round(dots / (reach / 50))
    numbers = np.array([np.count_nonzero(places[:index] == place) for index, place in enumerate(places)])
    return numbers * min(0.09, 0.25 / max(numbers.max(), 1))


def _words(difference: PairedDifference) -> str:
    if difference.n == 1:
        return f"{signed(difference.mean)}\none pair, no interval"
    if difference.n < FEWEST:
        return f"{signed(difference.mean)}  (n = {difference.n})\ntoo few for an interval"
    if not difference.has_interval:
        return f"{signed(difference.mean)}  (n = {difference.n})\nequal pairs, no interval"
    return f"{signed(difference.mean)}  (n = {difference.n})\n{signed(difference.low)} to {signed(difference.high)}"


def _short(name: str) -> str:
    return name if len(name) <= 34 else name[:33].rstrip() + "…"
