"""What the output of each kind of layer sees of the model's input, given what the layer's inputs see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnrepro.anatomy import rules
from cnnrepro.anatomy.region import Region, input_region, merged
from cnnrepro.anatomy.rules import Shape


@dataclass(frozen=True)
class Sight:
    """What a tensor's units see.

    Args:
        regions: one a spatial axis of the model's input; None where it is not known.
        note: where paths disagree, or why it is not known.
    """

    regions: tuple[Region | None, ...]
    note: str = ""


def of_input(shape: Shape) -> Sight:
    """The pixels of an image (H, W, C), or the values of a vector, which has no places."""
    return Sight(tuple(input_region() for _ in shape[:-1]))


def through(layer: Any, kind: str | None, seen: Sequence[Sight], shapes: Sequence[Shape], made: Shape) -> Sight:
    """What the output of a layer sees.

    Args:
        layer: the layer.
        kind: its kind, see ``rules.kind``; None for a stranger.
        seen: what each of its inputs sees.
        shapes: of its inputs, without the batch axis.
        made: the shape of its output, without the batch axis.
    """
    if len(seen) > 1:
        return _merged(seen) if kind in rules.MERGES else _unknown(seen)
    (sight,), (shape,) = seen, shapes
    sight = Sight(sight.regions)  # a note is for the row where the paths meet
    if kind in rules.ELEMENTWISE or kind in rules.MERGES or (kind == "Dense" and len(shape) > 1):
        return sight
    if kind in rules.OF_ONE_IMAGE:
        return sight if kind == "LayerNormalization" and _over_channels(layer, shape) else _whole(layer, sight, shape)
    if kind in rules.WINDOWS and len(shape) == len(sight.regions) + 1:
        return _windowed(layer, kind, sight, shape)
    if kind in ("Dense", "RadialBasis"):
        return sight
    if kind in rules.GLOBAL_POOLS or kind == "Flatten":
        return Sight(_together(layer, sight, shape))
    if kind == "Reshape":
        return sight if _one_place(sight) else _unknown(seen)
    if kind is not None and kind.startswith(("ZeroPadding", "Cropping")):
        return _shifted(layer, kind, sight)
    return _unknown(seen)


def _unknown(seen: Sequence[Sight]) -> Sight:
    return Sight((None,) * max(len(sight.regions) for sight in seen))


def _merged(seen: Sequence[Sight]) -> Sight:
    if len({len(sight.regions) for sight in seen}) > 1:
        return _unknown(seen)
    pairs = [merged(paths) for paths in zip(*(sight.regions for sight in seen), strict=True)]
    notes = dict.fromkeys(note for _, note in pairs if note)
    return Sight(tuple(region for region, _ in pairs), "; ".join(notes))


def _windowed(layer: Any, kind: str, sight: Sight, shape: Shape) -> Sight:
    lengths = rules.spatial(layer, shape)
    windows = rules.WINDOWS[kind](layer)
    return Sight(
        tuple(
            region and region.through(window.size, window.stride, window.dilation, window.padding_before(units))
            for region, window, units in zip(sight.regions, windows, lengths, strict=True)
        )
    )


def _together(layer: Any, sight: Sight, shape: Shape) -> tuple[Region | None, ...]:
    """One unit that combines all places."""
    if len(shape) != len(sight.regions) + 1:  # flat already
        return sight.regions
    lengths = rules.spatial(layer, shape)
    return tuple(region and region.all_of(units) for region, units in zip(sight.regions, lengths, strict=True))


def _whole(layer: Any, sight: Sight, shape: Shape) -> Sight:
    """Units that stay at their places and are scaled by statistics of all of them."""
    together = _together(layer, sight, shape)
    return Sight(
        tuple(
            every and region and replace(every, stride=region.stride)
            for every, region in zip(together, sight.regions, strict=True)
        )
    )


def _over_channels(layer: Any, shape: Shape) -> bool:
    """Whether a layer normalisation takes its statistics from the channels of one place."""
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    return [axis % (len(shape) + 1) for axis in axes] == [len(shape)]


def _one_place(sight: Sight) -> bool:
    return all(region is not None and region.stride is None for region in sight.regions)


def _shifted(layer: Any, kind: str, sight: Sight) -> Sight:
    amounts = layer.padding if kind.startswith("ZeroPadding") else layer.cropping
    pairs = [amounts] if isinstance(amounts[0], int) else amounts
    sign = 1 if kind.startswith("ZeroPadding") else -1
    return Sight(
        tuple(region and region.shifted(sign * front) for region, (front, _) in zip(sight.regions, pairs, strict=True))
    )
