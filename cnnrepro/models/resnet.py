"""The residual networks for CIFAR-10.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
"""

from __future__ import annotations

from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.layers import IdentityShortcut

layers = keras.layers

STAGE_FILTERS = (16, 32, 64)
SMALLEST_INPUT = 4  # two strides of 2 still leave a pixel


def resnet20(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    batchnorm_momentum: float = 0.9,
    batchnorm_epsilon: float = 1e-5,
    kernel_initializer: str = "he_normal",
) -> keras.Model:
    """ResNet-20 of section 4.2: 6n + 2 layers with n = 3, shortcuts without parameters (option A).

    At 32x32x3 with 10 classes it has 269,722 trainable parameters (the paper: 0.27 M). By stage: 432 + 32, then
    13,824 + 192, then 50,688 + 384, then 202,752 + 768, then 650 for the dense layer; batch normalisation adds
    1,376 moving statistics, which Keras counts and PyTorch does not.

    Deviations from the paper, and what it leaves open:

    1. Any input size and class number; the paper has 32x32x3 and 10.
    2. Batch-norm momentum and epsilon are not in the paper. 0.9 and 1e-5 are Torch's defaults (which it writes as
       momentum 0.1), and so those of Facebook's reimplementation, fb.resnet.torch. Keras's own default momentum is
       0.99, which needs some 500 steps to forget its start: 0.99^500 = 0.7 %.
    3. The last layer gives logits; softmax is part of the loss.
    4. Option A pads the new channels behind the old ones.

    Args:
        input_shape: ``(height, width, channels)``; height and width at least 4.
        classes: number of classes.
        batchnorm_momentum: weight of the old value in the moving averages, in [0, 1).
        batchnorm_epsilon: added to the variance.
        kernel_initializer: a Keras initialiser's name, for all layers.

    Returns:
        A model from ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.
    """
    if min(input_shape[:2]) < SMALLEST_INPUT:
        raise UsageError(
            f"resnet20 needs images of at least {SMALLEST_INPUT}x{SMALLEST_INPUT} pixels. "
            f"Received: input_shape={tuple(input_shape)}"
        )

    def convolution(x, filters, strides, name):
        return layers.Conv2D(
            filters,
            3,
            strides=strides,
            padding="same",
            use_bias=False,  # the normalisation that follows has one
            kernel_initializer=kernel_initializer,
            name=name,
        )(x)

    def normalise(x, name):
        return layers.BatchNormalization(momentum=batchnorm_momentum, epsilon=batchnorm_epsilon, name=name)(x)

    def block(x, filters, strides, name):
        shortcut = x
        if strides > 1:
            shortcut = IdentityShortcut(filters, strides, name=f"{name}_shortcut")(x)
        y = normalise(convolution(x, filters, strides, f"{name}_conv1"), f"{name}_bn1")
        y = layers.ReLU(name=f"{name}_relu1")(y)
        y = normalise(convolution(y, filters, 1, f"{name}_conv2"), f"{name}_bn2")
        return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([y, shortcut]))

    inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    x = layers.ReLU(name="stem_relu")(normalise(convolution(inputs, STAGE_FILTERS[0], 1, "stem_conv"), "stem_bn"))
    for stage, filters in enumerate(STAGE_FILTERS, start=1):
        for number in (1, 2, 3):
            strides = 2 if stage > 1 and number == 1 else 1
            x = block(x, filters, strides, f"stage{stage}_block{number}")
    x = layers.GlobalAveragePooling2D(name="average")(x)  # (N, 64)
    logits = layers.Dense(classes, kernel_initializer=kernel_initializer, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="resnet20")
