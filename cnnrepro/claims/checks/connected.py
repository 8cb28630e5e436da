"""Checks of what is connected to what: a neuron's inputs, the depth of filters, what a dense layer reads."""

from __future__ import annotations

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.rules import kind
from cnnrepro.claims.checks.autodiff import gradients, precision
from cnnrepro.claims.checks.concluding import conclude, right_or_wrong, shape_text, spelled, word_of
from cnnrepro.claims.checks.networks import calls, of_kinds, one_of_each_builder, traced
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, Verdict
from cnnrepro.engine import keras, without_weights

ops = keras.ops

CONVOLUTIONS = ("Conv2D", "GroupedConv2D", "TableConv2D")
# Statement 3: input, window, and the claimed connections of a neuron.
CONNECTIONS = (((16, 16, 20), 3, 180), ((32, 32, 3), 5, 75))


def connections() -> Verdict:
    """Statement 3: weights of a neuron, and how many inputs really have an influence on it."""
    found, right = [], []
    for shape, window, claimed in CONNECTIONS:
        layer = keras.layers.Conv2D(1, window)
        layer.build((None, *shape))
        weights = int(np.prod(layer.kernel.shape[:3]))
        filters = np.ones((window, window, shape[2], 1))
        middle = _influences(shape, filters, "valid")
        found.append((weights, layer.count_params(), middle, _influences(shape, filters, "same", corner=True)))
        right.append(weights == middle == claimed)
    (first, _, _, corner), (second, with_bias, _, second_corner) = found
    return conclude(
        3,
        right_or_wrong(right),
        {
            HOLDS: f"3·3·20 = {first} connections on 16x16x20 and 5·5·3 = {second} weights, with the bias {with_bias}, "
            f"on 32x32x3, read off Keras's layers.",
            DOES_NOT_HOLD: f"The layers have {first} and {second} weights a neuron.",
        },
        (
            f"Conv2D(1, 3) on 16x16x20 has {first} weights (the notes: {CONNECTIONS[0][2]}); Conv2D(1, 5) on 32x32x3 "
            f"has {second} (the notes: {CONNECTIONS[1][2]}), and {with_bias} parameters with its bias.",
            f"By automatic differentiation {found[0][2]} and {found[1][2]} inputs have an influence on a neuron whose "
            f"window lies within the input.",
            f"In the corner of a zero-padded input fewer have: {corner} and {second_corner}; the rest of the window is "
            f"padding.",
        ),
        "Keras's Conv2D and automatic differentiation",
    )


def _influences(shape: tuple[int, int, int], filters: np.ndarray, padding: str, *, corner: bool = False) -> int:
    """How many inputs change one output: in the middle of the map, or in its corner."""
    at = 0 if corner else shape[0] // 2 - 2
    tensor = filters.astype(precision()[0])
    gradient = gradients(
        lambda x: ops.conv(x, tensor, 1, padding, "channels_last")[0, at, at, 0], np.zeros((1, *shape))
    )[0]
    return int(np.count_nonzero(gradient))


def full_depth() -> Verdict:
    """Statement 49: every filter extends through the full depth of its input."""
    full, partial, explained, networks = 0, [], [], 0
    for name, model in one_of_each_builder():
        networks += 1
        for call in of_kinds(model, *CONVOLUTIONS):
            depths = _depths(call.operation)
            channels = call.input_shapes[0][-1]
            if all(depth == channels for depth in depths):
                full += 1
            else:
                partial.append((name, call.name, channels, sorted(set(depths))))
                explained.append(getattr(call.operation, "table", None) or call.operation.groups > 1)
    names = sorted({name for name, *_ in partial})
    return conclude(
        49,
        word_of([True] * full + [False] * len(partial)) if all(explained) else DOES_NOT_HOLD,
        {
            HOLDS_IF: f"It holds if there are no groups and no table of connections, as in {full} of "
            f"{full + len(partial)} convolutions here; not in {len(partial)} of {spelled(names)}.",
            HOLDS: f"All {full} convolutions have filters of full depth.",
        },
        (
            f"{networks} networks, one of each builder, have {full + len(partial)} convolutions; in {full} every "
            f"filter sees all channels.",
            *(
                f"{layer} of {name}: filters see {spelled(depths)} of {channels} channels."
                for name, layer, channels, depths in partial
            ),
        ),
        f"{networks} networks, one of each builder of cnnrepro",
    )


def _depths(layer: object) -> list[int]:
    """How many input channels each filter sees."""
    table = getattr(layer, "table", None)
    return [len(row) for row in table] if table else [layer.kernel.shape[2]]


def without_flattening() -> Verdict:
    """Statement 62: the output of the pooling layers must be flattened before it is passed to a dense layer."""
    flat = traced("INPUT -> CONV -> RELU -> POOL -> FC", filters=8)
    unflattened = anatomy.trace(without_weights(_unflattened))
    needing, without = [], []
    for name, model in one_of_each_builder():
        (needing if any(kind(call.operation) == "Flatten" for call in _answer(model)) else without).append(name)
    answer = unflattened["logits"].output_shape == flat["logits"].output_shape
    return conclude(
        62,
        word_of([not answer, not without]),
        {
            HOLDS_IF: f"It holds if the dense layer is to see all positions; a global average does without, as in "
            f"{len(without)} of {len(needing) + len(without)} networks here. Keras takes an unflattened map too, and "
            f"gives {shape_text(unflattened['logits'].output_shape)} scores.",
            HOLDS: f"All {len(needing)} networks flatten.",
        },
        (
            f"Dense(10) on a 16x16x8 map gives {shape_text(unflattened['logits'].output_shape)}, a 1x1 convolution "
            f"with {unflattened['logits'].parameters} parameters; flattened it gives {flat['logits'].output_shape[0]} "
            f"scores with {flat['logits'].parameters:,}.",
            f"On the way to the answer {len(needing)} of {len(needing) + len(without)} networks flatten a map; "
            f"{spelled(without)} average it.",
        ),
        "Keras's Dense, and one network of each builder of cnnrepro",
    )


def _unflattened() -> keras.Model:
    """A dense layer straight on a map of 16x16x8."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.MaxPooling2D(2)(keras.layers.Conv2D(8, 3, padding="same", activation="relu")(image))
    return keras.Model(image, keras.layers.Dense(10, name="logits")(x))


def _answer(model: object) -> list:
    """The calls on the way to the answer, without heads that only train."""
    names = {row.name for row in anatomy.trace(model) if row.at_inference}
    return [call for call in calls(model) if call.name in names]
