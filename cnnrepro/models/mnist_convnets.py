"""Small networks for MNIST: keras.io's example, one that is faster to train, and a pair as course projects write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.models.model_entry import ModelEntry, Option, Published, classic_options, initializer_option

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


def mnist_alexnet(
    input_shape: tuple[int, int, int], classes: int, *, dropout: float, normalization: str, kernel_initializer: str
) -> keras.Model:
    """AlexNet as course projects cut it down for MNIST: four 3x3 convolutions, three pools, three dense layers.

    At 28x28x1 with 10 classes it has 2,273,802 parameters, the figure that one such project published:

        conv1   64 maps 28x28    (9 + 1) · 64 = 640                  pool1 -> 14x14
        conv2   128 maps 14x14   (9 · 64 + 1) · 128 = 73,856         pool2 -> 7x7
        conv3   256 maps 7x7     (9 · 128 + 1) · 256 = 295,168
        conv4   256 maps 7x7     (9 · 256 + 1) · 256 = 590,080       pool4 -> 3x3
        dense5  512 units        (9 · 256 + 1) · 512 = 1,180,160
        dense6  256 units        (512 + 1) · 256 = 131,328
        logits  10 units         (256 + 1) · 10 = 2,570

    The project named the first filter's size, the number of parameters and that there is no dropout; the rest is ours,
    found by counting: of the usual numbers of maps and units these give that sum.
    """
    from cnnrepro.models.blocks import Conv2D, initializer, keras, layers, logits, normalise

    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    for number, filters, pooled in ((1, 64, True), (2, 128, True), (3, 256, False), (4, 256, True)):
        start = initializer(kernel_initializer)
        x = Conv2D(filters, 3, padding="same", kernel_initializer=start, name=f"conv{number}")(x)
        x = normalise(x, normalization, f"norm{number}")
        x = layers.ReLU(name=f"relu{number}")(x)
        if pooled:
            x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)  # (N, 3·3·256)
    for number, units in ((5, 512), (6, 256)):
        start = initializer(kernel_initializer)
        x = layers.Dense(units, activation="relu", kernel_initializer=start, name=f"dense{number}")(x)
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    return keras.Model(inputs, logits(x, classes, kernel_initializer), name="mnist_alexnet")


def mnist_resnet(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    batchnorm_momentum: float,
    batchnorm_epsilon: float,
    kernel_initializer: str,
) -> keras.Model:
    """A residual network as course projects write it for MNIST: three blocks of 64 maps, none of them smaller.

    At 28x28x1 with 10 classes it has 224,394 trainable and fixed parameters, the figure that one project published:

        conv1   64 maps, no normalisation   (9 + 1) · 64 = 640
        3 blocks of two 3x3 convolutions    6 · (9 · 64 + 1) · 64 = 221,568
        their batch normalisation           6 · 4 · 64 = 1,536, of which half are moving averages
        logits  from the average            (64 + 1) · 10 = 650

    Batch normalisation is Keras's as it comes: momentum 0.99, epsilon 0.001.
    """
    from cnnrepro.models.blocks import Conv2D, initializer, keras, layers, logits, normalise

    def convolution(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return Conv2D(64, 3, padding="same", kernel_initializer=initializer(kernel_initializer), name=name)(x)

    def normalised(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return normalise(x, "batch", name, momentum=batchnorm_momentum, epsilon=batchnorm_epsilon)

    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = layers.ReLU(name="relu1")(convolution(inputs, "conv1"))  # (N, H, W, 64), as all that follow
    for number in (1, 2, 3):
        name = f"block{number}"
        y = layers.ReLU(name=f"{name}_relu1")(normalised(convolution(x, f"{name}_conv1"), f"{name}_bn1"))
        y = normalised(convolution(y, f"{name}_conv2"), f"{name}_bn2")
        x = layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, x]))
    x = layers.GlobalAveragePooling2D(name="average")(x)  # (N, 64)
    return keras.Model(inputs, logits(x, classes, kernel_initializer), name="mnist_resnet")


KERAS_IO = "keras.io, code examples, Simple MNIST convnet (F. Chollet, 2015)"

COURSE = "a course project of 2026, AlexNet and ResNet on MNIST in Keras"

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
    ModelEntry(
        name="mnist_alexnet",
        builder=mnist_alexnet,
        title="AlexNet of a course",
        paper=COURSE,
        input_shape=(28, 28, 1),
        classes=10,
        parameters=2_273_802,
        smallest=8,
        options=classic_options("glorot_uniform", dropout=0.0),
        published=Published(COURSE, parameters=2_273_802),
    ),
    ModelEntry(
        name="mnist_resnet",
        builder=mnist_resnet,
        title="ResNet of a course",
        paper=COURSE,
        input_shape=(28, 28, 1),
        classes=10,
        parameters=223_626,
        smallest=1,
        options={
            "batchnorm_momentum": Option(0.99, "weight of the old value in the moving averages", 0.0, 1.0),
            "batchnorm_epsilon": Option(1e-3, "added to the variance", 0.0, 1.0),
            "kernel_initializer": initializer_option("glorot_uniform"),
        },
    ),
)
