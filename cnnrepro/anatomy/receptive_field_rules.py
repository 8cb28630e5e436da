"""For each kind of layer: how the receptive field of its output follows from those of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
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
        untouched: each value is one of the input's still, so that a reshape may make a picture of it.
    """

    regions: tuple[Region | None, ...]
    note: str = ""
    layout: str | None = None
    untouched: bool = False


def of_input(shape: Shape) -> ReceptiveFields:
    """The pixels of an image (H, W, C), or the values of a vector, which has no places."""
    return ReceptiveFields((Region(((0, 0),), 1),) * (len(shape) - 1), untouched=True)  # each sees itself


def through(
    layer: Any, kind: str | None, inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape], output: Shape
) -> ReceptiveFields:
    """The receptive fields of a layer's output.

    Args:
        layer: the layer.
        kind: its kind, see ``layer_costs.kind``; None for a stranger.
        inputs: the receptive fields of its inputs.
        shapes: of its inputs, without the batch axis.
        output: the shape of its output, without the batch axis.
    """
    layout = next((fields.layout for fields in inputs if fields.layout), None)
    if kind in layer_costs.WINDOWS or kind in layer_costs.GLOBAL_POOLS or kind in layer_costs.TRANSPOSED:
        layout = getattr(layer, "data_format", layout)
    fields = _through(layer, kind, inputs, shapes, output, layout or "channels_last")
    if not fields.note:
        sizes = sorted({region.sizes for region in fields.regions if region is not None and len(region.sizes) > 1})
        if sizes:
            fields = replace(fields, note=f"units see {_span(sizes)} pixels, by their place")
        elif None in fields.regions and not any(None in before.regions for before in inputs):
            why = "the size of its input is open" if any(None in shape for shape in shapes) else "it is not followed"
            fields = replace(fields, note=f"field unknown from here on: {why}")
    return replace(fields, layout=layout)


def _span(sizes: Sequence[tuple[int, ...]]) -> str:
    least, most = min(min(each) for each in sizes), max(max(each) for each in sizes)
    return f"{least} or {most}" if most == least + 1 else f"{least} to {most}"


def _through(
    layer: Any,
    kind: str | None,
    inputs: Sequence[ReceptiveFields],
    shapes: Sequence[Shape],
    output: Shape,
    layout: str,
) -> ReceptiveFields:
    if kind in _MIX_ALL and len({len(fields.regions) for fields in inputs}) == 1:
        return _all_to_all(inputs, shapes, layout)
    if kind in _RECURRENT:
        return _recurrent(layer, inputs[0], shapes[0])
    if len(inputs) > 1:
        if kind in layer_costs.MERGES:
            return _merged(layer, kind, inputs, shapes, layout)
        return _unknown(inputs, "it combines its inputs in a way that is not followed")
    (fields,), (shape,) = inputs, shapes
    given, fields = fields, ReceptiveFields(fields.regions)  # a note is for the row where the paths meet
    if kind == "Concatenate" and not _over_channels(layer, shape, layout):
        return _unknown(inputs, "it puts constants beside places")
    if kind in layer_costs.ELEMENTWISE or kind in layer_costs.MERGES:
        return replace(fields, untouched=given.untouched)
    if _one_place(fields) and fields.regions and kind in layer_costs.FREE:
        return fields
    if kind in layer_costs.RESHAPES and kind != "Flatten":
        return _reshaped(given, shape, output, layout)
    if kind == "Dense" and len(shape) > 1:  # it multiplies along the last axis
        along_channels = layout == "channels_last" and len(shape) > len(fields.regions)
        return fields if along_channels else _unknown(inputs, "it mixes the places of an axis")
    if kind in layer_costs.ALONG_AN_AXIS:
        return fields if _over_channels(layer, shape, layout) else _unknown(inputs, "it mixes the places of an axis")
    if kind in layer_costs.OF_ONE_IMAGE:
        if kind == "LayerNormalization" and _over_channels(layer, shape, layout):
            return fields
        return _whole(fields, shape, layout)
    if kind in ("Dense", "RadialBasis"):
        return fields
    if kind == "TimeDistributed":
        return _at_each_step(layer, fields, shape, output, layout)
    if kind == "SpectralNormalization":
        return _through(layer.layer, layer_costs.kind(layer.layer), inputs, shapes, output, layout)
    if kind in layer_costs.GLOBAL_POOLS or kind == "Flatten":
        return ReceptiveFields(_together(fields, shape, layout))
    if len(shape) == len(fields.regions) + 1:
        return _over_places(layer, kind, given, shape, output, layout)
    return _unknown(inputs, "its input has other axes than the picture")


def _over_places(
    layer: Any, kind: str | None, given: ReceptiveFields, shape: Shape, output: Shape, layout: str
) -> ReceptiveFields:
    """The layers that move, join or spread places, for an input with as many axes as the picture."""
    fields = ReceptiveFields(given.regions)
    if kind in layer_costs.WINDOWS:
        return _windowed(layer, kind, fields, shape, layout)
    if kind in layer_costs.TRANSPOSED:
        return _transposed(layer, fields)
    if kind in layer_costs.RESIZINGS:
        return _resized(layer, fields, shape, output, layout)
    if kind in layer_costs.EDGES:
        return _at_the_edges(layer, kind, fields, shape, output, layout)
    if kind in layer_costs.REDUCTIONS:
        return _reduced(layer, fields, shape, layout)
    if kind in layer_costs.ADAPTIVE_POOLS:
        return _adaptive(fields, shape, output, layout)
    if kind in ("Flip", "Fliplr", "Flipud"):
        return ReceptiveFields(
            tuple(
                replace(region, known_place=False) if region is not None and len(region.spans) == 1 else None
                for region in fields.regions
            ),
            "what its units see is mirrored; their places are not followed",
        )
    if kind == "Permute" and layout == "channels_last" and layer.dims[-1] == len(shape):
        return ReceptiveFields(tuple(fields.regions[axis - 1] for axis in layer.dims[:-1]))
    if kind is None:
        return _unknown([given], "what a layer of one's own does with places is not known")
    return _unknown([given], "where its values come from is not followed")


def _unknown(inputs: Sequence[ReceptiveFields], why: str = "") -> ReceptiveFields:
    """Fields that are not known; the reason is told where they were known before."""
    regions = (None,) * max(len(fields.regions) for fields in inputs)
    if any(None in fields.regions for fields in inputs) or not regions:
        why = ""
    return ReceptiveFields(regions, f"field unknown from here on: {why}" if why else "")


# What these give at a place depends on all places.
_MIX_ALL = frozenset({"MultiHeadAttention", "GroupedQueryAttention", "Attention", "AdditiveAttention"})
_RECURRENT = frozenset(("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"))


def _all_to_all(inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape], layout: str) -> ReceptiveFields:
    """Attention: every query sees all values."""
    each = [_whole(fields, shape, layout) for fields, shape in zip(inputs, shapes, strict=True)]
    return ReceptiveFields(tuple(merged(paths)[0] for paths in zip(*(fields.regions for fields in each), strict=True)))


def _recurrent(layer: Any, fields: ReceptiveFields, shape: Shape) -> ReceptiveFields:
    """Recurrent layers: the last step sees all steps; the others those before them, or behind, too."""
    if len(shape) != 2 or len(fields.regions) != 1:
        return _unknown([fields], "its input has other axes than a series")
    if not layer.return_sequences:
        return ReceptiveFields(_together(fields, shape, "channels_last"))
    note = "" if layer_costs.kind(layer) == "Bidirectional" else "at most: a step sees those before it"
    return replace(_whole(fields, shape, "channels_last"), note=note)


def _at_each_step(layer: Any, fields: ReceptiveFields, shape: Shape, output: Shape, layout: str) -> ReceptiveFields:
    """TimeDistributed: the steps stay apart, and the layer within sees one of them."""
    inner = layer.layer
    if len(shape) != len(fields.regions) + 1 or hasattr(inner, "layers"):
        return _unknown([fields], "a model at each step is not followed")
    step = ReceptiveFields(fields.regions[1:])
    within = _through(inner, layer_costs.kind(inner), [step], [shape[1:]], output[1:], layout)
    return ReceptiveFields((fields.regions[0], *within.regions), within.note)


def _reshaped(given: ReceptiveFields, shape: Shape, output: Shape, layout: str) -> ReceptiveFields:
    """A reshape that keeps the places, or makes a picture of values that are the input's still."""
    fields = ReceptiveFields(given.regions)
    if shape == output:
        return replace(fields, untouched=given.untouched)
    if len(output) == 1:
        return ReceptiveFields(_together(fields, shape, layout))
    if given.untouched:
        made = of_input(output)
        size = "×".join("?" if length is None else str(length) for length in output[:-1])
        return replace(made, note=f"fields are in places of the {size} that is made here")
    count = len(fields.regions)
    if layout == "channels_last" and len(output) >= count and shape[:count] == output[:count] and None not in shape:
        return fields
    if not fields.regions:
        return fields
    return _unknown([given], "the reshape puts places on other axes")


def _transposed(layer: Any, fields: ReceptiveFields) -> ReceptiveFields:
    """Transposed convolutions, whose padding Keras derives from window and stride.

    With padding "same" the output has stride times as many units, and ⌊(extent - stride) / 2⌋ of them are cut away in
    front, as a convolution from there would have padded.
    """
    extras = layer.output_padding
    extras = extras if isinstance(extras, (list, tuple)) else [extras] * len(fields.regions)
    regions = []
    for region, size, stride, dilation, extra in zip(
        fields.regions, layer.kernel_size, layer.strides, layer.dilation_rate, extras, strict=True
    ):
        extent = (size - 1) * dilation + 1
        cut = 0
        if layer.padding == "same":
            cut = max((extent - stride if extra is None else extent - extent % 2 - extra) // 2, 0)
        regions.append(region and region.transposed(size, stride, dilation, cut))
    if None in regions and None not in fields.regions:
        return _unknown([fields], "the windows leave gaps, or units see regions of too many sizes")
    return ReceptiveFields(tuple(regions))


_REACH = {"nearest": 0, "bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}  # in units of the input


def _resized(layer: Any, fields: ReceptiveFields, shape: Shape, output: Shape, layout: str) -> ReceptiveFields:
    """Interpolation: each unit reads those of the input around its place, and at most those."""
    interpolation = getattr(layer, "interpolation", "nearest")
    if interpolation not in _REACH:
        return _unknown([fields], f"the reach of the interpolation {interpolation!r} is not known")
    befores, behinds = layer_costs.spatial(layout, shape), layer_costs.spatial(layout, output)
    factors = getattr(layer, "size", None) if layer_costs.kind(layer).startswith("UpSampling") else None
    if factors is not None:
        factors = (factors,) if isinstance(factors, int) else tuple(factors)
        befores, behinds = (1,) * len(factors), factors
    if None in befores or None in behinds:
        return _unknown([fields], "it resizes a picture of open size")
    regions = fields.regions
    if factors is None and (layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio):
        regions, befores = _to_aspect_ratio(layer, regions, befores, behinds)
    antialias = getattr(layer, "antialias", False)
    made = []
    for region, before, behind in zip(regions, befores, behinds, strict=True):
        reach = Fraction(_REACH[interpolation])
        if antialias and before > behind:
            reach *= Fraction(before, behind)
        made.append(region and region.resampled(before, behind, reach))
    if None in made and None not in fields.regions:
        return _unknown([fields], "units see regions of too many sizes")
    most = "" if factors is not None and interpolation == "nearest" else "at most, by the reach of the interpolation"
    return ReceptiveFields(tuple(made), most if tuple(befores) != tuple(behinds) else "")


def _to_aspect_ratio(
    layer: Any, regions: tuple[Region | None, ...], befores: Shape, behinds: Shape
) -> tuple[tuple[Region | None, ...], tuple[int, ...]]:
    """The middle that Keras cuts out, or the edges it adds, so that the sides get the ratio that is asked for."""
    (height, width), (tall, wide) = befores, behinds
    pick = min if layer.crop_to_aspect_ratio else max
    sizes = pick(height, int(width * tall / wide)), pick(width, int(height * wide / tall))
    sizes = tuple(max(size, 1) for size in sizes)
    shifts = [int((size - before) / 2) for size, before in zip(sizes, befores, strict=True)]
    return tuple(region and region.shifted(by) for region, by in zip(regions, shifts, strict=True)), sizes


def _at_the_edges(
    layer: Any, kind: str, fields: ReceptiveFields, shape: Shape, output: Shape, layout: str
) -> ReceptiveFields:
    """Padding and cutting, which move the places and change nothing else."""
    if kind.startswith(("ZeroPadding", "Cropping")):
        return _shifted(layer, kind, fields)
    befores, behinds = layer_costs.spatial(layout, shape), layer_costs.spatial(layout, output)
    if kind == "Pad":
        pairs = [pair for pair in layer.pad_width if not isinstance(pair, int)] or [layer.pad_width]
        pairs = list(pairs) * (len(shape) + 1) if len(pairs) == 1 else list(pairs)
        fronts = layer_costs.spatial(layout, tuple(pairs[1:]))
        return ReceptiveFields(
            tuple(region and region.shifted(front) for region, (front, _) in zip(fields.regions, fronts, strict=True))
        )
    if None in befores or None in behinds:
        return _unknown([fields], "it cuts a picture of open size")
    if all(before >= behind for before, behind in zip(befores, behinds, strict=True)):  # in the middle, at inference
        shifts = [-((before - behind) // 2) for before, behind in zip(befores, behinds, strict=True)]
        return ReceptiveFields(
            tuple(region and region.shifted(by) for region, by in zip(fields.regions, shifts, strict=True))
        )
    return _unknown([fields], "it enlarges pictures that are smaller than what it cuts")


def _reduced(layer: Any, fields: ReceptiveFields, shape: Shape, layout: str) -> ReceptiveFields:
    """ops.mean and its like: along the channels, along some places, or along all of them."""
    axes = set(_axes(layer, shape)) or set(range(len(shape) + 1))
    channel = _channel_axis(shape, layout)
    places = [axis for axis in range(1, len(shape) + 1) if axis != channel]
    every = _together(fields, shape, layout)
    if axes >= set(places):
        return ReceptiveFields(every)
    if axes.isdisjoint(places):
        return fields
    if not getattr(layer, "keepdims", False):
        return _unknown([fields], "one axis of the picture is gone")
    pairs = zip(places, every, fields.regions, strict=True)
    return ReceptiveFields(tuple(whole if axis in axes else region for axis, whole, region in pairs))


def _adaptive(fields: ReceptiveFields, shape: Shape, output: Shape, layout: str) -> ReceptiveFields:
    """Pooling to so many outputs: windows of one size where they divide the input."""
    befores, behinds = layer_costs.spatial(layout, shape), layer_costs.spatial(layout, output)
    if set(behinds) == {1}:
        return ReceptiveFields(_together(fields, shape, layout))
    if None in befores or any(before % behind for before, behind in zip(befores, behinds, strict=True)):
        return _unknown([fields], "its windows have several sizes")
    return ReceptiveFields(
        tuple(
            region and region.through(before // behind, before // behind, 1, 0)
            for region, before, behind in zip(fields.regions, befores, behinds, strict=True)
        )
    )


def _merged(
    layer: Any, kind: str, inputs: Sequence[ReceptiveFields], shapes: Sequence[Shape], layout: str
) -> ReceptiveFields:
    if len({len(fields.regions) for fields in inputs}) > 1 or not _side_by_side(layer, kind, inputs, shapes, layout):
        return _unknown(inputs, "it puts places of its inputs together that differ")
    pairs = [merged(paths) for paths in zip(*(fields.regions for fields in inputs), strict=True)]
    notes = dict.fromkeys(note for _, note in pairs if note)
    regions = tuple(region for region, _ in pairs)
    if None in regions and any(None in fields.regions for fields in inputs):
        return ReceptiveFields(regions)  # told where it became unknown
    return ReceptiveFields(regions, "; ".join(notes))


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
    if _one_place(fields):
        return fields.regions
    count = len(fields.regions)
    if len(shape) == count:  # no channels
        lengths = shape
    else:
        lengths = layer_costs.spatial(layout, shape) if len(shape) == count + 1 else (None,) * count
    return tuple(region and region.all_of(units) for region, units in zip(fields.regions, lengths, strict=True))


def _whole(fields: ReceptiveFields, shape: Shape, layout: str) -> ReceptiveFields:
    """Units that stay at their places and are scaled by statistics of all of them."""
    pairs = zip(_together(fields, shape, layout), fields.regions, strict=True)
    return ReceptiveFields(tuple(every and region and replace(every, step=region.step) for every, region in pairs))


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
    return all(region is not None and region.step is None for region in fields.regions)


def _shifted(layer: Any, kind: str, fields: ReceptiveFields) -> ReceptiveFields:
    amounts = layer.padding if kind.startswith("ZeroPadding") else layer.cropping
    pairs = [amounts] if isinstance(amounts[0], int) else amounts
    sign = 1 if kind.startswith("ZeroPadding") else -1
    return ReceptiveFields(
        tuple(region and region.shifted(sign * front) for region, (front, _) in zip(fields.regions, pairs, strict=True))
    )
