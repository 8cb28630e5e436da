"""What a unit of a feature map can see: arithmetic of receptive fields along one axis.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Region:
    """What the units along one axis of a feature map see of the input.

    Unit i sees the input's pixels from ``start + i * stride`` to ``end + i * stride``, both included. Pixels below 0
    lie in the padding.

    Args:
        start, end: the first and the last pixel that unit 0 sees.
        stride: pixels from one unit's region to the next one's; None where there is one unit alone.
        whole: every unit sees the whole input, so that nothing can make its region grow.
        known_place: False where padding depends on a size that is not known: sizes hold, places do not.
    """

    start: int
    end: int
    stride: int | None
    whole: bool = False
    known_place: bool = True

    @property
    def size(self) -> int:
        """The receptive field in pixels."""
        return self.end - self.start + 1

    @property
    def centre(self) -> float | None:
        """The centre of unit 0's region; 0 is the centre of the first pixel. None where the place is not known."""
        return (self.start + self.end) / 2 if self.known_place else None

    def through(self, window: int, stride: int, dilation: int, padding: int | None) -> Region:
        """The region seen by units that each read a window of these units.

        Args:
            window: units in the window.
            stride: units from one window to the next.
            dilation: units from one cell of the window to the next.
            padding: units of padding in front; None where it is not known.
        """
        if self.stride is None:  # one unit alone: no window holds a second one
            return self
        step = self.stride
        moved = replace(self, stride=step * stride, known_place=self.known_place and padding is not None)
        if self.whole:
            return moved
        start = self.start - (padding or 0) * step
        return replace(moved, start=start, end=start + (window - 1) * dilation * step + self.size - 1)

    def shifted(self, units: int) -> Region:
        """What the units see when so many are put in front of them (or cut away, where it is negative)."""
        if self.whole or self.stride is None:
            return self
        return replace(self, start=self.start - units * self.stride, end=self.end - units * self.stride)

    def all_of(self, units: int | None) -> Region | None:
        """What one unit sees that combines all units of the axis; None where their number is not known."""
        if self.whole:
            return replace(self, stride=None)
        if units is None:
            return None
        reach = (units - 1) * (self.stride or 0)
        return replace(self, end=self.end + reach, stride=None, whole=True)


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
    union = Region(
        min(region.start for region in regions),
        max(region.end for region in regions),
        strides[0] if strides else None,
        whole=any(region.whole for region in regions),
        known_place=all(region.known_place for region in regions),
    )
    return union, note


def _listed(values: Sequence[float]) -> str:
    words = [f"{value:g}" for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
