"""The calls of layers that make up a Keras model, in order, models within models taken apart."""

from __future__ import annotations

import inspect
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
        arguments: for each of them, the argument that it is given as; "" where that cannot be told.
        outputs: identities of the tensors it makes.
        input_shapes, output_shapes: of those tensors, with the batch axis.
        output_dtypes: of the tensors it makes.
    """

    name: str
    operation: Any
    inputs: tuple[Hashable, ...]
    arguments: tuple[str, ...]
    outputs: tuple[Hashable, ...]
    input_shapes: tuple[tuple[int | None, ...], ...]
    output_shapes: tuple[tuple[int | None, ...], ...]
    output_dtypes: tuple[str, ...]

    @property
    def read(self) -> tuple[int, ...]:
        """The places of the inputs that are read; masks, which say what is not looked at, are left out."""
        places = tuple(place for place, name in enumerate(self.arguments) if not name.endswith("mask"))
        return places or tuple(range(len(self.inputs)))


@dataclass(frozen=True)
class Graph:
    """A model taken apart: its calls in order, and the identities of what it computes at inference."""

    calls: tuple[Call, ...]
    outputs: tuple[Hashable, ...]

    def at_inference(self) -> frozenset[Hashable]:
        """The tensors that its outputs at inference are made of."""
        makers = {tensor: call for call in self.calls for tensor in call.outputs}
        needed: set[Hashable] = set()
        waiting = list(self.outputs)
        while waiting:
            tensor = waiting.pop()
            if tensor not in needed:
                needed.add(tensor)
                waiting += makers[tensor].inputs
        return frozenset(needed)


def ancestors(operation: object) -> set[str]:
    """The names of an object's classes, its own and those it is derived from."""
    return {kind.__name__ for kind in type(operation).__mro__}


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
    return Graph(tuple(calls), tuple(tensor for call in calls for tensor in call.outputs))


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
        if ancestors(operation) & {"Functional", "Sequential"}:  # a model called as a layer: the calls inside it
            finals = _outputs(operation)
            given = inputs[: len(operation.inputs)]  # behind them comes the mask, if there is one
            within = dict(zip(map(id, operation.inputs), given, strict=True))
            _walk(finals, within, specs, f"{prefix}{operation.name}/", calls, (*path, id(node)))
            known.update((id(outer), within[id(own)]) for outer, own in zip(node.outputs, finals, strict=True))
            continue
        outputs = tuple((*path, id(tensor)) for tensor in node.outputs)
        input_specs = [specs[identity] for identity in inputs]
        output_specs = _output_specs(node, input_specs)
        specs.update(zip(outputs, output_specs, strict=True))
        known.update({id(tensor): identity for tensor, identity in zip(node.outputs, outputs, strict=True)})
        calls.append(
            Call(
                name=prefix + operation.name,
                operation=operation,
                inputs=inputs,
                arguments=_arguments(node),
                outputs=outputs,
                input_shapes=tuple(tuple(tensor.shape) for tensor in input_specs),
                output_shapes=tuple(tuple(tensor.shape) for tensor in output_specs),
                output_dtypes=tuple(str(tensor.dtype) for tensor in output_specs),
            )
        )


def _arguments(node: Any) -> tuple[str, ...]:
    """The argument as which each tensor is given to a call.

    Keras lists the tensors of a call argument by argument: the positional ones in order, then the named ones by name.
    """
    if len(node.input_tensors) < 2:
        return ("",) * len(node.input_tensors)
    from cnnrepro.engine import keras

    names = list(inspect.signature(node.operation.call).parameters)
    names += names[-1:] * len(node.arguments.args)  # *operands
    given = [*zip(names, node.arguments.args, strict=False), *sorted(node.arguments.kwargs.items())]
    each = [(name, part) for name, value in given for part in keras.tree.flatten(value)]
    each = [(name, part) for name, part in each if isinstance(part, keras.KerasTensor)]
    if [id(part) for _, part in each] != [id(tensor) for tensor in node.input_tensors]:
        return ("",) * len(node.input_tensors)
    return tuple(name for name, _ in each)


def _output_specs(node: Any, inputs: Sequence) -> Sequence:
    """What a node makes of its inputs in this call: an inner model of free size may get another size in each call."""
    pairs = list(zip(node.input_tensors, inputs, strict=True))
    if all(tuple(before.shape) == tuple(now.shape) for before, now in pairs):
        return node.outputs
    from cnnrepro.engine import keras

    arguments, named = node.arguments.fill_in({id(before): now for before, now in pairs})
    return keras.tree.flatten(node.operation.compute_output_spec(*arguments, **named))


def _nodes_before(targets: Sequence, known: set[int]) -> Iterator[Any]:
    """The nodes that make the targets, each after those it needs; known tensors are not asked for."""
    done: set[int] = set()
    stack = [(tensor, False) for tensor in reversed(targets)]
    while stack:
        tensor, ready = stack.pop()
        node = _node_of(tensor)
        if id(node) in done:
            continue
        if ready:
            done.add(id(node))
            yield node
        elif id(tensor) not in known:
            stack.append((tensor, True))
            stack += [(before, False) for before in reversed(node.input_tensors)]


def _node_of(tensor: Any) -> Any:
    """The call that made a tensor.

    Keras has no public way from a tensor to the call that made it. `tests/anatomy/test_tracing.py` holds what is used
    of it: `_keras_history`, `_inbound_nodes`, and the nodes' operation, inputs, outputs and arguments.
    """
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]
