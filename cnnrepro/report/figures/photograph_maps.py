"""Photographs and feature maps side by side, each with the filter that made it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from cnnrepro.report import style
from cnnrepro.report.figures.panels import DIVERGING, axes_at, without_ticks

if TYPE_CHECKING:
    from cnnrepro.lessons.photographs import Map

BRIGHTEST = 99.5  # per cent of the signed values that the scale covers; a few extremes would make the rest pale
TITLE, GAP, FILTER, BAR = 0.3, 0.14, 0.62, 0.62  # inches


@style.applied()
def map_grid(panels: Sequence[Map], *, columns: int = 3, true_size: bool = False, sharp: bool = False) -> Figure:
    """Draw maps in rows. Signed ones share a scale with 0 in its middle; the others run from black, 0, to white, 1.

    Args:
        panels: what to draw.
        columns: panels in a row.
        true_size: pixels have one size in all panels, so that small maps look small.
        sharp: show the pixels as squares.
    """
    signed = [panel for panel in panels if panel.kind == "signed"]
    limit = max((float(np.percentile(np.abs(panel.values), BRIGHTEST)) for panel in signed), default=1.0) or 1.0
    sizes = np.array([panel.values.shape[:2] for panel in panels])
    with_filter = any(panel.kernel is not None for panel in panels)
    rows = math.ceil(len(panels) / columns)
    width = (style.WIDTH - GAP * (columns - 1)) / columns
    height = width * (sizes[:, 0].max() / sizes[:, 1].max() if true_size else (sizes[:, 0] / sizes[:, 1]).max())
    above = FILTER + 0.08 if with_filter else TITLE
    bottom = BAR if signed else 0.0
    total = rows * (above + height + GAP) + bottom
    figure = Figure(figsize=(style.WIDTH, total), layout="none")
    for index, panel in enumerate(panels):
        left, top = (index % columns) * (width + GAP), (index // columns) * (above + height + GAP)
        axes = axes_at(figure, left, top + above, width, height)
        axes.set_axis_off()
        _draw(axes, panel, limit, sharp)
        if true_size:
            axes.set(xlim=(-0.5, sizes[:, 1].max() - 0.5), ylim=(sizes[:, 0].max() - 0.5, -0.5))
        _head(figure, panel, left, top, width, with_filter)
    if signed:
        _scale(figure, limit)
    return figure


def _draw(axes: Axes, panel: Map, limit: float, sharp: bool) -> None:
    # "none" keeps the pixels as they are: the reader's program smooths them, and the file is about half as large.
    how = {"interpolation": "nearest" if sharp else "none"}
    if panel.kind == "signed":
        axes.imshow(panel.values, cmap=DIVERGING, norm=Normalize(-limit, limit), **how)
    elif panel.kind == "colour":
        axes.imshow(np.clip(panel.values, 0, 1), **how)
    else:
        axes.imshow(panel.values, cmap="gray", norm=Normalize(0, 1), **how)
    axes.set_anchor("NW")


def _head(figure: Figure, panel: Map, left: float, top: float, width: float, with_filter: bool) -> None:
    """The title over a map, and left of it the filter that made it."""
    across, down = figure.get_size_inches()
    lead = 0.0
    if with_filter and panel.kernel is not None:
        axes = axes_at(figure, left, top + 0.03, FILTER - 0.06, FILTER - 0.06)
        reach = np.abs(panel.kernel).max()
        axes.imshow(panel.kernel, cmap=DIVERGING, norm=Normalize(-reach, reach), interpolation="nearest")
        without_ticks(axes)
        lead = FILTER + 0.04
    room = int((width - lead) / 0.078)
    size = "" if panel.kernel is None or not with_filter else f"\n{panel.kernel.shape[0]}x{panel.kernel.shape[1]}"
    middle = top + (FILTER if with_filter else TITLE) / 2
    where = ((left + lead) / across, 1 - middle / down)
    title = style.wrapped(panel.title, room) + size
    figure.text(*where, title, va="center", fontsize=9.5, fontweight="bold", linespacing=1.3)


def _scale(figure: Figure, limit: float) -> None:
    """The scale of the signed maps, below all."""
    down = figure.get_size_inches()[1]
    axes = figure.add_axes((0.25, 0.32 / down, 0.5, 0.12 / down))
    axes.imshow(np.linspace(-1, 1, 256)[None], cmap=DIVERGING, aspect="auto", extent=(-limit, limit, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([-limit, 0, limit], [f"≤ −{limit:.2f}", "0", f"≥ {limit:.2f}"], fontsize=8.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
