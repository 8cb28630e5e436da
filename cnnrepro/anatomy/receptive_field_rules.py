"""For each kind of layer: how the receptive field of its output follows from those of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnrepro.anatomy import layer_costs
from cnnrepro.anatomy.layer_costs import Shape
from cnnrepro.anatomy.receptive_field_1d import Region, merged


@dataclass(frozen=True)
class ReceptiveFields:
    """The receptive fields of a tensor's units.

    Args:
        regions: one a spatial axis of the model's input; None where it is not known.
        note: where paths disagree, or why it is not known.
        layout: "channels_first" or "channels_last", as the layers before had it; None where none has one.
    """

    regions: tuple[Region | None, ...]
    note: str = ""
    layout: str | None = None


def of_input(shape: Shape) -> ReceptiveFields:
    """The pixels of an image (H, W, C), or the values of a vector, which has no places."""
    return ReceptiveFields((Region(0, 0, 1),) * (len(shape) - 1))  # each sees itself


def through(
    layer: Any, kind: str | None, inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape]
) -> ReceptiveFields:
    """The receptive fields of a layer's output.

    Args:
        layer: the layer.
        kind: its kind, see ``layer_costs.kind``; None for a stranger.
        inputs: the receptive fields of its inputs.
        shapes: of its inputs, without the batch axis.
    """
    layout = next((fields.layout for fields in inputs if fields.layout), None)
    if kind in layer_costs.WINDOWS or kind in layer_costs.GLOBAL_POOLS:
        layout = getattr(layer, "data_format", layout)
    fields = _through(layer, kind, inputs, shapes, layout or "channels_last")
    return replace(fields, layout=layout)


def _through(
    layer: Any, kind: str | None, inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape], layout: str
) -> ReceptiveFields:
    if len(inputs) > 1:
        return _merged(layer, kind, inputs, shapes, layout) if kind in layer_costs.MERGES else _unknown(inputs)
    (fields,), (shape,) = inputs, shapes
    fields = ReceptiveFields(fields.regions)  # a note is for the row where the paths meet
    if kind in layer_costs.ELEMENTWISE or kind in layer_costs.MERGES:
        return fields
    if kind == "Dense" and len(shape) > 1:  # it multiplies along the last axis
        return fields if layout == "channels_last" else _unknown(inputs)
    if kind in layer_costs.ALONG_AN_AXIS:
        return fields if _over_channels(layer, shape, layout) else _unknown(inputs)
    if kind in layer_costs.OF_ONE_IMAGE:
        if kind == "LayerNormalization" and _over_channels(layer, shape, layout):
            return fields
        return _whole(fields, shape, layout)
    if kind in layer_costs.WINDOWS and len(shape) == len(fields.regions) + 1:
        return _windowed(layer, kind, fields, shape, layout)
    if kind in ("Dense", "RadialBasis"):
        return fields
    if kind in layer_costs.GLOBAL_POOLS or kind == "Flatten":
        return ReceptiveFields(_together(fields, shape, layout))
    if kind == "Reshape":
        return fields if _one_place(fields) else _unknown(inputs)
    if kind is not None and kind.startswith(("ZeroPadding", "Cropping")):
        return _shifted(layer, kind, fields)
    return _unknown(inputs)


def _unknown(inputs: Sequence[ReceptiveFields]) -> ReceptiveFields:
    return ReceptiveFields((None,) * max(len(fields.regions) for fields in inputs))


def _merged(
    layer: Any, kind: str, inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape], layout: str
) -> ReceptiveFields:
    if len({len(fields.regions) for fields in inputs}) > 1 or not _side_by_side(layer, kind, inputs, shapes, layout):
        return _unknown(inputs)
    pairs = [merged(paths) for paths in zip(*(fields.regions for fields in inputs), strict=True)]
    notes = dict.fromkeys(note for _, note in pairs if note)
    return ReceptiveFields(tuple(region for region, _ in pairs), "; ".join(notes))


def _side_by_side(
    layer: Any, kind: str, inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape], layout: str
) -> bool:
    """Whether a merge puts together the same places of its inputs: not one map behind another, nor one place to all."""
    if len(inputs[0].regions) == 0:
        return True
    if kind == "Concatenate" and _axes(layer, shapes[0]) != [_channel_axis(shapes[0], layout)]:
        return False
    every = [layer_costs.spatial(layout, shape) for shape in shapes if len(shape) == len(inputs[0].regions) + 1]
    for place, lengths in enumerate(zip(*every, strict=True)):
        spread = [fields.regions[place] for fields, length in zip(inputs, lengths, strict=False) if length == 1]
        if set(lengths) - {1} and not all(region is not None and region.whole for region in spread):
            return False
    return True


def _windowed(layer: Any, kind: str, fields: ReceptiveFields, shape: Shape, layout: str) -> ReceptiveFields:
    lengths = layer_costs.spatial(layout, shape)
    windows = layer_costs.WINDOWS[kind](layer)
    regions = (
        region and region.through(window.size, window.stride, window.dilation, window.padding_before(units))
        for region, window, units in zip(fields.regions, windows, lengths, strict=True)
    )
    return ReceptiveFields(tuple(regions))


def _together(fields: ReceptiveFields, shape: Shape, layout: str) -> tuple[Region | None, ...]:
    """One unit that combines all places."""
    if len(shape) != len(fields.regions) + 1:  # flat already
        return fields.regions
    lengths = layer_costs.spatial(layout, shape)
    return tuple(region and region.all_of(units) for region, units in zip(fields.regions, lengths, strict=True))


def _whole(fields: ReceptiveFields, shape: Shape, layout: str) -> ReceptiveFields:
    """Units that stay at their places and are scaled by statistics of all of them."""
    pairs = zip(_together(fields, shape, layout), fields.regions, strict=True)
    return ReceptiveFields(tuple(every and region and replace(every, stride=region.stride) for every, region in pairs))


def _axes(layer: Any, shape: Shape) -> list[int]:
    """The axes that a layer works along, counted with the batch axis; none where it does not say."""
    axis = getattr(layer, "axis", None)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    return [number % (len(shape) + 1) for number in axes if isinstance(number, int)]


def _channel_axis(shape: Shape, layout: str) -> int:
    return 1 if layout == "channels_first" else len(shape)


def _over_channels(layer: Any, shape: Shape, layout: str) -> bool:
    """Whether a layer works along the channels of one place alone."""
    return _axes(layer, shape) == [_channel_axis(shape, layout)]


def _one_place(fields: ReceptiveFields) -> bool:
    return all(region is not None and region.stride is None for region in fields.regions)


def _shifted(layer: Any, kind: str, fields: ReceptiveFields) -> ReceptiveFields:
    amounts = layer.padding if kind.startswith("ZeroPadding") else layer.cropping
    pairs = [amounts] if isinstance(amounts[0], int) else amounts
    sign = 1 if kind.startswith("ZeroPadding") else -1
    return ReceptiveFields(
        tuple(region and region.shifted(sign * front) for region, (front, _) in zip(fields.regions, pairs, strict=True))
    )
