"""The layers of LeNet-5 as published: trainable subsampling, a sparse convolution, radial basis units.

LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings of the IEEE
86(11), 1998, section II-B and appendix A.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnrepro.engine import keras
from cnnrepro.layers.digit_codes import PIXELS, codes

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
def scaled_tanh(x):
    """1.7159 · tanh(2x / 3), appendix A: f(1) = 1 and f(-1) = -1, the targets, are where it bends most."""
    return 1.7159 * ops.tanh(x * (2 / 3))


@keras.saving.register_keras_serializable(package="cnnrepro")
class TrainableSubsampling2D(keras.layers.AveragePooling2D):
    """The sum over each window, times a coefficient, plus a bias; both trained, one of each a feature map.

    Layers S2 and S4 of LeNet-5: "the four inputs are added, then multiplied by a trainable coefficient, and added to
    a trainable bias", then squashed. Windows do not overlap. Odd sizes lose their last row or column.

    Args:
        pool_size: height and width of the windows, in pixels.
        activation: applied at the end.
        coefficient_initializer: None starts as an average: 1 / 4 for windows of 2x2. The paper does not say.
        bias_initializer: of the biases.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H // pool, W // pool, C)``. Parameters: 2C.

    Example:
        >>> TrainableSubsampling2D()(keras.ops.ones((1, 28, 28, 6))).shape
        (1, 14, 14, 6)
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        activation=None,
        coefficient_initializer=None,
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(pool_size, **kwargs)
        self.activation = keras.activations.get(activation)
        average = keras.initializers.Constant(1 / (self.pool_size[0] * self.pool_size[1]))
        self.coefficient_initializer = keras.initializers.get(coefficient_initializer or average)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape) -> None:
        """One coefficient and one bias a map."""
        channels = (input_shape[-1],)
        self.coefficient = self.add_weight(name="coefficient", shape=channels, initializer=self.coefficient_initializer)
        self.bias = self.add_weight(name="bias", shape=channels, initializer=self.bias_initializer)
        self.built = True

    def call(self, inputs):
        """Add, weigh, shift, squash."""
        area = self.pool_size[0] * self.pool_size[1]
        return self.activation(super().call(inputs) * (area * self.coefficient) + self.bias)  # (N, H', W', C)

    def get_config(self):
        """The arguments, for saving."""
        return super().get_config() | {
            "activation": keras.activations.serialize(self.activation),
            "coefficient_initializer": keras.initializers.serialize(self.coefficient_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


@keras.saving.register_keras_serializable(package="cnnrepro")
class TableConv2D(keras.layers.Layer):
    """A convolution in which each output map sees only the input maps that a table lists.

    Layer C3 of LeNet-5 with the paper's table 1 (``cnnrepro.models.lenet.C3_TABLE``). Only the weights in use exist:
    one filter of ``kernel_size`` a connection, and a bias an output map. They are laid into an ordinary filter bank,
    with zeros between them, for one convolution without padding.

    Args:
        table: for each output map the input maps it sees, counted from 0.
        kernel_size: height and width of the filters, in pixels.
        activation: applied at the end.
        kernel_initializer: called for each output map with the shape ``(height, width, its input maps, 1)``, so that
            an initialiser that goes by fan-in sees the right one; each map draws numbers of its own.
        bias_initializer: of the biases.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H - height + 1, W - width + 1, len(table))``.

    Example:
        >>> TableConv2D([(0, 1), (1, 2), (0, 2)], 5)(keras.ops.ones((1, 14, 14, 3))).shape
        (1, 10, 10, 3)
    """

    def __init__(
        self,
        table: Sequence[Sequence[int]],
        kernel_size: int | tuple[int, int],
        activation=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.table = tuple(tuple(row) for row in table)
        if not self.table or not all(row and len(set(row)) == len(row) and min(row) >= 0 for row in self.table):
            raise ValueError(
                f"`table` must list one or more different input maps for each output map. Received: table={table}"
            )
        self.filters = len(self.table)
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        self.strides, self.dilation_rate, self.padding = (1, 1), (1, 1), "valid"
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    @property
    def connections(self) -> int:
        """Pairs of an input and an output map that are connected."""
        return sum(len(row) for row in self.table)

    def build(self, input_shape) -> None:
        """The used weights, and the matrix that lays them out."""
        channels = input_shape[-1]
        if max(map(max, self.table)) >= channels:
            raise ValueError(
                f"`table` names input maps that do not exist. Received: table={self.table}, "
                f"input_shape={tuple(input_shape)}"
            )
        self._layout = np.zeros((self.connections, channels, self.filters), "float32")
        pairs = [(source, target) for target, row in enumerate(self.table) for source in row]
        for connection, (source, target) in enumerate(pairs):
            self._layout[connection, source, target] = 1
        shape = (*self.kernel_size, self.connections)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self._draw)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=self.bias_initializer)
        self.built = True

    def _draw(self, shape, dtype=None):
        """First weights, output map by output map. An initialiser used twice would repeat its numbers."""
        maps = []
        for number, row in enumerate(self.table):
            config = self.kernel_initializer.get_config()
            if isinstance(config.get("seed"), int):
                config["seed"] += number
            fresh = type(self.kernel_initializer).from_config(config)
            maps.append(ops.squeeze(fresh((*self.kernel_size, len(row), 1), dtype=dtype), -1))
        return ops.reshape(ops.concatenate(maps, axis=-1), shape)

    def call(self, inputs):
        """Lay the weights out, convolve, shift, squash."""
        layout = ops.convert_to_tensor(self._layout.reshape(self.connections, -1), self.compute_dtype)
        bank = ops.matmul(ops.cast(self.kernel, self.compute_dtype), layout)  # (height, width, C · filters)
        bank = ops.reshape(bank, (*self.kernel_size, *self._layout.shape[1:]))
        return self.activation(ops.conv(inputs, bank, padding="valid", data_format="channels_last") + self.bias)

    def compute_output_shape(self, input_shape):
        """The shape of the output; unknown sizes stay unknown."""
        batch, *sizes, _ = input_shape
        rows_columns = (None if n is None else n - k + 1 for n, k in zip(sizes, self.kernel_size, strict=True))
        return (batch, *rows_columns, self.filters)

    def get_config(self):
        """The arguments, for saving."""
        return super().get_config() | {
            "table": self.table,
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


@keras.saving.register_keras_serializable(package="cnnrepro")
class RadialBasis(keras.layers.Layer):
    """The output of LeNet-5: how far the 84 units of F6 are from the fixed picture of each class.

    y_i = Σ_j (x_j - w_ij)², where w_i are the 7x12 pixels of the class's character, +1 for ink and -1 for paper
    (``cnnrepro.layers.digit_codes``). Here it gives **-y_i**, so that the largest output is the answer, as with
    logits; softmax cross-entropy over them, y_answer + log Σ_i exp(-y_i), is the paper's equation 9 without its
    constant e^(-j). Computed in float32 under any policy: the distances go up to some hundreds.

    Args:
        classes: number of classes. The first ten are the digits; more have fixed random codes.

    Input shape: ``(N, 84)``. Output shape: ``(N, classes)``. Parameters: 84 a class, none of them trainable.

    Example:
        >>> RadialBasis(10)(keras.ops.zeros((1, 84)))[0, 0]  # each of 84 pixels is 1 away from +1 or -1
        -84.0
    """

    def __init__(self, classes: int, **kwargs):
        super().__init__(**({"dtype": "float32"} | kwargs))
        if classes < 1:
            raise ValueError(f"`classes` must be a positive integer. Received: classes={classes}")
        self.classes = classes

    def build(self, input_shape) -> None:
        """The codes."""
        if input_shape[-1] != PIXELS:
            raise ValueError(f"The input must have {PIXELS} units. Received: input_shape={tuple(input_shape)}")
        fixed = codes(self.classes)
        self.codes = self.add_weight(
            name="codes",
            shape=fixed.shape,
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(fixed, dtype),
            trainable=False,
        )
        self.built = True

    def call(self, inputs):
        """Minus the squared distances."""
        apart = ops.expand_dims(inputs, -2) - self.codes  # (N, classes, 84)
        return -ops.sum(ops.square(apart), axis=-1)

    def compute_output_shape(self, input_shape):
        """One distance a class."""
        return (*input_shape[:-1], self.classes)

    def get_config(self):
        """The arguments, for saving."""
        return super().get_config() | {"classes": self.classes}
