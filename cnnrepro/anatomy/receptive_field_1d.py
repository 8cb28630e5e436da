"""What a unit of a feature map can see: arithmetic of receptive fields along one axis.

Source, for windows: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019.
For layers that enlarge a map, ``resampled`` and ``transposed`` go by the definition, unit by unit:
Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), chapter 4, where a transposed
convolution runs a convolution's table of connections backwards. Behind such a layer neighbours no longer see regions of
one size, so a region is kept for each unit of a period.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

LONGEST_PERIOD = 4096  # units; beyond it (images brought to odd sizes again and again) a region is not followed


@dataclass(frozen=True)
class Region:
    """What the units along one axis of a feature map see of the input.

    Unit ``q · len(spans) + p`` sees the input's pixels from ``spans[p][0] + q · step`` to ``spans[p][1] + q · step``,
    both included. Pixels below 0 lie in the padding.

    Args:
        spans: the first and the last pixel that each unit of the first period sees; one unit, unless something was
            enlarged.
        step: pixels from one period to the next; None where there is one unit alone.
        whole: every unit combines all units of the axis, so that nothing can make its region grow; pixels that windows
            before it did not reach are missing all the same.
        known_place: False where padding depends on a size that is not known: sizes hold, places do not.
    """

    spans: tuple[tuple[int, int], ...]
    step: int | None
    whole: bool = False
    known_place: bool = True

    @property
    def size(self) -> int:
        """The receptive field in pixels: the largest, where units see regions of several sizes."""
        return max(end - start + 1 for start, end in self.spans)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the regions that there are, in order."""
        return tuple(sorted({end - start + 1 for start, end in self.spans}))

    @property
    def stride(self) -> int | float | None:
        """Pixels from one unit to the next, on average; None where there is one unit alone."""
        if self.step is None:
            return None
        stride = Fraction(self.step, len(self.spans))
        return stride.numerator if stride.denominator == 1 else float(stride)

    @property
    def centre(self) -> float | None:
        """The centre of unit 0's region; 0 is the centre of the first pixel. None where the place is not known."""
        return sum(self.spans[0]) / 2 if self.known_place else None

    def unit(self, number: int) -> tuple[int, int]:
        """The first and the last pixel that a unit sees."""
        if self.step is None or self.whole:
            return self.spans[0]
        periods, place = divmod(number, len(self.spans))
        start, end = self.spans[place]
        return start + periods * self.step, end + periods * self.step

    def _read(self, period: int, step: int, reads: Sequence[Sequence[int]], **more: bool) -> Region | None:
        """The region of units that each read some of these; None where one reads none or the period is too long."""
        if period > LONGEST_PERIOD or not all(reads):
            return None
        if self.whole:
            spans = self.spans[:1] * period
        else:
            seen = [[self.unit(number) for number in numbers] for numbers in reads]
            spans = [(min(start for start, _ in each), max(end for _, end in each)) for each in seen]
        return _shortest(replace(self, spans=tuple(spans), step=step, **more))

    def through(self, window: int, stride: int, dilation: int, padding: int | None) -> Region | None:
        """The region seen by units that each read a window of these units.

        Args:
            window: units in the window.
            stride: units from one window to the next.
            dilation: units from one cell of the window to the next.
            padding: units of padding in front; None where it is not known.

        Returns:
            None where the size depends on that padding, as it may where units see regions of several sizes.
        """
        if self.step is None:  # one unit alone: no window holds a second one
            return self
        if padding is None and len(self.spans) > 1:
            return None
        period = len(self.spans) // math.gcd(len(self.spans), stride)
        step = self.step * period * stride // len(self.spans)
        cells = [cell * dilation - (padding or 0) for cell in _ends(window, len(self.spans))]
        reads = [[unit * stride + cell for cell in cells] for unit in range(period)]
        return self._read(period, step, reads, known_place=self.known_place and padding is not None)

    def resampled(self, before: int, behind: int, reach: int | Fraction = 0) -> Region | None:
        """What units see when so many of these are brought to another number of units, evenly, by interpolation.

        Args:
            before, behind: units before and behind; 1 and 2 where each is repeated.
            reach: a unit reads those nearer than this to its place, in units before; 0 for the nearest one alone.

        Returns:
            None where the pattern repeats after more than ``LONGEST_PERIOD`` units.
        """
        if self.step is None:
            return self
        share = Fraction(before, behind)
        period = math.lcm(len(self.spans), share.numerator) * share.denominator // share.numerator
        step = self.step * (period * share.numerator // share.denominator) // len(self.spans)
        if period > LONGEST_PERIOD:
            return None
        reads = []
        for unit in range(period):
            place = (unit + Fraction(1, 2)) * share  # from the edge
            nearest = math.floor(place)
            centred = place - Fraction(1, 2)
            reads.append([math.floor(centred - reach) + 1, math.ceil(centred + reach) - 1] if reach else [nearest])
        return self._read(period, step, reads)

    def transposed(self, window: int, stride: int, dilation: int, cut: int | None) -> Region | None:
        """The region seen by the outputs of a transposed convolution of these units.

        Unit i adds its window to the outputs ``i · stride + cell · dilation - cut``.

        Args:
            window, stride, dilation: of the convolution that is transposed, in units of the output.
            cut: outputs that are cut away in front; None where that is not known.

        Returns:
            None where an output sees nothing (a window shorter than its stride), the place is not known, or the pattern
            repeats after more than ``LONGEST_PERIOD`` units.
        """
        if self.step is None:  # one unit alone: all outputs see what it sees
            return self
        if cut is None:
            return None
        period = len(self.spans) * stride
        if period > LONGEST_PERIOD:
            return None
        reads = []
        for output in range(period):
            over = [output + cut - cell * dilation for cell in _ends(window, period)]
            reads.append([place // stride for place in over if place % stride == 0])
        return self._read(period, self.step, reads)

    def shifted(self, units: int) -> Region:
        """What the units see when so many are put in front of them (or cut away, where it is negative)."""
        if self.whole or self.step is None:
            return self
        spans = tuple(self.unit(number - units) for number in range(len(self.spans)))
        return replace(self, spans=spans)

    def all_of(self, units: int | None) -> Region | None:
        """What one unit sees that combines all units of the axis; None where their number is not known."""
        if self.whole:
            return replace(self, spans=self.spans[:1], step=None)
        if self.step is None:
            return replace(self, whole=True)
        if units is None:
            return None
        seen = [self.unit(number) for number in _ends(units, len(self.spans))]
        span = min(start for start, _ in seen), max(end for _, end in seen)
        return replace(self, spans=(span,), step=None, whole=True)


def _ends(count: int, period: int) -> list[int]:
    """The first and the last ``period`` of so many places.

    Places that many apart see the same, further on; so those at the ends reach furthest, however many lie between.
    """
    near = min(count, period)
    return [*range(near), *range(count - near, count)]


def _shortest(region: Region) -> Region:
    """The same region with the shortest period."""
    if region.step is None or region.whole:
        return region
    length = len(region.spans)
    for period in range(1, length):
        if length % period == 0 and region.step * period % length == 0:
            shorter = replace(region, spans=region.spans[:period], step=region.step * period // length)
            if all(shorter.unit(number) == span for number, span in enumerate(region.spans)):
                return shorter
    return region


def merged(regions: Sequence[Region | None]) -> tuple[Region | None, str]:
    """The region seen by units that each combine one unit of every path, and a note where the paths disagree.

    Args:
        regions: one a path; None where a path's is not known.

    Returns:
        The smallest region that holds all of them, None where that cannot be said; and a sentence, or "".
    """
    if None in regions or not regions:
        return None, "a path's receptive field is unknown"
    strides = sorted({region.stride for region in regions if region.stride is not None})
    if len(strides) > 1:
        return None, f"paths come with strides {_listed(strides)}"
    note = ""
    sizes = sorted({region.size for region in regions})
    centres = {region.centre for region in regions if not region.whole}
    if len(sizes) > 1:
        note = f"paths see {_listed(sizes)} pixels"
    if len(centres) > 1 and None not in centres:
        note = f"{note}, " if note else ""
        note += f"paths are centred at {_listed(sorted(centres))}"
    moving = [region for region in regions if region.step is not None]
    period = math.lcm(*(len(region.spans) for region in moving)) if moving else 1
    if period > LONGEST_PERIOD:
        return None, "its units see regions of too many sizes"
    seen = [[region.unit(number) for region in regions] for number in range(period)]
    union = Region(
        tuple((min(start for start, _ in each), max(end for _, end in each)) for each in seen),
        moving[0].step * period // len(moving[0].spans) if moving else None,
        whole=any(region.whole for region in regions),
        known_place=all(region.known_place for region in regions),
    )
    return _shortest(union), note


def _listed(values: Sequence[float]) -> str:
    words = [f"{value:g}" for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
