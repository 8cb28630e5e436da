"""The notebook on convolution: parameters and memory of AlexNet's first layer, and comparisons with Keras.

The small numbers are in small_convolutions, the photographs in photograph_maps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.convolution import Array, plan
from cnnrepro.engine import keras


def connections() -> list[tuple]:
    """For the notes' examples: input, filter, weights and parameters of a neuron, read off Keras's layer."""
    rows = []
    for shape, window in (((16, 16, 20), 3), ((32, 32, 3), 5), ((227, 227, 3), 11)):
        layer = keras.layers.Conv2D(1, window)
        layer.build((None, *shape))
        weights = int(np.prod(layer.kernel.shape))
        rows.append((_times(*shape), f"{_times(window, window, shape[2])}", weights, layer.count_params()))
    return rows


@dataclass(frozen=True)
class FirstLayer:
    """AlexNet's first layer, counted: its output, the weights of a neuron, parameters with and without sharing."""

    output: tuple[int, int, int]
    weights: int

    @property
    def neurons(self) -> int:
        """Cells of the output."""
        return int(np.prod(self.output))

    @property
    def unshared(self) -> int:
        """Parameters if every neuron had weights and a bias of its own."""
        return self.neurons * (self.weights + 1)

    @property
    def shared(self) -> int:
        """Parameters if a depth slice shares them."""
        return self.output[2] * (self.weights + 1)

    def rows(self) -> list[tuple]:
        """A table of it."""
        filters = self.output[2]
        return [
            ("neurons", _times(*self.output), self.neurons),
            ("weights of a neuron", "11x11x3", self.weights),
            ("weights, not shared", f"{self.neurons:,}·{self.weights}", self.neurons * self.weights),
            ("weights and biases, not shared", f"{self.neurons:,}·({self.weights} + 1)", self.unshared),
            ("weights, shared", f"{filters}·{self.weights}", filters * self.weights),
            ("weights and biases, shared", f"{filters}·({self.weights} + 1)", self.shared),
        ]


def first_layer() -> FirstLayer:
    """AlexNet's first layer, from a trace of the model."""
    row = anatomy.trace(models.outline("alexnet"))["conv1"]
    filters = row.output_shape[2]
    return FirstLayer(row.output_shape, row.parameters // filters - 1)


def seen_channels() -> dict[str, Array]:
    """Which of 6 input maps (rows) each filter (columns) sees; the last is layer C3 of LeNet-5."""
    from cnnrepro.models.lenet import C3_TABLE

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
        taken = anatomy.columns_bytes(shape, window, stride=stride, padding=padding)
        made = plan(shape[:2], window, stride, padding).output
        size = _times(window * window * shape[2], int(np.prod(made)))
        rows.append((name, size, f"{taken.input / 1e6:.2f}", f"{taken.columns / 1e6:.2f}", f"{taken.ratio:.1f}"))
    return rows


def products(colours: Array, seed: int = 0) -> list[tuple]:
    """The loops, the matrix product and Keras's layer on a photograph: what was compared, the largest difference."""
    kernel = np.random.default_rng(seed).normal(size=(11, 11, 3, 4))
    photograph = colours[None]
    product = anatomy.convolve_im2col(photograph, kernel, stride=4)
    corner = photograph[:, :43, :43]  # 9x9 positions; the loops take a millisecond for each
    loops = anatomy.convolve_loops(corner, kernel, stride=4)
    by_keras = keras.ops.convert_to_numpy(keras.ops.conv(_tensor(photograph), _tensor(kernel), 4, "valid"))
    return [
        ("loops", _times(*loops.shape[1:]), _apart(product[:, :9, :9], loops)),
        ("Keras, float32", _times(*product.shape[1:]), _apart(product, by_keras)),
    ]


def agreement(pulled_back: Callable, seed: int = 0) -> list[tuple]:
    """The gradients by hand against automatic differentiation.

    Args:
        pulled_back: from a function of tensors, the gradient that reaches its output and its arguments to their
            gradients, by automatic differentiation; as ``cnnrepro.claims.checks.autodiff.pulled_back``.
        seed: of the random numbers.

    Returns:
        A row a geometry: its name, and the largest differences of the gradients to input, filters and bias, as shares
        of the largest gradient. The first compares the convolution with flipped filters.
    """
    random = np.random.default_rng(seed)
    rows = []
    for size, window, stride, padding, dilation in (
        (9, 3, 1, "valid", 1),
        (11, 5, 2, "same", 1),
        (12, 3, 1, "same", 3),
    ):
        where = {"stride": stride, "padding": padding, "dilation": dilation}
        made = anatomy.output_size(size, window, stride, padding, dilation)
        x, filters = random.normal(size=(2, size, size, 3)), random.normal(size=(window, window, 3, 4))
        arriving = random.normal(size=(2, made, made, 4))

        def layer(x, filters, bias, where=where):
            strides, padding, dilation = where.values()
            return keras.ops.conv(x, filters, strides, padding, "channels_last", dilation) + bias

        automatic = pulled_back(layer, arriving, x, filters, np.zeros(4))
        found = anatomy.convolution_gradients(x, filters, arriving, **where)
        flipped = anatomy.input_gradient_as_convolution(filters, arriving, (size, size), **where)
        name = f"{_times(window, window)}, stride {stride}, padding {padding}, dilation {dilation}"
        rows.append((name, *map(_apart, (flipped, found.filters, found.bias), automatic)))
    return rows


def _times(*sizes: int) -> str:
    return "x".join(map(str, sizes))


def _tensor(values: Array) -> object:
    return keras.ops.convert_to_tensor(np.asarray(values, "float32"))


def _apart(first: Array, second: Array) -> str:
    """The largest difference as a share of the largest value: "2e-16", or "0"."""
    value = np.abs(first - second).max() / np.abs(first).max()
    return f"{value:.0e}" if value else "0"
