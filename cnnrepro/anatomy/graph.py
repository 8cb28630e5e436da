"""The calls of layers that make up a Keras model, in order, models within models taken apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Call:
    """One call of a layer (or of an operation that is no layer).

    Args:
        name: the layer's, after the names of the models it lies in.
        operation: the layer or operation.
        inputs: identities of the tensors it gets.
        outputs: identities of the tensors it makes.
        input_shapes, output_shapes: of those tensors, with the batch axis.
        output_dtypes: of the tensors it makes.
    """

    name: str
    operation: Any
    inputs: tuple[Hashable, ...]
    outputs: tuple[Hashable, ...]
    input_shapes: tuple[tuple[int | None, ...], ...]
    output_shapes: tuple[tuple[int | None, ...], ...]
    output_dtypes: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A model taken apart: its calls in order, and the identities of what it computes at inference."""

    calls: tuple[Call, ...]
    outputs: tuple[Hashable, ...]

    def at_inference(self) -> frozenset[Hashable]:
        """The tensors that its outputs at inference are made of."""
        makers = {tensor: call for call in self.calls for tensor in call.outputs}
        found: set[Hashable] = set()
        waiting = list(self.outputs)
        while waiting:
            tensor = waiting.pop()
            if tensor not in found:
                found.add(tensor)
                waiting += makers[tensor].inputs
        return frozenset(found)


def ancestors(operation: object) -> set[str]:
    """The names of an object's classes, its own and those it is derived from."""
    return {one.__name__ for one in type(operation).__mro__}


def take_apart(model: keras.Model) -> Graph:
    """The graph of a functional or sequential model.

    Raises:
        UsageError: the model has no graph: it is subclassed, or was never built.
    """
    _require_graph(model)
    calls: list[Call] = []
    finals = _outputs(model)
    known: dict[int, Hashable] = {}
    _walk([*model.inputs, *finals, *model.outputs], known, {}, "", calls, ())
    if hasattr(model, "inference_outputs"):
        return Graph(tuple(calls), tuple(known[id(tensor)] for tensor in finals))
    return Graph(tuple(calls), tuple(made for call in calls for made in call.outputs))


def _outputs(model: keras.Model) -> Sequence:
    """What a model gives at inference; some give more in training."""
    return getattr(model, "inference_outputs", None) or model.outputs


def _require_graph(model: keras.Model) -> None:
    kinds = ancestors(model)
    if not kinds & {"Functional", "Sequential"}:
        raise UsageError(
            "Only functional and sequential models have a graph that can be traced; wrap a subclassed one's layers in "
            f"keras.Model(inputs, outputs). Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    if not model.built or not model.inputs:
        raise UsageError(
            f"The model {model.name!r} has no input yet; begin it with keras.Input, or call model.build(input_shape)."
        )


def _walk(
    targets: Sequence,
    known: dict[int, Hashable],
    specs: dict[Hashable, Any],
    prefix: str,
    calls: list[Call],
    path: tuple[Hashable, ...],
) -> None:
    """Append the calls that make the targets, and note in ``known`` which tensor became which identity.

    Args:
        targets: tensors of one model's graph.
        known: identities of the tensors of that graph that are there; completed.
        specs: shapes and number formats by identity, as they are in this call; completed.
        prefix: names of the models around, each with a slash.
        calls: completed, in an order in which each call comes after those it needs.
        path: identities of the calls of the models around, which tell two calls of one inner model apart.
    """
    for node in _nodes_before(targets, set(known)):
        operation, tensors = node.operation, node.input_tensors
        inputs = tuple(known[id(tensor)] for tensor in tensors)
        if ancestors(operation) & {"Functional", "Sequential"}:
            _walk_inner(operation, node, known, specs, prefix, calls, path)
            continue
        outputs = tuple((*path, id(tensor)) for tensor in node.outputs)
        given = [specs[identity] for identity in inputs]
        made = _made(node, given)
        specs.update(zip(outputs, made, strict=True))
        known.update({id(tensor): identity for tensor, identity in zip(node.outputs, outputs, strict=True)})
        calls.append(
            Call(
                name=prefix + operation.name,
                operation=operation,
                inputs=inputs,
                outputs=outputs,
                input_shapes=tuple(tuple(tensor.shape) for tensor in given),
                output_shapes=tuple(tuple(tensor.shape) for tensor in made),
                output_dtypes=tuple(str(tensor.dtype) for tensor in made),
            )
        )


def _made(node: Any, given: Sequence) -> Sequence:
    """What a node makes of what it gets here: an inner model of free size may get another size in each call."""
    if all(tuple(before.shape) == tuple(now.shape) for before, now in zip(node.input_tensors, given, strict=True)):
        return node.outputs
    from cnnrepro.engine import keras

    arguments, named = node.arguments.fill_in(
        {id(one): now for one, now in zip(node.input_tensors, given, strict=True)}
    )
    return keras.tree.flatten(node.operation.compute_output_spec(*arguments, **named))


def _walk_inner(
    inner: Any,
    node: Any,
    known: dict[int, Hashable],
    specs: dict[Hashable, Any],
    prefix: str,
    calls: list[Call],
    path: tuple[Hashable, ...],
) -> None:
    """The calls inside a model that another one calls as a layer."""
    within = dict(zip(map(id, inner.inputs), (known[id(tensor)] for tensor in node.input_tensors), strict=True))
    _walk(_outputs(inner), within, specs, f"{prefix}{inner.name}/", calls, (*path, id(node)))
    for tensor, made in zip(node.outputs, _outputs(inner), strict=True):
        known[id(tensor)] = within[id(made)]


def _nodes_before(targets: Sequence, there: set[int]) -> Iterator[Any]:
    """The nodes that make the targets, each after those it needs; tensors that are there are not asked for."""
    done: set[int] = set()
    stack = [(tensor, False) for tensor in reversed(targets)]
    while stack:
        tensor, ready = stack.pop()
        node = _node_of(tensor)
        if node is None or id(node) in done:
            continue
        if ready:
            done.add(id(node))
            yield node
        elif id(tensor) not in there:
            stack.append((tensor, True))
            stack += [(before, False) for before in reversed(node.input_tensors)]


def _node_of(tensor: Any) -> Any:
    """The call that made a tensor, or None for a graph's entry."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    return history.operation._inbound_nodes[history.node_index]
