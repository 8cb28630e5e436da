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
        layout: "channels_first" or "channels_last", as the layers before had it; None where none has one.
    """

    regions: tuple[Region | None, ...]
    note: str = ""
    layout: str | None = None


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
    layout = next((sight.layout for sight in seen if sight.layout), None)
    if kind in rules.WINDOWS or kind in rules.GLOBAL_POOLS:
        layout = getattr(layer, "data_format", layout)
    found = _through(layer, kind, seen, shapes, layout or "channels_last")
    return replace(found, layout=layout)


def _through(layer: Any, kind: str | None, seen: Sequence[Sight], shapes: Sequence[Shape], layout: str) -> Sight:
    if len(seen) > 1:
        return _merged(layer, kind, seen, shapes, layout) if kind in rules.MERGES else _unknown(seen)
    (sight,), (shape,) = seen, shapes
    sight = Sight(sight.regions)  # a note is for the row where the paths meet
    if kind in rules.ELEMENTWISE or kind in rules.MERGES:
        return sight
    if kind == "Dense" and len(shape) > 1:  # it multiplies along the last axis
        return sight if layout == "channels_last" else _unknown(seen)
    if kind in rules.ALONG_AN_AXIS:
        return sight if _over_channels(layer, shape, layout) else _unknown(seen)
    if kind in rules.OF_ONE_IMAGE:
        if kind == "LayerNormalization" and _over_channels(layer, shape, layout):
            return sight
        return _whole(sight, shape, layout)
    if kind in rules.WINDOWS and len(shape) == len(sight.regions) + 1:
        return _windowed(layer, kind, sight, shape, layout)
    if kind in ("Dense", "RadialBasis"):
        return sight
    if kind in rules.GLOBAL_POOLS or kind == "Flatten":
        return Sight(_together(sight, shape, layout))
    if kind == "Reshape":
        return sight if _one_place(sight) else _unknown(seen)
    if kind is not None and kind.startswith(("ZeroPadding", "Cropping")):
        return _shifted(layer, kind, sight)
    return _unknown(seen)


def _unknown(seen: Sequence[Sight]) -> Sight:
    return Sight((None,) * max(len(sight.regions) for sight in seen))


def _merged(layer: Any, kind: str, seen: Sequence[Sight], shapes: Sequence[Shape], layout: str) -> Sight:
    if len({len(sight.regions) for sight in seen}) > 1 or not _side_by_side(layer, kind, seen, shapes, layout):
        return _unknown(seen)
    pairs = [merged(paths) for paths in zip(*(sight.regions for sight in seen), strict=True)]
    notes = dict.fromkeys(note for _, note in pairs if note)
    return Sight(tuple(region for region, _ in pairs), "; ".join(notes))


def _side_by_side(layer: Any, kind: str, seen: Sequence[Sight], shapes: Sequence[Shape], layout: str) -> bool:
    """Whether a merge puts together the same places of its inputs: not one map behind another, nor one place to all."""
    if len(seen[0].regions) == 0:
        return True
    if kind == "Concatenate" and _axes(layer, shapes[0]) != [_channel_axis(shapes[0], layout)]:
        return False
    every = [rules.spatial(layout, shape) for shape in shapes if len(shape) == len(seen[0].regions) + 1]
    for place, lengths in enumerate(zip(*every, strict=True)):
        spread = [sight.regions[place] for sight, length in zip(seen, lengths, strict=False) if length == 1]
        if set(lengths) - {1} and not all(region is not None and region.whole for region in spread):
            return False
    return True


def _windowed(layer: Any, kind: str, sight: Sight, shape: Shape, layout: str) -> Sight:
    lengths = rules.spatial(layout, shape)
    windows = rules.WINDOWS[kind](layer)
    return Sight(
        tuple(
            region and region.through(window.size, window.stride, window.dilation, window.padding_before(units))
            for region, window, units in zip(sight.regions, windows, lengths, strict=True)
        )
    )


def _together(sight: Sight, shape: Shape, layout: str) -> tuple[Region | None, ...]:
    """One unit that combines all places."""
    if len(shape) != len(sight.regions) + 1:  # flat already
        return sight.regions
    lengths = rules.spatial(layout, shape)
    return tuple(region and region.all_of(units) for region, units in zip(sight.regions, lengths, strict=True))


def _whole(sight: Sight, shape: Shape, layout: str) -> Sight:
    """Units that stay at their places and are scaled by statistics of all of them."""
    together = _together(sight, shape, layout)
    return Sight(
        tuple(
            every and region and replace(every, stride=region.stride)
            for every, region in zip(together, sight.regions, strict=True)
        )
    )


def _axes(layer: Any, shape: Shape) -> list[int]:
    """The axes that a layer works along, counted with the batch axis; none where it does not say."""
    axis = getattr(layer, "axis", None)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    return [one % (len(shape) + 1) for one in axes if isinstance(one, int)]


def _channel_axis(shape: Shape, layout: str) -> int:
    return 1 if layout == "channels_first" else len(shape)


def _over_channels(layer: Any, shape: Shape, layout: str) -> bool:
    """Whether a layer works along the channels of one place alone."""
    return _axes(layer, shape) == [_channel_axis(shape, layout)]


def _one_place(sight: Sight) -> bool:
    return all(region is not None and region.stride is None for region in sight.regions)


def _shifted(layer: Any, kind: str, sight: Sight) -> Sight:
    amounts = layer.padding if kind.startswith("ZeroPadding") else layer.cropping
    pairs = [amounts] if isinstance(amounts[0], int) else amounts
    sign = 1 if kind.startswith("ZeroPadding") else -1
    return Sight(
        tuple(region and region.shifted(sign * front) for region, (front, _) in zip(sight.regions, pairs, strict=True))
    )
