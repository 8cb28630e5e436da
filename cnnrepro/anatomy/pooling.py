"""Max, average and L2 pooling by hand, forward and backward, in NumPy and float64.

Windows may overlap (3x3 with stride 2, as in AlexNet). Padding never takes part: the largest value is sought, the mean
taken and the squares summed over the cells of the window that lie in the input, as Keras does with "same". (Other
libraries count zeros of the padding in the mean.)

Where several cells of a window share the largest value, the first one in reading order wins here and has the whole
gradient. `keras.layers.MaxPooling2D` does the same on the processor with TensorFlow and with JAX; on a GPU it may be
another of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnrepro.anatomy.convolution import Array, Padding, Pair, WindowLayout, col2im, im2col, window_layout
from cnnrepro.anatomy.convolution_backward import gradient_of_shape
from cnnrepro.errors import UsageError, unknown

KINDS = ("max", "average", "l2")


@dataclass(frozen=True)
class Pooled:
    """The output of a pooling (N, H', W', C), and for "max" its switches.

    Attributes:
        output: the pooled values.
        switches: for each of them, which cell of the input won, as row · W + column, in the shape of the output; None
            unless the kind is "max".
    """

    output: Array
    switches: NDArray[np.int64] | None


def pool(
    x: ArrayLike, window: Pair, *, stride: Pair | None = None, padding: Padding = "valid", kind: str = "max"
) -> Pooled:
    """Reduce each window to one value, in each channel by itself.

    Args:
        x: feature maps, (N, H, W, C).
        window: (height, width) of the pool, or one number for both.
        stride: steps, or one number; None for the window, which then does not overlap.
        padding: "valid", "same", cells on each side, or ((top, bottom), (left, right)); smaller than the window.
        kind: "max"; "average"; or "l2", the square root of the sum (not the mean) of the squares.

    Raises:
        UsageError: an unknown kind, an input of other than four axes, padding as wide as the window, or no window fits.

    Example:
        >>> pool([[[[1.0], [3.0]], [[2.0], [0.0]]]], 2).output.item()
        3.0
    """
    x, layout = _layout(x, window, stride, padding, kind)
    if kind == "max":
        return _maximum(x, layout)
    if kind == "average":
        return Pooled(_sums(x, layout) / _sums(np.ones_like(x), layout), None)
    return Pooled(np.sqrt(_sums(x**2, layout)), None)


def pooling_gradient(
    x: ArrayLike,
    output_gradient: ArrayLike,
    window: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = "valid",
    kind: str = "max",
) -> Array:
    """The gradient to the input of a pooling; a cell under several windows has the sum of what they send it.

    * max: all of it goes to the winner, by the switches;
    * average: each of the m cells of a window has 1/m of it;
    * l2: y = √(Σ x²) gives ∂y/∂x = x / y. Where y is 0 no direction is better than another, and it is 0.

    Args:
        x: feature maps, (N, H, W, C).
        output_gradient: gradient of the loss to the output, (N, H', W', C).
        window, stride, padding, kind: as for `pool`.

    Returns:
        (N, H, W, C).

    Raises:
        UsageError: as for `pool`, or a gradient that has not the shape of the output.
    """
    x, layout = _layout(x, window, stride, padding, kind)
    gradient = gradient_of_shape(output_gradient, (len(x), *layout.output, x.shape[3]))
    if kind == "max":
        return route(gradient, _maximum(x, layout).switches, x.shape[1:3])
    if kind == "average":
        return _spread(gradient / _sums(np.ones_like(x), layout), x.shape[1:3], layout)
    output = np.sqrt(_sums(x**2, layout))
    share = np.divide(gradient, output, out=np.zeros_like(output), where=output > 0)
    return x * _spread(share, x.shape[1:3], layout)


def route(output_gradient: ArrayLike, switches: ArrayLike, size: tuple[int, int]) -> Array:
    """Send each value of the gradient to the cell that its switch names: the backward pass of max pooling.

    Args:
        output_gradient: (N, H', W', C).
        switches: of `pool`, in the same shape.
        size: (H, W) of the input.

    Returns:
        (N, H, W, C): zero where a cell won nowhere, a sum where it won in several windows.
    """
    gradient, switches = np.asarray(output_gradient, np.float64), np.asarray(switches)
    if gradient.shape != switches.shape:
        raise UsageError(f"Gradient and switches have one shape. Received: {gradient.shape} and {switches.shape}.")
    count, *_, channels = gradient.shape
    routed = np.zeros((count, size[0] * size[1], channels))
    images, _, _, maps = np.indices(gradient.shape, sparse=True)
    np.add.at(routed, (images, switches, maps), gradient)
    return routed.reshape(count, *size, channels)


def _layout(x: ArrayLike, window: Pair, stride: Pair | None, padding: Padding, kind: str) -> tuple[Array, WindowLayout]:
    """The images as float64, and where the windows lie."""
    x = np.asarray(x, np.float64)
    if kind not in KINDS:
        raise unknown("kind of pooling", kind, KINDS)
    if x.ndim != 4:
        raise UsageError(f"Feature maps are (N, H, W, C). Received: {x.shape}.")
    layout = window_layout(x.shape[1:3], window, window if stride is None else stride, padding)
    for sides, cells in zip(layout.sides, layout.window, strict=True):
        if max(sides) >= cells:
            raise UsageError(
                f"The padding is smaller than the window, so that no window holds padding alone. "
                f"Received: window={layout.window}, padding={layout.sides}."
            )
    return x, layout


def _windows(x: Array, layout: WindowLayout, fill: float) -> Array:
    """The cells under each window: (N, taps, C, H', W'), with `fill` in the padding."""
    padded = np.pad(x, ((0, 0), *layout.sides, (0, 0)), constant_values=fill)
    columns = im2col(padded, layout.window, stride=layout.stride)  # (N, taps·C, H'·W')
    return columns.reshape(len(x), -1, x.shape[3], *layout.output)


def _sums(x: Array, layout: WindowLayout) -> Array:
    """The sum over each window: (N, H', W', C)."""
    return np.moveaxis(_windows(x, layout, 0.0).sum(axis=1), 1, -1)


def _spread(share: Array, size: tuple[int, int], layout: WindowLayout) -> Array:
    """Give each cell the share of each window it lies under: the transpose of `_sums`."""
    count, channels = share.shape[0], share.shape[3]
    flat = np.moveaxis(share, 3, 1).reshape(count, 1, channels, -1)  # (N, 1, C, H'·W')
    columns = np.broadcast_to(flat, (count, layout.window[0] * layout.window[1], *flat.shape[2:]))
    columns = columns.reshape(count, -1, flat.shape[3])  # (N, taps·C, H'·W')
    return col2im(columns, size, layout.window, stride=layout.stride, padding=layout.sides)


def _maximum(x: Array, layout: WindowLayout) -> Pooled:
    """The largest value of each window and where it stands; the first of equals."""
    windows = _windows(x, layout, -np.inf)
    winners = windows.argmax(axis=1)  # (N, C, H', W'), which tap
    output = np.take_along_axis(windows, winners[:, None], axis=1)[:, 0]
    a, b = np.unravel_index(winners, layout.window)
    rows = np.arange(layout.output[0])[:, None] * layout.stride[0] + a - layout.sides[0][0]
    columns = np.arange(layout.output[1]) * layout.stride[1] + b - layout.sides[1][0]
    return Pooled(np.moveaxis(output, 1, -1), np.moveaxis(rows * x.shape[2] + columns, 1, -1))
