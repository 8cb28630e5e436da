"""ZFNet: AlexNet with a smaller filter and a smaller stride in its first layers.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", arXiv:1311.2901, 2013; ECCV 2014, figure 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.models.alexnet_blocks import Convolution, chain_network
from cnnrepro.models.model_entry import ModelEntry, classic_options

if TYPE_CHECKING:
    import keras

# Figure 3. The first two pools round up: 110 -> 55 and 26 -> 13; the third, 13 -> 6, divides.
FIGURE_3 = (
    Convolution(96, 7, strides=2, padding=1, lrn=True, pooled=True, rounded_up=True),
    Convolution(256, 5, strides=2, lrn=True, pooled=True, rounded_up=True),
    Convolution(384, 3, padding=1),
    Convolution(384, 3, padding=1),
    Convolution(256, 3, padding=1, pooled=True),
)
SMALL = (
    Convolution(96, 3, padding=1, lrn=True, pooled=True),
    Convolution(256, 5, padding=2, lrn=True, pooled=True),
    *FIGURE_3[2:],
)


def zfnet(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """ZFNet of figure 3: 7x7 with stride 2 and 5x5 with stride 2, where AlexNet has 11x11 with 4 and 5x5 with 1.

    At 224x224x3 with 1,000 classes it has 62,357,608 parameters and takes 1,168,032,896 multiply-adds:

        conv1   110x110x96, pool 55  (7·7·3 + 1) · 96 = 14,208           110² · 147 · 96 = 170,755,200
        conv2   26x26x256, pool 13   (5·5·96 + 1) · 256 = 614,656        26² · 2,400 · 256 = 415,334,400
        conv3   13x13x384            (3·3·256 + 1) · 384 = 885,120       13² · 2,304 · 384 = 149,520,384
        conv4   13x13x384            (3·3·384 + 1) · 384 = 1,327,488     13² · 3,456 · 384 = 224,280,576
        conv5   13x13x256, pool 6    (3·3·384 + 1) · 256 = 884,992       13² · 3,456 · 256 = 149,520,384
        dense6  4,096                (6·6·256 + 1) · 4,096 = 37,752,832  37,748,736
        dense7  4,096                4,097 · 4,096 = 16,781,312          16,777,216
        logits  1,000                4,097 · 1,000 = 4,097,000           4,096,000

    Deviations from the paper, and what it leaves open:

    1. The paddings, of which the paper is silent, follow from the sizes in figure 3: 110 = ⌊(224 + 2·1 - 7) / 2⌋ + 1,
       55 = ⌈(110 - 3) / 2⌉ + 1, 26 = (55 - 5) / 2 + 1, 13 = ⌈(26 - 3) / 2⌉ + 1, 6 = (13 - 3) / 2 + 1.
    2. The "contrast normalisation across feature maps" of figure 3, without a formula there, is AlexNet's local
       response normalisation with its constants. It comes behind the pool, as the figure says, where AlexNet's comes
       before it, and behind pools 1 and 2 alone: layers 3 and 4 are drawn without.
    3. No limit on the size of filters: the paper scales those of which the root mean square is above 0.1 back to 0.1
       (section 3.1).
    4. The last layer gives logits; softmax is part of the loss. Dropout scales in training.
    5. Other input sizes change the number of inputs of dense6; the smallest is 63, which leaves 1x1.
    6. "batch" normalises between each convolution and its ReLU, in place of the convolution's bias.
    7. The paper starts its weights at "10^-2", read here as a standard deviation, and its biases at 0.
    """
    return chain_network("zfnet", input_shape, classes, FIGURE_3, units=4096, pool_first=True, **options)


def zfnet_small(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """ZFNet for small images: to ``alexnet_small`` what ZFNet is to AlexNet.

    At 28x28x1 with 10 classes it has 5,822,666 parameters: convolutions 960 + 614,656 + 885,120 + 1,327,488 + 884,992
    and dense layers 1,049,600 + 1,049,600 + 10,250. The feature maps go 28 -> 13 -> 6 -> 2.

    Deviations from the paper, besides 2, 3, 4 and 6 of ``zfnet``:

    1. Input 28x28x1; the first filters are 3x3 where alexnet_small has 5x5, as 7x7 stands for 11x11.
    2. Both first convolutions have stride 1, and all pools round down: 28 pixels have no more to give.
    3. The hidden dense layers have 1,024 units, as 2·2·256 = 1,024 values reach them.
    4. Glorot's uniform initialisation. N(0, 0.01), made for 147 inputs a unit and more, hardly starts with the 9 of a
       grey 3x3 filter: after 2 epochs of Adam on 2,000 digits the loss was 2.28, against 1.21.
    """
    return chain_network("zfnet_small", input_shape, classes, SMALL, units=1024, pool_first=True, **options)


PAPER = "Zeiler and Fergus 2013"

ZFNET = ModelEntry(
    name="zfnet",
    builder=zfnet,
    title="ZFNet",
    paper=f"{PAPER}, figure 3",
    parameters=62_357_608,
    smallest=63,
    options=classic_options("gaussian_0.01", normalization="lrn"),
)
ROWS = (
    ZFNET,
    ZFNET.small_form(
        builder=zfnet_small,
        paper=f"{PAPER}, for small images",
        input_shape=(28, 28, 1),
        parameters=5_822_666,
        smallest=15,
        options=classic_options("glorot_uniform", normalization="lrn"),
    ),
)
