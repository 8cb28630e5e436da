"""A network layer by layer, without training it: shapes, parameters, multiply-adds, memory, receptive fields."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from cnnrepro.anatomy import receptive_field_rules, rules
from cnnrepro.anatomy.graph import Call, Graph, take_apart
from cnnrepro.anatomy.receptive_field_rules import Sight
from cnnrepro.anatomy.resize import resized
from cnnrepro.anatomy.rows import UNKNOWN, Row, Trace

if TYPE_CHECKING:
    import keras

BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "bfloat16": 2, "float16": 2, "uint8": 1, "int8": 1}


def trace(model: keras.Model, input_shape: tuple[int, int, int] | None = None) -> Trace:
    """Take a model apart: one row for each call of a layer, and the totals.

    Works on any functional or sequential Keras model: branches, merges, groups, shared layers, models within models. A
    layer of one's own is counted (shape, parameters, memory); its multiply-adds and, where it changes places, what it
    sees are "unknown", never 0.

    - **Parameters** are counted where their layer is called first. ``count_params()`` counts batch normalisation's
      moving statistics, PyTorch does not; here they are the parameters that are not trainable.
    - **Multiply-adds** for one image: products that are added up in convolutions and dense layers; one multiply-add
      counts one. As in published figures, all else (pooling, normalisation, activations, merges) counts 0.
    - **Activation bytes** for one image: the layer's output in its number format. A reshape takes none. For training,
      the gradient takes the same again; the input image has no gradient. Optimiser and workspace are not included.
    - **Receptive field**, **stride** and **offset** (the centre of the first unit's field; 0 is the first pixel's
      centre), in pixels of the input. Where paths meet, the field is the smallest that holds all paths', and the note
      says where they disagree. Parts that lie in the padding are included.

    Rows that are computed in training alone (auxiliary heads) are marked, and not in the total of multiply-adds.

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
    graph = take_apart(model if input_shape is None else resized(model, tuple(input_shape)))
    needed = graph.at_inference()
    shape = tuple(model.inputs[0].shape[1:]) if input_shape is None else tuple(input_shape)
    return Trace(model.name, shape, _rows(graph, needed))


def _rows(graph: Graph, needed: frozenset[Hashable]) -> tuple[Row, ...]:
    seen: dict[Hashable, Sight] = {}
    counted: set[int] = set()
    rows = []
    for call in graph.calls:
        kind = rules.kind(call.operation)
        view = _sight(call, kind, seen)
        seen.update(dict.fromkeys(call.outputs, view))
        rows.append(_row(call, kind, view, counted, at_inference=any(one in needed for one in call.outputs)))
    return tuple(rows)


def _sight(call: Call, kind: str | None, seen: Mapping[Hashable, Sight]) -> Sight:
    made = call.output_shapes[0][1:]
    if not call.inputs:
        return receptive_field_rules.of_input(made)
    shapes = [shape[1:] for shape in call.input_shapes]
    return receptive_field_rules.through(call.operation, kind, [seen[one] for one in call.inputs], shapes, made)


def _row(call: Call, kind: str | None, view: Sight, counted: set[int], *, at_inference: bool) -> Row:
    trainable, fixed, shared = _parameters(call.operation, counted)
    forward, training = _bytes(call, kind)
    notes = [view.note] if view.note else []
    if shared:
        notes.append("its weights are counted where they are first used")
    if not at_inference:
        notes.append("in training alone")
    shapes = [shape[1:] for shape in call.output_shapes]
    return Row(
        name=call.name,
        kind=type(call.operation).__name__,
        output_shape=shapes[0] if len(shapes) == 1 else tuple(shapes),
        parameters=trainable + fixed,
        trainable_parameters=trainable,
        multiply_adds=_multiply_adds(call, kind),
        activation_bytes=forward,
        training_bytes=training,
        receptive_field=_each([region and region.size for region in view.regions]),
        stride=_each([region and (region.stride or 0) for region in view.regions], zero=None),
        offset=_each([region and region.centre for region in view.regions]),
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


def _multiply_adds(call: Call, kind: str | None) -> int | str:
    if kind in rules.FREE:
        return 0
    if kind not in rules.COSTS or len(call.inputs) != 1:
        return UNKNOWN
    count = rules.COSTS[kind](call.operation, call.input_shapes[0][1:], call.output_shapes[0][1:])
    return UNKNOWN if count is None else count


def _bytes(call: Call, kind: str | None) -> tuple[int | str, int | str]:
    """Bytes that the output takes for one image: forward, and in training with its gradient."""
    sizes = [
        None if None in shape[1:] or dtype not in BYTES else math.prod(shape[1:]) * BYTES[dtype]
        for shape, dtype in zip(call.output_shapes, call.output_dtypes, strict=True)
    ]
    if None in sizes:
        return UNKNOWN, UNKNOWN
    size = sum(sizes)
    if kind in rules.VIEWS:
        return 0, 0
    if kind == "InputLayer":
        return size, size
    return (0 if kind in rules.PASS_AT_INFERENCE else size), 2 * size
