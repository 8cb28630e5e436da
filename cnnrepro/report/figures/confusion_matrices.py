"""Confusion matrices: what was taken for what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from cnnrepro.report import style
from cnnrepro.report.figures.panels import grid_in, percent

NUMBERS_UP_TO = 12  # classes; beyond, printed counts would be too small to read
NAMES_UP_TO = 30  # classes; beyond, only some of the names are printed
LONGEST_NAME = 40  # letters of a class; longer ones are cut

# White to a deep orange-red, in one hue: readable in grey print as well.
_ERRORS = LinearSegmentedColormap.from_list("errors", ["#ffffff", "#fdd9c4", "#f4a582", "#d6604d", "#8c1d18"])


@style.applied()
def confusion(matrices: Mapping[str, np.ndarray], class_names: Sequence[str]) -> Figure:
    """Draw one matrix an arm: rows are the true class, columns the predicted one, a cell is a count.

    The colour scale is that of the errors, shared by all panels; the diagonal is grey, whatever its counts.

    Args:
        matrices: arm -> counts of shape (K, K).
        class_names: the K names, in the order of rows and columns.

    Raises:
        ValueError: there is no matrix, or one is not of shape (K, K).
    """
    k = len(class_names)
    arrays = {arm: np.asarray(counts) for arm, counts in matrices.items()}
    wrong = {arm: counts.shape for arm, counts in arrays.items() if counts.shape != (k, k)}
    if wrong or not arrays:
        raise ValueError(f"confusion() needs matrices of shape ({k}, {k}). Received: {wrong or 'none'}")
    worst = max(1, *(int(_errors(counts).max()) for counts in arrays.values()))
    columns = {1: 1, 2: 2, 3: 3, 4: 2}.get(len(arrays), 3)
    rows = math.ceil(len(arrays) / columns)
    side = {1: 5.4, 2: 4.6, 3: 3.35}[columns]
    # As wide as the page also for one panel: a narrower figure would be blown up to that.
    width = style.WIDTH if columns == 1 else side * columns
    figure = Figure(figsize=(width, (side + 0.55) * rows), layout="constrained")
    panels = grid_in(figure, len(arrays), columns)
    grey = np.zeros((k, k, 4))
    grey[np.eye(k, dtype=bool)] = (0.92, 0.93, 0.94, 1.0)
    for axes, (arm, counts) in zip(panels, arrays.items(), strict=True):
        drawn = axes.imshow(_errors(counts), cmap=_ERRORS, vmin=0, vmax=worst, interpolation="nearest")
        axes.imshow(grey, interpolation="nearest")
        _title(axes, arm, counts, int(side * 8.4))
        _name_classes(axes, class_names, side)
        if k <= NUMBERS_UP_TO:
            _print_counts(axes, counts, worst, size=min(9.0, side * 21 / k))
    if k > NUMBERS_UP_TO:
        figure.colorbar(drawn, ax=figure.axes, label="errors in a cell", shrink=0.6)
    return figure


def _errors(counts: np.ndarray) -> np.ndarray:
    """The counts with an empty diagonal."""
    return np.where(np.eye(len(counts), dtype=bool), 0, counts)


def _title(axes: Axes, arm: str, counts: np.ndarray, characters: int) -> None:
    total, errors = int(counts.sum()), int(_errors(counts).sum())
    share = f" ({percent(errors / total, 1)})" if total else ""
    axes.set_title(style.wrapped(arm, characters) + f"\n{errors:,} of {total:,} wrong{share}", fontsize=9.5)


def _name_classes(axes: Axes, class_names: Sequence[str], side: float) -> None:
    k = len(class_names)
    shown = range(0, k, math.ceil(k / NAMES_UP_TO))
    names = [style.plain(style.short(class_names[i], LONGEST_NAME)) for i in shown]
    longest = max(len(name) for name in names)
    size = min(9.0, side * 25 / max(len(names), 8))
    axes.set_xticks(shown, names, rotation=90 if longest > 2 else 0, fontsize=size)
    axes.set_yticks(shown, names, fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    axes.set(xlabel="Predicted", ylabel="True")


def _print_counts(axes: Axes, counts: np.ndarray, worst: int, size: float) -> None:
    """Every count that is not nought; white where the ground is dark."""
    for (row, column), count in np.ndenumerate(counts):
        if not count:
            continue
        dark = row != column and count > 0.55 * worst
        colour = style.QUIET if row == column else "white" if dark else style.INK
        weight = "normal" if row == column else "bold"
        axes.text(column, row, f"{count:d}", ha="center", va="center", fontsize=size, color=colour, fontweight=weight)
