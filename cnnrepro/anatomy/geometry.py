"""How many windows fit: the output size of convolution and pooling along one direction, and receptive fields.

A window of F cells, dilated by D, spans an extent of E = (F − 1)·D + 1 cells. Slid over W cells with P cells of padding
in all and a step of S, it fits (W − E + P)/S + 1 times, if that is a whole number. Where it is not, libraries differ:
Keras, TensorFlow and PyTorch round down and lose cells at the far end; the pooling of Caffe rounds up and lets the last
window hang over the edge. All lengths here are in cells of the input, which are pixels in the first layer.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cnnrepro.errors import UsageError, unknown

PADDINGS = ("same", "valid")
ROUNDINGS = ("exact", "floor", "ceil")


class GeometryWarning(UserWarning):
    """A window and a stride do not divide a size, so that cells at the far end are lost."""


@dataclass(frozen=True)
class Geometry:
    """Where the windows of a layer lie along one direction; all lengths in cells of the input.

    Attributes:
        output: number of windows, which is the size of the output.
        window_extent: cells from the first to the last of a window, (F − 1)·D + 1.
        padding_before: cells of padding in front of the input.
        padding_after: cells of padding behind it.
        cells_lost: cells of the input and its padding at the far end that no window touches.
        cells_beyond: how far the last window hangs over the far end of the padded input ("ceil" only).
        input_cells_lost: those of the lost cells that belong to the input and not to its padding.
        divides: whether (W − E + P)/S is a whole number.
        warning: empty where the last window ends with the last cell, else a sentence: what is lost or hangs over.
    """

    output: int
    window_extent: int
    padding_before: int
    padding_after: int
    cells_lost: int
    cells_beyond: int
    input_cells_lost: int
    divides: bool
    warning: str


@dataclass(frozen=True)
class ReceptiveField:
    """What one cell behind a chain of layers sees of the input, in pixels.

    Attributes:
        size: pixels across.
        stride: pixels between the receptive fields of neighbouring cells (the effective stride).
        sizes: the size after each layer of the chain, in order.
        strides: the effective stride after each layer, in order.
    """

    size: int
    stride: int
    sizes: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()


def geometry(
    size: int,
    window: int,
    stride: int = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int = 1,
    rounding: str = "floor",
) -> Geometry:
    """Where the windows lie along one direction of a convolution or a pooling.

    Args:
        size: cells of the input, W.
        window: cells of the filter or pool, F.
        stride: cells from one window to the next, S.
        padding: cells on each side, or (before, after), or "valid" (none), or "same" as Keras and TensorFlow mean it:
            the output is ceil(W / S), the padding max((output − 1)·S + E − W, 0) in all, its smaller half in front.
        dilation: distance between neighbouring cells of the window, D; 1 is the ordinary window.
        rounding: where (W − E + P)/S is no whole number: "floor" loses cells (Keras, TensorFlow, PyTorch, and the
            convolutions of Caffe), "ceil" adds a last window that hangs over (the pooling of Caffe, `ceil_mode` of
            PyTorch), "exact" is an error. The last window of "ceil" must start inside the input or the padding in front
            of it, as in both libraries (Caffe looks only where there is padding); if it does not, it is dropped.

    Raises:
        UsageError: an argument is no positive whole number, a word is unknown, no window fits, or "exact" does not
            divide.
    """
    size, window = _whole("size", size), _whole("window", window)
    stride, dilation = _whole("stride", stride), _whole("dilation", dilation)
    if rounding not in ROUNDINGS:
        raise unknown("rounding", rounding, ROUNDINGS)
    extent = (window - 1) * dilation + 1
    before, after = _padding(padding, size, extent, stride)
    padded = size + before + after
    whole, remainder = divmod(padded - extent, stride)  # rounds towards −∞
    received = f"size={size}, window={window}, stride={stride}, padding={padding!r}"
    received += f", dilation={dilation}" if dilation > 1 else ""
    if padded < extent and not (rounding == "ceil" and extent - padded < stride):
        raise UsageError(
            f"No window fits: it spans {extent} cells and the padded input has {padded}; make the window or the "
            f"dilation smaller or the padding larger. Received: {received}."
        )
    if rounding == "exact" and remainder:
        raise UsageError(f"{_not_exact(size, stride, extent, before, after)} Received: {received}.")
    output = whole + 1
    if rounding == "ceil":
        output = min(output + bool(remainder), -(-(size + before) // stride))  # the second: starts that are inside
    reached = (output - 1) * stride + extent
    lost, beyond = max(padded - reached, 0), max(reached - padded, 0)
    lost_of_input = min(max(lost - after, 0), size)  # some may be padding in front
    warning = _sentence(extent, stride, padded, lost, beyond, lost_of_input) if lost or beyond else ""
    return Geometry(output, extent, before, after, lost, beyond, lost_of_input, remainder == 0, warning)


def output_size(
    size: int,
    window: int,
    stride: int = 1,
    padding: int | tuple[int, int] | str = 0,
    dilation: int = 1,
    rounding: str = "floor",
    *,
    warn: bool = False,
) -> int:
    """The size of the output of a convolution or a pooling along one direction.

    Args and errors are those of `geometry`; with `warn`, a `GeometryWarning` says where rounding down loses cells.

    Example:
        >>> output_size(227, 11, stride=4)  # the first layer of AlexNet
        55
    """
    windows = geometry(size, window, stride, padding, dilation, rounding)
    if warn and rounding == "floor" and windows.cells_lost:
        warnings.warn(windows.warning, GeometryWarning, stacklevel=2)
    return windows.output


def receptive_field(layers: Sequence[tuple[int, ...]]) -> ReceptiveField:
    """The receptive field behind a chain of convolutions and poolings, in closed form.

    r = 1 + Σ (F_l − 1)·D_l·Π_{i<l} S_i: a layer adds its extent less one, in the stride of what came before it.
    Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019), equation 2.
    Padding changes where a receptive field lies, not its size.

    Args:
        layers: (window, stride) or (window, stride, dilation) of each layer, from the input on.

    Returns:
        Size and effective stride in pixels of the input, at the end and after each layer.

    Raises:
        UsageError: an entry is no such tuple of positive whole numbers.

    Example:
        >>> receptive_field([(3, 1), (3, 1), (3, 1)]).size
        7
    """
    size, stride, sizes, strides = 1, 1, [], []
    for layer in layers:
        if not isinstance(layer, (tuple, list)) or len(layer) not in (2, 3):
            raise UsageError(f"A layer is (window, stride) or (window, stride, dilation). Received: {layer!r}.")
        window, step = _whole("window", layer[0]), _whole("stride", layer[1])
        dilation = _whole("dilation", layer[2]) if len(layer) == 3 else 1
        size += (window - 1) * dilation * stride
        stride *= step
        sizes.append(size)
        strides.append(stride)
    return ReceptiveField(size, stride, tuple(sizes), tuple(strides))


def _whole(name: str, value: object, least: int = 1) -> int:
    """The value as an int, if it is a whole number from `least` on (True and False are not meant as numbers)."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise UsageError(f"The {name} is a whole number of at least {least}. Received: {name}={value!r}.")
    return number


def _padding(padding: int | tuple[int, int] | str, size: int, extent: int, stride: int) -> tuple[int, int]:
    """Cells of padding before and after."""
    if isinstance(padding, str):
        if padding not in PADDINGS:
            raise unknown("padding", padding, PADDINGS)
        if padding == "valid":
            return 0, 0
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        return total // 2, total - total // 2
    sides = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    if len(sides) != 2:
        raise UsageError(f"A padding of two sides is (before, after). Received: padding={padding!r}.")
    return _whole("padding", sides[0], 0), _whole("padding", sides[1], 0)


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def _sentence(extent: int, stride: int, padded: int, lost: int, beyond: int, lost_of_input: int) -> str:
    """What happens at the far end."""
    verb = "divide" if (padded - extent) % stride == 0 else "do not divide"  # the first: dropped in the far padding
    start = f"Windows that span {_cells(extent)}, with stride {stride}, {verb} {_cells(padded)}: "
    if beyond:
        return f"{start}the last window hangs over the far end by {_cells(beyond)}."
    if 0 < lost_of_input < lost:
        kinds = f"{lost_of_input} of the input and {lost - lost_of_input} of the padding"
        return f"{start}the last {_cells(lost)} are lost, {kinds}."
    what = "input" if lost_of_input else "padding"
    last = f"cell, which is {what}, is" if lost == 1 else f"{lost} cells, which are {what}, are"
    return f"{start}the last {last} lost."


def _not_exact(size: int, stride: int, extent: int, before: int, after: int) -> str:
    """The formula with its fraction, and neighbours for which it gives a whole number."""
    span = size + before + after - extent
    remainder = span % stride
    value = Fraction(span, stride) + 1
    sizes = [near for near in (size - remainder, size + stride - remainder) if near >= 1]
    symmetric = [
        near
        for near in sorted(range(before + stride + 1), key=lambda near: (abs(near - before), near))
        if before == after and (size + 2 * near - extent) % stride == 0 and size + 2 * near >= extent
    ]
    other = symmetric[0] if symmetric else (before, after + stride - remainder)
    return (
        f"The output is no whole number: ({size} - {extent} + {before + after})/{stride} + 1 = {value}, with a "
        f"remainder of {_cells(remainder)}; size {' or '.join(map(str, sizes))} divides, and so does padding {other}."
    )
