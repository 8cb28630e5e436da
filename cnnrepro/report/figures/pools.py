"""Pools over small maps of numbers, and what pooling discards, keeps and saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from cnnrepro.report import style
from cnnrepro.report.figures.number_grids import KINDS_OF_FOUR, Term, equation
from cnnrepro.report.figures.panels import one_panel, panel_row, percent

if TYPE_CHECKING:
    from cnnrepro.lessons.pooling.on_photographs import Shifts
    from cnnrepro.lessons.pooling.savings import PartCosts
    from cnnrepro.lessons.pooling.small_windows import Pooling

PARTS = ("convolutions", "first dense layer", "the rest")
PART_COLOURS = ("#0072B2", "#E69F00", "#b9bfc6")


def pooled_numbers(pooling: Pooling) -> Figure:
    """Windows side by side, and what each kind of pooling makes of them; a window and its value have one tint.

    Raises:
        ValueError: windows that overlap, which cannot be told apart by tints.
    """
    if pooling.window != pooling.stride:
        raise ValueError(f"pooled_numbers() tints windows, which must not overlap. Received: {pooling.title}")
    shape = pooling.outputs["max"].shape
    tints = np.array([[KINDS_OF_FOUR[(2 * (i % 2) + j % 2)] for j in range(shape[1])] for i in range(shape[0])], object)
    spread = np.kron(np.arange(shape[0] * shape[1]).reshape(shape), np.ones((pooling.window, pooling.window), int))
    given = [Term(pooling.image, "input", tints.ravel()[spread]), "→"]
    # the blanks keep room on the right of each grid
    return equation([[*given, *(Term(values, kind, tints, " " * 16) for kind, values in pooling.outputs.items())]])


def pooled_gradients(poolings: Sequence[Pooling]) -> Figure:
    """Where the gradient goes: the winners in the input, the gradient that arrives, and what each cell gets."""
    lines = []
    for pooling in poolings:
        won = np.where(pooling.winners > 1, "filter", np.where(pooling.winners > 0, "third", ""))
        given = [Term(pooling.image, "input and winners", won), Term(pooling.arriving, "arriving", "output"), "→"]
        sent = [Term(values, kind, np.where(values != 0, "window", "")) for kind, values in pooling.to_input.items()]
        lines.append([*given, *sent])
    return equation(lines, titles=[pooling.title for pooling in poolings])


@style.applied()
def discarded_shares(sizes: Sequence[int], shares: Mapping[str, Sequence[float]], marked: float) -> Figure:
    """The share of values that a pool discards, against the size of the map.

    Args:
        sizes: across, the same for all.
        shares: name -> a share a size, from 0 to 1.
        marked: a share that a line marks.
    """
    figure, axes = one_panel(3.9)
    axes.axhline(marked, color=style.QUIET, linewidth=1.0, linestyle="--", zorder=1)
    for index, (name, own) in enumerate(shares.items()):
        axes.plot(sizes, own, linewidth=0.8, markersize=5, label=style.plain(name), **style.line_look(index))
    axes.set(xlabel="Size of the map, in cells across", ylabel="Values discarded")
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    axes.annotate(percent(marked), (1.005, marked), xycoords=("axes fraction", "data"), va="center")
    style.quiet_grid(axes)
    figure.legend(loc="outside upper left", ncols=len(shares))
    return figure


@style.applied()
def shift_changes(shifts: Sequence[Shifts]) -> Figure:
    """How much a map changes when the picture moves: a panel a factor of size, a line a way of pooling."""
    figure, panels = panel_row(len(shifts), 4.1, sharey=True)
    for axes, factor in zip(panels, shifts, strict=True):
        for index, (name, changes) in enumerate(factor.changes.items()):
            look = style.line_look(index - 1) if index else {"color": style.QUIET, "linestyle": ":"}
            axes.plot(factor.shifts, changes, markersize=6, label=name, **look)
        axes.set_title(f"{factor.factor} times smaller")
        axes.set(xlabel="Shift of the picture, in pixels")
        axes.set_xticks(factor.shifts[:: max(1, len(factor.shifts) // 9)])
        style.quiet_grid(axes)
    largest = max(max(changes) for factor in shifts for changes in factor.changes.values())
    panels[0].set(ylabel="Change of the map", ylim=(0, 1.05 * largest))
    panels[0].yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0, symbol=" %"))
    labels = list(shifts[0].changes)
    figure.legend(panels[0].lines, labels, loc="outside upper left", ncols=len(labels), columnspacing=1.2)
    return figure


@style.applied()
def pool_savings(costs: Sequence[PartCosts]) -> Figure:
    """Parameters and multiply-adds of networks as stacked bars, a row a network."""
    figure, panels = panel_row(2, 1.3 + 0.5 * len(costs), sharey=True)
    _stacked(panels[0], [cost.parameters for cost in costs], "Parameters")
    _stacked(panels[1], [cost.multiply_adds for cost in costs], "Multiply-adds")
    panels[0].set_yticks(range(len(costs)), [style.plain(cost.name) for cost in costs])
    panels[0].invert_yaxis()
    figure.legend(panels[0].containers, PARTS, loc="outside upper left", ncols=len(PARTS))
    return figure


def _stacked(axes: Axes, rows: Sequence[tuple[int, ...]], title: str) -> None:
    values = np.array(rows, float)
    left = np.zeros(len(values))
    for part, colour in zip(values.T, PART_COLOURS, strict=True):
        axes.barh(range(len(values)), part, left=left, color=colour, height=0.62)
        left += part
    for row, total in enumerate(left):
        words = f"{total / 1e6:.2f} M" if total >= 1e5 else f"{total:,.0f}"
        axes.annotate(words, (total, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_title(title)
    axes.set_xlim(0, left.max() * 1.2)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)
