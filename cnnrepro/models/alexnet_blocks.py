"""What AlexNet and ZFNet build alike: a chain of convolutions with overlapping pools, and three dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnrepro.engine import keras
from cnnrepro.layers import GroupedConv2D
from cnnrepro.layers.initializers import initializer
from cnnrepro.models.blocks import normalise

layers = keras.layers


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


def convolutions(
    x: keras.KerasTensor,
    chain: Sequence[Convolution],
    normalization: str,
    kernel_initializer: str,
    initial_bias: float = 0.0,
    *,
    pool_first: bool = False,
) -> keras.KerasTensor:
    """The chain behind images or feature maps (N, H, W, C).

    Args:
        x: the input.
        chain: the convolutions in order; their layers are named conv1, norm1, pool1, conv2 …
        normalization: "none"; "lrn" behind the ReLU where ``lrn`` is set; "batch" before the ReLU, everywhere.
        kernel_initializer: a name that ``cnnrepro.layers.initializers`` knows.
        initial_bias: of the convolutions that are ``biased``.
        pool_first: whether local response normalisation comes behind the pool, as in ZFNet, and not before it.
    """
    for number, one in enumerate(chain, start=1):
        x = _convolve(x, one, number, normalization, kernel_initializer, initial_bias if one.biased else 0.0)
        lrn = normalization == "lrn" and one.lrn
        if lrn and not pool_first:
            x = normalise(x, "lrn", f"norm{number}")
        if one.pooled:
            x = _pool(x, one.rounded_up, f"pool{number}")
        if lrn and pool_first:
            x = normalise(x, "lrn", f"norm{number}")
    return x


def dense_head(
    x: keras.KerasTensor,
    units: int,
    classes: int,
    dropout: float,
    kernel_initializer: str,
    initial_bias: float = 0.0,
    *,
    dropout_first: bool = False,
) -> keras.KerasTensor:
    """Feature maps (N, H, W, C) -> two hidden dense layers with ReLU and dropout -> logits (N, classes) in float32.

    Args:
        x: the feature maps.
        units: of each hidden layer, which are dense6 and dense7.
        classes: number of classes.
        dropout: share that is dropped in training.
        kernel_initializer: a name that ``cnnrepro.layers.initializers`` knows.
        initial_bias: of the hidden layers.
        dropout_first: whether the inputs of the hidden layers are dropped, and not their outputs.
    """
    x = layers.Flatten(name="flatten")(x)
    for number in (6, 7):
        dense = layers.Dense(
            units,
            activation="relu",
            kernel_initializer=initializer(kernel_initializer),
            bias_initializer=keras.initializers.Constant(initial_bias),
            name=f"dense{number}",
        )
        drop = layers.Dropout(dropout, name=f"dropout{number}")
        x = dense(drop(x)) if dropout_first else drop(dense(x))
    return layers.Dense(classes, kernel_initializer=initializer(kernel_initializer), dtype="float32", name="logits")(x)


def _convolve(
    x: keras.KerasTensor, one: Convolution, number: int, normalization: str, kernel_initializer: str, bias: float
) -> keras.KerasTensor:
    """Padding, convolution, batch normalisation where there is one, ReLU."""
    batch = normalization == "batch"
    same = one.strides == 1 and 2 * one.padding == one.size - 1  # then "same" is the padding, on both sides
    if one.padding and not same:
        x = layers.ZeroPadding2D(one.padding, name=f"padding{number}")(x)
    arguments = {
        "strides": one.strides,
        "padding": "same" if same else "valid",
        "activation": None if batch else "relu",
        "use_bias": not batch,  # batch normalisation has one
        "kernel_initializer": initializer(kernel_initializer),
        "bias_initializer": keras.initializers.Constant(bias),
        "name": f"conv{number}",
    }
    if one.groups > 1:
        x = GroupedConv2D(one.filters, one.size, one.groups, **arguments)(x)
    else:
        x = layers.Conv2D(one.filters, one.size, **arguments)(x)
    if batch:
        x = layers.ReLU(name=f"relu{number}")(normalise(x, "batch", f"norm{number}"))
    return x


def _pool(x: keras.KerasTensor, rounded_up: bool, name: str) -> keras.KerasTensor:
    """An overlapping max pool: 3x3 with stride 2."""
    rows, columns = (rounded_up and size % 2 == 0 for size in x.shape[1:3])  # even sizes do not divide
    if rows and columns:
        return layers.MaxPooling2D(3, strides=2, padding="same", name=name)(x)  # one more at the far ends
    if rows or columns:
        # A max pool may see zeros at the edge: behind a ReLU nothing is negative.
        x = layers.ZeroPadding2D(((0, int(rows)), (0, int(columns))), name=f"{name}_padding")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)
