"""What AlexNet and ZFNet build alike: a chain of convolutions with overlapping pools, and three dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Convolution:
    """One convolution with its ReLU and what follows.

    Args:
        filters: their number.
        size: their height and width, in pixels.
        strides: their step, in pixels.
        padding: rows and columns of zeros on each side; what then does not divide is lost at the far end.
        groups: how many parts the channels are split into, each with filters of its own.
        biased: whether the first biases are the network's ``initial_bias`` in place of 0.
        lrn: whether local response normalisation follows, in networks that have it.
        pooled: whether a max pool of 3x3 with stride 2 follows.
        rounded_up: whether the pool rounds up where it does not divide, with a last window that hangs over the edge.
    """

    filters: int
    size: int
    strides: int = 1
    padding: int = 0
    groups: int = 1
    biased: bool = False
    lrn: bool = False
    pooled: bool = False
    rounded_up: bool = False


def chain_network(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    convolutions: Sequence[Convolution],
    *,
    units: int,
    dropout: float,
    normalization: str,
    kernel_initializer: str,
    initial_bias: float = 0.0,
    pool_first: bool = False,
    dropout_first: bool = False,
) -> keras.Model:
    """The convolutions, two hidden dense layers and the logits.

    Args:
        name: of the model.
        input_shape: ``(height, width, channels)``.
        classes: number of classes.
        convolutions: in order; their layers are named conv1, norm1, pool1, conv2 …
        units: of each hidden dense layer, which are dense6 and dense7.
        dropout: share that is dropped in training with each hidden dense layer.
        normalization: "none"; "lrn" behind the ReLU where ``lrn`` is set; "batch" before the ReLU, everywhere.
        kernel_initializer: a name that ``cnnrepro.layers.initializers`` knows.
        initial_bias: of the convolutions that are ``biased`` and the hidden dense layers.
        pool_first: whether local response normalisation comes behind the pool, as in ZFNet, and not before it.
        dropout_first: whether the inputs of the hidden dense layers are dropped, and not their outputs.
    """
    from cnnrepro.models.blocks import dense_head, keras, normalise

    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    for number, row in enumerate(convolutions, start=1):
        x = _convolve(x, row, number, normalization, kernel_initializer, initial_bias if row.biased else 0.0)
        lrn = normalization == "lrn" and row.lrn
        if lrn and not pool_first:
            x = normalise(x, "lrn", f"norm{number}")
        if row.pooled:
            x = _pool(x, row.rounded_up, f"pool{number}")
        if lrn and pool_first:
            x = normalise(x, "lrn", f"norm{number}")
    x = dense_head(x, units, classes, dropout, kernel_initializer, initial_bias, first=6, dropout_first=dropout_first)
    return keras.Model(inputs, x, name=name)


def _convolve(
    x: keras.KerasTensor, row: Convolution, number: int, normalization: str, kernel_initializer: str, bias: float
) -> keras.KerasTensor:
    """Padding, convolution, batch normalisation where there is one, ReLU."""
    from cnnrepro.layers import GroupedConv2D
    from cnnrepro.models.blocks import Conv2D, initializer, keras, layers, normalise

    batch = normalization == "batch"
    same = row.strides == 1 and 2 * row.padding == row.size - 1  # then "same" is the padding, on both sides
    if row.padding and not same:
        x = layers.ZeroPadding2D(row.padding, name=f"padding{number}")(x)
    arguments = {
        "strides": row.strides,
        "padding": "same" if same else "valid",
        "activation": None if batch else "relu",
        "use_bias": not batch,  # batch normalisation has one
        "kernel_initializer": initializer(kernel_initializer),
        "bias_initializer": keras.initializers.Constant(bias),
        "name": f"conv{number}",
    }
    if row.groups > 1:
        x = GroupedConv2D(row.filters, row.size, groups=row.groups, **arguments)(x)
    else:
        x = Conv2D(row.filters, row.size, **arguments)(x)
    if batch:
        x = layers.ReLU(name=f"relu{number}")(normalise(x, "batch", f"norm{number}"))
    return x


def _pool(x: keras.KerasTensor, rounded_up: bool, name: str) -> keras.KerasTensor:
    """An overlapping max pool: 3x3 with stride 2."""
    from cnnrepro.models.blocks import layers

    rows, columns = (rounded_up and size % 2 == 0 for size in x.shape[1:3])  # even sizes do not divide
    if rows and columns:
        return layers.MaxPooling2D(3, strides=2, padding="same", name=name)(x)  # one more at the far ends
    if rows or columns:
        # A max pool may see zeros at the edge: behind a ReLU nothing is negative.
        x = layers.ZeroPadding2D(((0, int(rows)), (0, int(columns))), name=f"{name}_padding")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)
