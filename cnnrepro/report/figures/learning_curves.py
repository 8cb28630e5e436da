"""Learning curves: what each arm reached after each epoch, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from cnnrepro.report import style

TITLES = {
    "accuracy": "Training accuracy",
    "loss": "Training loss",
    "val_accuracy": "Validation accuracy",
    "val_loss": "Validation loss",
    "learning_rate": "Learning rate",
    "seconds": "Seconds an epoch",
}
LOG_FROM_DECADES = 1.5  # a loss that spans more is drawn on a logarithmic axis


@style.applied()
def curves(
    frame: pd.DataFrame,
    *,
    metrics: Sequence[str] = ("val_accuracy", "val_loss"),
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw one panel a metric: each seed as a thin line, the mean of an arm's seeds as a thick one with markers.

    The mean is drawn only where every seed of the arm has a value, so that a run which stopped early (or diverged)
    ends the thick line instead of flattering it.

    Args:
        frame: one row an epoch, with the columns arm, seed, epoch (from 1) and the metrics. Accuracies are fractions.
        metrics: the columns to draw, a panel each.
        labels: what to call an arm in the legend; an arm that is not named there keeps its own name.

    Raises:
        ValueError: a column is missing, or there is nothing to draw.
    """
    _require(frame, metrics)
    arms = list(dict.fromkeys(frame["arm"]))
    names = [str((labels or {}).get(arm, arm)) for arm in arms]
    legend_lines = math.ceil(len(arms) / style.legend_columns(names))
    figure = Figure(figsize=(style.WIDTH if len(metrics) > 1 else 7.2, 3.7 + 0.2 * legend_lines), layout="constrained")
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        for index, arm in enumerate(arms):
            _draw_arm(axes, _by_epoch(frame, arm, metric), index)
        _finish(axes, metric, frame)
    _legend(figure, names)
    figure.supxlabel(_key(frame), fontsize=8.5, color=style.QUIET)
    return figure


def _require(frame: pd.DataFrame, metrics: Sequence[str]) -> None:
    missing = [name for name in ("arm", "seed", "epoch", *metrics) if name not in frame.columns]
    if missing or not len(metrics):
        raise ValueError(f"curves() needs the columns arm, seed, epoch and a metric. Missing: {missing or 'a metric'}")
    if frame.empty:
        raise ValueError("curves() has nothing to draw: the frame has no rows.")


def _by_epoch(frame: pd.DataFrame, arm: str, metric: str) -> pd.DataFrame:
    """One arm's values of one metric: epochs down, seeds across."""
    return frame[frame["arm"] == arm].pivot_table(index="epoch", columns="seed", values=metric, dropna=False)


def _draw_arm(axes: Axes, values: pd.DataFrame, index: int) -> None:
    colour = style.colour(index)
    alone = "." if len(values) == 1 else None  # a line through one point would be invisible
    for seed in values.columns:
        axes.plot(values.index, values[seed], color=colour, alpha=0.4, linewidth=1.0, marker=alone)
    mean = values.mean(axis=1, skipna=False)
    axes.plot(
        mean.index,
        mean,
        color=colour,
        marker=style.marker(index),
        markevery=max(1, len(mean) // 12),
        markeredgecolor="white",
        markersize=7,
    )


def _finish(axes: Axes, metric: str, frame: pd.DataFrame) -> None:
    axes.set_title(style.plain(TITLES.get(metric, metric.replace("_", " "))))
    axes.set_xlabel("Epoch")
    style.quiet_grid(axes)
    first, last = int(frame["epoch"].min()), int(frame["epoch"].max())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if first == last:
        axes.set_xlim(first - 0.5, last + 0.5)
        axes.set_xticks([first])
    if metric.endswith("accuracy"):
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    elif metric.endswith("loss") and _spans_decades(frame[metric]):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("Epoch (loss on a logarithmic axis)")


def _spans_decades(values: pd.Series) -> bool:
    """Whether all values are positive and the largest is more than ``LOG_FROM_DECADES`` above the smallest."""
    finite = values[values.notna() & (values != math.inf)]
    return bool(len(finite)) and finite.min() > 0 and math.log10(finite.max() / finite.min()) > LOG_FROM_DECADES


def _legend(figure: Figure, names: Sequence[str]) -> None:
    lines = [
        Line2D([], [], color=style.colour(i), marker=style.marker(i), markersize=7, markeredgecolor="white")
        for i in range(len(names))
    ]
    figure.legend(
        lines, [style.wrapped(name, 90) for name in names], loc="outside upper left", ncols=style.legend_columns(names)
    )


def _key(frame: pd.DataFrame) -> str:
    """What thin and thick mean here."""
    counts = frame.groupby("arm")["seed"].nunique()
    if counts.max() == 1:
        return "One seed an arm."
    n = str(counts.max()) if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    return f"Thin: one line a seed. Thick: the mean of {n} seeds."
