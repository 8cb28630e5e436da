"""What many figures share: rows and sheets of panels, panels without ticks, percentages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from cnnrepro.report import style

# Blue below nought, white at nought, orange above: the palette's first two colours, apart under colour-vision
# deficiencies.
DIVERGING = LinearSegmentedColormap.from_list("diverging", ["#003f6b", "#0072B2", "#ffffff", "#D55E00", "#7a2f00"])
RISING = LinearSegmentedColormap.from_list("rising", ["#ffffff", "#cfe3f2", "#56a3d4", "#0072B2", "#002a47"])


def one_panel(height: float) -> tuple[Figure, Axes]:
    """A figure of the page's width, ``height`` inches high, with one panel."""
    figure, (axes,) = panel_row(1, height)
    return figure, axes


def panel_row(count: int, height: float, **subplots: object) -> tuple[Figure, Sequence[Axes]]:
    """A figure of the page's width with panels side by side; ``subplots`` are options of ``Figure.subplots``."""
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    return figure, figure.subplots(1, count, squeeze=False, **subplots)[0]


def panel_grid(count: int, columns: int, height: float, **padding: float) -> tuple[Figure, Sequence[Axes]]:
    """A figure of the page's width with ``count`` panels in rows of ``columns``; ``padding`` is the layout engine's."""
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    if padding:
        figure.get_layout_engine().set(**padding)
    return figure, grid_in(figure, count, columns)


def grid_in(figure: Figure, count: int, columns: int) -> Sequence[Axes]:
    """Panels of a (sub)figure in rows; those beyond ``count`` are hidden."""
    panels = list(figure.subplots(math.ceil(count / columns), columns, squeeze=False).flat)
    for axes in panels[count:]:
        axes.set_visible(False)
    return panels[:count]


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes placed in inches from the figure's upper left corner."""
    across, down = figure.get_size_inches()
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def without_ticks(axes: Axes, frame: str | None = style.RULE) -> None:
    """Take the ticks off a panel, and draw its frame in a colour, or none."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=frame is not None, color=frame or style.RULE)


def percent(share: float, digits: int = 0) -> str:
    """A share as "12 %"."""
    return f"{100 * share:.{digits}f} %"
