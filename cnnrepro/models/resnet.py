"""The residual networks for CIFAR-10.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
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

STAGE_FILTERS = (16, 32, 64)


def resnet(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    depth: int,
    shortcut: str,
    dropout: float,
    normalization: str,
    batchnorm_momentum: float,
    batchnorm_epsilon: float,
    kernel_initializer: str,
) -> keras.Model:
    """The networks of section 4.2: 6n + 2 weighted layers in three stages of n blocks, filters 16, 32, 64.

    Trainable parameters at 32x32x3 with 10 classes, convolutions + batch normalisation (a scale and an offset each):

    - stem: 9·3·16 = 432, + 32;
    - stage 1: 2n · 9·16·16 = 4,608 n, + 64 n;
    - stage 2: 9·16·32 + (2n - 1) · 9·32·32 = 18,432 n - 4,608, + 128 n;
    - stage 3: 9·32·64 + (2n - 1) · 9·64·64 = 73,728 n - 18,432, + 256 n;
    - dense layer: 64·10 + 10 = 650;

    together 97,216 n - 21,926. With n = 3, ResNet-20: 432 + 32, then 13,824 + 192, then 50,688 + 384, then
    202,752 + 768, then 650: 269,722 (the paper: 0.27 M). Depths 32, 44, 56, 110: 464,154, 658,586, 853,018,
    1,727,962. Batch normalisation adds 448 n + 32 moving statistics, which Keras counts and PyTorch does not. Option B
    adds 16·32 + 64 + 32·64 + 128 = 2,752. Without normalisation biases take the place of scales and offsets:
    224 n + 16 parameters fewer, with option B 224 n + 112.

    Multiply-adds of option A: 442,368 for the stem, 14,155,776 n - 2·1,179,648 for the stages, 640 for the dense
    layer: 40,551,040 for ResNet-20. Option B adds 2·131,072.

    Deviations from the paper, and what it leaves open:

    1. Any input size and class number; the paper has 32x32x3 and 10.
    2. Batch-norm momentum and epsilon are not in the paper. 0.9 and 1e-5 are Torch's defaults (which it writes as
       momentum 0.1), and so those of Facebook's reimplementation, fb.resnet.torch. Keras's own default momentum is
       0.99, which needs some 500 steps to forget its start: 0.99^500 = 0.7 %.
    3. The last layer gives logits; softmax is part of the loss.
    4. Option A pads the new channels behind the old ones.
    5. A 3x3 convolution with stride 2 has a zero on either side, as in Torch: it is centred on pixels 0, 2, 4, …, where
       the shortcut takes its pixels. Keras's "same" padding would centre it on 1, 3, 5, … at even sizes; version 1 of
       these networks had that.
    6. On CIFAR-10 the paper has option A only; option B is that of section 4.1. ``dropout`` is not in the paper,
       nor is ``normalization="none"``, with which each addition about doubles the variance of the feature maps.
    7. Weight decay and the warm-up of ResNet-110 (learning rate 0.01 at first) are a matter of the recipe.

    Neither keras.applications nor torchvision has these networks. Both publish networks named ResNet for ImageNet, and
    a ResNet-18 with 64 to 512 filters on CIFAR-10 is not of this family: it has forty times the parameters of
    ResNet-20.

    Args:
        input_shape: ``(height, width, channels)``; each of the two strides halves the size, rounded up.
        classes: number of classes.
        depth: 6n + 2: 8, 14, 20, 26, …
        shortcut: across a change of size. "A": identity and zeros; "B": 1x1 projection with normalisation; "none": no
            shortcuts at all, the paper's plain networks.
        dropout: share of the 64 averages that is dropped in training.
        normalization: "batch", or "none", which gives the convolutions biases.
        batchnorm_momentum, batchnorm_epsilon: weight of the old value in the moving averages; added to the variance.
        kernel_initializer: an initialiser's name, for all layers.

    Raises:
        UsageError: the depth is not 6n + 2.
    """
    if depth < 8 or depth % 6 != 2:
        raise UsageError(f"depth must be 6n + 2 with n blocks a stage: 8, 14, 20, and so on. Received: {depth}")
    from cnnrepro.models.blocks import ResidualLayers, keras, layers

    blocks = ResidualLayers(normalization, batchnorm_momentum, batchnorm_epsilon, kernel_initializer)
    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = layers.ReLU(name="stem_relu")(blocks.normalised(inputs, STAGE_FILTERS[0], 3, 1, "stem"))
    for stage, filters in enumerate(STAGE_FILTERS, start=1):
        for number in range(1, (depth - 2) // 6 + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            name = f"stage{stage}_block{number}"
            passed = None if shortcut == "none" else blocks.shortcut(x, shortcut, filters, strides, name)
            x = blocks.basic_block(x, filters, strides, name)
            if passed is not None:  # the shortcut is added before the last ReLU
                x = layers.Add(name=f"{name}_add")([x, passed])
            x = layers.ReLU(name=f"{name}_relu2")(x)
    logits = blocks.head(x, classes, dropout)  # x: (N, ceil(H / 4), ceil(W / 4), 64)
    return keras.Model(inputs, logits, name=f"resnet{depth}")


PAPER = "He, Zhang, Ren and Sun 2016"
BATCHNORM_OPTIONS = {
    "batchnorm_momentum": Option(0.9, "weight of the old value in the moving averages", 0.0, 1.0),
    "batchnorm_epsilon": Option(1e-5, "added to the variance", 0.0, 1.0),
    "kernel_initializer": initializer_option("he_normal"),
}
OPTIONS = {
    **BATCHNORM_OPTIONS,
    "shortcut": Option(
        "A", "A: zeros for new channels; B: projections; none: plain", choices=("A", "B", "none"), added=True
    ),
    "dropout": dropout_option(0.0, added=True),
    "normalization": normalization_option("batch", ("none", "batch"), added=True),
}

ROWS = tuple(
    ModelEntry(
        name=f"resnet{depth}",
        builder=resnet,
        title=f"ResNet-{depth}",
        paper=f"{PAPER}, section 4.2",
        input_shape=(32, 32, 3),
        classes=10,
        parameters=parameters,
        smallest=4,
        options=OPTIONS,
        arguments={"depth": depth},
        version=2,  # since residual and shortcut look at the same pixels
        # The paper has no network of depth 8; it is of the same rule, n = 1, and what a study of depth begins with.
        published=Published(f"{PAPER}, table 6", parameters=rounded, rounded=True) if rounded else None,
    )
    for depth, parameters, rounded in (
        (8, 75_290, 0),
        (20, 269_722, 270_000),
        (32, 464_154, 460_000),
        (44, 658_586, 660_000),
        (56, 853_018, 850_000),
        (110, 1_727_962, 1_700_000),
    )
)
