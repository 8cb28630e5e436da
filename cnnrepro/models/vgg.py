"""The VGG networks.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, table 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.models.model_entry import TORCHVISION, ModelEntry, Published, classic_options

if TYPE_CHECKING:
    import keras

# Table 1, columns A, B, D and E: 3x3 convolutions in front of each of the five pools.
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
BLOCK_FILTERS = (64, 128, 256, 512, 512)


def vgg(input_shape: tuple[int, int, int], classes: int, depth: int, **options: object) -> keras.Model:
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
    """
    return _network(f"vgg{depth}", input_shape, classes, depth, units=4096, pool_padding="valid", **options)


def vgg_small(input_shape: tuple[int, int, int], classes: int, depth: int, **options: object) -> keras.Model:
    """The same convolutions for images of 28 to 32 pixels, with a smaller head.

    Parameters at 32x32x3 with 10 classes: the convolutions of ``vgg``, and dense layers of (512 + 1)·512 = 262,656
    twice and (512 + 1)·10 = 5,130, 530,442 in all: 9,750,922, 9,935,434, 15,245,130 and 20,554,826.

    Deviations from the paper besides those of ``vgg``:

    1. Pools round up ("same"), so that 28 pixels outlast five of them: 28, 14, 7, 4, 2, 1.
    2. The hidden dense layers have 512 units in place of 4,096, since 512 values reach them in place of 25,088.
    """
    return _network(f"vgg{depth}_small", input_shape, classes, depth, units=512, pool_padding="same", **options)


def _network(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    depth: int,
    *,
    units: int,
    pool_padding: str,
    dropout: float,
    normalization: str,
    kernel_initializer: str,
) -> keras.Model:
    """Five blocks of convolutions, each with its pool, and the dense layers."""
    from cnnrepro.models.blocks import Conv2D, dense_head, initializer, keras, layers, normalise

    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    for block, (convolutions, filters) in enumerate(zip(CONVOLUTIONS[depth], BLOCK_FILTERS, strict=True), start=1):
        for number in range(1, convolutions + 1):
            place = f"{block}_{number}"
            start = initializer(kernel_initializer)
            x = Conv2D(filters, 3, padding="same", kernel_initializer=start, name=f"conv{place}")(x)
            if normalization == "batch":
                x = normalise(x, "batch", f"bn{place}")
            x = layers.ReLU(name=f"relu{place}")(x)
            if normalization == "lrn":
                x = normalise(x, "lrn", f"lrn{place}")
        x = layers.MaxPooling2D(2, strides=2, padding=pool_padding, name=f"pool{block}")(x)
    # x: (N, 7, 7, 512) at 224; small form (N, 1, 1, 512) at 28 and 32
    return keras.Model(inputs, dense_head(x, units, classes, dropout, kernel_initializer), name=name)


PAPER = "Simonyan and Zisserman 2015, table 1"


def _rows(
    depth: int, column: str, parameters: int, small: int, multiply_adds: int, top1_error: float
) -> tuple[ModelEntry, ModelEntry]:
    """The published network of one depth, and its small form."""
    row = ModelEntry(
        name=f"vgg{depth}",
        builder=vgg,
        title=f"VGG-{depth}",
        paper=f"{PAPER}, column {column}",
        version=2,  # since maps of up to four pixels are convolved by products
        parameters=parameters,
        smallest=32,
        options=classic_options("glorot_uniform"),
        arguments={"depth": depth},
        published=Published(TORCHVISION, parameters, multiply_adds, top1_error=top1_error),
    )
    return row, row.small_form(builder=vgg_small, parameters=small, smallest=1)


ROWS = (
    *_rows(11, "A", 132_863_336, 9_750_922, 7_609_090_048, 30.98),
    *_rows(13, "B", 133_047_848, 9_935_434, 11_308_466_176, 30.07),
    *_rows(16, "D", 138_357_544, 15_245_130, 15_470_264_320, 28.41),
    *_rows(19, "E", 143_667_240, 20_554_826, 19_632_062_464, 27.62),
)
