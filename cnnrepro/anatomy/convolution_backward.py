"""The backward pass of a convolution by hand, written twice: through im2col and col2im, and as convolutions again.

The CS231n notes say that the backward pass of a convolution is itself a convolution, with spatially flipped filters.
In full, for the output gradient G of a convolution with stride S, dilation D and padding P:

* to the input: put S − 1 zeros between the cells of G, pad it so that the filter reaches every cell of the input, and
  convolve with the filters flipped in both directions and with input and output channels exchanged, dilation D;
* to the filters: convolve the padded input with G in the place of the filters, where stride and dilation change roles
  (stride D, dilation S) and the images of the batch are the channels that are summed over;
* to the bias: the sum of G.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from cnnrepro.anatomy.convolution import (
    Array,
    Pair,
    Steps,
    col2im,
    convolve_im2col,
    filter_rows,
    im2col,
    images_and_filters,
    pair,
    window_layout,
)
from cnnrepro.errors import UsageError


@dataclass(frozen=True)
class ConvolutionGradients:
    """The gradients of a loss: to the inputs (N, H, W, C), the filters (kh, kw, C / groups, F) and the bias (F,)."""

    inputs: Array
    filters: Array
    bias: Array


def convolution_gradients(
    x: ArrayLike, filters: ArrayLike, output_gradient: ArrayLike, *, groups: int = 1, **steps: Unpack[Steps]
) -> ConvolutionGradients:
    """The gradients through the matrix product: Y = W·X gives dW = G·Xᵀ and dX = Wᵀ·G, and col2im adds dX up.

    Args:
        x: images, (N, H, W, C).
        filters: (kh, kw, C / groups, F).
        output_gradient: gradient of the loss to the output, (N, H', W', F).
        groups, **steps: of the convolution whose backward pass this is.

    Raises:
        UsageError: shapes do not fit each other.
    """
    x, filters = images_and_filters(x, filters, groups)
    size, window = x.shape[1:3], filters.shape[:2]
    layout = window_layout(size, window, **steps)
    gradient = gradient_of_shape(output_gradient, (len(x), *layout.output, filters.shape[3]))
    to_inputs, to_filters = [], []
    parts, gradients = np.split(x, groups, axis=3), np.split(gradient, groups, axis=3)
    for part, rows, above in zip(parts, filter_rows(filters, groups), gradients, strict=True):
        above = np.moveaxis(above, 3, 1).reshape(len(x), len(rows), -1)  # (N, F / groups, H'·W')
        columns = im2col(part, window, **steps)  # (N, kh·kw·C / groups, H'·W')
        to_rows = np.einsum("nfp,nkp->fk", above, columns)  # (F / groups, kh·kw·C / groups), summed over the batch
        to_filters.append(to_rows.T.reshape(*filters.shape[:3], len(rows)))
        to_inputs.append(col2im(rows.T @ above, size, window, **steps))
    return ConvolutionGradients(
        np.concatenate(to_inputs, axis=3), np.concatenate(to_filters, axis=3), gradient.sum(axis=(0, 1, 2))
    )


def input_gradient_as_convolution(
    filters: ArrayLike, output_gradient: ArrayLike, size: tuple[int, int], *, groups: int = 1, **steps: Unpack[Steps]
) -> Array:
    """The gradient to the input, as a convolution of the output gradient with the flipped filters.

    Args:
        filters: (kh, kw, C / groups, F).
        output_gradient: (N, H', W', F).
        size: (H, W) of the input; several sizes lead to the same H', W' where the stride does not divide.
        groups, **steps: of the convolution whose backward pass this is.

    Returns:
        (N, H, W, C).
    """
    filters, gradient = np.asarray(filters, np.float64), np.asarray(output_gradient, np.float64)
    layout = window_layout(size, filters.shape[:2], **steps)
    gradient = gradient_of_shape(gradient, (len(gradient), *layout.output, filters.shape[3]))
    spread = spread_out(gradient, layout.stride)
    for axis, windows in enumerate((layout.rows, layout.columns), start=1):
        # So that the first window ends on the first cell of the input.
        before = windows.window_extent - 1 - windows.padding_before
        after = size[axis - 1] + windows.window_extent - 1 - before - spread.shape[axis]
        spread = _pad_or_crop(spread, axis, before, after)
    flipped = np.split(filters[::-1, ::-1], groups, axis=3)
    exchanged = [np.swapaxes(part, 2, 3) for part in flipped]  # (kh, kw, F / groups, C / groups)
    return convolve_im2col(spread, np.concatenate(exchanged, axis=3), dilation=layout.dilation, groups=groups)


def filter_gradient_as_convolution(
    x: ArrayLike, output_gradient: ArrayLike, window: Pair, *, groups: int = 1, **steps: Unpack[Steps]
) -> Array:
    """The gradient to the filters, as a convolution of the input with the output gradient.

    Args:
        x: images, (N, H, W, C).
        output_gradient: (N, H', W', F).
        window: (kh, kw) of the filters.
        groups, **steps: of the convolution whose backward pass this is.

    Returns:
        (kh, kw, C / groups, F).
    """
    x, gradient = np.asarray(x, np.float64), np.asarray(output_gradient, np.float64)
    layout = window_layout(x.shape[1:3], window, **steps)
    gradient = gradient_of_shape(gradient, (len(x), *layout.output, gradient.shape[-1]))
    images = np.transpose(np.pad(x, ((0, 0), *layout.sides, (0, 0))), (3, 1, 2, 0))  # (C, H + P, W + P, N)
    products = [
        convolve_im2col(part, np.transpose(above, (1, 2, 0, 3)), stride=layout.dilation, dilation=layout.stride)
        for part, above in zip(np.split(images, groups), np.split(gradient, groups, axis=3), strict=True)
    ]
    kh, kw = layout.window  # where cells are lost at the far end, the product reaches further than the filter did
    return np.concatenate([np.transpose(part[:, :kh, :kw], (1, 2, 0, 3)) for part in products], axis=3)


def spread_out(gradient: ArrayLike, stride: Pair) -> Array:
    """Put stride − 1 rows and columns of zeros between those of (N, H', W', F)."""
    gradient = np.asarray(gradient, np.float64)
    down, across = pair("stride", stride)
    count, height, width, channels = gradient.shape
    spread = np.zeros((count, (height - 1) * down + 1, (width - 1) * across + 1, channels))
    spread[:, ::down, ::across] = gradient
    return spread


def _pad_or_crop(x: Array, axis: int, before: int, after: int) -> Array:
    """Zeros added on both sides of an axis; a negative number cuts as many cells off."""
    sides = [(0, 0)] * x.ndim
    sides[axis] = (max(before, 0), max(after, 0))
    padded = np.pad(x, sides)
    return np.take(padded, range(max(-before, 0), padded.shape[axis] - max(-after, 0)), axis=axis)


def gradient_of_shape(output_gradient: ArrayLike, shape: tuple[int, ...]) -> Array:
    """The gradient as float64, if it has the shape of the output; else a UsageError."""
    gradient = np.asarray(output_gradient, np.float64)
    if gradient.shape != shape:
        raise UsageError(f"The output gradient has the shape of the output, {shape}. Received: {gradient.shape}.")
    return gradient
