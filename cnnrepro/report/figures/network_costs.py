"""Bars of what networks cost: side by side, as shares of a whole, and layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cnnrepro.report import style
from cnnrepro.report.figures.charts import Panel, line_panels
from cnnrepro.report.figures.panels import panel_row, percent

if TYPE_CHECKING:
    from cnnrepro.lessons.architectures.network_costs import NetworkCost

PARTS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")  # of the palette: apart in grey as well
ON_PARTS = ("white", style.INK, "white", style.INK)  # ink that is read on each
GRADIENT, WEIGHTS = "#9ccbe8", "#D55E00"


@dataclass(frozen=True)
class Bars:
    """One panel of horizontal bars.

    Args:
        title: of the panel, with the unit.
        values: one a row.
        marks: published values, None where nobody says; a hollow mark where it is rounded.
        rounded: whether the published value is rounded.
    """

    title: str
    values: Sequence[float]
    marks: Sequence[float | None] = ()
    rounded: Sequence[bool] = ()


@style.applied()
def bar_panels(names: Sequence[str], panels: Sequence[Bars]) -> Figure:
    """Draw panels of horizontal bars that share their rows, and published values as marks on them."""
    figure, columns = panel_row(len(panels), 0.95 + 0.27 * len(names), sharey=True)
    for index, (axes, panel) in enumerate(zip(columns, panels, strict=True)):
        _bars(axes, panel, PARTS[index])
    columns[0].set_yticks(range(len(names)), [style.plain(name) for name in names], color=style.INK)
    columns[0].set_ylim(len(names) - 0.4, -0.6)
    if any(known is not None for panel in panels for known in panel.marks):
        handles = [Line2D([], [], linestyle="", **_mark(rounded)) for rounded in (False, True)]
        figure.legend(handles, ["published", "published, in round figures"], loc="outside lower right", ncols=2)
    return figure


def cost_bars(costs: Sequence[NetworkCost]) -> Figure:
    """Draw parameters, multiply-adds and activations of networks, the published figures beside the first two."""
    rounded = [bool(cost.published and cost.published.rounded) for cost in costs]

    def bars(title: str, name: str, unit: float) -> Bars:
        known = [getattr(cost.published, name, None) for cost in costs]
        marks = [value / unit if value else None for value in known]
        return Bars(title, [getattr(cost, name) / unit for cost in costs], marks, rounded)

    panels = [
        bars("Parameters, millions", "parameters", 1e6),
        bars("Multiply-adds, billions", "multiply_adds", 1e9),
        Bars("Activations, MB an image", [cost.activation_bytes / 1e6 for cost in costs]),
    ]
    return bar_panels([cost.title for cost in costs], panels)


def _bars(axes: Axes, panel: Bars, colour: str) -> None:
    rows = range(len(panel.values))
    axes.barh(rows, panel.values, color=colour, alpha=0.8, height=0.66)
    largest = max([*panel.values, *(known for known in panel.marks if known is not None)])
    for row, value in zip(rows, panel.values, strict=True):
        words = f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
        axes.text(1.235 * largest, row, words, ha="right", va="center", fontsize=8, color=style.QUIET)
    for row, (known, rounded) in enumerate(zip(panel.marks, panel.rounded, strict=True)):
        if known is not None:
            axes.plot(known, row, **_mark(rounded))
    axes.set_xlim(0, 1.24 * largest)
    axes.set_title(style.plain(panel.title), fontsize=9.5)
    axes.spines["left"].set_visible(False)
    style.quiet_grid(axes, "x")


def _mark(rounded: bool) -> dict:
    fill = "white" if rounded else style.ARM_COLOURS[1]
    return {"marker": "D", "markersize": 5.5, "markerfacecolor": fill, "markeredgecolor": style.ARM_COLOURS[1]}


@style.applied()
def share_panels(names: Sequence[str], panels: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw stacked bars of shares that add up to one, a panel a quantity.

    Args:
        names: of the rows.
        panels: title -> part -> one amount a row; amounts are turned into shares.
    """
    parts = list(dict.fromkeys(part for amounts in panels.values() for part in amounts))
    figure, columns = panel_row(len(panels), 1.0 + 0.27 * len(names), sharey=True)
    for axes, (title, amounts) in zip(columns, panels.items(), strict=True):
        total, left = np.sum(list(amounts.values()), axis=0), np.zeros(len(names))
        for part, values in amounts.items():
            share = np.asarray(values) / total
            axes.barh(range(len(names)), share, left=left, color=PARTS[parts.index(part)], height=0.7)
            _print_shares(axes, share, left, ON_PARTS[parts.index(part)])
            left = left + share
        axes.set(xlim=(0, 1), xticks=[])
        axes.set_title(style.plain(title))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    columns[0].set_yticks(range(len(names)), [style.plain(name) for name in names], color=style.INK)
    columns[0].set_ylim(len(names) - 0.4, -0.6)
    swatches = [Patch(color=PARTS[index]) for index in range(len(parts))]
    figure.legend(swatches, parts, loc="outside lower right", ncols=len(parts), handlelength=1.0)
    return figure


def _print_shares(axes: Axes, share: np.ndarray, left: np.ndarray, ink: str) -> None:
    for row, (width, start) in enumerate(zip(share, left, strict=True)):
        if width >= 0.08:  # a narrower piece has no room for its figure
            axes.text(start + width / 2, row, percent(width), ha="center", va="center", fontsize=8, color=ink)


@style.applied()
def memory_columns(networks: Mapping[str, Sequence[tuple[str, float, float, float]]]) -> Figure:
    """Draw a column a layer: activations with their gradients above, weights below, a pair of panels a network.

    Args:
        networks: title -> (layer; megabytes of its output for one image, of that output's gradient, of its weights).
    """
    widths = [len(layers) + 2 for layers in networks.values()]
    figure = Figure(figsize=(style.WIDTH, 5.2), layout="constrained")
    panels = figure.subplots(2, len(networks), sharex="col", squeeze=False, width_ratios=widths)
    for (above, below), (title, layers) in zip(panels.T, networks.items(), strict=True):
        names, outputs, gradients, weights = (np.array(column) for column in zip(*layers, strict=True))
        places = np.arange(len(names))
        above.bar(places, outputs, color=PARTS[0], width=0.78)
        above.bar(places, gradients, bottom=outputs, color=GRADIENT, width=0.78)
        below.bar(places, weights, color=WEIGHTS, width=0.78)
        above.set_title(style.plain(title))
        below.set_xticks(places, [style.plain(name) for name in names], rotation=90, fontsize=8)
        for axes in (above, below):
            style.quiet_grid(axes)
            axes.margins(x=0.02, y=0.1)
    panels[0, 0].set_ylabel("MB for one image")
    panels[1, 0].set_ylabel("MB for any batch")
    swatches = [Patch(color=colour) for colour in (PARTS[0], GRADIENT, WEIGHTS)]
    names = ("activations", "their gradients", "weights (gradients and momentum take as much again, each)")
    figure.legend(swatches, names, loc="outside upper left", ncols=3, handlelength=1.0)
    return figure


def batch_lines(lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """Draw memory against the images in a batch; names that end in "weights" are dashed."""
    dashed = frozenset(name for name in lines if name.endswith("weights"))
    how = {"logarithmic": "xy", "base": 10, "dashed": dashed}
    return line_panels([Panel("Memory of one training step", "images in a batch", "GB", lines, **how)])
