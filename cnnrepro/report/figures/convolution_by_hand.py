"""A filter over small numbers: its windows and arithmetic, turned round, as a matrix product, and on the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnrepro.report import style
from cnnrepro.report.figures.number_grids import Term, canvas, draw, equation, frame, number, words

if TYPE_CHECKING:
    from cnnrepro.lessons.convolution_by_hand.small_numbers import Added, Backward, Columns, Impulse, Sliding, Volume


def one_cell(slide: Sliding, row: int, column: int) -> Figure:
    """One cell of the output: the window, times the filter cell by cell, added up.

    Args:
        slide: the filter over the map.
        row, column: which cell of the output.
    """
    window = slide.window(row, column)
    output = np.full(slide.output.shape, np.nan)
    output[row, column] = slide.output[row, column]
    products = window * slide.kernel
    summed = " + ".join(_bracketed(value) for value in products.ravel() if value)
    return equation(
        [
            [
                Term(slide.padded, "input", _tints(slide, row, column)),
                "→",
                Term(window, "window", "window"),
                "×",
                Term(slide.kernel, "filter", "filter"),
                "=",
                Term(products, "products", "third", below=f"{summed} = {number(output[row, column])}"),
                "→",
                Term(output, "output", _marked(output.shape, (row, column))),
            ]
        ]
    )


@style.applied()
def sliding_windows(slide: Sliding, positions: Sequence[tuple[int, int]]) -> Figure:
    """The same filter at several positions, one beside the other; the output fills up.

    Args:
        slide: the filter over the map.
        positions: cells of the output, in reading order.
    """
    size, shape = slide.padded.shape, slide.output.shape
    figure, axes = canvas(len(positions) * (size[1] + 0.8), size[0] + shape[0] + 2.1)
    for index, (row, column) in enumerate(positions):
        x = index * (size[1] + 0.8) + 0.2
        draw(axes, slide.padded, (x, 0.75), _tints(slide, row, column))
        frame(axes, (x + column * slide.stride, 0.75 + row * slide.stride), slide.kernel.shape, "window")
        words(axes, x, 0.38, f"row {row + 1}, column {column + 1}", bold=True)
        value = slide.output[row, column]
        reached = np.arange(slide.output.size).reshape(shape) <= row * shape[1] + column
        left = x + (size[1] - shape[1]) / 2
        words(axes, x + size[1] / 2, size[0] + 1.3, f"sum of products: {number(value)}", ha="center")
        draw(axes, np.where(reached, slide.output, np.nan), (left, size[0] + 1.85), _marked(shape, (row, column)))
    return figure


@style.applied()
def window_variants(slides: Sequence[Sliding]) -> Figure:
    """Several geometries over the same numbers: the first window framed, the next one dashed, the output below."""
    widest = max(slide.padded.shape[1] for slide in slides)
    tallest = max(slide.padded.shape[0] for slide in slides)
    tallest_output = max(slide.output.shape[0] for slide in slides)
    figure, axes = canvas(len(slides) * (widest + 0.7), tallest + tallest_output + 4.0)
    for index, slide in enumerate(slides):
        _variant(axes, slide, index * (widest + 0.7) + 0.2, widest, tallest)
    return figure


def _variant(axes: Axes, slide: Sliding, x: float, widest: int, tallest: int) -> None:
    height, width = slide.padded.shape
    left, top = x + (widest - width) / 2, 1.3 + (tallest - height) / 2
    words(axes, x, 0.5, slide.label, bold=True, size=10)
    draw(axes, slide.padded, (left, top), _tints(slide, 0, 0))
    extent = tuple((cells - 1) * slide.dilation + 1 for cells in slide.kernel.shape)
    frame(axes, (left, top), extent, "window")
    if slide.output.shape[1] > 1:
        frame(axes, (left + slide.stride, top), extent, "filter", dashed=True, inset=0.12)
    size, cells = width - 2 * slide.padding, slide.kernel.shape[1]
    formula = f"({size} − {extent[1]} + 2·{slide.padding})/{slide.stride} + 1 = {slide.output.shape[1]}"
    words(axes, x + widest / 2, tallest + 2.3, formula, ha="center")
    if slide.dilation > 1:
        words(axes, x + widest / 2, tallest + 3.0, f"{cells} taps span {extent[1]} cells", ha="center", size=8.5)
    below = x + (widest - slide.output.shape[1]) / 2, tallest + 3.7
    draw(axes, slide.output, below, _marked(slide.output.shape, (0, 0)))


def volume_windows(demo: Volume, row: int, column: int) -> Figure:
    """Two filters over an input with depth: every filter has a slice for every channel, and makes one map.

    Args:
        demo: input, filters and output.
        row, column: which cell of the output is worked out.
    """
    at = (row * demo.stride, column * demo.stride)
    channels, count = demo.filters.shape[2:]
    seen = demo.padded[at[0] : at[0] + 3, at[1] : at[1] + 3]
    tints = _padding_tints(demo.padded.shape[:2], demo.padding)
    tints[at[0] : at[0] + 3, at[1] : at[1] + 3] = "window"
    lines = []
    for channel in range(channels):
        line = [Term(demo.padded[:, :, channel], f"input, channel {channel + 1} of {channels}", tints)]
        for index in range(count):
            part = demo.filters[:, :, channel, index]
            total = (seen[:, :, channel] * part).sum()
            below = f"window · slice = {number(total)}".ljust(19)  # of one width: the filters stand in columns
            line.append(Term(part, f"filter {index + 1}", "filter", below))
        if channel < count:
            line += ["→", _volume_map(demo, channel, seen, (row, column))]
        lines.append(line)
    return equation(lines, cell=0.36)


def _volume_map(demo: Volume, index: int, seen: np.ndarray, at: tuple[int, int]) -> Term:
    """The map of a filter, with the sum over the channels that makes the marked cell."""
    parts = (seen * demo.filters[:, :, :, index]).sum(axis=(0, 1))
    summed = " + ".join(map(_bracketed, (*parts, demo.bias[index])))
    below = f"{summed} = {number(demo.output[*at, index])}\n(channels, then bias)"
    tints = _marked(demo.output.shape[:2], at)
    return Term(demo.output[:, :, index], f"map {index + 1} of the output", tints, below)


def _bracketed(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def _padding_tints(shape: tuple[int, int], edge: int) -> np.ndarray:
    """Grey for so many cells at the edges of a map, nothing inside."""
    tints = np.full(shape, "padding", dtype=object)
    tints[edge : shape[0] - edge, edge : shape[1] - edge] = ""
    return tints


def _tints(slide: Sliding, row: int, column: int) -> np.ndarray:
    """Padding grey, the cells under the filter blue."""
    tints = _padding_tints(slide.padded.shape, slide.padding)
    tints[slide.cells(row, column)] = "window"
    return tints


def _marked(shape: tuple[int, int], at: tuple[int, int]) -> np.ndarray:
    """One cell of the output."""
    tints = np.full(shape, "", dtype=object)
    tints[at] = "output"
    return tints


def impulse_answers(demo: Impulse) -> Figure:
    """One bright cell through a filter, as layers do it and as a convolution does."""
    image, kernel = Term(demo.image, "input", "window"), Term(demo.kernel, "filter", "filter")
    turned = Term(demo.kernel[::-1, ::-1], "filter, turned", "filter")
    return equation(
        [
            [image, "⋆", kernel, "=", Term(demo.correlated, "the filter turned round", "output")],
            [image, "⋆", turned, "=", Term(demo.convolved, "the filter itself", "output")],
        ],
        titles=("Cross-correlation: what a layer computes", "Convolution: the filter turned by 180 degrees first"),
    )


def filter_columns(demo: Columns) -> Figure:
    """Windows that become columns: input, filters as rows, columns, product and the maps it is folded into.

    The copies of the cell numbered 6 are marked.
    """
    copies = np.where(demo.columns == 6, "filter", "window")
    marked = np.where(demo.image == 6, "filter", "")
    names = tuple(f"w{index + 1}" for index in range(demo.columns.shape[1]))
    maps = [Term(values, f"map {index + 1}", ("output", "second")[index % 2]) for index, values in enumerate(demo.maps)]
    tints = np.repeat([["output"], ["second"]], demo.product.shape[1], axis=1)[: len(demo.product)]
    sizes = ["x".join(map(str, matrix.shape)) for matrix in (demo.rows, demo.columns)]
    return equation(
        [
            [
                Term(demo.image, "input", marked),
                "",
                Term(demo.rows, f"W_row, {sizes[0]}: a filter a row", "third"),
                "·",
                Term(demo.columns, f"X_col, {sizes[1]}", copies, columns=names),
                "=",
                Term(demo.product, "product", tints, columns=names),
                "→",
                *maps,
            ]
        ]
    )


def input_gradients(steps: Sequence[Backward]) -> Figure:
    """The gradient of the output, spread out and padded with zeros, under the flipped filter: the input's gradient."""
    lines = []
    for step in steps:
        real = np.zeros(step.padded.shape, dtype=bool)
        edge = len(step.flipped) - 1
        real[edge : -edge or None : step.stride, edge : -edge or None : step.stride] = True
        spread = "" if step.stride == 1 else ", spread out"
        lines.append(
            [
                Term(step.arriving, "output gradient", "output"),
                "→",
                Term(step.padded, f"padded{spread}", np.where(real, "output", "padding")),
                "⋆",
                Term(step.flipped, "flipped filter", "filter"),
                "=",
                Term(step.to_input, "input gradient", "window"),
            ]
        )
    return equation(lines, titles=[f"Stride {step.stride}" for step in steps])


def shared_gradient(sums: Added) -> Figure:
    """What four neurons that share a filter have for its weights, and their sum."""
    line: list[Term | str] = []
    for index, part in enumerate(sums.parts):
        row, column = divmod(index, sums.arriving.shape[1])
        arriving = number(sums.arriving[row, column])
        line += ["+"] * bool(index)
        line.append(Term(part, f"neuron {index + 1}", "window", below=f"{arriving} · its window"))
    line += ["=", Term(sums.total, "filter gradient", "filter")]
    given = [Term(sums.image, "input"), Term(sums.arriving, "output gradient", "output")]
    return equation([given, line])


@style.applied()
def connected_maps(seen: Mapping[str, np.ndarray]) -> Figure:
    """Which input maps each filter sees: a row an input map, a column a filter.

    Args:
        seen: name -> (input maps, filters), 1 where the filter sees the map.
    """
    total = sum(sees.shape[1] for sees in seen.values()) + 1.6 * len(seen)
    rows = max(len(sees) for sees in seen.values())
    figure, axes = canvas(total, rows + 4.2, 0.3)
    x = 1.0
    for name, sees in seen.items():
        tints = np.where(sees > 0, "filter", "")
        draw(axes, np.full(sees.shape, np.nan), (x, 1.7), tints)
        words(axes, x, 1.0, name, bold=True)
        counts = sees.sum(axis=0).astype(int)
        span = " to ".join(map(str, sorted({counts.min(), counts.max()})))
        words(axes, x, rows + 2.2, f"{sees.shape[1]} filters\nsee {span} of {len(sees)}", va="top")
        x += sees.shape[1] + 1.6
    words(axes, 0.45, 1.7 + rows / 2, "input maps", rotation=90, ha="center")
    return figure
