"""What the notebook on sizes and receptive fields computes: windows on a line, sizes down a network, frames.

Sources: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016); Araujo, Norris and Sim,
"Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.geometry import Geometry, geometry
from cnnrepro.anatomy.graph import take_apart
from cnnrepro.anatomy.rules import WINDOWS, kind
from cnnrepro.data.sample_photographs import photograph
from cnnrepro.errors import UsageError


@dataclass(frozen=True)
class Line:
    """A line of cells with the windows of a layer on it.

    Args:
        title: what it shows.
        size: cells of the input.
        stride: cells from one window to the next.
        geometry: where the windows lie.
    """

    title: str
    size: int
    stride: int
    geometry: Geometry

    @property
    def value(self) -> Fraction:
        """(W − E + P)/S + 1, not rounded."""
        found = self.geometry
        padded = self.size + found.padding_before + found.padding_after
        return Fraction(padded - found.window_extent, self.stride) + 1


def line(size: int, window: int, stride: int, padding: int | str = 0, rounding: str = "floor", title: str = "") -> Line:
    """One line; arguments and errors as for ``anatomy.geometry.geometry``."""
    return Line(title or f"{size} cells", size, stride, geometry(size, window, stride, padding, rounding=rounding))


def lines(sizes: Sequence[int], window: int, stride: int) -> list[Line]:
    """For each size a line a rule: rounded down, rounded up where that differs, and padded as Keras's "same" does."""
    found = []
    for size in sizes:
        down = line(size, window, stride, title=f"{size} cells, no padding")
        if not down.geometry.divides:
            found.append(line(size, window, stride, title=f"{size} cells, rounded down"))
            found.append(line(size, window, stride, rounding="ceil", title=f"{size} cells, rounded up"))
        else:
            found.append(down)
        found.append(line(size, window, stride, "same", title=f"{size} cells, padding “same”"))
    return found


def spell_value(value: Fraction) -> str:
    """A fraction in decimals, to four figures: 55, 54.25, 4.333."""
    return f"{value.numerator}" if value.denominator == 1 else f"{float(value):.4g}"


def line_rows(shown: Sequence[Line]) -> list[tuple]:
    """Rows of a table: title, padding, the formula's value, the output, cells lost (of them input), cells beyond."""
    return [
        (
            one.title,
            f"{one.geometry.padding_before} + {one.geometry.padding_after}",
            spell_value(one.value),
            one.geometry.output,
            one.geometry.cells_lost,
            one.geometry.input_cells_lost,
            one.geometry.cells_beyond,
        )
        for one in shown
    ]


def alexnet_lines() -> list[Line]:
    """AlexNet's first layer, 11x11 with stride 4, in the ways that are in print."""
    return [
        line(227, 11, 4, title="227, no padding"),
        line(224, 11, 4, title="224, no padding"),
        line(224, 11, 4, 2, title="224, padding 2"),
        line(224, 11, 4, "same", title="224, padding “same”"),
    ]


def same_rows(sizes: Sequence[int], window: int, strides: Sequence[int]) -> list[tuple]:
    """For padding "same": size, stride, padding in front and behind, output, W/S not rounded."""
    rows = []
    for size in sizes:
        for stride in strides:
            found = geometry(size, window, stride, "same")
            share = spell_value(Fraction(size, stride))
            rows.append((size, stride, found.padding_before, found.padding_after, found.output, share))
    return rows


def halvings(size: int) -> int:
    """How many times a size can be halved without a remainder."""
    return (size & -size).bit_length() - 1


@dataclass(frozen=True)
class Step:
    """A layer that moves a window over a map: its name, window, stride, padding and dilation along one axis."""

    name: str
    window: int
    stride: int
    padding: str | int | tuple[int, int]
    dilation: int = 1


def chain(name: str) -> tuple[Step, ...]:
    """The windows of a network without branches, in order; padding layers are windows of one cell.

    Raises:
        UsageError: no such model, or one with branches.
    """
    steps = []
    for call in take_apart(models.outline(name)).calls:
        if len(call.inputs) > 1:
            raise UsageError(
                f"Sizes are followed along one chain of layers, and {name!r} has branches at {call.name!r}."
            )
        layer = call.operation
        if kind(layer) in WINDOWS:
            window = WINDOWS[kind(layer)](layer)[0]
            steps.append(Step(call.name, window.size, window.stride, window.padding, window.dilation))
        elif kind(layer) == "ZeroPadding2D":
            steps.append(Step(call.name, 1, 1, tuple(layer.padding[0])))
    return tuple(steps)


@dataclass(frozen=True)
class Stop:
    """The size behind a layer, None where no window fits any more; and the cells at the far end that it never reads."""

    size: int | None
    lost: int = 0


@dataclass(frozen=True)
class Descent:
    """Sizes down a network: the layers that change a size, and for each input size its stops behind them."""

    title: str
    layers: tuple[str, ...]
    stops: dict[int, tuple[Stop, ...]]


def descend(name: str, sizes: Sequence[int]) -> Descent:
    """What becomes of input sizes down a network without branches."""
    steps = chain(name)
    ways = {size: _walk(size, steps) for size in sizes}
    before = {size: (Stop(size), *way[:-1]) for size, way in ways.items()}
    changing = [
        place for place in range(len(steps)) if any(ways[s][place].size != before[s][place].size for s in sizes)
    ]
    labels = tuple(f"{steps[place].name}\n{_spell_step(steps[place])}" for place in changing)
    return Descent(models.entry(name).title, labels, {s: tuple(ways[s][place] for place in changing) for s in sizes})


def _spell_step(step: Step) -> str:
    return f"{step.window}×{step.window}, stride {step.stride}" if step.window > 1 else "padding"


def _walk(size: int | None, steps: Sequence[Step]) -> tuple[Stop, ...]:
    stops = []
    for step in steps:
        try:
            found = None if size is None else geometry(size, step.window, step.stride, step.padding, step.dilation)
        except UsageError:  # no window fits
            found = None
        size = found.output if found else None
        stops.append(Stop(size, found.input_cells_lost if found else 0))
    return tuple(stops)


@dataclass(frozen=True)
class Frame:
    """What one unit sees along each axis: the first and the last pixel, both included; below 0 it is padding."""

    label: str
    first: float
    last: float

    @property
    def size(self) -> int:
        """Pixels across."""
        return int(self.last - self.first + 1)


def frames(name: str, layers: Mapping[str, str]) -> list[Frame]:
    """The receptive field of the central unit behind some layers of a network at its default input size.

    Args:
        name: of the model.
        layers: layer -> what to call it.
    """
    rows = anatomy.trace(models.outline(name))
    return [_frame(rows[layer], label) for layer, label in layers.items()]


def _frame(row: anatomy.Row, label: str) -> Frame:
    centre = row.offset + (row.output_shape[0] // 2) * row.stride
    reach = (row.receptive_field - 1) / 2
    return Frame(label, centre - reach, centre + reach)


def crop(name: str, size: int) -> np.ndarray:
    """The central pixels of a photograph, (size, size, 3), uint8."""
    image = photograph(name)
    top, left = ((length - size) // 2 for length in image.shape[:2])
    if min(top, left) < 0:
        raise UsageError(f"The photograph has {image.shape[0]}x{image.shape[1]} pixels. Received: size={size}")
    return image[top : top + size, left : left + size]
