"""Windows on a line, sizes down a network, and receptive fields: as frames, as maps and as lines against depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnrepro.report import style
from cnnrepro.report.figures.charts import Panel, line_panels
from cnnrepro.report.figures.panels import one_panel, panel_row, percent, without_ticks

if TYPE_CHECKING:
    from cnnrepro.lessons.geometry_and_receptive_fields.effective_field import Influence
    from cnnrepro.lessons.geometry_and_receptive_fields.what_a_unit_sees import ClaimedField, Frame, Growth
    from cnnrepro.lessons.geometry_and_receptive_fields.windows_and_sizes import CellLine, Descent

INPUT, PADDING, LOST = "#cfe3f3", "#eef1f4", "#f3b48f"
WINDOW, HANGING = style.ARM_COLOURS[:2]
NEST = ("#ffe135", "#ff9f1c", "#ff4f8b", "#4cc9f0", "#ffffff")  # of frames on a photograph, the inner one first
SHADES = LinearSegmentedColormap.from_list("influence", ["#ffffff", "#cfe3f3", "#5ba3d0", "#0072B2", "#08306b"])
HELD = 0.95  # of the squared gradient, by the dashed square of an effective field
MOST_CELLS = 40  # on a line; more would be too small to see
NUMBERS_UP_TO = 15  # cells across; beyond, printed counts would be too small to read


@style.applied()
def windows_on_lines(lines: Sequence[CellLine]) -> Figure:
    """Draw lines of cells with the windows of a layer below them; cells of the input that no window reads are marked.

    Raises:
        ValueError: no lines, or one of more than ``MOST_CELLS`` cells.
    """
    lengths = [line.geometry.padding_before + line.size + line.geometry.padding_after for line in lines]
    if not lengths or max(lengths) > MOST_CELLS:
        raise ValueError(f"windows_on_lines() draws lines of up to {MOST_CELLS} cells. Received: {lengths}")
    figure, axes = one_panel(0.45 + 1.1 * len(lines))
    for row, line in enumerate(lines):
        _draw_line(axes, line, top=-3.0 * row)
    first = min(-line.geometry.padding_before for line in lines)
    last = max(line.size + max(line.geometry.padding_after, line.geometry.cells_beyond) for line in lines)
    axes.set(xlim=(first - 0.2, last + 0.2), ylim=(-3.0 * len(lines) + 0.9, 1.7))
    axes.axis("off")
    swatches = [Rectangle((0, 0), 1, 1, facecolor=shade) for shade in (INPUT, PADDING, LOST, WINDOW, HANGING)]
    names = ("input", "zero padding", "no window reads it", "a window", "hangs over")
    figure.legend(swatches, names, loc="outside upper left", ncols=5, handlelength=1.0, fontsize=9)
    return figure


def _draw_line(axes: Axes, line: CellLine, top: float) -> None:
    geometry = line.geometry
    end = line.size + geometry.padding_after
    read = end - geometry.cells_lost
    for cell in range(-geometry.padding_before, end):
        shade = LOST if cell >= read else INPUT if 0 <= cell < line.size else PADDING
        axes.add_patch(Rectangle((cell, top), 0.92, 0.62, facecolor=shade, edgecolor=style.RULE, linewidth=0.8))
        words = str(cell + 1) if 0 <= cell < line.size else "0"
        axes.text(cell + 0.46, top + 0.31, words, ha="center", va="center", fontsize=7.5, color=style.QUIET)
    for number in range(geometry.output):
        start = number * line.stride - geometry.padding_before
        over = start + geometry.window_extent > end
        height = top - 0.28 - 0.3 * (number % 3)  # neighbours overlap: three levels keep them apart
        ends = [start + 0.05, start + geometry.window_extent - 0.13]
        look = {"color": HANGING, "linestyle": (0, (1.2, 0.5))} if over else {"color": WINDOW, "linestyle": "solid"}
        axes.plot(ends, [height, height], linewidth=4.5, solid_capstyle="butt", **look)
    value, padding = line.value, geometry.padding_before + geometry.padding_after
    spelled = f"{value.numerator}" if value.denominator == 1 else f"{float(value):.4g}"
    words = f"({line.size} − {geometry.window_extent} + {padding}) / {line.stride} + 1 = {spelled}"
    result = f"{geometry.output} window{'s' * (geometry.output > 1)}"
    if geometry.input_cells_lost:
        result += f", {geometry.input_cells_lost} lost"
    if geometry.cells_beyond:
        result += f", the last hangs over by {geometry.cells_beyond}"
    axes.text(0, top + 0.78, style.plain(line.title), ha="left", va="bottom", fontweight="bold", fontsize=9.5)
    formula = {"transform": axes.get_yaxis_transform(), "ha": "left", "va": "bottom", "fontsize": 9}
    axes.text(0.4, top + 0.78, f"{words}   →   {result}", color=style.QUIET, **formula)


@style.applied()
def sizes_down(descents: Sequence[Descent]) -> Figure:
    """Draw for each network a grid of sizes: a row an input size, a column a layer that changes it."""
    heights = [len(descent.sizes) + 1.6 for descent in descents]
    figure = Figure(figsize=(style.WIDTH, 0.42 * sum(heights) + 0.3), layout="constrained")
    panels = figure.subplots(len(descents), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, descent in zip(panels, descents, strict=True):
        _draw_descent(axes, descent)
    return figure


def _draw_descent(axes: Axes, descent: Descent) -> None:
    for row, (size, way) in enumerate(descent.sizes.items()):
        _cell(axes, 0, row, f"{size}", INPUT)
        for column, behind in enumerate(way, start=1):
            if behind.size is None:
                _cell(axes, column, row, "no window fits", "#f4d5d0", style.QUIET)
            else:
                lost = f"   ({behind.lost} lost)" if behind.lost else ""
                _cell(axes, column, row, f"{behind.size}{lost}", LOST if lost else INPUT)
    names = ["input", *map(style.plain, descent.layers)]
    axes.set(xlim=(-0.02, len(names) + 0.02), ylim=(len(descent.sizes), 0))
    axes.set_xticks([place + 0.5 for place in range(len(names))], names, fontsize=8.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=style.QUIET)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(style.plain(descent.title), pad=6)


def _cell(axes: Axes, column: int, row: int, words: str, shade: str, ink: str = style.INK) -> None:
    axes.add_patch(Rectangle((column + 0.03, row + 0.06), 0.94, 0.88, facecolor=shade, linewidth=0))
    axes.text(column + 0.5, row + 0.52, words, ha="center", va="center", fontsize=9, color=ink)


@style.applied()
def fields_on_picture(image: np.ndarray, networks: Mapping[str, Sequence[Frame]]) -> Figure:
    """Draw receptive fields as frames on a picture, a panel a network, each with room for its largest frame.

    What lies beyond the picture is zero padding, and grey.

    Args:
        image: (H, W, 3), uint8.
        networks: title -> frames.
    """
    size = len(image)
    figure, panels = panel_row(len(networks), style.WIDTH / len(networks) + 0.75)
    for axes, (title, own) in zip(panels, networks.items(), strict=True):
        axes.set_facecolor("#b9bfc6")
        axes.imshow(image, extent=(-0.5, size - 0.5, size - 0.5, -0.5), interpolation="nearest")
        shades = [NEST[number % len(NEST)] for number in range(len(own))]
        for frame, shade in zip(own, shades, strict=True):
            # a dark line below, so that it is seen on any ground
            place = {"xy": (frame.first - 0.5, frame.first - 0.5), "width": frame.size, "height": frame.size}
            axes.add_patch(Rectangle(**place, fill=False, edgecolor=style.INK, linewidth=3.6))
            axes.add_patch(Rectangle(**place, fill=False, edgecolor=shade, linewidth=2.0))
        low = min(0, *(frame.first for frame in own))
        high = max(size - 1, *(frame.last for frame in own))
        low, high = low - 0.02 * (high - low), high + 0.02 * (high - low)
        axes.set(xlim=(low, high), ylim=(high, low), xticks=(0, size), yticks=(0, size))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_title(style.plain(title))
        swatches = [Rectangle((0, 0), 1, 1, facecolor=shade, edgecolor=style.QUIET) for shade in shades]
        labels = [f"{style.plain(frame.label)}: {frame.size}" for frame in own]
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.05), "ncols": 3}
        axes.legend(swatches, labels, handlelength=1.1, columnspacing=1.2, **below)
    return figure


@style.applied()
def path_counts(maps: Mapping[str, np.ndarray]) -> Figure:
    """Draw on how many paths each pixel reaches a unit, a panel a chain of filters, pixels of the same size in all.

    Args:
        maps: title -> counts, (R, R); 0 is drawn white with a cross.
    """
    widest = max(len(counts) for counts in maps.values())
    figure, panels = panel_row(len(maps), style.WIDTH / len(maps) + 0.8)
    for axes, (title, counts) in zip(panels, maps.items(), strict=True):
        axes.imshow(counts, cmap=SHADES, vmin=0, vmax=1.15 * counts.max(), interpolation="nearest")
        if widest <= NUMBERS_UP_TO:
            _print_counts(axes, counts)
        middle, reach = (len(counts) - 1) / 2, widest / 2
        axes.set(xlim=(middle - reach, middle + reach), ylim=(middle + reach, middle - reach))
        without_ticks(axes, None)
        axes.add_patch(Rectangle((-0.5, -0.5), len(counts), len(counts), fill=False, edgecolor=style.QUIET))
        unread = int((counts == 0).sum())
        words = f"{len(counts)}×{len(counts)} pixels, {unread:,} of {counts.size:,} not read"
        axes.set_title(f"{style.wrapped(title, 34)}\n{words}", fontsize=9.5)
    return figure


def _print_counts(axes: Axes, counts: np.ndarray) -> None:
    for (row, column), count in np.ndenumerate(counts):
        dark = count > 0.5 * counts.max()
        colour = "#c0522c" if not count else "white" if dark else style.INK
        axes.text(column, row, f"{count or '×'}", ha="center", va="center", fontsize=6.5, color=colour)


@style.applied()
def effective_fields(influences: Sequence[Influence]) -> Figure:
    """Draw how strongly each pixel moves a unit, a panel a depth, each as large as its theoretical field.

    The dashed square holds the share ``HELD`` of the squared gradient.
    """
    figure, panels = panel_row(len(influences), style.WIDTH / len(influences) + 0.5)
    for axes, influence in zip(panels, influences, strict=True):
        size, side = len(influence.strength), influence.side(HELD)
        strength = influence.strength / influence.strength.max()
        drawn = axes.imshow(strength, cmap=SHADES, vmin=0, vmax=1, interpolation="nearest")
        corner, look = (size - side) / 2 - 0.5, {"edgecolor": style.ARM_COLOURS[1], "linewidth": 2.0, "linestyle": "--"}
        axes.add_patch(Rectangle((corner, corner), side, side, fill=False, **look))
        without_ticks(axes, style.QUIET)
        words = f"sees {size}×{size}; {percent(HELD)} in {side}×{side}"
        axes.set_title(f"{influence.depth} layers\n{words}", fontsize=9.5)
    figure.colorbar(drawn, ax=panels, label="gradient, strongest = 1", shrink=0.75, pad=0.02)
    return figure


def growth_lines(growths: Sequence[Growth], size: int) -> Figure:
    """Draw receptive field and effective stride against depth, on logarithmic axes.

    Args:
        growths: one a network.
        size: of the input, in pixels; a line marks it.
    """
    shared = {"x": "convolutions passed", "y": "pixels", "logarithmic": "xy"}
    fields = {growth.title: (growth.depths[1:], growth.fields[1:]) for growth in growths}
    strides = {growth.title: (growth.depths[1:], growth.strides[1:]) for growth in growths}
    return line_panels(
        [
            Panel("Receptive field", lines=fields, rules={f"the picture: {size}": size}, **shared),
            Panel("Effective stride", lines=strides, **shared),
        ]
    )


def recursion_lines(networks: Mapping[str, Sequence[ClaimedField]]) -> Figure:
    """Draw what a recursion claims of receptive fields beside what they are, layer by layer, a panel a network.

    Args:
        networks: title -> its layers, as ``against`` of the lesson gives them.
    """
    panels = []
    for title, steps in networks.items():
        layers = range(1, len(steps) + 1)
        claimed, right = [step.claimed for step in steps], [step.right for step in steps]
        lines = {"the notes’ recursion": (layers, claimed), "right": (layers, right)}
        dashed = frozenset({"the notes’ recursion"})
        panels.append(Panel(title, "convolutions and pools", "receptive field, pixels", lines, dashed=dashed))
    return line_panels(panels)


def dilation_lines(growths: Mapping[str, Sequence[int]]) -> Figure:
    """Draw receptive fields behind 1, 2, … layers, a line a way to dilate them."""
    lines = {name: (range(1, len(sizes) + 1), sizes) for name, sizes in growths.items()}
    return line_panels([Panel("3x3 layers, stride 1", "layers", "receptive field, pixels", lines, logarithmic="y")])


def influence_profiles(influences: Sequence[Influence]) -> Figure:
    """Draw the gradient along the middle row of each unit's field, all fields as wide as the panel."""
    lines = {f"{influence.depth} layers": influence.profile() for influence in influences}
    x, y = "place in the theoretical field (its ends are −1 and 1)", "gradient, strongest = 1"
    return line_panels([Panel("Along the middle row", x, y, lines)], height=3.0)
