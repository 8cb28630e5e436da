"""How many calls of layers it takes to build a Keras configuration, told from its text before Keras sees it.

Some hundred bytes can ask for years: models within models are called as often as all of them together are, and a
sequential model of n layers is built anew with each, in n (n + 1) / 2 calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

ATTEMPTS_A_CALL = 40  # to call a layer whose inputs are not there yet, in the time of one call
_NO_LAYERS = ("keras.initializers", "keras.regularizers", "keras.constraints", "keras.dtype_policies")
_NO_LAYER = ("function", "__", "DType")  # how the names of other things than layers begin


class Work(NamedTuple):
    """Calls of layers: until a part of a configuration is built, and each time when it is called."""

    build: int = 0
    call: int = 0


def depth(value: object) -> int:
    """How deep lists and objects are nested: 0 for a scalar, 1 for a flat list."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        part, level = waiting.pop()
        if isinstance(part, (dict, list)):
            deepest = max(deepest, level)
            waiting += [(inner, level + 1) for inner in (part.values() if isinstance(part, dict) else part)]
    return deepest


def objects(value: object) -> Iterator[dict]:
    """Every part of a configuration that names a class or a function; a stack, as a file may nest deeply."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part:
                yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def work_of(value: object) -> Work:
    """The calls of layers that a configuration asks for; it must not be nested deeper than Python calls functions."""
    if isinstance(value, list):
        return _sum(map(work_of, value))
    if not isinstance(value, dict):
        return Work()
    if "class_name" not in value:
        return _sum(map(work_of, value.values()))
    config = value.get("config")
    if isinstance(config, dict) and isinstance(config.get("layers"), list):
        return _of_model(config)
    inner = work_of(config)
    if value["class_name"] == "Bidirectional":  # makes its layer anew, twice
        inner = Work(3 * inner.build, 3 * inner.call)
    name, module = str(value["class_name"]), value.get("module")
    return Work(inner.build, inner.call + (module not in _NO_LAYERS and not name.startswith(_NO_LAYER)))


def _of_model(config: dict) -> Work:
    layers = config["layers"]
    each = [work_of(layer) for layer in layers]
    build = (
        sum(work.build for work in each) + work_of([inner for key, inner in config.items() if key != "layers"]).build
    )
    if "input_layers" not in config:  # a sequential model, built anew as each layer is added
        again = sum(work.call * (len(layers) - place) for place, work in enumerate(each))
        return Work(build + again, 1 + sum(work.call for work in each))
    nodes = [layer.get("inbound_nodes") if isinstance(layer, dict) else None for layer in layers]
    call = sum(
        work.call * max(1, len(own) if isinstance(own, list) else 1) for own, work in zip(nodes, each, strict=True)
    )
    return Work(build + call + _too_early(layers, nodes) * len(layers) // ATTEMPTS_A_CALL, 1 + call)


def _too_early(layers: list, nodes: list) -> int:
    """How many calls of a model stand before a layer that they need; for each Keras goes through the list once more."""
    known, early = set(), 0
    for layer, own in zip(layers, nodes, strict=True):
        known.add(str(layer.get("name")) if isinstance(layer, dict) else "")
        for node in own if isinstance(own, list) else ():
            early += not isinstance(node, dict) or not _needed(node) <= known
    return early


def _needed(node: dict) -> set[str]:
    """The names of the layers whose outputs a call takes."""
    configs = (part.get("config") for part in objects(node) if part["class_name"] == "__keras_tensor__")
    histories = (config.get("keras_history") for config in configs if isinstance(config, dict))
    return {str(history[0]) for history in histories if isinstance(history, list) and history}


def _sum(works: Iterator[Work]) -> Work:
    build = call = 0
    for work in works:
        build, call = build + work.build, call + work.call
    return Work(build, call)
