"""Convolution written out by hand: as loops, and as one matrix product. Its gradients are in convolution_backward.

What is called convolution here, as in all deep-learning libraries, is a cross-correlation: the filter is not flipped.
Images are (N, H, W, C), filters (kh, kw, C / groups, F), and all arithmetic is in float64. The functions are written to
be read beside the formulas, not to be fast; the tests hold each of them against Keras.

Everywhere: ``**steps`` are ``stride``, ``padding`` and ``dilation`` (``Steps``); with ``groups``, filter f sees only
the channels of its group, C / groups of them, and the filters of a group follow one another. ``convolve_loops`` and
``convolve_im2col`` raise UsageError for wrong shapes and where no window fits; helpers expect the shapes they name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnrepro.anatomy.geometry import Geometry, geometry
from cnnrepro.errors import UsageError

Pair = int | tuple[int, int]
Padding = int | str | tuple[tuple[int, int], tuple[int, int]]
Array = NDArray[np.float64]


class Steps(TypedDict, total=False):
    """How windows go over an image; each may be left out.

    Args:
        stride: cells from one window to the next, a number or (vertical, horizontal); 1 by default.
        padding: "valid" (the default), "same" as in Keras, cells on each side, or ((top, bottom), (left, right)).
        dilation: cells from one cell of a window to the next, a number or (vertical, horizontal); 1 by default.
    """

    stride: Pair
    padding: Padding
    dilation: Pair


@dataclass(frozen=True)
class ColumnsMemory:
    """What the columns of im2col take, beside the input they were copied from; in bytes, and their ratio."""

    input: int
    columns: int
    ratio: float


@dataclass(frozen=True)
class WindowLayout:
    """Where the windows of a layer lie in both directions, with the strides and dilations."""

    rows: Geometry
    columns: Geometry
    window: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the output."""
        return self.rows.output, self.columns.output

    @property
    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The padding as ((top, bottom), (left, right))."""
        return tuple((axis.padding_before, axis.padding_after) for axis in (self.rows, self.columns))

    def tap(self, a: int, b: int) -> tuple[slice, slice]:
        """Where tap (a, b) of the window falls in the padded input, over all windows: a grid with the stride's step."""
        starts = a * self.dilation[0], b * self.dilation[1]
        axes = zip(starts, self.output, self.stride, strict=True)
        return tuple(slice(start, start + (count - 1) * step + 1, step) for start, count, step in axes)


def pair(name: str, value: Pair) -> tuple[int, int]:
    """The value for both directions."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise UsageError(f"The {name} is a number or (vertical, horizontal). Received: {name}={value!r}.")
        return tuple(value)
    return value, value


def window_layout(
    size: tuple[int, int], window: Pair, stride: Pair = 1, padding: Padding = "valid", dilation: Pair = 1
) -> WindowLayout:
    """Lay the windows over an image of size (height, width)."""
    window, stride, dilation = pair("window", window), pair("stride", stride), pair("dilation", dilation)
    sides = (padding, padding)
    if isinstance(padding, (tuple, list)):
        if len(padding) != 2 or not all(isinstance(side, (tuple, list)) for side in padding):
            raise UsageError(f"The padding of four sides is ((top, bottom), (left, right)). Received: {padding!r}.")
        sides = tuple(padding)
    rows, columns = (geometry(*axis) for axis in zip(size, window, stride, sides, dilation, strict=True))
    return WindowLayout(rows, columns, window, stride, dilation)


def convolve_loops(
    x: ArrayLike, filters: ArrayLike, bias: ArrayLike | None = None, *, groups: int = 1, **steps: Unpack[Steps]
) -> Array:
    """Convolution as its definition says it: at each position, the dot product of a filter and the cells under it.

    Args:
        x: images, (N, H, W, C).
        filters: (kh, kw, C / groups, F).
        bias: (F,), or None for zeros.
        groups: as the module says; C groups are a depthwise convolution.
        **steps: see ``Steps``.

    Returns:
        (N, H', W', F).
    """
    x, filters = images_and_filters(x, filters, groups)
    layout = window_layout(x.shape[1:3], filters.shape[:2], **steps)
    padded = np.pad(x, ((0, 0), *layout.sides, (0, 0)))
    channels, count = filters.shape[2:]
    output = np.zeros((len(x), *layout.output, count))
    for n, i, j, f in np.ndindex(*output.shape):
        first_channel = f // (count // groups) * channels
        for a, b, c in np.ndindex(*filters.shape[:3]):
            row = i * layout.stride[0] + a * layout.dilation[0]
            column = j * layout.stride[1] + b * layout.dilation[1]
            output[n, i, j, f] += padded[n, row, column, first_channel + c] * filters[a, b, c, f]
    return output if bias is None else output + np.asarray(bias, np.float64)


def im2col(x: ArrayLike, window: Pair, **steps: Unpack[Steps]) -> Array:
    """Copy the cells under each window into a column: X_col of the notes.

    Args:
        x: images (N, H, W, C), or one image (H, W, C).
        window: (kh, kw).
        **steps: see ``Steps``.

    Returns:
        (N, kh·kw·C, H'·W'), or (kh·kw·C, H'·W') for one image: rows run over (a, b, c) as the weights of a filter do.
    """
    x = np.asarray(x, np.float64)
    if x.ndim == 3:
        return im2col(x[None], window, **steps)[0]
    layout = window_layout(x.shape[1:3], window, **steps)
    padded = np.pad(x, ((0, 0), *layout.sides, (0, 0)))
    taps = [padded[:, *layout.tap(a, b), :] for a, b in np.ndindex(*layout.window)]
    stacked = np.stack(taps, axis=1)  # (N, kh·kw, H', W', C)
    return np.moveaxis(stacked, -1, 2).reshape(len(x), -1, layout.output[0] * layout.output[1])


def col2im(columns: ArrayLike, size: tuple[int, int], window: Pair, **steps: Unpack[Steps]) -> Array:
    """Add each value of the columns back to the cell it was copied from; the transpose of im2col, not its inverse.

    Args:
        columns: (N, kh·kw·C, H'·W'), or (kh·kw·C, H'·W') for one image.
        size: (H, W) of the images.
        window, **steps: as for im2col; what fell on the padding is dropped.

    Returns:
        (N, H, W, C), or (H, W, C): a cell under m windows has the sum of m values, and 0 under none.
    """
    columns = np.asarray(columns, np.float64)
    if columns.ndim == 2:
        return col2im(columns[None], size, window, **steps)[0]
    layout = window_layout(size, window, **steps)
    (top, bottom), (left, right) = layout.sides
    taps = columns.reshape(len(columns), *layout.window, -1, *layout.output)  # (N, kh, kw, C, H', W')
    padded = np.zeros((len(columns), size[0] + top + bottom, size[1] + left + right, taps.shape[3]))
    for a, b in np.ndindex(*layout.window):
        padded[:, *layout.tap(a, b), :] += np.moveaxis(taps[:, a, b], 1, -1)
    return padded[:, top : top + size[0], left : left + size[1], :]


def convolve_im2col(
    x: ArrayLike, filters: ArrayLike, bias: ArrayLike | None = None, *, groups: int = 1, **steps: Unpack[Steps]
) -> Array:
    """Convolution as one matrix product a group: W_row (F, kh·kw·C) times X_col (kh·kw·C, H'·W').

    Arguments and result are those of `convolve_loops`.
    """
    x, filters = images_and_filters(x, filters, groups)
    layout = window_layout(x.shape[1:3], filters.shape[:2], **steps)
    products = [
        rows @ im2col(part, filters.shape[:2], **steps)  # (N, F / groups, H'·W')
        for part, rows in zip(np.split(x, groups, axis=-1), filter_rows(filters, groups), strict=True)
    ]
    output = np.moveaxis(np.concatenate(products, axis=1), 1, -1).reshape(len(x), *layout.output, -1)
    return output if bias is None else output + np.asarray(bias, np.float64)


def filter_rows(filters: ArrayLike, groups: int = 1) -> list[Array]:
    """W_row of the notes, for each group: a row for each filter, (F / groups, kh·kw·C / groups)."""
    filters = np.asarray(filters, np.float64)
    return [part.reshape(-1, part.shape[-1]).T for part in np.split(filters, groups, axis=-1)]


def images_and_filters(x: ArrayLike, filters: ArrayLike, groups: int) -> tuple[Array, Array]:
    """Images and filters as float64, if they fit each other; else a UsageError."""
    x, filters = np.asarray(x, np.float64), np.asarray(filters, np.float64)
    if x.ndim != 4 or filters.ndim != 4:
        raise UsageError(
            f"Images are (N, H, W, C) and filters (kh, kw, C / groups, F). Received: {x.shape} and {filters.shape}."
        )
    if groups < 1 or x.shape[3] != filters.shape[2] * groups or filters.shape[3] % groups:
        raise UsageError(
            f"The channels of the images are those of the filters times the groups, and the filters divide into the "
            f"groups. Received: images {x.shape}, filters {filters.shape}, groups={groups}."
        )
    return x, filters


def columns_bytes(
    shape: tuple[int, int, int], window: Pair, *, bytes_per_value: int = 4, **steps: Unpack[Steps]
) -> ColumnsMemory:
    """What X_col takes in memory: each cell is copied once for each window it lies under, about (kh·kw) / (S·S) times.

    Args:
        shape: (H, W, C) of one image.
        window: (kh, kw).
        bytes_per_value: 4 for float32.
        **steps: see ``Steps``; the zeros of the padding take memory too.
    """
    height, width, channels = shape
    layout = window_layout((height, width), window, **steps)
    image = height * width * channels * bytes_per_value
    columns = np.prod([*layout.window, channels, *layout.output]).item() * bytes_per_value
    return ColumnsMemory(image, columns, columns / image)
