"""Figures of AlexNet's data pipeline: pictures in rows, where windows lie, and the principal colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnrepro.data.image_statistics import forwards
from cnnrepro.report import style
from cnnrepro.report.figures.panels import axes_at, grid_in, panel_row, without_ticks

if TYPE_CHECKING:
    from cnnrepro.lessons.alexnet_pipeline.cut_windows import CutWindows
    from cnnrepro.lessons.photographs import Map

_SEEN = "#0072B2"
_GAP, _TITLE, _TALLEST = 0.14, 0.3, 4.4  # inches


@style.applied()
def picture_rows(rows: Sequence[Sequence[Map]]) -> Figure:
    """Draw pictures in rows that fill the width of the page; those of a row have one height.

    Args:
        rows: pictures from 0 to 1, grey (H, W) or in colour (H, W, 3), with their titles.
    """
    ratios = [[picture.values.shape[1] / picture.values.shape[0] for picture in row] for row in rows]
    heights = [min(_TALLEST, (style.WIDTH - _GAP * (len(row) - 1)) / sum(row)) for row in ratios]
    total = sum(heights) + len(rows) * (_TITLE + _GAP)
    figure = Figure(figsize=(style.WIDTH, total), layout="none")
    top = 0.0
    for row, shapes, height in zip(rows, ratios, heights, strict=True):
        left = 0.0
        for picture, ratio in zip(row, shapes, strict=True):
            axes = axes_at(figure, left, top + _TITLE, ratio * height, height)
            axes.imshow(np.clip(picture.values, 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            without_ticks(axes)
            axes.set_title(style.plain(picture.title), fontsize=9.5, pad=5)
            left += ratio * height + _GAP
        top += height + _TITLE + _GAP
    return figure


@style.applied()
def windows_of(cut: CutWindows, *, columns: int = 5) -> Figure:
    """Draw a canvas with the places of its windows, and the windows beside it.

    Args:
        cut: the canvas and its windows; a place that several share is drawn once.
        columns: windows in a row.
    """
    figure = Figure(figsize=(style.WIDTH, 3.1), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 2.15))
    _places(left.subplots(), cut)
    panels = grid_in(right, len(cut.images), columns)
    for axes, image, words in zip(panels, cut.images, cut.words, strict=True):
        axes.imshow(image, interpolation="nearest")
        axes.set_title(style.wrapped(words, 14), fontsize=8, fontweight="normal", loc="center", pad=3)
        without_ticks(axes)
    return figure


def _places(axes: Axes, cut: CutWindows) -> None:
    axes.imshow(cut.canvas, interpolation="nearest", alpha=0.75)
    for number, (top, left) in enumerate(dict.fromkeys(cut.corners)):
        frame = (left - 0.5, top - 0.5), cut.size, cut.size
        axes.add_patch(Rectangle(*frame, fill=False, edgecolor=style.colour(number), linewidth=1.4))
    axes.set_title(f"the places, {cut.size} of {len(cut.canvas)} pixels", fontsize=9.5)
    without_ticks(axes, None)


@style.applied()
def window_places(counts: Mapping[str, np.ndarray]) -> Figure:
    """Draw how often a window began at each place, a panel for each law.

    Args:
        counts: law -> counts (rows, columns); all of one shape.
    """
    most = max(int(values.max()) for values in counts.values())
    figure, panels = panel_row(len(counts), 4.6)
    for axes, (law, values) in zip(panels, counts.items(), strict=True):
        shown = np.ma.masked_equal(values, 0)
        axes.set_facecolor("#f3d9c6")
        drawn = axes.imshow(shown, cmap="Blues", vmin=0, vmax=most, interpolation="nearest")
        reached = int((values > 0).sum())
        axes.set_title(f"{law}: {reached:,} of {values.size:,} places")
        axes.set(xlabel="first column", ylabel="first row")
    figure.colorbar(drawn, ax=panels, shrink=0.8, label="windows").outline.set_visible(False)
    return figure


@style.applied()
def principal_colours(sets: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw principal colours: what going along each does to mid-grey, and the share of the variance along it.

    Args:
        sets: whose -> directions (3, 3) in columns and variances (3,), the greatest first.
    """
    figure = Figure(figsize=(style.WIDTH, 0.5 + 1.35 * len(sets)), layout="constrained")
    panels = figure.subplots(len(sets), 2, squeeze=False, width_ratios=(3, 1))
    for (ramp, shares), (whose, (directions, variances)) in zip(panels, sets.items(), strict=True):
        _ramps(ramp, whose, directions)
        _shares(shares, np.asarray(variances) / np.sum(variances))
    return figure


def _ramps(axes: Axes, whose: str, directions: np.ndarray) -> None:
    steps = np.linspace(-0.5, 0.5, 101)
    rows = [np.clip(0.5 + steps[:, None] * direction, 0, 1) for direction in forwards(np.asarray(directions)).T]
    axes.imshow(np.stack(rows), aspect="auto", interpolation="nearest", extent=(-0.5, 0.5, 2.5, -0.5))
    axes.set_title(whose)
    axes.set_yticks(range(3), ["first", "second", "third"])
    axes.set_xticks([-0.5, 0, 0.5], ["−½", "mid-grey", "+½"])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for border in (0.5, 1.5):
        axes.axhline(border, color="white", linewidth=3)


def _shares(axes: Axes, shares: Sequence[float]) -> None:
    axes.barh(range(3), shares, color=_SEEN, height=0.6)
    for place, share in enumerate(shares):
        axes.text(share + 0.02, place, f"{share:.1%}", va="center", fontsize=8.5)
    axes.set(ylim=(2.5, -0.5), xlim=(0, 1.25), xticks=[], yticks=[])
    axes.set_title("share of the variance", fontweight="normal")
    axes.spines[:].set_visible(False)
