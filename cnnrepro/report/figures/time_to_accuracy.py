"""How many runs came out where: accuracies and seconds of many runs, and the seconds of several sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cnnrepro.report import style
from cnnrepro.report.figures.panels import one_panel, panel_row


@style.applied()
def run_spread(accuracies: Sequence[float], seconds: Sequence[float], *, target: float) -> Figure:
    """Draw two histograms of the same runs: of their accuracies, with the one to be reached, and of their seconds.

    Args:
        accuracies: one a run, as fractions.
        seconds: one a run.
        target: the accuracy to be reached.
    """
    figure, (left, right) = panel_row(2, 3.2)
    percents = 100 * np.asarray(accuracies)
    _histogram(left, percents, "Test accuracy", "Percent of the test images")
    left.axvline(100 * target, color=style.INK, linewidth=1.2, linestyle=(0, (4, 3)))
    left.annotate(
        f"{100 * target:.0f} %",
        (100 * target, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(3, -10),
        textcoords="offset points",
        fontsize=8.5,
        color=style.QUIET,
    )
    _histogram(right, np.asarray(seconds), "Seconds of training", "Seconds, the first step apart")
    return figure


def _histogram(axes: Axes, values: np.ndarray, title: str, x: str) -> None:
    """Counts of runs in as many bins as their number allows, and their mean as a diamond below."""
    axes.hist(values, bins=min(20, max(5, len(values) // 3)), color=style.colour(0), alpha=0.75, edgecolor="white")
    axes.plot(values.mean(), 0, marker="D", color=style.colour(1), markersize=9, markeredgecolor="white", clip_on=False)
    axes.set_title(title)
    axes.set(xlabel=f"{x}. Diamond: mean of {len(values):,}", ylabel="Runs")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    style.quiet_grid(axes)


@style.applied()
def race_seconds(sides: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the seconds of several sides on a logarithmic axis: a dot a training, a diamond for their mean."""
    figure, axes = one_panel(1.3 + 0.55 * len(sides))
    for row, (_, taken) in enumerate(sides.items()):
        axes.scatter(taken, np.full(len(taken), row - 0.18), color=style.colour(row), alpha=0.7, s=30, linewidths=0)
        mean = float(np.mean(taken))
        axes.plot(mean, row, marker="D", color=style.colour(row), markersize=9, markeredgecolor="white")
        axes.annotate(f"{mean:.1f} s", (mean, row), xytext=(9, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if str(value)[0] in "25" else ""))
    axes.margins(x=0.15)
    axes.set_yticks(range(len(sides)), [style.wrapped(side, 26) for side in sides], color=style.INK)
    axes.set_ylim(len(sides) - 0.5, -0.5)
    axes.set_title("Training and validation, seconds (logarithmic)")
    axes.set_xlabel("Dot: one training in a process of its own. Diamond: mean")
    style.quiet_grid(axes, "x")
    return figure
