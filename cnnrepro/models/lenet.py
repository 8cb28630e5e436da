"""LeNet-5, as published and as most write it today.

LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings of the IEEE
86(11), 1998, section II-B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
from cnnrepro.models.model_entry import ModelEntry, Option, Published, classic_options

if TYPE_CHECKING:
    import keras

SIZE = 32  # height and width of the paper's input, in pixels
SMALLEST_UNPADDED = 16  # 16 -> 12 -> 6 -> 2 -> 1

# Table 1: for each of the 16 maps of C3 the maps of S2 it sees. Six see three neighbours, six see four neighbours,
# three see two pairs, the last sees all: 6·3 + 6·4 + 3·4 + 6 = 60 connections.
C3_TABLE = (
    *(tuple(sorted((first + step) % 6 for step in range(3))) for first in range(6)),
    *(tuple(sorted((first + step) % 6 for step in range(4))) for first in range(6)),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)


def lenet5(
    input_shape: tuple[int, int, int], classes: int, *, dropout: float, normalization: str, kernel_initializer: str
) -> keras.Model:
    """LeNet-5 of 1998: the sparse table, trainable subsampling, scaled tanh, radial basis units.

    At 32x32x1 with 10 classes it has the paper's 60,000 trainable parameters, and 84 · 10 = 840 fixed ones:

        C1  6 maps 28x28     (25 + 1) · 6 = 156
        S2  6 maps 14x14     2 · 6 = 12
        C3  16 maps 10x10    60 · 25 + 16 = 1,516
        S4  16 maps 5x5      2 · 16 = 32
        C5  120 maps 1x1     (25 · 16 + 1) · 120 = 48,120
        F6  84 units         (120 + 1) · 84 = 10,164

    Every layer up to F6, the subsampling too, ends in 1.7159 · tanh(2x / 3). The paper's 340,908 connections count
    each parameter once a position, and the 840 of the output: 122,304 + 5,880 + 151,600 + 2,000 + 48,120 + 10,164 +
    840.

    Deviations from the paper, and what it leaves open:

    1. The digits behind the output units were drawn anew, in the manner of figure 3; classes beyond ten have fixed
       random codes.
    2. The output is minus the squared distance, so that the largest is the answer. Softmax cross-entropy over it is
       equation 9 without the constant e^(-j).
    3. The coefficients of S2 and S4 start as averages, 1 / 4, and all biases at 0; the paper draws the weights by
       fan-in (appendix A) and does not say how it starts these.
    4. Smaller images are padded to 32x32 by zeros, which on standardised images are the mean grey and not the
       paper's background of -0.1. Larger images leave more than one position in C5; F6 sees them all, where the
       paper would apply it at each.
    5. More than one input channel: C1 sees them all.
    6. Options the paper has not: dropout of C5's units, before F6; none is dropped behind F6, where the scaling that
       goes with dropout would move the units off their targets of +1 and -1. Normalisation of the sums of C1 and C3
       (batch) or of their outputs (lrn).
    """
    from cnnrepro.layers import RadialBasis, TableConv2D, TrainableSubsampling2D, scaled_tanh
    from cnnrepro.models.blocks import initializer, keras, layers

    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = at_least_32(inputs)
    x = layers.Conv2D(6, 5, kernel_initializer=initializer(kernel_initializer), name="c1")(x)
    x = _squash(x, normalization, scaled_tanh, "c1")  # (N, 28, 28, 6)
    x = TrainableSubsampling2D(2, activation=scaled_tanh, name="s2")(x)  # (N, 14, 14, 6)
    x = TableConv2D(C3_TABLE, 5, kernel_initializer=initializer(kernel_initializer), name="c3")(x)
    x = _squash(x, normalization, scaled_tanh, "c3")  # (N, 10, 10, 16)
    x = TrainableSubsampling2D(2, activation=scaled_tanh, name="s4")(x)  # (N, 5, 5, 16)
    start = initializer(kernel_initializer)
    x = layers.Conv2D(120, 5, activation=scaled_tanh, kernel_initializer=start, name="c5")(x)  # (N, 1, 1, 120)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(dropout, name="dropout6")(x)
    x = layers.Dense(84, activation=scaled_tanh, kernel_initializer=initializer(kernel_initializer), name="f6")(x)
    return keras.Model(inputs, RadialBasis(classes, dtype="float32", name="logits")(x), name="lenet5")


def lenet5_modern(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    dropout: float,
    normalization: str,
    kernel_initializer: str,
    activation: str,
    pooling: str,
    width: int,
    padded: bool,
) -> keras.Model:
    """LeNet-5 as most write it today: a dense C3, pools without parameters, ReLU, softmax.

    At 28x28x1 (as at 32x32x1) with 10 classes it has 61,706 parameters:

        conv1   6 maps 28x28    (25 + 1) · 6 = 156
        conv2   16 maps 10x10   (25 · 6 + 1) · 16 = 2,416
        dense3  120 units       (400 + 1) · 120 = 48,120
        dense4  84 units        (120 + 1) · 84 = 10,164
        logits  10 units        (84 + 1) · 10 = 850

    Deviations from the paper:

    1. Each map of the second convolution sees all six maps: 900 more weights.
    2. Pools without parameters in place of trainable subsampling, and no squashing behind them.
    3. ReLU in place of the scaled tanh (option ``activation``).
    4. A dense layer and softmax, which is part of the loss, in place of radial basis units.
    5. Smaller images are padded to 32x32 by zeros: at 28x28 by two on each side, as the first convolution of most
       versions is. Larger images give the first dense layer more inputs.
    6. Without that padding (option ``padded``) 28x28 leaves 4x4 maps for dense3, and no zeros anywhere.
    7. Options the paper has not: dropout, normalisation (batch before the activation, lrn behind it), and ``width``,
       which multiplies the 6 and 16 maps and leaves the dense layers as they are.
    """
    from cnnrepro.models.blocks import POOLS, initializer, keras, layers, logits

    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    if not padded and min(input_shape[:2]) < SMALLEST_UNPADDED:
        raise UsageError(f"lenet5_modern without padding needs images of 16x16. Received: {tuple(input_shape)}")
    x = at_least_32(inputs) if padded else inputs
    for number, filters in ((1, 6), (2, 16)):
        convolution = layers.Conv2D(
            width * filters,
            5,
            use_bias=normalization != "batch",  # batch normalisation has one
            kernel_initializer=initializer(kernel_initializer),
            name=f"conv{number}",
        )
        x = _squash(convolution(x), normalization, activation, f"conv{number}")
        x = POOLS[pooling](2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)  # (N, 5·5·16)
    for number, units in ((3, 120), (4, 84)):
        dense = layers.Dense(
            units, activation=activation, kernel_initializer=initializer(kernel_initializer), name=f"dense{number}"
        )
        x = layers.Dropout(dropout, name=f"dropout{number}")(dense(x))
    return keras.Model(inputs, logits(x, classes, kernel_initializer), name="lenet5_modern")


def at_least_32(inputs: keras.KerasTensor) -> keras.KerasTensor:
    """Images (N, H, W, C) in the middle of zeros, so that neither side is below 32; larger ones as they are."""
    from cnnrepro.models.blocks import layers

    missing = [max(SIZE - size, 0) for size in inputs.shape[1:3]]
    if not any(missing):
        return inputs
    return layers.ZeroPadding2D([(total // 2, total - total // 2) for total in missing], name="padding")(inputs)


def _squash(x: keras.KerasTensor, normalization: str, activation, name: str) -> keras.KerasTensor:
    """The activation, with batch normalisation before it or local response normalisation behind it."""
    from cnnrepro.models.blocks import layers, normalise

    if normalization == "batch":
        x = normalise(x, "batch", f"{name}_norm")
    x = layers.Activation(activation, name=f"{name}_activation")(x)
    return normalise(x, "lrn", f"{name}_norm") if normalization == "lrn" else x


PAPER = "LeCun, Bottou, Bengio and Haffner 1998"

ROWS = (
    ModelEntry(
        name="lenet5",
        builder=lenet5,
        title="LeNet-5 (1998)",
        paper=f"{PAPER}, section II-B",
        input_shape=(32, 32, 1),
        classes=10,
        parameters=60_000,
        smallest=1,
        options=classic_options("lecun_1998", dropout=0.0),
        published=Published(f"{PAPER}, section II-B", parameters=60_000),
    ),
    ModelEntry(
        name="lenet5_modern",
        builder=lenet5_modern,
        title="LeNet-5 (modern)",
        paper=f"{PAPER}, as most write it today",
        input_shape=(28, 28, 1),
        classes=10,
        parameters=61_706,
        smallest=1,
        options={
            **classic_options("glorot_uniform", dropout=0.0),
            "activation": Option("relu", "of all hidden layers", choices=("relu", "tanh", "sigmoid")),
            "pooling": Option("max", "kind of the two 2x2 pools", choices=("max", "average", "l2")),
            "width": Option(1, "factor on the published filter counts, 6 and 16", 1, 65),
            "padded": Option(True, "pad images below 32x32 with zeros"),
        },
    ),
)
