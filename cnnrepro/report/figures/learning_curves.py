"""Learning curves: what each arm reached after each epoch, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from cnnrepro.report import style
from cnnrepro.report.figure_numbers import with_numbers

TITLES = {
    "accuracy": "Training accuracy",
    "loss": "Training loss",
    "val_accuracy": "Validation accuracy",
    "val_loss": "Validation loss",
    "val_error": "Validation error",
    "seen_accuracy": "Accuracy on images seen in training",
    "seen_loss": "Loss on images seen in training",
    "lag_mean": "Means: distance in standard deviations",
    "lag_variance": "Variances: distance of logarithms",
    "learning_rate": "Learning rate",
    "seconds": "Seconds an epoch",
}
LOG_FROM_DECADES = 1.2  # a loss that spans more is drawn on a logarithmic axis


@style.applied()
def curves(
    frame: pd.DataFrame, *, metrics: Sequence[str] = ("val_accuracy", "val_loss"), by: str | None = None
) -> Figure:
    """Draw one panel a metric: each seed as a thin line, the mean of an arm's seeds as a thick one with markers.

    The mean is drawn only where every seed of the arm has a value, so that a run which stopped early (or diverged)
    ends the thick line instead of flattering it.

    Args:
        frame: one row an epoch, with the columns arm, seed, epoch (from 1) and the metrics. Accuracies are fractions.
        metrics: the columns to draw, a panel each.
        by: a column whose values get a row of panels each, in the order in which they come.

    Raises:
        ValueError: a column is missing, or there is nothing to draw.
    """
    needed = ("arm", "seed", "epoch", *metrics, *filter(None, [by]))
    missing = [name for name in needed if name not in frame.columns]
    if missing or not len(metrics):
        raise ValueError(f"curves() needs the columns arm, seed, epoch and a metric. Missing: {missing or 'a metric'}")
    if frame.empty:
        raise ValueError("curves() has nothing to draw: the frame has no rows.")
    arms = list(dict.fromkeys(frame["arm"]))
    parts = [(str(value), part) for value, part in frame.groupby(by, sort=False)] if by else [("", frame)]
    columns = style.legend_columns(arms)
    height = 3.7 * len(parts) + 0.2 * math.ceil(len(arms) / columns)
    figure = Figure(figsize=(style.WIDTH if len(metrics) > 1 else 7.2, height), layout="constrained")
    for panels, (name, part) in zip(figure.subplots(len(parts), len(metrics), squeeze=False), parts, strict=True):
        for axes, metric in zip(panels, metrics, strict=True):
            for index, arm in enumerate(arms):
                own = part[part["arm"] == arm]
                if len(own):  # epochs down, seeds across
                    _draw_arm(axes, own.pivot_table(index="epoch", columns="seed", values=metric, dropna=False), index)
            _finish(axes, metric, part, f"{name}: " if len(parts) > 1 else "")
    lines = [Line2D([], [], markersize=7, **style.line_look(index)) for index in range(len(arms))]
    figure.legend(lines, [style.wrapped(arm, 90) for arm in arms], loc="outside upper left", ncols=columns)
    figure.supxlabel(_key(frame), fontsize=8.5, color=style.QUIET)
    return with_numbers(figure, frame[[*filter(None, [by]), "arm", "seed", "epoch", *metrics]])


def _draw_arm(axes: Axes, values: pd.DataFrame, index: int) -> None:
    alone = "." if len(values) == 1 else None  # a line through one point would be invisible
    for seed in values.columns:
        axes.plot(values.index, values[seed], color=style.colour(index), alpha=0.4, linewidth=1.0, marker=alone)
    mean = values.mean(axis=1, skipna=False)
    axes.plot(mean.index, mean, markevery=max(1, len(mean) // 12), markersize=7, **style.line_look(index))


def _finish(axes: Axes, metric: str, frame: pd.DataFrame, whose: str) -> None:
    title = TITLES.get(metric, metric.replace("_", " "))
    axes.set_title(style.wrapped(f"{whose}{title[:1].lower()}{title[1:]}" if whose else title, 44))
    axes.set_xlabel("Epoch")
    style.quiet_grid(axes)
    first, last = int(frame["epoch"].min()), int(frame["epoch"].max())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if first == last:
        axes.set_xlim(first - 0.5, last + 0.5)
        axes.set_xticks([first])
    if metric.endswith(("accuracy", "error")):
        axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    if metric.endswith(("loss", "error")) and _spans_decades(frame[metric]):
        scale, unit = (100, " %") if metric.endswith("error") else (1, "")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{scale * value:g}{unit}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(f"Epoch ({metric.rpartition('_')[2]} on a logarithmic axis)")


def _spans_decades(values: pd.Series) -> bool:
    """Whether all values are positive and the largest is more than ``LOG_FROM_DECADES`` above the smallest."""
    finite = values[values.notna() & (values != math.inf)]
    return bool(len(finite)) and finite.min() > 0 and math.log10(finite.max() / finite.min()) > LOG_FROM_DECADES


def _key(frame: pd.DataFrame) -> str:
    """What thin and thick mean here."""
    counts = frame.groupby("arm")["seed"].nunique()
    if counts.max() == 1:
        return "One seed an arm."
    n = str(counts.max()) if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    return f"Thin: one line a seed. Thick: the mean of {n} seeds."
