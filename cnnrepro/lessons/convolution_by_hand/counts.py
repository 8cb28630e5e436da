"""Weights, parameters and memory counted off built layers: the notes' examples, and AlexNet's first layer."""

from __future__ import annotations

from math import prod

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.convolution import Array, window_layout
from cnnrepro.claims.check_helpers.wording import shape_text
from cnnrepro.engine import keras
from cnnrepro.models.lenet import C3_TABLE


def connections() -> list[tuple]:
    """For the notes' examples: input, filter, weights and parameters of a neuron, read off Keras's layer."""
    rows = []
    for shape, window in (((16, 16, 20), 3), ((32, 32, 3), 5), ((227, 227, 3), 11)):
        layer = keras.layers.Conv2D(1, window)
        layer.build((None, *shape))
        kernel = layer.kernel.shape
        rows.append((shape_text(shape), shape_text(kernel[:3]), prod(kernel), layer.count_params()))
    return rows


def first_layer_rows() -> list[tuple]:
    """AlexNet's first layer, from a trace of the model: what is counted, the arithmetic, the number."""
    row = anatomy.trace(models.outline("alexnet"))["conv1"]
    neurons, filters = prod(row.output_shape), row.output_shape[2]
    weights = row.parameters // filters - 1
    return [
        ("neurons", shape_text(row.output_shape), neurons),
        ("weights of a neuron", "11x11x3", weights),
        ("weights, not shared", f"{neurons:,}·{weights}", neurons * weights),
        ("weights and biases, not shared", f"{neurons:,}·({weights} + 1)", neurons * (weights + 1)),
        ("weights, shared", f"{filters}·{weights}", filters * weights),
        ("weights and biases, shared", f"{filters}·({weights} + 1)", filters * (weights + 1)),
    ]


def seen_channels() -> dict[str, Array]:
    """Which of 6 input maps (rows) each filter (columns) sees; the last is layer C3 of LeNet-5."""
    table = np.zeros((6, len(C3_TABLE)))
    for target, sources in enumerate(C3_TABLE):
        table[list(sources), target] = 1
    return {
        "ordinary": np.ones((6, 8)),
        "two groups": np.kron(np.eye(2), np.ones((3, 4))),
        "depthwise": np.eye(6),
        "LeNet-5, layer C3": table,
    }


def column_sizes() -> list[tuple]:
    """What X_col of some first and other layers takes: layer, X_col, megabytes of input and columns, their ratio."""
    layers = (
        ("AlexNet, conv1: 11x11, stride 4", (227, 227, 3), 11, 4, "valid"),
        ("ResNet-50, conv1: 7x7, stride 2", (224, 224, 3), 7, 2, "same"),
        ("VGG-16, conv1_2: 3x3, stride 1", (224, 224, 64), 3, 1, "same"),
        ("any 1x1, stride 1", (56, 56, 256), 1, 1, "valid"),
    )
    rows = []
    for name, shape, window, stride, padding in layers:
        memory = anatomy.columns_bytes(shape, window, stride=stride, padding=padding)
        positions = prod(window_layout(shape[:2], window, stride, padding).output)
        size = shape_text((window * window * shape[2], positions))
        rows.append((name, size, f"{memory.input / 1e6:.2f}", f"{memory.columns / 1e6:.2f}", f"{memory.ratio:.1f}"))
    return rows
