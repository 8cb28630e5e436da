"""Convolution on numbers small enough to follow by eye, forward and backward: what the figures of windows show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.convolution import Array, filter_rows
from cnnrepro.anatomy.convolution_backward import spread_out
from cnnrepro.lessons.photographs import filtered

# Small whole numbers without a pattern, and a filter that is another when it is turned round.
IMAGE = np.array([[1, 2, 0, 1, 3], [0, 1, 2, 3, 1], [2, 1, 0, 0, 2], [1, 0, 3, 1, 0], [0, 2, 1, 1, 2]])
KERNEL = np.array([[1, 0, -1], [0, 2, 0], [-1, 1, 1]])
ARRIVING = np.array([[1.0, 2], [-1, 3]])  # the gradient of a 2x2 output


@dataclass(frozen=True)
class Sliding:
    """A filter that slides over a small map; stride, padding and dilation in cells."""

    label: str  # what is special about it
    padded: Array  # the map with its padding, (H + 2P, W + 2P)
    kernel: Array  # (kh, kw)
    output: Array  # (H', W')
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def cells(self, row: int, column: int) -> tuple[Array, Array]:
        """Rows and columns of the padded map under each tap of the filter, for one cell of the output: (kh, kw)."""
        a, b = np.indices(self.kernel.shape) * self.dilation
        return a + row * self.stride, b + column * self.stride

    def window(self, row: int, column: int) -> Array:
        """The numbers under the filter."""
        return self.padded[self.cells(row, column)]


def sliding(label: str, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Sliding:
    """The small filter over the small map."""
    output = filtered(IMAGE, KERNEL, stride=stride, padding=padding, dilation=dilation)
    return Sliding(label, np.pad(IMAGE, padding).astype(float), KERNEL, output, stride, padding, dilation)


def variants() -> list[Sliding]:
    """Stride, padding and dilation, on the same numbers."""
    return [
        sliding("stride 1"),
        sliding("stride 2", stride=2),
        sliding("padding 1", padding=1),
        sliding("padding 1, dilation 2", padding=1, dilation=2),
    ]


@dataclass(frozen=True)
class Volume:
    """Two filters over an input with depth, as in the demonstration of the notes."""

    padded: Array  # (7, 7, 3), of a 5x5x3 input
    filters: Array  # (3, 3, 3, 2)
    bias: Array  # (2,)
    output: Array  # (3, 3, 2)
    stride: int = 2
    padding: int = 1


def volume(seed: int = 6) -> Volume:
    """Two 3x3x3 filters with weights −1, 0 and 1 over a 5x5x3 input of 0, 1 and 2; padding 1, stride 2."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 3, (5, 5, 3)).astype(float)
    filters = random.integers(-1, 2, (3, 3, 3, 2)).astype(float)
    bias = np.array([1.0, 0.0])
    output = anatomy.convolve_loops(image[None], filters, bias, stride=2, padding=1)[0]
    return Volume(np.pad(image, ((1, 1), (1, 1), (0, 0))), filters, bias, output)


@dataclass(frozen=True)
class Impulse:
    """One bright cell, a filter, and what correlation and convolution make of them."""

    image: Array
    kernel: Array
    correlated: Array
    convolved: Array


def impulse() -> Impulse:
    """A 1 in the middle of a 5x5 map: the layer answers with the filter turned round, the convolution does not."""
    image, kernel = np.zeros((5, 5)), np.arange(1.0, 10).reshape(3, 3)
    image[2, 2] = 1
    return Impulse(image, kernel, filtered(image, kernel), filtered(image, kernel[::-1, ::-1]))


@dataclass(frozen=True)
class Columns:
    """im2col on a small map: (4, 4), filters as rows (2, 9), columns (9, 4), their product (2, 4), and it reshaped."""

    image: Array
    rows: Array
    columns: Array
    product: Array
    maps: Array


def columns() -> Columns:
    """Two 3x3 filters over a 4x4 map whose cells are numbered, so that each copy is recognised."""
    image = np.arange(1.0, 17).reshape(4, 4)
    filters = np.stack([KERNEL, np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])], axis=-1)[:, :, None]  # (3, 3, 1, 2)
    (rows,) = filter_rows(filters)
    copied = anatomy.im2col(image[:, :, None], 3)
    product = rows @ copied
    return Columns(image, rows, copied, product, product.reshape(2, 2, 2))


@dataclass(frozen=True)
class Backward:
    """The gradient to a small input as a convolution: the output's gradient, spread out and padded, and the rest."""

    stride: int
    arriving: Array
    padded: Array
    flipped: Array
    to_input: Array


def backward(size: int, stride: int) -> Backward:
    """A 2x2 gradient on its way back through the small filter to a size x size input."""
    arriving = ARRIVING[None, :, :, None]
    to_input = anatomy.input_gradient_as_convolution(KERNEL[:, :, None, None], arriving, (size, size), stride=stride)
    padded = np.pad(spread_out(arriving, stride)[0, :, :, 0], len(KERNEL) - 1)
    return Backward(stride, ARRIVING, padded, KERNEL[::-1, ::-1], to_input[0, :, :, 0])


@dataclass(frozen=True)
class Added:
    """What each of four neurons has for the shared weights: its part of the gradient times its window; and the sum."""

    image: Array
    arriving: Array
    parts: Array
    total: Array


def added() -> Added:
    """The same 2x2 gradient on its way to the filter, through the first 4x4 cells of the small map."""
    image = IMAGE[:4, :4].astype(float)
    patches = anatomy.im2col(image[:, :, None], 3)  # (9, 4)
    parts = (patches * ARRIVING.ravel()).T.reshape(4, 3, 3)
    return Added(image, ARRIVING, parts, parts.sum(axis=0))
