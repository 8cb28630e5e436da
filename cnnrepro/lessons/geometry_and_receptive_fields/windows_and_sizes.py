"""Windows on a line of cells, and sizes down a network.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cnnrepro import models
from cnnrepro.anatomy.geometry import Geometry, geometry
from cnnrepro.anatomy.graph import take_apart
from cnnrepro.anatomy.layer_costs import WINDOWS, kind
from cnnrepro.errors import UsageError


@dataclass(frozen=True)
class CellLine:
    """A line of cells with the windows of a layer on it."""

    title: str
    size: int  # cells of the input
    stride: int  # cells from one window to the next
    geometry: Geometry  # where the windows lie

    @property
    def value(self) -> Fraction:
        """(W − E + P)/S + 1, not rounded."""
        padded = self.size + self.geometry.padding_before + self.geometry.padding_after
        return Fraction(padded - self.geometry.window_extent, self.stride) + 1


def line(title: str, size: int, window: int, stride: int, padding: int | str = 0, rounding: str = "floor") -> CellLine:
    """One line; arguments and errors as for ``anatomy.geometry.geometry``."""
    return CellLine(title, size, stride, geometry(size, window, stride, padding, rounding=rounding))


def lines(sizes: Sequence[int], window: int, stride: int) -> list[CellLine]:
    """For each size a line a rule: rounded down, rounded up where that differs, and padded as Keras's "same" does."""
    drawn = []
    for size in sizes:
        divides = geometry(size, window, stride).divides
        drawn.append(line(f"{size} cells, {'no padding' if divides else 'rounded down'}", size, window, stride))
        if not divides:
            drawn.append(line(f"{size} cells, rounded up", size, window, stride, rounding="ceil"))
        drawn.append(line(f"{size} cells, padding “same”", size, window, stride, "same"))
    return drawn


def alexnet_lines() -> list[CellLine]:
    """AlexNet's first layer, 11x11 with stride 4, in the ways that are in print."""
    return [
        line("227, no padding", 227, 11, 4),
        line("224, no padding", 224, 11, 4),
        line("224, padding 2", 224, 11, 4, 2),
        line("224, padding “same”", 224, 11, 4, "same"),
    ]


def line_rows(lines: Sequence[CellLine]) -> list[tuple]:
    """Rows of a table: title, padding, the formula's value, the output, cells lost (of them input), cells beyond."""
    return [
        (
            line.title,
            f"{line.geometry.padding_before} + {line.geometry.padding_after}",
            _spell(line.value),
            line.geometry.output,
            line.geometry.cells_lost,
            line.geometry.input_cells_lost,
            line.geometry.cells_beyond,
        )
        for line in lines
    ]


def same_rows(sizes: Sequence[int], window: int, strides: Sequence[int]) -> list[tuple]:
    """For padding "same": size, stride, padding in front and behind, output, W/S not rounded."""
    rows = []
    for size in sizes:
        for stride in strides:
            same = geometry(size, window, stride, "same")
            share = _spell(Fraction(size, stride))
            rows.append((size, stride, same.padding_before, same.padding_after, same.output, share))
    return rows


def _spell(value: Fraction) -> str:
    """A fraction in decimals, to four figures: 55, 54.25, 4.333."""
    return f"{value.numerator}" if value.denominator == 1 else f"{float(value):.4g}"


@dataclass(frozen=True)
class Step:
    """A layer that moves a window over a map: its name, window, stride, padding and dilation along one axis."""

    name: str
    window: int
    stride: int
    padding: str | int | tuple[int, int]
    dilation: int = 1

    @property
    def words(self) -> str:
        """Its name, and below that what it does."""
        how = f"{self.window}×{self.window}, stride {self.stride}" if self.window > 1 else "padding"
        return f"{self.name}\n{how}"


def chain(name: str) -> tuple[Step, ...]:
    """The windows of a network without branches (else UsageError), in order; padding layers are windows of one cell."""
    steps = []
    for call in take_apart(models.outline(name)).calls:
        if len(call.inputs) > 1:
            raise UsageError(f"Sizes are followed along one chain of layers; {name!r} has branches at {call.name!r}.")
        layer = call.operation
        if kind(layer) in WINDOWS:
            window = WINDOWS[kind(layer)](layer)[0]
            steps.append(Step(call.name, window.size, window.stride, window.padding, window.dilation))
        elif kind(layer) == "ZeroPadding2D":
            steps.append(Step(call.name, 1, 1, tuple(layer.padding[0])))
    return tuple(steps)


@dataclass(frozen=True)
class SizeBehind:
    """The size behind a layer, None where no window fits any more; and the cells at the far end that it never reads."""

    size: int | None
    lost: int = 0


@dataclass(frozen=True)
class Descent:
    """Sizes down a network: the layers that change a size, and for each input size what is behind each of them."""

    title: str
    layers: tuple[str, ...]
    sizes: dict[int, tuple[SizeBehind, ...]]


def descend(name: str, sizes: Sequence[int]) -> Descent:
    """What becomes of input sizes down a network without branches."""
    steps = chain(name)
    ways = {size: _walk(size, steps) for size in sizes}
    changing = [
        place
        for place in range(len(steps))
        if any(way[place].size != (way[place - 1].size if place else size) for size, way in ways.items())
    ]
    labels = tuple(steps[place].words for place in changing)
    behind = {size: tuple(way[place] for place in changing) for size, way in ways.items()}
    return Descent(models.entry(name).title, labels, behind)


def _walk(size: int | None, steps: Sequence[Step]) -> list[SizeBehind]:
    """The sizes behind all steps."""
    way = [SizeBehind(size)]
    for step in steps:
        try:
            before = way[-1].size
            windows = before and geometry(before, step.window, step.stride, step.padding, step.dilation)
        except UsageError:  # no window fits
            windows = None
        way.append(SizeBehind(windows.output, windows.input_cells_lost) if windows else SizeBehind(None))
    return way[1:]
