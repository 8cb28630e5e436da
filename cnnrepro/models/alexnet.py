"""AlexNet.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012.
"""

from __future__ import annotations

from cnnrepro.engine import keras
from cnnrepro.errors import UsageError

layers = keras.layers

# Three valid 3x3 pools with stride 2 take s to (s - 3)//2 + 1: 15 -> 7 -> 3 -> 1. Below 15 nothing is left.
SMALLEST_INPUT = 15

# (filters, kernel size, whether an overlapping pool follows): the filter counts are the paper's.
SMALL_CONVOLUTIONS = ((96, 5, True), (256, 5, True), (384, 3, False), (384, 3, False), (256, 3, True))


def alexnet_small(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    dropout: float = 0.5,
    dense_units: int = 1024,
    kernel_initializer: str = "glorot_uniform",
) -> keras.Model:
    """AlexNet for small images: five convolutions, three overlapping pools, three dense layers.

    At 28x28x1 with 10 classes it has 5,824,202 parameters: convolutions 2,496 + 614,656 + 885,120 + 1,327,488 +
    884,992 and dense layers 1,049,600 + 1,049,600 + 10,250. The feature maps go 28 -> 13 -> 6 -> 2.

    Deviations from the paper:

    1. Input 28x28x1 in place of 224x224x3, so the first convolution is 5x5 with stride 1 in place of 11x11 with
       stride 4: the paper's would leave 5x5 positions of a digit, and its first pool two.
    2. One tower: convolutions 2, 4 and 5 see all feature maps, not those of one GPU (section 3.5).
    3. No local response normalisation (section 3.3).
    4. The two hidden dense layers have 1,024 units in place of 4,096, since 2·2·256 = 1,024 values reach them in
       place of 6·6·256 = 9,216.
    5. Glorot's uniform initialisation, Keras's default, and zero biases in place of N(0, 0.01) and ones (section 5).
       On standardised digits it starts at a loss of 2.30 = ln 10, where He's normal one starts at 15.6, since each
       max pool raises the activations.
    6. The last layer gives logits; softmax is part of the loss.
    7. Dropout scales in training what the paper scales at test (section 4.2): the same expectation.

    Args:
        input_shape: ``(height, width, channels)``; height and width at least 15.
        classes: number of classes.
        dropout: share of the hidden dense units that is dropped in training, in [0, 1).
        dense_units: units of each hidden dense layer.
        kernel_initializer: a Keras initialiser's name, for all layers.

    Returns:
        A model from ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.
    """
    if min(input_shape[:2]) < SMALLEST_INPUT:
        raise UsageError(
            f"alexnet_small needs images of at least {SMALLEST_INPUT}x{SMALLEST_INPUT} pixels, or its three pools "
            f"leave nothing. Received: input_shape={tuple(input_shape)}"
        )
    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = inputs
    for number, (filters, size, pooled) in enumerate(SMALL_CONVOLUTIONS, start=1):
        x = layers.Conv2D(
            filters,
            size,
            padding="same",
            activation="relu",
            kernel_initializer=kernel_initializer,
            name=f"conv{number}",
        )(x)
        if pooled:
            x = layers.MaxPooling2D(3, strides=2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)  # (N, 2·2·256) at 28x28
    for number in (6, 7):
        dense = layers.Dense(
            dense_units, activation="relu", kernel_initializer=kernel_initializer, name=f"dense{number}"
        )
        x = dense(x)
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    logits = layers.Dense(classes, kernel_initializer=kernel_initializer, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="alexnet_small")
