"""GoogLeNet, the first Inception network.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke and Rabinovich, "Going Deeper with Convolutions", CVPR
2015, table 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro.models.model_entry import (
    ModelEntry,
    Option,
    Published,
    dropout_option,
    initializer_option,
    normalization_option,
)

if TYPE_CHECKING:
    import keras

# Table 1: filters of 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool projection.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
POOL_AFTER = {"3b": "pool3", "4e": "pool4"}
HEAD_AFTER = {"4a": "head1", "4d": "head2"}
HEAD_FILTERS, HEAD_UNITS, HEAD_DROPOUT = 128, 1024, 0.7  # section 5


@dataclass(frozen=True)
class _InceptionLayers:
    """The layers of the network with the options filled in."""

    normalization: str
    kernel_initializer: str

    def convolution(
        self, x: keras.KerasTensor, filters: int, size: int, name: str, strides: int = 1
    ) -> keras.KerasTensor:
        """A convolution that keeps the size (strides 1) or halves it, rounded up, and its ReLU."""
        from cnnrepro.models.blocks import Conv2D, initializer, layers, normalise

        batch = self.normalization == "batch"
        if strides > 1:
            x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
        x = Conv2D(
            filters,
            size,
            strides=strides,
            padding="valid" if strides > 1 else "same",
            activation=None if batch else "relu",
            use_bias=not batch,  # batch normalisation has an offset of its own
            kernel_initializer=initializer(self.kernel_initializer),
            name=name,
        )(x)
        if not batch:
            return x
        return layers.ReLU(name=f"{name}_relu")(normalise(x, "batch", f"{name}_bn"))

    def inception(self, x: keras.KerasTensor, filters: tuple[int, ...], name: str) -> keras.KerasTensor:
        """Four branches side by side, joined along the channels (figure 2b)."""
        from cnnrepro.models.blocks import layers

        one, reduce3, three, reduce5, five, projection = filters
        pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
        branches = [
            self.convolution(x, one, 1, f"{name}_1x1"),
            self.convolution(self.convolution(x, reduce3, 1, f"{name}_3x3_reduce"), three, 3, f"{name}_3x3"),
            self.convolution(self.convolution(x, reduce5, 1, f"{name}_5x5_reduce"), five, 5, f"{name}_5x5"),
            self.convolution(pooled, projection, 1, f"{name}_pool_projection"),
        ]
        return layers.Concatenate(name=name)(branches)

    def head(self, x: keras.KerasTensor, classes: int, name: str) -> keras.KerasTensor:
        """An auxiliary classifier (section 5): (N, H, W, C) to logits (N, classes)."""
        from cnnrepro.models.blocks import initializer, layers, logits

        window = tuple(min(5, side) for side in x.shape[1:3])  # maps smaller than 5x5 are averaged whole
        x = layers.AveragePooling2D(window, strides=3, name=f"{name}_pool")(x)  # 14 -> 4
        x = self.convolution(x, HEAD_FILTERS, 1, f"{name}_conv")
        x = layers.Flatten(name=f"{name}_flatten")(x)  # (N, 4·4·128) at 224
        start = initializer(self.kernel_initializer)
        x = layers.Dense(HEAD_UNITS, activation="relu", kernel_initializer=start, name=f"{name}_dense")(x)
        x = layers.Dropout(HEAD_DROPOUT, name=f"{name}_dropout")(x)
        return logits(x, classes, self.kernel_initializer, f"{name}_logits")


def _max_pool(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """3x3 with stride 2, rounded up: at even sizes the last window hangs over by one, as in Caffe."""
    from cnnrepro.models.blocks import layers

    return layers.MaxPooling2D(3, strides=2, padding="same", name=name)(x)


def googlenet(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """GoogLeNet as in table 1: nine Inception modules with real 5x5 branches, biases, and two auxiliary heads.

    Parameters at 224x224x3 with 1000 classes, all with biases:

    - stem: (49·3 + 1)·64 = 9,472, (64 + 1)·64 = 4,160, (9·64 + 1)·192 = 110,784;
    - 3a, 3b: 163,696 + 388,736; 4a to 4e: 376,176 + 449,160 + 510,104 + 605,376 + 868,352; 5a, 5b: 1,043,456 +
      1,444,080. For example 3a: (192 + 1)·(64 + 96 + 16 + 32) + (9·96 + 1)·128 + (25·16 + 1)·32;
    - classifier: (1024 + 1)·1000 = 1,025,000; on the way to the answer 6,998,552;
    - heads: (512 + 1)·128 + (4·4·128 + 1)·1024 + (1024 + 1)·1000 = 3,188,840, and with 528 channels 3,190,888;

    13,378,280 in all. Multiply-adds on the way to the answer: 1,582,671,872 (the paper: 1.5 billion).

    Deviations from the paper, and what it leaves open:

    1. The last layer gives logits; softmax is part of the loss.
    2. Table 1 says the stem's 7x7 and the pools leave 112, 56, 28, 14, 7. As in Caffe's model: three zeros on each
       side of the 7x7, and pools that round up.
    3. The place of local response normalisation is from figure 3: behind the first pool and before the second.
    4. Glorot's initialisation and zero biases; the paper says nothing, Caffe's model has Glorot and 0.2.
    5. Global average pooling takes the place of the 7x7 average, so that any size of image fits; at 224 both are one.
       In the heads a feature map smaller than 5x5, of an image below 65 pixels, is averaged whole.
    6. ``normalization="batch"`` is of the paper's successor: between every convolution, without bias, and its ReLU.
    7. ``dropout`` is that of the last layer; the heads keep 0.7. With heads the model returns, in training, a list of
       three logits (``AuxiliaryHeads``).

    keras.applications has no GoogLeNet; its InceptionV3 is another network. torchvision's ``googlenet`` has batch
    normalisation, 3x3 in place of 5x5 convolutions (a slip of the port that was kept), dropout 0.2, heads that average
    to 4x4 adaptively, and by default returns its pretrained weights without heads: 6,624,904 parameters.
    """
    return _network("googlenet", input_shape, classes, small=False, **options)


def googlenet_small(input_shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    """The same modules for images of 28 to 32 pixels: a stem that halves the size once and not three times.

    Parameters at 32x32x3 with 10 classes: as ``googlenet``, but conv1 (9·3 + 1)·64 = 1,792 and a classifier of 10,250:
    5,976,122. Heads: (512 + 1)·128 + (2·2·128 + 1)·1024 + 10,250 = 601,226, and with 528 channels 603,274. In all
    7,180,622. The feature maps go 32, 16, 8, 4, or 28, 14, 7, 4; a head averages 8x8 to 2x2 and 7x7 to 1x1.

    Deviations from the paper besides those of ``googlenet``:

    1. conv1 is 3x3 with stride 1, and there is no pool between conv2 and 3a: stride 8 in all in place of 32.
    2. No response normalisation by default. In the heads "smaller than 5x5" means images below 17 pixels.
    """
    return _network("googlenet_small", input_shape, classes, small=True, **options)


def _network(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    small: bool,
    dropout: float,
    normalization: str,
    kernel_initializer: str,
    auxiliary_heads: bool,
) -> keras.Model:
    """The stem, the nine modules, the classifier, and the heads where they are wanted."""
    from cnnrepro.models.auxiliary import AuxiliaryHeads
    from cnnrepro.models.blocks import keras, layers, logits, normalise

    lrn = "lrn" if normalization == "lrn" else "none"
    blocks = _InceptionLayers(normalization, kernel_initializer)
    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    size, strides = (3, 1) if small else (7, 2)
    x = blocks.convolution(inputs, 64, size, "conv1", strides)  # (N, 112, 112, 64) at 224; small: (N, 32, 32, 64) at 32
    x = normalise(_max_pool(x, "pool1"), lrn, "lrn1")
    x = blocks.convolution(blocks.convolution(x, 64, 1, "conv2_reduce"), 192, 3, "conv2")
    x = normalise(x, lrn, "lrn2")
    if not small:
        x = _max_pool(x, "pool2")  # (N, 28, 28, 192); the small form has (N, 16, 16, 192) here
    heads = []
    for module, filters in INCEPTIONS.items():
        x = blocks.inception(x, filters, f"inception_{module}")
        if auxiliary_heads and module in HEAD_AFTER:
            heads.append(blocks.head(x, classes, HEAD_AFTER[module]))
        if module in POOL_AFTER:
            x = _max_pool(x, POOL_AFTER[module])
    x = layers.GlobalAveragePooling2D(name="average")(x)  # (N, 1024)
    x = layers.Dropout(dropout, name="dropout")(x)
    answer = logits(x, classes, kernel_initializer)
    return AuxiliaryHeads(inputs, [answer, *heads], name=name) if heads else keras.Model(inputs, answer, name=name)


PAPER = "Szegedy, Liu, Jia and others 2015"
OPTIONS = {
    "dropout": dropout_option(0.4),
    "kernel_initializer": initializer_option("glorot_uniform"),
    "auxiliary_heads": Option(True, "two more classifiers that train the trunk, with weight 0.3"),
}

GOOGLENET = ModelEntry(
    name="googlenet",
    builder=googlenet,
    title="GoogLeNet",
    paper=f"{PAPER}, table 1",
    parameters=13_378_280,  # 6,998,552 on the way to the answer, 3,188,840 and 3,190,888 in the heads
    smallest=32,
    options={"normalization": normalization_option("lrn"), **OPTIONS},
    published=Published(f"{PAPER}, table 1: 1500 M on the way to the answer", None, 1_500_000_000, rounded=True),
)
ROWS = (
    GOOGLENET,
    GOOGLENET.small_form(
        builder=googlenet_small,
        paper=f"{PAPER}, for small images",
        parameters=7_180_622,  # 5,976,122 on the way to the answer, 601,226 and 603,274 in the heads
        smallest=8,
        options={"normalization": normalization_option("none"), **OPTIONS},
    ),
)
