"""Paired differences: the same seed on both sides, one dot a pair."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnrepro.errors import unknown
from cnnrepro.report import style


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % t interval; ``half`` is None where one pair gives no spread."""

    mean: float
    half: float | None
    n: int

    @classmethod
    def of(cls, values: np.ndarray) -> Interval:
        """The interval of at least one value."""
        from scipy import stats

        n = len(values)
        if n < 2:
            return cls(float(values.mean()), None, n)
        error = values.std(ddof=1) / math.sqrt(n)
        return cls(float(values.mean()), float(stats.t.ppf(0.975, n - 1) * error), n)


def paired(frame: pd.DataFrame, *, reference: str, metric: str, unit: str, higher_is_better: bool = True) -> Figure:
    """Draw, for every other arm, the difference reference − arm of each seed that both have.

    Args:
        frame: one row a run, with the columns arm, seed and value.
        reference: the arm the others are taken away from.
        metric: what the value is ("Test accuracy").
        unit: the unit of a difference ("percentage points"); values are drawn as they are given.
        higher_is_better: whether a larger value is the better one; False for losses and errors.

    Returns:
        The figure.

    Raises:
        UsageError: no row belongs to ``reference``.
        ValueError: a column is missing, or there is no other arm.
    """
    others = _others(frame, reference)
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 1.9 + 0.72 * len(others)), layout="constrained")
        axes = figure.subplots()
        for row, arm in enumerate(others):
            _draw_row(axes, row, _differences(frame, reference, arm), style.colour(row + 1))
        _finish(axes, frame, reference, others, metric, unit, higher_is_better)
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


def _differences(frame: pd.DataFrame, reference: str, arm: str) -> np.ndarray:
    """reference − arm for each seed that both have, in the order of the seeds."""
    by_seed = frame.pivot_table(index="seed", columns="arm", values="value")
    return (by_seed[reference] - by_seed[arm]).dropna().to_numpy() if arm in by_seed else np.array([])


def _draw_row(axes: Axes, row: int, differences: np.ndarray, colour: str) -> None:
    right = {"xy": (1.02, row), "xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    if not len(differences):
        axes.annotate("no seed in common", color=style.QUIET, **right)
        return
    found = Interval.of(differences)
    if found.half is not None:
        axes.plot([found.mean - found.half, found.mean + found.half], [row, row], color=colour, linewidth=2.5)
        axes.plot(found.mean, row, marker="D", color=colour, markersize=8, markeredgecolor="white")
    # The dots lie a little above the interval, so that neither hides the other; the smaller row number is higher up.
    lift = 0.0 if found.half is None else 0.22
    axes.scatter(differences, np.full(len(differences), row - lift), color=colour, alpha=0.75, s=30, linewidths=0)
    axes.annotate(_words(found), fontsize=9, linespacing=1.4, **right)


def _words(found: Interval) -> str:
    if found.half is None:
        return f"{found.mean:+.2f}\none pair, no interval"
    return f"{found.mean:+.2f}  (n = {found.n})\n{found.mean - found.half:+.2f} to {found.mean + found.half:+.2f}"


def _finish(
    axes: Axes, frame: pd.DataFrame, reference: str, others: list[str], metric: str, unit: str, higher_is_better: bool
) -> None:
    axes.axvline(0, color=style.INK, linewidth=1.0, zorder=0)
    style.quiet_grid(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(others) - 0.5, -0.6)
    axes.set_yticks(range(len(others)), [style.wrapped(arm, 26) for arm in others], color=style.INK)
    low, high = axes.get_xlim()
    reach = max(abs(low), abs(high)) or 1.0
    axes.set_xlim(-reach, reach)  # zero in the middle: both sides get the same room
    axes.set_title(style.wrapped(f"{metric}: {reference} minus the other, seed by seed", 95))
    axes.set_xlabel(
        style.wrapped(f"Difference in {unit}. Dot: one seed. Diamond and bar: mean and 95 % t interval.", 95)
    )
    rival = others[0] if len(others) == 1 else "the other"
    left, right = (rival, reference) if higher_is_better else (reference, rival)
    _say_side(axes, 0.0, "left", f"← favours {_short(left)}")
    _say_side(axes, 1.0, "right", f"favours {_short(right)} →")


def _say_side(axes: Axes, x: float, side: str, words: str) -> None:
    axes.text(
        x, 1.0, style.plain(words), transform=axes.transAxes, ha=side, va="bottom", fontsize=8.5, color=style.QUIET
    )


def _short(name: str, characters: int = 34) -> str:
    return name if len(name) <= characters else name[: characters - 1].rstrip() + "…"
