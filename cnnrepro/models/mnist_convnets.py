"""Two small networks for MNIST: the one of keras.io's example, and one that is faster to train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.models.model_entry import ModelEntry, Published, classic_options

if TYPE_CHECKING:
    import keras


def keras_io_convnet(
    input_shape: tuple[int, int, int], classes: int, *, dropout: float, normalization: str, kernel_initializer: str
) -> keras.Model:
    """The network of keras.io's "Simple MNIST convnet" (F. Chollet), with logits in place of its softmax.

    At 28x28x1 with 10 classes it has 34,826 parameters:

        conv1   32 maps 26x26   (9 + 1) · 32 = 320
        conv2   64 maps 11x11   (9 · 32 + 1) · 64 = 18,496
        logits  10 units        (5 · 5 · 64 + 1) · 10 = 16,010

    Its softmax is part of the loss here, as in all networks of the table. It has no normalisation; the option
    ``normalization`` puts one behind each convolution.
    """
    from cnnrepro.models.blocks import initializer, keras, layers, logits, normalise

    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    for number, filters in ((1, 32), (2, 64)):
        start = initializer(kernel_initializer)
        x = layers.Conv2D(filters, 3, kernel_initializer=start, name=f"conv{number}")(x)
        x = normalise(x, normalization, f"norm{number}")
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)  # (N, 5·5·64)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, logits(x, classes, kernel_initializer), name="keras_io_convnet")


def fast_convnet(
    input_shape: tuple[int, int, int], classes: int, *, dropout: float, normalization: str, kernel_initializer: str
) -> keras.Model:
    """Two convolutions with batch normalisation and a dense layer, for MNIST in a few seconds.

    At 28x28x1 with 10 classes it has 111,498 trainable parameters:

        conv1   24 maps 24x24   (25 + 1) · 24 = 624; norm1: 2 · 24
        conv2   32 maps 10x10   (9 · 24 + 1) · 32 = 6,944; norm2: 2 · 32
        dense3  128 units       (5 · 5 · 32 + 1) · 128 = 102,528
        logits  10 units        (128 + 1) · 10 = 1,290

    Pools stand right behind the convolutions, so that normalisation and ReLU work on a quarter of the values. For ReLU
    the order makes no difference to the result.
    """
    from cnnrepro.models.blocks import initializer, keras, layers, logits, normalise

    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    for number, filters, side in ((1, 24, 5), (2, 32, 3)):
        start = initializer(kernel_initializer)
        x = layers.Conv2D(filters, side, kernel_initializer=start, name=f"conv{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
        x = normalise(x, normalization, f"norm{number}")
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.Flatten(name="flatten")(x)  # (N, 5·5·32)
    x = layers.Dense(128, activation="relu", kernel_initializer=initializer(kernel_initializer), name="dense3")(x)
    x = layers.Dropout(dropout, name="dropout3")(x)
    return keras.Model(inputs, logits(x, classes, kernel_initializer), name="fast_convnet")


KERAS_IO = "keras.io, code examples, Simple MNIST convnet (F. Chollet, 2015)"

ROWS = (
    ModelEntry(
        name="keras_io_convnet",
        builder=keras_io_convnet,
        title="MNIST convnet of keras.io",
        paper=KERAS_IO,
        input_shape=(28, 28, 1),
        classes=10,
        parameters=34_826,
        smallest=10,
        options=classic_options("glorot_uniform"),
        published=Published(KERAS_IO, parameters=34_826),
    ),
    ModelEntry(
        name="fast_convnet",
        builder=fast_convnet,
        title="Fast convnet",
        paper="this project, for the recipe fast-mnist",
        input_shape=(28, 28, 1),
        classes=10,
        parameters=111_498,
        smallest=12,
        options=classic_options("he_normal", dropout=0.0, normalization="batch"),
    ),
)
