"""A network layer by layer, without training it: shapes, parameters, multiply-adds, memory, receptive fields."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING

from cnnrepro.anatomy import layer_costs, receptive_field_rules
from cnnrepro.anatomy.graph import Call, Graph, ancestors, take_apart
from cnnrepro.anatomy.receptive_field_rules import ReceptiveFields
from cnnrepro.anatomy.trace_rows import UNKNOWN, Row, Trace
from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    import keras

BYTES = {
    **dict.fromkeys(("float64", "int64", "uint64"), 8),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("bfloat16", "float16", "int16", "uint16"), 2),
    **dict.fromkeys(("int8", "uint8", "bool", "float8_e4m3fn", "float8_e5m2"), 1),
}


def trace(model: keras.Model, input_shape: tuple[int, int, int] | None = None) -> Trace:
    """Take a model apart: one row for each call of a layer, and the totals.

    Works on any functional or sequential Keras model: branches, merges, groups, shared layers, models within models. A
    layer of one's own is counted (shape, parameters, memory); its multiply-adds and its receptive field are "unknown",
    never 0.

    - **Parameters** are counted where their layer is called first. ``count_params()`` counts batch normalisation's
      moving statistics, PyTorch does not; here they are the parameters that are not trainable.
    - **Multiply-adds** for one image: products that are added up, in convolutions, dense and recurrent layers and
      attention; one multiply-add counts one. As in published figures, what is done to values one by one counts 0:
      pooling, normalisation, rescaling, activations, merges, interpolation, look-ups.
    - **Activation bytes** for one image: the layer's output in its number format. A reshape takes none, and neither
      does what is written over its input: ReLU, dropout, and activations whose gradient follows from their output. For
      training, the gradient takes the same again; the input image has no gradient. Optimiser and workspace are not
      included.
    - **Receptive field**, **stride** and **offset** (the centre of the first unit's field; 0 is the first pixel's
      centre), in pixels of the input. Where paths meet, the field is the smallest that holds all paths', or "unknown"
      where their strides differ, and the note says where they disagree. Parts that lie in the padding are included.

    Rows that are computed in training alone (auxiliary heads) are marked, and not in the totals at inference.

    Args:
        model: a built model.
        input_shape: ``(height, width, channels)`` in place of the model's own: the same layers, built for that size.

    Returns:
        The rows; iterable, with ``totals``, ``frame()``, ``text()`` and ``to_dict()``.

    Raises:
        UsageError: a model without a graph, or an input shape that does not fit it.

    Example:
        >>> rows = trace(cnnrepro.models.build("vgg16"))
        >>> rows["pool5"].receptive_field, rows.totals.multiply_adds
        (212, 15470264320)
    """
    if input_shape is not None:
        model = resized(model, tuple(input_shape))
    graph = take_apart(model)
    return Trace(model.name, tuple(model.inputs[0].shape[1:]), _rows(graph, graph.at_inference()))


def _rows(graph: Graph, needed: frozenset[Hashable]) -> tuple[Row, ...]:
    fields: dict[Hashable, ReceptiveFields] = {}
    counted: set[int] = set()
    readers = Counter(tensor for call in graph.calls for tensor in call.inputs)
    rows = []
    for call in graph.calls:
        kind = layer_costs.kind(call.operation)
        if call.inputs:
            shapes = [call.input_shapes[place][1:] for place in call.read]
            inputs = [fields[call.inputs[place]] for place in call.read]
            outputs = receptive_field_rules.through(call.operation, kind, inputs, shapes, call.output_shapes[0][1:])
        else:
            outputs = receptive_field_rules.of_input(call.output_shapes[0][1:])
        fields.update(dict.fromkeys(call.outputs, outputs))
        alone = all(readers[tensor] == 1 for tensor in call.inputs)  # what another call reads cannot be written over
        in_place = alone and layer_costs.works_in_place(call.operation)
        at_inference = not needed.isdisjoint(call.outputs)
        rows.append(_row(call, kind, outputs, counted, at_inference=at_inference, in_place=in_place))
    return tuple(rows)


def _row(
    call: Call, kind: str | None, fields: ReceptiveFields, counted: set[int], *, at_inference: bool, in_place: bool
) -> Row:
    trainable, fixed, shared = _parameters(call.operation, counted)
    forward, training = _bytes(call, kind, in_place=in_place)
    notes = [fields.note] if fields.note else []
    if shared:
        notes.append("its weights are counted where they are first used")
    if getattr(call.operation, "quantization_mode", None) == "int4":
        notes.append("its weights are counted as they are stored, two of 4 bits in a byte")
    if not at_inference:
        notes.append("in training alone")
    shapes = [shape[1:] for shape in call.output_shapes]
    return Row(
        name=call.name,
        kind=type(call.operation).__name__,
        output_shape=shapes[0] if len(shapes) == 1 else tuple(shapes),
        parameters=trainable + fixed,
        trainable_parameters=trainable,
        multiply_adds=_multiply_adds(call),
        activation_bytes=forward,
        training_bytes=training,
        receptive_field=_each([region and region.size for region in fields.regions]),
        stride=_each([region and (region.stride or 0) for region in fields.regions], zero=None),
        offset=_each([region and region.centre for region in fields.regions]),
        at_inference=at_inference,
        note="; ".join(notes),
    )


def _each(values: list, *, zero: object = 0) -> object:
    """One value where all axes have the same, a tuple where not; None for a vector, "unknown" where one is."""
    if not values:
        return None
    if any(value is None for value in values):
        return UNKNOWN
    values = [zero if value == 0 else value for value in values]
    return values[0] if len(set(values)) == 1 else tuple(values)


def _parameters(layer: object, counted: set[int]) -> tuple[int, int, bool]:
    """Trainable and other parameters of a layer that no row has counted, and whether some were counted before."""
    trainable = {id(weight) for weight in getattr(layer, "trainable_weights", ())}
    weights = {id(weight): weight for weight in getattr(layer, "weights", ())}
    new = {key: math.prod(weight.shape) for key, weight in weights.items() if key not in counted}
    counted.update(weights)
    learned = sum(count for key, count in new.items() if key in trainable)
    return learned, sum(new.values()) - learned, len(new) < len(weights)


def _multiply_adds(call: Call) -> int | str:
    count = layer_costs.cost_of_call(call)
    return UNKNOWN if count is None else count


def _bytes(call: Call, kind: str | None, *, in_place: bool) -> tuple[int | str, int | str]:
    """Bytes that the output takes for one image: forward, and in training with its gradient."""
    if kind in layer_costs.VIEWS or in_place:
        return 0, 0
    sizes = [
        None if None in shape[1:] or dtype not in BYTES else math.prod(shape[1:]) * BYTES[dtype]
        for shape, dtype in zip(call.output_shapes, call.output_dtypes, strict=True)
    ]
    if None in sizes:
        return UNKNOWN, UNKNOWN
    size = sum(sizes)
    if kind == "InputLayer":
        return size, size
    return (0 if kind in layer_costs.PASS_AT_INFERENCE else size), 2 * size


def resized(model: keras.Model, input_shape: tuple[int, ...]) -> keras.Model:
    """Build a model's layers anew, with fresh weights, over an input of another shape, or over a first one.

    Args:
        model: a functional or sequential model with one input.
        input_shape: without the batch axis: ``(height, width, channels)``.

    Raises:
        UsageError: the model has several inputs or no configuration, or a layer cannot take what it would get.
    """
    size = "x".join(map(str, input_shape))
    without = model.built is False and "Sequential" in ancestors(model)  # saved before it had an input
    if not without and len(model.inputs) != 1:
        raise UsageError(
            f"The model {model.name!r} has {len(model.inputs)} inputs; an input shape can be given for models with one."
        )
    if not without and len(input_shape) != len(model.inputs[0].shape) - 1:
        axes = len(model.inputs[0].shape) - 1
        raise UsageError(f"The model {model.name!r} takes inputs of {axes} axes. Received: {size}")
    try:
        if without:
            copy = type(model).from_config(model.get_config())
            copy.build((None, *input_shape))
            return copy
        config = model.get_config()
        entry = next(layer for layer in config["layers"] if layer["class_name"] == "InputLayer")
        key = "batch_shape" if "batch_shape" in entry["config"] else "batch_input_shape"
        entry["config"][key] = (None, *input_shape)
        for layer in config["layers"]:
            layer.pop("build_config", None)  # the shapes it was built for
        config.pop("build_input_shape", None)
        return type(model).from_config(config)
    except Exception as error:
        from cnnrepro.engine import reason_of

        raise UsageError(f"The model {model.name!r} cannot take an input of {size}: {reason_of(error)}") from error
