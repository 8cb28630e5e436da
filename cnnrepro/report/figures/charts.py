"""Lines and bubbles of plain numbers: how a quantity grows, and three quantities against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from cnnrepro.report import style
from cnnrepro.report.figures.panels import one_panel, panel_row


@dataclass(frozen=True)
class Panel:
    """One panel of lines.

    Args:
        title, x, y: of the panel and its axes.
        lines: name -> (xs, ys); the same name has the same colour in all panels.
        rules: what a horizontal line marks -> its height.
        logarithmic: of "x", "y", "xy" or "" which axes are.
        base: of the y axis, where it is logarithmic; that of the x axis is 2.
        dashed: names that are drawn dashed.
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    rules: Mapping[str, float] = field(default_factory=dict)
    logarithmic: str = ""
    base: int = 2
    dashed: frozenset[str] = frozenset()


@style.applied()
def line_panels(panels: Sequence[Panel], *, height: float = 3.6) -> Figure:
    """Draw panels of lines side by side, with one legend."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    figure, columns = panel_row(len(panels), height + 0.3)
    for axes, panel in zip(columns, panels, strict=True):
        for name, (xs, ys) in panel.lines.items():
            axes.plot(xs, ys, markevery=0.12, **_look(names.index(name), name in panel.dashed))
        _finish(axes, panel)
    dashed = frozenset().union(*(panel.dashed for panel in panels))
    handles = [Line2D([], [], **_look(index, name in dashed)) for index, name in enumerate(names)]
    labels = [style.plain(name) for name in names]
    figure.legend(handles, labels, loc="outside upper left", ncols=style.legend_columns(labels))
    return figure


def _look(index: int, dashed: bool) -> dict:
    return style.line_look(index) | {"linestyle": "--" if dashed else "-", "markersize": 6}


def _finish(axes: Axes, panel: Panel) -> None:
    axes.set_title(style.plain(panel.title))
    axes.set(xlabel=panel.x, ylabel=panel.y)
    style.quiet_grid(axes, "both")
    if all(isinstance(x, int) for xs, _ in panel.lines.values() for x in xs):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for name in panel.logarithmic:
        _by_powers(axes, name, panel.base if name == "y" else 2)
    for words, value in panel.rules.items():
        axes.axhline(value, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        place = {"xy": (0.01, value), "xycoords": ("axes fraction", "data"), "xytext": (0, 3)}
        axes.annotate(words, **place, textcoords="offset points", fontsize=8.5, color=style.QUIET)


def _by_powers(axes: Axes, name: str, base: int) -> None:
    getattr(axes, f"set_{name}scale")("log", base=base)
    axis = getattr(axes, f"{name}axis")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


@style.applied()
def bubbles(frame: Sequence[tuple[str, float, float, float]], *, x: str, y: str, area: str, title: str) -> Figure:
    """Draw one bubble a row at (x, y), x on a logarithmic axis, with an area for a third value.

    Args:
        frame: name, x, y, and the value that the area stands for.
        x, y, area: what the three are.
        title: of the figure.
    """
    names, xs, ys, areas = zip(*frame, strict=True)
    sizes = 1600 * np.asarray(areas) / max(areas)
    figure, axes = one_panel(4.6)
    families = [name.partition("-")[0].partition(" ")[0] for name in names]
    colours = {family: style.colour(index) for index, family in enumerate(dict.fromkeys(families))}
    points = list(zip(xs, ys, strict=True))
    for name, family, point, size in zip(names, families, points, sizes, strict=True):
        axes.scatter(*point, s=size, color=colours[family], alpha=0.45, linewidths=0)
        axes.scatter(*point, s=9, color=colours[family], linewidths=0)
        crowded = any(1 / 1.3 < point[0] / a < 1.3 and 0 < b - point[1] < 0.2 * np.ptp(ys) for a, b in points)
        lift, side = (-1, "top") if crowded else (1, "bottom")  # a bubble right above takes the label's place
        place = {"xytext": (0, lift * (3 + np.sqrt(size) / 2)), "textcoords": "offset points", "va": side}
        axes.annotate(style.plain(name), point, ha="center", fontsize=8.5, **place)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if str(value)[0] in "25" else ""))
    axes.margins(x=0.12, y=0.22)
    style.quiet_grid(axes, "both")
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(style.plain(title))
    axes.text(1, 1.02, style.plain(area), transform=axes.transAxes, ha="right", fontsize=8.5, color=style.QUIET)
    return figure
