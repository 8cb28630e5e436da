"""Lines, bubbles and bars of plain numbers: how a quantity grows, and what networks cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from cnnrepro.report import style

DASHED = "--"
PARTS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#b9bfc6")  # of stacked bars


@dataclass(frozen=True)
class Panel:
    """One panel of lines.

    Args:
        title, x, y: of the panel and its axes.
        lines: name -> (xs, ys); the same name has the same colour in all panels.
        rules: what a horizontal line marks -> its height.
        logarithmic: of "x", "y", "xy" or "" which axes are; by powers of two.
        dashed: names that are drawn dashed.
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    rules: Mapping[str, float] = field(default_factory=dict)
    logarithmic: str = ""
    dashed: frozenset[str] = frozenset()


def line_panels(panels: Sequence[Panel], *, height: float = 3.6) -> Figure:
    """Draw panels of lines side by side, with one legend.

    Raises:
        ValueError: no panel, or one without lines.
    """
    if not panels or not all(panel.lines for panel in panels):
        raise ValueError("line_panels() needs panels with lines. Received: " + repr([one.title for one in panels]))
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, height + 0.3), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            for name, (xs, ys) in panel.lines.items():
                _line(axes, names.index(name), xs, ys, dashed=name in panel.dashed)
            _finish(axes, panel)
        dashed = frozenset().union(*(panel.dashed for panel in panels))
        handles = [_handle(index, name in dashed) for index, name in enumerate(names)]
        labels = [style.plain(name) for name in names]
        figure.legend(handles, labels, loc="outside upper left", ncols=style.legend_columns(labels))
    return figure


def _line(axes: Axes, index: int, xs: Sequence[float], ys: Sequence[float], *, dashed: bool) -> None:
    axes.plot(
        xs,
        ys,
        color=style.colour(index),
        linestyle=DASHED if dashed else "-",
        marker=style.marker(index),
        markevery=max(1, len(xs) // 10),
        markeredgecolor="white",
        markersize=6,
    )


def _handle(index: int, dashed: bool) -> Line2D:
    kind = {"color": style.colour(index), "marker": style.marker(index), "markeredgecolor": "white", "markersize": 6}
    return Line2D([], [], linestyle=DASHED if dashed else "-", **kind)


def _finish(axes: Axes, panel: Panel) -> None:
    axes.set_title(style.plain(panel.title))
    axes.set(xlabel=panel.x, ylabel=panel.y)
    style.quiet_grid(axes, "both")
    for name in panel.logarithmic:
        _by_powers_of_two(axes, name)
    for words, value in panel.rules.items():
        axes.axhline(value, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        place = {"xy": (0.01, value), "xycoords": ("axes fraction", "data"), "xytext": (0, 3)}
        axes.annotate(words, **place, textcoords="offset points", fontsize=8.5, color=style.QUIET)


def _by_powers_of_two(axes: Axes, name: str) -> None:
    getattr(axes, f"set_{name}scale")("log", base=2)
    axis = getattr(axes, f"{name}axis")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def bubbles(frame: Sequence[tuple[str, float, float, float]], *, x: str, y: str, area: str, title: str) -> Figure:
    """Draw one bubble a row at (x, y), x on a logarithmic axis, with an area for a third value.

    Args:
        frame: name, x, y, and the value that the area stands for.
        x, y, area: what the three are.
        title: of the figure.

    Raises:
        ValueError: no rows.
    """
    if not frame:
        raise ValueError("bubbles() has nothing to draw: there are no rows.")
    names, xs, ys, areas = zip(*frame, strict=True)
    sizes = 1600 * np.asarray(areas) / max(areas)
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 4.6), layout="constrained")
        axes = figure.subplots()
        families = list(dict.fromkeys(name.partition("-")[0].partition(" ")[0] for name in names))
        for name, one_x, one_y, size in zip(names, xs, ys, sizes, strict=True):
            colour = style.colour(families.index(name.partition("-")[0].partition(" ")[0]))
            axes.scatter(one_x, one_y, s=size, color=colour, alpha=0.45, linewidths=0)
            axes.scatter(one_x, one_y, s=9, color=colour, linewidths=0)
            axes.annotate(
                style.plain(name), (one_x, one_y), xytext=(0, 5 + np.sqrt(size) / 2), textcoords="offset points",
                ha="center", va="bottom", fontsize=8.5,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if str(value)[0] in "25" else ""))
        axes.margins(x=0.12, y=0.22)
        style.quiet_grid(axes, "both")
        axes.set(xlabel=x, ylabel=f"{y}")
        axes.set_title(style.plain(title))
        axes.text(1, 1.02, style.plain(area), transform=axes.transAxes, ha="right", fontsize=8.5, color=style.QUIET)
    return figure


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


def bar_panels(names: Sequence[str], panels: Sequence[Bars], *, mark: str = "published") -> Figure:
    """Draw panels of horizontal bars that share their rows, and published values as marks on them.

    Raises:
        ValueError: a panel has another number of values than there are names.
    """
    wrong = [panel.title for panel in panels if len(panel.values) != len(names)]
    if wrong or not names or not panels:
        raise ValueError(f"bar_panels() needs a value for each of {len(names)} names. Received: {wrong or 'nothing'}")
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 0.95 + 0.27 * len(names)), layout="constrained")
        columns = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for index, (axes, panel) in enumerate(zip(columns, panels, strict=True)):
            _bars(axes, panel, PARTS[index])
        columns[0].set_yticks(range(len(names)), [style.plain(name) for name in names], color=style.INK)
        columns[0].invert_yaxis()
        if any(known is not None for panel in panels for known in panel.marks):
            figure.legend(_mark_handles(), [mark, f"{mark}, in round figures"], loc="outside lower right", ncols=2)
    return figure


def _bars(axes: Axes, panel: Bars, colour: str) -> None:
    rows = range(len(panel.values))
    axes.barh(rows, panel.values, color=colour, alpha=0.8, height=0.66)
    largest = max([*panel.values, *(known for known in panel.marks if known is not None)])
    for row, value in zip(rows, panel.values, strict=True):
        axes.text(value + 0.035 * largest, row, f"{value:,.3g}" if value < 1000 else f"{value:,.0f}", va="center",
                  fontsize=8, color=style.QUIET)  # fmt: skip
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


def _mark_handles() -> list[Line2D]:
    return [Line2D([], [], linestyle="", **_mark(rounded)) for rounded in (False, True)]


def share_panels(names: Sequence[str], panels: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw stacked bars of shares that add up to one, a panel a quantity.

    Args:
        names: of the rows.
        panels: title -> part -> one amount a row; amounts are turned into shares.

    Raises:
        ValueError: nothing to draw.
    """
    if not names or not panels:
        raise ValueError("share_panels() has nothing to draw.")
    parts = list(dict.fromkeys(part for amounts in panels.values() for part in amounts))
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 1.0 + 0.27 * len(names)), layout="constrained")
        columns = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (title, amounts) in zip(columns, panels.items(), strict=True):
            total, left = np.sum(list(amounts.values()), axis=0), np.zeros(len(names))
            for part, values in amounts.items():
                share = np.asarray(values) / total
                axes.barh(range(len(names)), share, left=left, color=PARTS[parts.index(part)], height=0.7)
                _print_shares(axes, share, left)
                left = left + share
            axes.set(xlim=(0, 1), xticks=[])
            axes.set_title(style.plain(title))
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0)
        columns[0].set_yticks(range(len(names)), [style.plain(name) for name in names], color=style.INK)
        columns[0].invert_yaxis()
        swatches = [Patch(color=PARTS[index]) for index in range(len(parts))]
        figure.legend(swatches, parts, loc="outside lower right", ncols=len(parts), handlelength=1.0)
    return figure


def _print_shares(axes: Axes, share: np.ndarray, left: np.ndarray) -> None:
    for row, (one, start) in enumerate(zip(share, left, strict=True)):
        if one >= 0.08:  # a narrower piece has no room for its figure
            axes.text(start + one / 2, row, f"{one:.0%}".replace("%", " %"), ha="center", va="center", fontsize=8,
                      color="white", fontweight="bold")  # fmt: skip
