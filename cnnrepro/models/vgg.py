"""The VGG networks.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, table 1.
"""

from __future__ import annotations

from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.layers.initializers import initializer
from cnnrepro.models.blocks import normalise

layers = keras.layers

# Table 1, columns A, B, D and E: 3x3 convolutions in front of each of the five pools.
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
BLOCK_FILTERS = (64, 128, 256, 512, 512)


def vgg(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    depth: int,
    dropout: float = 0.5,
    normalization: str = "none",
    kernel_initializer: str = "glorot_uniform",
) -> keras.Model:
    """VGG-11, 13, 16 or 19: 3x3 convolutions with stride 1 and padding 1, five 2x2 pools, three dense layers.

    Parameters at 224x224x3 with 1000 classes; a convolution from c to f channels has 9·c·f + f:

    - the five blocks of VGG-16: 38,720 + 221,440 + 1,475,328 + 5,899,776 + 7,079,424 = 14,714,688. VGG-13 has one
      convolution less in blocks 3 to 5 (590,080 + 2,359,808 + 2,359,808): 9,404,992; VGG-11 one less still in blocks 1
      and 2 (36,928 + 147,584): 9,220,480; VGG-19 one more than VGG-16 in blocks 3 to 5: 20,024,384;
    - dense layers: (7·7·512 + 1)·4096 = 102,764,544, (4096 + 1)·4096 = 16,781,312, (4096 + 1)·1000 = 4,097,000;

    together 132,863,336, 133,047,848, 138,357,544 and 143,667,240 (table 2: 133, 133, 138 and 144 million). Batch
    normalisation adds two for every feature map: 5,504, 5,888, 8,448 or 11,008.

    Deviations from the paper, and what it leaves open:

    1. The last layer gives logits; softmax is part of the loss.
    2. Glorot's initialisation, which the authors found to work after submission (section 3.1); for the paper they
       trained column A from N(0, 0.01) and began the deeper networks with its layers.
    3. ``normalization="lrn"`` puts local response normalisation behind every convolution; the paper's column A-LRN has
       it behind the first only, and gains nothing. ``"batch"`` is later than the paper: between convolution and ReLU.
    4. Dropout scales in training what the paper scales at test: the same expectation.
    5. Column C, with 1x1 convolutions, is left out.

    keras.applications has columns D and E without dropout, with a softmax. torchvision has all four; it averages the
    last feature maps to 7x7, so that its dense layers fit any size of image, where ours grow with it. Its batch-norm
    forms keep the biases of the convolutions, as ours do.

    Args:
        input_shape: ``(height, width, channels)``; five pools round down, so 32 pixels are the least.
        classes: number of classes.
        depth: weighted layers: 11, 13, 16 or 19.
        dropout: share of the hidden dense units that is dropped in training, in [0, 1).
        normalization: "none", "lrn" or "batch", with every convolution.
        kernel_initializer: an initialiser's name, for all layers.

    Returns:
        A model from ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.

    Raises:
        UsageError: a depth that table 1 does not have.
    """
    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = _features(inputs, depth, normalization, kernel_initializer, pool_padding="valid")  # (N, 7, 7, 512) at 224
    logits = _classifier(x, classes, 4096, dropout, kernel_initializer)
    return keras.Model(inputs, logits, name=f"vgg{depth}")


def vgg_small(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    depth: int,
    dropout: float = 0.5,
    normalization: str = "none",
    kernel_initializer: str = "glorot_uniform",
) -> keras.Model:
    """The same convolutions for images of 28 to 32 pixels, with a smaller head.

    Parameters at 32x32x3 with 10 classes: the convolutions of ``vgg``, and dense layers of (512 + 1)·512 = 262,656
    twice and (512 + 1)·10 = 5,130, 530,442 in all: 9,750,922, 9,935,434, 15,245,130 and 20,554,826.

    Deviations from the paper besides those of ``vgg``:

    1. Pools round up ("same"), so that 28 pixels outlast five of them: 28, 14, 7, 4, 2, 1.
    2. The hidden dense layers have 512 units in place of 4,096, since 512 values reach them in place of 25,088.

    Args:
        input_shape: ``(height, width, channels)``, any size.
        classes: number of classes.
        depth: weighted layers: 11, 13, 16 or 19.
        dropout: share of the hidden dense units that is dropped in training, in [0, 1).
        normalization: "none", "lrn" or "batch", with every convolution.
        kernel_initializer: an initialiser's name, for all layers.

    Returns:
        A model from ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.

    Raises:
        UsageError: a depth that table 1 does not have.
    """
    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = _features(inputs, depth, normalization, kernel_initializer, pool_padding="same")  # (N, 1, 1, 512) at 28 and 32
    logits = _classifier(x, classes, 512, dropout, kernel_initializer)
    return keras.Model(inputs, logits, name=f"vgg{depth}_small")


def _features(
    x: keras.KerasTensor, depth: int, normalization: str, kernel_initializer: str, pool_padding: str
) -> keras.KerasTensor:
    """The five blocks of convolutions, each with its pool."""
    if depth not in CONVOLUTIONS:
        raise UsageError(f"depth must be one of {', '.join(map(str, CONVOLUTIONS))}. Received: {depth}")
    for block, (convolutions, filters) in enumerate(zip(CONVOLUTIONS[depth], BLOCK_FILTERS, strict=True), start=1):
        for number in range(1, convolutions + 1):
            x = _convolution(x, filters, normalization, kernel_initializer, f"{block}_{number}")
        x = layers.MaxPooling2D(2, strides=2, padding=pool_padding, name=f"pool{block}")(x)
    return x


def _convolution(
    x: keras.KerasTensor, filters: int, normalization: str, kernel_initializer: str, number: str
) -> keras.KerasTensor:
    """A 3x3 convolution and its ReLU; batch normalisation stands between them, response normalisation behind."""
    x = layers.Conv2D(
        filters, 3, padding="same", kernel_initializer=initializer(kernel_initializer), name=f"conv{number}"
    )(x)
    if normalization == "batch":
        x = normalise(x, "batch", f"bn{number}")
    x = layers.ReLU(name=f"relu{number}")(x)
    return normalise(x, "lrn", f"lrn{number}") if normalization == "lrn" else x


def _classifier(
    x: keras.KerasTensor, classes: int, units: int, dropout: float, kernel_initializer: str
) -> keras.KerasTensor:
    """Two hidden dense layers with dropout, and the logits in float32."""
    x = layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = layers.Dense(
            units, activation="relu", kernel_initializer=initializer(kernel_initializer), name=f"dense{number}"
        )(x)
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    return layers.Dense(classes, kernel_initializer=initializer(kernel_initializer), dtype="float32", name="logits")(x)
