"""What is inside a trained network: its first filters, its feature maps, the patches that excite its filters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnrepro.report import style
from cnnrepro.report.figures.panels import DIVERGING, RISING, panel_grid, panel_row, without_ticks

GAP = 1  # pixels between the tiles of a filter sheet
SILENT = "#e4e8ec"  # a feature map that is nought everywhere


@style.applied()
def filter_sheets(sheets: Mapping[str, np.ndarray]) -> Figure:
    """Draw filters as tiles, a panel a set, all on one scale that has white at nought.

    Args:
        sheets: title -> filters (height, width, count), of one shape.

    Raises:
        ValueError: the shapes differ.
    """
    arrays = {title: np.asarray(filters, float) for title, filters in sheets.items()}
    shapes = sorted({array.shape for array in arrays.values()})
    if len(shapes) != 1 or len(shapes[0]) != 3 or 0 in shapes[0]:
        raise ValueError(f"filter_sheets() needs sets (height, width, count) of one shape. Received: {shapes}")
    height, width, count = shapes[0]
    rows, columns = math.ceil(count / 4), min(4, count)
    most = max(float(np.abs(array).max()) for array in arrays.values()) or 1.0
    panel = (style.WIDTH - 0.7) / len(arrays)
    figure, panels = panel_row(len(arrays), panel * rows * height / (columns * width) + 0.55)
    figure.get_layout_engine().set(wspace=0.12)
    for axes, (title, filters) in zip(panels, arrays.items(), strict=True):
        drawn = axes.imshow(mosaic(filters, columns), cmap=DIVERGING, vmin=-most, vmax=most, interpolation="nearest")
        _frames(axes, height, width, count, columns)
        axes.set_title(style.wrapped(title, int(panel * 11)))
    figure.colorbar(drawn, ax=list(panels), label="weight", aspect=30, pad=0.01).outline.set_visible(False)
    return figure


@style.applied()
def feature_maps(image: np.ndarray, layers: Mapping[str, np.ndarray], *, columns: int = 16) -> Figure:
    """Draw an image and what the channels of some layers make of it; each layer has a scale of its own from nought.

    Channels that are nought everywhere are grey.

    Args:
        image: (H, W, 1), uint8.
        layers: title -> maps (h, w, channels), none below nought.
        columns: maps in a row.

    Raises:
        ValueError: there are no layers, or maps are not of three axes.
    """
    arrays = {title: np.asarray(maps, float) for title, maps in layers.items()}
    if not arrays or any(maps.ndim != 3 for maps in arrays.values()):
        received = {title: maps.shape for title, maps in arrays.items()}
        raise ValueError(f"feature_maps() needs maps (height, width, channels) by layer. Received: {received}")
    tile = style.WIDTH / (columns + 0.5)
    heights = [1.45, *(math.ceil(maps.shape[2] / columns) * tile + 0.45 for maps in arrays.values())]
    figure = Figure(figsize=(style.WIDTH, sum(heights)), layout="constrained")
    top, *panels = figure.subplots(1 + len(arrays), 1, height_ratios=heights)
    top.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    without_ticks(top)
    top.set_anchor("W")
    top.set_title("the image")
    for axes, (title, maps) in zip(panels, arrays.items(), strict=True):
        silent = maps.max(axis=(0, 1)) <= 0
        shown = np.where(silent, np.nan, maps)
        axes.imshow(_grounded(mosaic(shown, columns), maps, columns), interpolation="nearest")
        _frames(axes, *maps.shape, columns)
        axes.set_anchor("W")
        note = f", {int(silent.sum())} of them silent here" if silent.any() else ""
        axes.set_title(f"{title}: {maps.shape[2]} maps of {maps.shape[0]}×{maps.shape[1]}{note}")
    return figure


@style.applied()
def patches(rows: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Draw the patches of each filter in a row, under its title, two filters beside one another.

    Args:
        rows: for every filter (count, height, width, 1), uint8, the strongest first.
        titles: one a filter.
    """
    count, height, width = rows[0].shape[:3]
    tall = style.WIDTH / 2 * height / (count * width) + 0.3
    figure, panels = panel_grid(len(rows), 2, math.ceil(len(rows) / 2) * tall, w_pad=0.06, h_pad=0.03)
    for axes, row, title in zip(panels, rows, titles, strict=True):
        sheet = mosaic(np.moveaxis(row[..., 0], 0, -1).astype(float), len(row))
        axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        _frames(axes, height, width, len(row), len(row))
        axes.set_title(style.plain(title), fontsize=9.5, fontweight="normal", pad=4)
    return figure


def mosaic(tiles: np.ndarray, columns: int) -> np.ndarray:
    """Tiles (h, w, count) as one sheet, row by row, NaN between them and where tiles are missing."""
    height, width, count = tiles.shape
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), np.nan)
    for number in range(count):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = tiles[..., number]
    return sheet


def _grounded(sheet: np.ndarray, maps: np.ndarray, columns: int) -> np.ndarray:
    """A sheet of maps in colours: silent maps grey, the ground between the maps white."""
    most = float(maps.max()) or 1.0
    coloured = RISING(np.nan_to_num(sheet / most))
    inside = ~np.isnan(mosaic(np.zeros(maps.shape), columns))
    coloured[np.isnan(sheet) & inside] = (*(int(SILENT[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1.0)
    return coloured


def _frames(axes: Axes, height: int, width: int, count: int, columns: int) -> None:
    """A thin line around every tile, and no ticks."""
    places = [(number % columns * (width + GAP), number // columns * (height + GAP)) for number in range(count)]
    frames = [Rectangle((left - 0.5, top - 0.5), width, height) for left, top in places]
    axes.add_collection(PatchCollection(frames, facecolor="none", edgecolor=style.RULE, linewidth=0.8, clip_on=False))
    without_ticks(axes, None)


@style.applied()
def occlusion(images: Sequence[np.ndarray], drops: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Draw what hiding a square does, at the square's centre, on the image it is done to, all on one scale.

    Args:
        images: (H, W, 1) uint8 each.
        drops: for each image (rows, columns), how much lower the probability is, −1 to 1, a square at every pixel.
        titles: one an image.
    """
    columns = min(5, len(images))
    rows, cell = math.ceil(len(images) / columns), style.WIDTH / columns
    figure, panels = panel_grid(len(images), columns, rows * (cell + 0.22) + 0.62)
    for axes, image, values, title in zip(panels, images, drops, titles, strict=True):
        height, width = image.shape[:2]
        edges = [(have - got) / 2 - 0.5 for have, got in zip((height, width), values.shape, strict=True)]
        extent = (edges[1], width - 1 - edges[1], height - 1 - edges[0], edges[0])
        drawn = axes.imshow(values, cmap=DIVERGING, vmin=-1, vmax=1, extent=extent, interpolation="nearest")
        axes.contour(image[..., 0], levels=[127], colors=style.INK, linewidths=1.1)
        axes.add_patch(Rectangle(edges[::-1], *values.shape[::-1], fill=False, edgecolor=style.RULE))
        axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        without_ticks(axes)
        axes.set_title(style.wrapped(title, int(cell * 13)), fontsize=9.5, fontweight="normal", loc="center", pad=4)
    label = "how much lower the probability of the right class is (blue: higher)"
    figure.colorbar(drawn, ax=figure.axes, orientation="horizontal", aspect=60, pad=0.01, label=label)
    return figure
