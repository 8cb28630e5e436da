"""AlexNet: as published, as the lecture notes list it, as torchvision has it, and for small images.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012;
Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997, 2014.

What all four share: logits at the end, as softmax is part of the loss; dropout that scales in training what the paper
scales at test (section 4.2), with the same expectation; and, where the option ``normalization`` asks for batch
normalisation, one between each convolution and its ReLU, in place of the convolution's bias. "lrn" is the paper's
(section 3.3): behind the ReLU of convolutions 1 and 2 alone, before the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.models.alexnet_blocks import Convolution, chain_network
from cnnrepro.models.model_entry import (
    TORCHVISION,
    ModelEntry,
    Option,
    Published,
    classic_options,
    dropout_option,
    initializer_option,
    normalization_option,
)

if TYPE_CHECKING:
    import keras

# The filter counts of convolutions 1 to 5 are the paper's, and an overlapping 3x3 pool with stride 2 follows 1, 2, 5.
TWO_GROUPS = (
    Convolution(96, 11, strides=4, lrn=True, pooled=True),
    Convolution(256, 5, padding=2, groups=2, biased=True, lrn=True, pooled=True),
    Convolution(384, 3, padding=1),
    Convolution(384, 3, padding=1, groups=2, biased=True),
    Convolution(256, 3, padding=1, groups=2, biased=True, pooled=True),
)
ONE_TOWER = (
    Convolution(96, 11, strides=4, padding=2, lrn=True, pooled=True),
    Convolution(256, 5, padding=2, biased=True, lrn=True, pooled=True),
    Convolution(384, 3, padding=1),
    Convolution(384, 3, padding=1, biased=True),
    Convolution(256, 3, padding=1, biased=True, pooled=True),
)
TORCHVISION_TOWER = (
    Convolution(64, 11, strides=4, padding=2, lrn=True, pooled=True),
    Convolution(192, 5, padding=2, lrn=True, pooled=True),
    Convolution(384, 3, padding=1),
    Convolution(256, 3, padding=1),
    Convolution(256, 3, padding=1, pooled=True),
)
SMALL = (Convolution(96, 5, padding=2, lrn=True, pooled=True), *ONE_TOWER[1:])


def alexnet(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """AlexNet of 2012: two groups, local response normalisation, biases of 1.

    At 227x227x3 with 1,000 classes it has 60,965,224 parameters (the paper: 60 million) and takes 724,406,816
    multiply-adds:

        conv1   55x55x96, pool 27   (11·11·3 + 1) · 96 = 34,944         55² · 363 · 96 = 105,415,200
        conv2   27x27x256, pool 13  (5·5·48 + 1) · 256 = 307,456        27² · 1,200 · 256 = 223,948,800
        conv3   13x13x384           (3·3·256 + 1) · 384 = 885,120       13² · 2,304 · 384 = 149,520,384
        conv4   13x13x384           (3·3·192 + 1) · 384 = 663,936       13² · 1,728 · 384 = 112,140,288
        conv5   13x13x256, pool 6   (3·3·192 + 1) · 256 = 442,624       13² · 1,728 · 256 = 74,760,192
        dense6  4,096               (6·6·256 + 1) · 4,096 = 37,752,832  37,748,736
        dense7  4,096               4,097 · 4,096 = 16,781,312          16,777,216
        logits  1,000               4,097 · 1,000 = 4,097,000           4,096,000

    Deviations from the paper:

    1. 227x227 in place of 224x224: the paper's 55x55 maps need (227 - 11) / 4 + 1 = 55.
    2. The two groups are on one machine, one behind the other; nothing else is changed by that.
    3. Other input sizes change the number of inputs of dense6; the smallest is 67, which leaves 1x1.

    The biases of convolutions 2, 4, 5 and the hidden dense layers begin at 1, the others at 0 (section 5); Caffe's
    reproduction has 0.1 in place of 1 (option ``initial_bias``).
    """
    return chain_network("alexnet", input_shape, classes, TWO_GROUPS, units=4096, **options)


def alexnet_one_tower(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """AlexNet as the lecture notes list it: one tower, 224x224 with padding 2.

    At 224x224x3 with 1,000 classes it has 62,378,344 parameters and takes 1,135,256,096 multiply-adds. The shapes and
    the dense layers are those of ``alexnet``; without groups, convolutions 2, 4 and 5 have (5·5·96 + 1) · 256 =
    614,656, (3·3·384 + 1) · 384 = 1,327,488 and (3·3·384 + 1) · 256 = 884,992 parameters.

    Deviations from the paper:

    1. One tower: convolutions 2, 4 and 5 see all feature maps, not those of one GPU (section 3.5).
    2. 224x224, padded by two zeros on each side: ⌊(224 + 4 - 11) / 4⌋ + 1 = ⌊54.25⌋ + 1 = 55. One row and one column of
       the padding are lost.
    3. No local response normalisation: the notes' listing has none.
    4. Other input sizes change the number of inputs of dense6; the smallest is 63, which leaves 1x1.
    """
    return chain_network("alexnet_one_tower", input_shape, classes, ONE_TOWER, units=4096, **options)


def alexnet_torchvision(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """AlexNet of "One weird trick", as ``torchvision.models.alexnet`` has it.

    At 224x224x3 with 1,000 classes it has 61,100,840 parameters and takes 714,188,480 multiply-adds:

        conv1   55x55x64, pool 27   (11·11·3 + 1) · 64 = 23,296         55² · 363 · 64 = 70,276,800
        conv2   27x27x192, pool 13  (5·5·64 + 1) · 192 = 307,392        27² · 1,600 · 192 = 223,948,800
        conv3   13x13x384           (3·3·192 + 1) · 384 = 663,936       13² · 1,728 · 384 = 112,140,288
        conv4   13x13x256           (3·3·384 + 1) · 256 = 884,992       13² · 3,456 · 256 = 149,520,384
        conv5   13x13x256, pool 6   (3·3·256 + 1) · 256 = 590,080       13² · 2,304 · 256 = 99,680,256
        dense6, dense7, logits      as in ``alexnet``: 58,631,144       58,621,952

    Deviations from torchvision:

    1. Its adaptive average pool to 6x6, which changes nothing at 224x224, is left out. At other sizes dense6 here has
       more or fewer inputs, where torchvision's averages or repeats positions until there are 6x6.
    2. He's uniform initialisation, zero biases. torchvision has PyTorch's defaults: both uniform between ±1/√fan-in.
    3. Weights and maps are in Keras's order; dense6 sees the maps with the channels last.

    And from the paper of 2012: one tower with fewer filters, no local response normalisation, and dropout before each
    hidden dense layer in place of behind it.
    """
    return chain_network(
        "alexnet_torchvision", input_shape, classes, TORCHVISION_TOWER, units=4096, dropout_first=True, **options
    )


def alexnet_small(input_shape: tuple[int, int, int], classes: int, dense_units: int, **options: object) -> keras.Model:
    """AlexNet for small images: five convolutions, three overlapping pools, three dense layers.

    At 28x28x1 with 10 classes it has 5,824,202 parameters: convolutions 2,496 + 614,656 + 885,120 + 1,327,488 +
    884,992 and dense layers 1,049,600 + 1,049,600 + 10,250. The feature maps go 28 -> 13 -> 6 -> 2.

    Deviations from the paper:

    1. Input 28x28x1 in place of 224x224x3, so the first convolution is 5x5 with stride 1 in place of 11x11 with
       stride 4: the paper's would leave 5x5 positions of a digit, and its first pool two.
    2. One tower: convolutions 2, 4 and 5 see all feature maps, not those of one GPU (section 3.5).
    3. No local response normalisation (section 3.3) unless ``normalization`` is "lrn".
    4. The two hidden dense layers have 1,024 units in place of 4,096, since 2·2·256 = 1,024 values reach them in
       place of 6·6·256 = 9,216.
    5. Glorot's uniform initialisation, Keras's default, and zero biases in place of N(0, 0.01) and ones (section 5),
       which the options ``kernel_initializer`` and ``initial_bias`` bring back. On standardised digits it starts at a
       loss of 2.30 = ln 10, where He's normal one starts at 15.6, since each max pool raises the activations.
    6. Other input sizes change the number of inputs of dense6; the smallest is 15: the pools leave 7, 3 and 1.
    """
    return chain_network("alexnet_small", input_shape, classes, SMALL, units=dense_units, **options)


PAPER = "Krizhevsky, Sutskever and Hinton 2012"
INITIAL_BIAS = "first bias of convolutions 2, 4, 5 and the hidden dense layers"
BIAS_OF_1 = {"initial_bias": Option(1.0, INITIAL_BIAS, -10.0, 10.0)}

ROWS = (
    ModelEntry(
        name="alexnet",
        builder=alexnet,
        title="AlexNet",
        paper=f"{PAPER}: two groups, 227x227",
        input_shape=(227, 227, 3),
        parameters=60_965_224,
        smallest=67,
        options=classic_options("gaussian_0.01", normalization="lrn") | BIAS_OF_1,
        published=Published(f"{PAPER}, section 1: 60 million parameters", parameters=60_000_000, rounded=True),
    ),
    ModelEntry(
        name="alexnet_one_tower",
        builder=alexnet_one_tower,
        title="AlexNet (one tower)",
        paper=f"{PAPER}, as the lecture notes list it: one tower, 224x224 with padding 2",
        parameters=62_378_344,
        smallest=63,
        options=classic_options("gaussian_0.01") | BIAS_OF_1,
    ),
    ModelEntry(
        name="alexnet_torchvision",
        builder=alexnet_torchvision,
        title="AlexNet (torchvision)",
        paper="Krizhevsky 2014, “One weird trick”, as torchvision has it",
        parameters=61_100_840,
        smallest=63,
        options=classic_options("he_uniform"),
        published=Published(TORCHVISION, 61_100_840, 714_188_480, top1_error=43.48),
    ),
    ModelEntry(
        name="alexnet_small",
        builder=alexnet_small,
        title="AlexNet (small)",
        paper=f"{PAPER}, for small images",
        input_shape=(28, 28, 1),
        classes=10,
        parameters=5_824_202,
        smallest=15,
        options={
            "dropout": dropout_option(0.5),
            "dense_units": Option(1024, "units of each hidden dense layer", 1, 100_000),
            "kernel_initializer": initializer_option("glorot_uniform"),
            "normalization": normalization_option("none", added=True),
            "initial_bias": Option(0.0, INITIAL_BIAS, -10.0, 10.0, added=True),
        },
    ),
)
