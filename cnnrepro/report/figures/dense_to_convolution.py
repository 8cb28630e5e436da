"""A classifier that slides: which class where, how far two ways of sliding differ, and what one pass saves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from cnnrepro.report import style
from cnnrepro.report.figures.panels import RISING, one_panel, panel_row, without_ticks

# Ten colours for ten classes, none of them grey like the images beneath; the class's number is always printed too.
CLASS_COLOURS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#f2c300", "#7f9a12", "#17becf"),
)
FAINT = "#b4bcc6"


@style.applied()
def class_map(
    canvas: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str],
    *,
    stride: int,
    size: tuple[int, int],
    threshold: float,
    frames: Sequence[tuple[int, int]] = (),
) -> Figure:
    """Draw which class a classifier sees where: the class's number in its colour at the centre of every crop.

    Positions below the threshold are grey dots.

    Args:
        canvas: (H, W, 1), uint8.
        probabilities: (rows, columns, classes).
        names: of the classes.
        stride: pixels from one position to the next.
        size: height and width of a crop.
        threshold: the least probability that is shown.
        frames: upper left corners of the crops to be framed.

    Raises:
        ValueError: the map does not fit the canvas.
    """
    probabilities = np.asarray(probabilities)
    fitting = tuple((have - want) // stride + 1 for have, want in zip(canvas.shape[:2], size, strict=True))
    if probabilities.shape != (*fitting, len(names)):
        raise ValueError(f"class_map() needs a map of {(*fitting, len(names))}. Received: {probabilities.shape}")
    sure = probabilities.max(axis=-1) >= threshold
    answers = probabilities.argmax(axis=-1)
    seen = sorted(set(answers[sure].tolist()))
    height = style.WIDTH * canvas.shape[0] / canvas.shape[1]
    figure, axes = one_panel(height + 0.4)
    axes.imshow(canvas[..., 0], cmap="gray_r", vmin=0, vmax=2 * 255, interpolation="nearest")
    for top, left in frames:
        look = {"fill": False, "edgecolor": style.QUIET, "linewidth": 1.2}
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), size[1], size[0], **look))
    _cells(axes, sure, answers, stride, size)
    without_ticks(axes)
    titles = [names[answer] if names[answer] == str(answer) else f"{answer} {names[answer]}" for answer in seen]
    keys = [Patch(facecolor=_colour(answer), alpha=0.6) for answer in seen]
    keys.append(Line2D([], [], linestyle="none", marker=".", color=FAINT, markersize=5))
    titles = [*map(style.plain, titles), f"below {100 * threshold:g} %"]
    columns = min(len(keys), 6 if max(map(len, names)) > 2 else 11)
    figure.legend(keys, titles, loc="outside lower center", ncols=columns)
    return figure


def _cells(axes: Axes, sure: np.ndarray, answers: np.ndarray, stride: int, size: tuple[int, int]) -> None:
    """A dot for each position that is not sure, a coloured cell with a number for each that is."""
    rows, columns = np.nonzero(~sure)
    middle = (size[0] - 1) / 2, (size[1] - 1) / 2
    axes.plot(columns * stride + middle[1], rows * stride + middle[0], ".", color=FAINT, markersize=3)
    for row, column in np.argwhere(sure):
        y, x = row * stride + middle[0], column * stride + middle[1]
        answer = int(answers[row, column])
        corner = x - stride / 2, y - stride / 2
        axes.add_patch(Rectangle(corner, stride, stride, facecolor=_colour(answer), alpha=0.45, linewidth=0))
        axes.text(x, y, str(answer), ha="center", va="center", fontsize=9.5, fontweight="bold", clip_on=True)


def _colour(number: int) -> str:
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]


@style.applied()
def two_ways(first: np.ndarray, second: np.ndarray, difference: np.ndarray, titles: Sequence[str]) -> Figure:
    """Draw two maps of probabilities on one scale from 0 to 1, and their difference on a logarithmic one.

    Args:
        first, second: (rows, columns), 0 to 1.
        difference: (rows, columns), not negative; nought is left white.
        titles: three.
    """
    arrays = [np.asarray(array, float) for array in (first, second, difference)]
    rows, columns = arrays[0].shape
    figure, panels = panel_row(3, style.WIDTH / 3 * rows / columns + 1.0)
    for axes, title in zip(panels, titles, strict=True):
        without_ticks(axes)
        axes.set_title(style.wrapped(title, 38), fontsize=9.5)
    shared = [axes.imshow(array, cmap=RISING, vmin=0, vmax=1) for axes, array in zip(panels, arrays[:2], strict=False)]
    figure.colorbar(shared[1], ax=list(panels[:2]), orientation="horizontal", aspect=50, label="highest probability")
    drawn = _logarithmic(panels[2], arrays[2])
    figure.colorbar(drawn, ax=panels[2], orientation="horizontal", aspect=24, label="difference of the scores")
    return figure


def _logarithmic(axes: Axes, values: np.ndarray):
    """A map on a logarithmic scale of whole decades, white where it is nought."""
    positive = values[values > 0]
    low, high = (positive.min(), positive.max()) if len(positive) else (1e-9, 1e-8)
    decades = math.floor(math.log10(low)), math.ceil(math.log10(high) + 1e-9)
    norm = LogNorm(10.0 ** decades[0], 10.0 ** max(decades[1], decades[0] + 1))
    return axes.imshow(np.where(values > 0, values, np.nan), cmap=RISING, norm=norm, interpolation="nearest")


@style.applied()
def borders(maps: Mapping[str, np.ndarray], *, rounding: float) -> Figure:
    """Draw where feature maps differ, cell by cell; a cell that differs by no more than rounding is white with a dot.

    Args:
        maps: title -> differences (h, w), not negative.
        rounding: up to here two numbers count as equal.
    """
    most = max(float(np.max(values)) for values in maps.values())
    figure, panels = panel_row(len(maps), style.WIDTH / len(maps) + 1.3)
    for axes, (title, values) in zip(panels, maps.items(), strict=True):
        equal = values <= rounding
        shown = np.where(equal, np.nan, values)
        drawn = axes.imshow(shown, cmap=RISING, vmin=0, vmax=most or 1.0, interpolation="nearest")
        rows, columns = np.nonzero(equal)
        axes.plot(columns, rows, ".", color=style.QUIET, markersize=40 / max(values.shape))
        without_ticks(axes)
        axes.set_title(f"{style.plain(title)}\n{equal.sum()} of {equal.size} cells equal", fontsize=9.5)
    label = "largest difference, in standard deviations of the layer"
    figure.colorbar(drawn, ax=list(panels), orientation="horizontal", aspect=60, label=label)
    return figure


@style.applied()
def savings(
    sides: Sequence[int], counted: Sequence[float], measured: Sequence[Sequence[float]], *, limit: float
) -> Figure:
    """Draw how many times cheaper one pass is than crops: by multiply-adds, and by the clock.

    Args:
        sides: of the images, in pixels.
        counted: for each, multiply-adds of the crops over those of one pass.
        measured: for each, the same ratio of times, one value a repetition; their median is the marker, the line
            reaches from the smallest to the largest.
        limit: what ``counted`` comes near.
    """
    ratios = np.array(measured)  # (sides, repetitions)
    middle = np.median(ratios, axis=1)
    reach = middle - ratios.min(axis=1), ratios.max(axis=1) - middle
    figure, axes = one_panel(3.9)
    axes.axhline(1, color=style.QUIET, linewidth=1.0)
    axes.axhline(limit, color=style.colour(0), linewidth=1.0, linestyle=(0, (4, 4)))
    axes.text(sides[0], limit, f"limit of the multiply-adds: {limit:.2f}", color=style.colour(0), va="bottom")
    axes.plot(sides, counted, color=style.colour(0), marker=style.marker(0), label="multiply-adds, counted")
    look = {"color": style.colour(1), "marker": style.marker(1), "capsize": 3}
    axes.errorbar(sides, middle, yerr=reach, label="time, measured", **look)
    axes.set(xlabel="Side of the canvas, in pixels", ylabel="Crops over one pass", xticks=list(sides))
    axes.set_ylim(bottom=0)
    style.quiet_grid(axes)
    figure.legend(loc="outside upper left", ncols=2)
    return figure
