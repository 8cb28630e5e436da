"""The residual networks for ImageNet, and their plain twins.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1 and section 4.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.models.model_entry import (
    TORCHVISION,
    ModelEntry,
    Option,
    Published,
    dropout_option,
    normalization_option,
)
from cnnrepro.models.resnet import BATCHNORM_OPTIONS, PAPER

if TYPE_CHECKING:
    import keras

# Table 1: blocks a stage. 18 and 34 have blocks of two 3x3 convolutions, the others bottlenecks 1x1, 3x3, 1x1.
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BASIC = (18, 34)
STAGE_FILTERS = (64, 128, 256, 512)
STRIDE_IN = "1x1"  # the paper's; torchvision's is "3x3"
EXPANSION = 4  # a bottleneck gives four times its filters


def resnet(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    depth: int,
    shortcuts: bool,
    small: bool,
    dropout: float,
    normalization: str,
    batchnorm_momentum: float,
    batchnorm_epsilon: float,
    kernel_initializer: str,
    shortcut: str = "B",
    stride_in: str = STRIDE_IN,
) -> keras.Model:
    """ResNet-18, 34, 50, 101 or 152, or a plain network of 18 or 34 layers.

    Trainable parameters at 224x224x3 with 1000 classes; each convolution to f channels has 2f of batch normalisation.

    - Stem: 49·3·64 + 128 = 9,536. Dense layer: 1000·c + 1000 for c = 512 or 2,048 channels.
    - A basic block from c to f channels: 9·c·f + 9·f·f + 4f. A bottleneck: c·f + 9·f·f + f·4f + 12f.
    - Option B's projection where sizes change, c to c': c·c' + 2c'.

    ResNet-18: 9,536 + 147,968 + 525,568 + 2,099,712 + 8,393,728 + 513,000 = 11,689,512.
    ResNet-34: 9,536 + 221,952 + 1,116,416 + 6,822,400 + 13,114,368 + 513,000 = 21,797,672.
    ResNet-50: 9,536 + 215,808 + 1,219,584 + 7,098,368 + 14,964,736 + 2,049,000 = 25,557,032.
    ResNet-101 has 17 more bottlenecks of 1,117,184 in stage 3: 44,549,160. ResNet-152 has 4 more of 280,064 in
    stage 2 and 30 more than ResNet-50 in stage 3: 60,192,808. The plain twins lack the three projections,
    8,448 + 33,280 + 132,096 = 173,824: 11,515,688 and 21,623,848.

    The small forms at 32x32x3 with 10 classes have a stem of 9·3·64 + 128 = 1,856 and a dense layer of 5,130 or
    20,490: 11,173,962, 21,282,122, 23,520,842, 42,512,970, 58,156,618; plain 11,000,138 and 21,108,298.

    Deviations from the paper, and what it leaves open:

    1. Where a window moves by two pixels, zeros are padded on both sides alike: three for the 7x7, one for the 3x3, as
       in Torch. Keras's "same" would pad even sizes on the right and below only, and put every window a pixel off.
       The zeros in front of the max pool change no maximum: they follow a ReLU, so no value is below them.
    2. The last layer gives logits; softmax is part of the loss.
    3. Batch-norm momentum and epsilon are not in the paper: 0.9 and 1e-5, Torch's (see ``resnet.resnet``).
    4. ``dropout`` and ``normalization="none"`` (with biases) are not in the paper. Without normalisation each addition
       about doubles the variance of the feature maps, so that deep networks begin at a very large loss.
    5. Global average pooling takes the place of the 7x7 average, so that any size of image fits; at 224 both are one.
    6. Small form, for 28 to 32 pixels: a 3x3 stem with stride 1 and no pool, so that the last feature maps are 4x4 and
       not 1x1. It is not in the paper, whose networks for CIFAR-10 are those of ``resnet.resnet``.

    keras.applications' ResNet50, 101 and 152 have the stride in the first 1x1, as the paper, but a bias in every
    convolution (ResNet-50: 26,560 more, 25,583,592 trainable), batch-norm epsilon 1.001e-5 and momentum 0.99; it has
    no 18 and 34. torchvision has the stride of bottlenecks in the 3x3 ("v1.5", 6 % more multiply-adds in ResNet-50
    and about half a point less error), no biases, and fan-out in place of fan-in in its He initialisation.

    Args:
        input_shape: ``(height, width, channels)``; 32 pixels (small form: 8) come to one last position.
        classes: number of classes.
        depth: a key of ``BLOCKS``.
        shortcuts: False for the plain networks, which have none of the last two options.
        small: the form for small images.
        dropout: share of the averages that is dropped in training.
        normalization: "batch" or "none", which gives the convolutions biases.
        batchnorm_momentum, batchnorm_epsilon: weight of the old value in the moving averages; added to the variance.
        kernel_initializer: an initialiser's name, for all layers.
        shortcut: "A": identity, with zeros for new channels; "B": projections where sizes change; "C": everywhere.
        stride_in: which convolution of a bottleneck takes the stride: the first "1x1" or the "3x3". A basic block has
            it in its first 3x3, the only one that its option allows.
    """
    from cnnrepro.models.blocks import ResidualLayers, keras, layers

    blocks = ResidualLayers(normalization, batchnorm_momentum, batchnorm_epsilon, kernel_initializer)
    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    size, strides = (3, 1) if small else (7, 2)
    x = layers.ReLU(name="stem_relu")(blocks.normalised(inputs, STAGE_FILTERS[0], size, strides, "stem"))
    if not small:
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)  # after the ReLU no value is below these zeros
        x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)  # (N, 56, 56, 64) at 224
    for stage, (filters, count) in enumerate(zip(STAGE_FILTERS, BLOCKS[depth], strict=True), start=1):
        for number in range(1, count + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            name = f"stage{stage}_block{number}"
            channels = filters if depth in BASIC else EXPANSION * filters
            passed = blocks.shortcut(x, shortcut, channels, strides, name) if shortcuts else None
            if depth in BASIC:
                x = blocks.basic_block(x, filters, strides, name)
            else:
                x = blocks.bottleneck(x, filters, channels, strides, stride_in, name)
            if passed is not None:
                x = layers.Add(name=f"{name}_add")([x, passed])
            x = layers.ReLU(name=f"{name}_relu")(x)
    logits = blocks.head(x, classes, dropout)  # x: (N, 7, 7, 512 or 2048) at 224
    family = "resnet" if shortcuts else "plain"
    return keras.Model(inputs, logits, name=f"{family}{depth}" + ("_small" if small else ""))


TABLE_1 = f"{PAPER}, table 1"


def _options(depth: int, *, shortcuts: bool) -> dict[str, Option]:
    """The options of one depth; plain networks have no shortcuts to choose."""
    options = {
        **BATCHNORM_OPTIONS,
        "dropout": dropout_option(0.0),
        "normalization": normalization_option("batch", ("none", "batch")),
    }
    if shortcuts:
        options["shortcut"] = Option(
            "B", "A: zeros for new channels; B: projections where sizes change; C: everywhere", choices=("A", "B", "C")
        )
        # basic blocks, two 3x3 convolutions, have no 1x1 to put the stride in
        default, choices = ("3x3", ("3x3",)) if depth in BASIC else (STRIDE_IN, ("1x1", "3x3"))
        options["stride_in"] = Option(
            default,
            "the convolution of a block that takes the stride; the paper's is the first 1x1, torchvision's the 3x3",
            choices=choices,
        )
    return options


def _rows(
    depth: int, parameters: int, small: int, published: Published, *, shortcuts: bool = True
) -> tuple[ModelEntry, ModelEntry]:
    """The published network of one depth, and its small form."""
    family, title = ("resnet", f"ResNet-{depth}") if shortcuts else ("plain", f"Plain-{depth}")
    arguments = {"depth": depth, "shortcuts": shortcuts}
    row = ModelEntry(
        name=f"{family}{depth}",
        builder=resnet,
        title=title,
        paper=TABLE_1,
        version=2,  # since maps of up to four pixels are convolved by products
        parameters=parameters,
        smallest=32,
        options=_options(depth, shortcuts=shortcuts),
        arguments=arguments | {"small": False},
        published=published,
    )
    return row, row.small_form(parameters=small, smallest=8, arguments=arguments | {"small": True})


def _in_table_1(multiply_adds: int, top1_error: float | None = None) -> Published:
    """The multiply-adds of table 1, and torchvision's error where it has the network."""
    error = "" if top1_error is None else "; the error is torchvision's, with the stride in the 3x3"
    return Published(f"{TABLE_1}{error}", None, multiply_adds, rounded=True, top1_error=top1_error)


ROWS = (
    *_rows(18, 11_689_512, 11_173_962, Published(TORCHVISION, 11_689_512, 1_814_073_344, top1_error=30.24)),
    *_rows(34, 21_797_672, 21_282_122, Published(TORCHVISION, 21_797_672, 3_663_761_408, top1_error=26.69)),
    *_rows(50, 25_557_032, 23_520_842, _in_table_1(3_800_000_000, 23.87)),
    *_rows(101, 44_549_160, 42_512_970, _in_table_1(7_600_000_000, 22.63)),
    *_rows(152, 60_192_808, 58_156_618, _in_table_1(11_300_000_000, 21.69)),
    *_rows(18, 11_515_688, 11_000_138, _in_table_1(1_800_000_000), shortcuts=False),
    *_rows(34, 21_623_848, 21_108_298, _in_table_1(3_600_000_000), shortcuts=False),
)
