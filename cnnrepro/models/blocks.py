"""What several families build alike. It loads Keras, so the families import it inside the functions that build."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from cnnrepro.engine import keras
from cnnrepro.layers import BatchNormalization, Conv2D, IdentityShortcut, L2Pooling2D, LocalResponseNormalization
from cnnrepro.layers.initializers import initializer

__all__ = ["POOLS", "Conv2D", "ResidualLayers", "dense_head", "initializer", "keras", "layers", "logits", "normalise"]

layers = keras.layers
POOLS = {
    "max": layers.MaxPooling2D,
    "average": layers.AveragePooling2D,
    "l2": L2Pooling2D,
    "rms": partial(L2Pooling2D, mean=True),
}


def normalise(
    x: keras.KerasTensor, kind: str, name: str, *, momentum: float = 0.9, epsilon: float = 1e-5, alpha: float = 1e-4
) -> keras.KerasTensor:
    """Feature maps (N, H, W, C) after the normalisation that an option names.

    Args:
        x: feature maps.
        kind: "none", "lrn" (local response normalisation, the paper's constants but for ``alpha``) or "batch".
        name: of the layer.
        momentum, epsilon: of batch normalisation. 0.9 and 1e-5 are Torch's defaults; Keras's 0.99 needs some 500 steps
            to forget its start.
        alpha: of local response normalisation; the paper's.
    """
    if kind == "none":
        return x
    if kind == "lrn":
        return LocalResponseNormalization(alpha=alpha, name=name)(x)
    return BatchNormalization(momentum=momentum, epsilon=epsilon, name=name)(x)


def logits(x: keras.KerasTensor, classes: int, kernel_initializer: str, name: str = "logits") -> keras.KerasTensor:
    """The scores of the classes, (N, classes) in float32."""
    return layers.Dense(classes, kernel_initializer=initializer(kernel_initializer), dtype="float32", name=name)(x)


def dense_head(
    x: keras.KerasTensor,
    units: int,
    classes: int,
    dropout: float,
    kernel_initializer: str,
    initial_bias: float = 0.0,
    *,
    first: int = 1,
    dropout_first: bool = False,
) -> keras.KerasTensor:
    """Feature maps (N, H, W, C) -> two hidden dense layers with ReLU and dropout -> logits (N, classes) in float32.

    Args:
        x: the feature maps.
        units: of each hidden layer.
        classes: number of classes.
        dropout: share that is dropped in training.
        kernel_initializer: a name that ``cnnrepro.layers.initializers`` knows.
        initial_bias: of the hidden layers.
        first: number of the first hidden layer in the network, for the names of the layers.
        dropout_first: whether the inputs of the hidden layers are dropped, and not their outputs.
    """
    x = layers.Flatten(name="flatten")(x)
    for number in (first, first + 1):
        dense = layers.Dense(
            units,
            activation="relu",
            kernel_initializer=initializer(kernel_initializer),
            bias_initializer=keras.initializers.Constant(initial_bias),
            name=f"dense{number}",
        )
        drop = layers.Dropout(dropout, name=f"dropout{number}")
        x = dense(drop(x)) if dropout_first else drop(dense(x))
    return logits(x, classes, kernel_initializer)


@dataclass(frozen=True)
class ResidualLayers:
    """What residual networks are built of, with the options filled in.

    A strided convolution gets the same number of zeros on both sides, so that its windows are centred on the pixels
    that the shortcut takes. Keras's "same" with stride 2 pads even sizes on the right and below only: every window a
    pixel off.

    Args:
        normalization: "batch" or "none"; without it the convolutions have biases.
        momentum, epsilon: of batch normalisation.
        kernel_initializer: name of the initialiser of all weights.
    """

    normalization: str
    momentum: float
    epsilon: float
    kernel_initializer: str

    def convolution(self, x: keras.KerasTensor, filters: int, size: int, strides: int, name: str) -> keras.KerasTensor:
        """(N, H, W, C) to (N, ceil(H / strides), ceil(W / strides), filters)."""
        padding = "same"
        if strides > 1 and size > 1:
            x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
            padding = "valid"
        return Conv2D(
            filters,
            size,
            strides=strides,
            padding=padding,
            use_bias=self.normalization == "none",  # batch normalisation has an offset of its own
            kernel_initializer=initializer(self.kernel_initializer),
            name=name,
        )(x)

    def normalised(
        self, x: keras.KerasTensor, filters: int, size: int, strides: int, name: str, number: str = ""
    ) -> keras.KerasTensor:
        """Convolution and normalisation, named by ``name``: (N, H, W, C) → (N, ⌈H/strides⌉, ⌈W/strides⌉, filters)."""
        x = self.convolution(x, filters, size, strides, f"{name}_conv{number}")
        return normalise(x, self.normalization, f"{name}_bn{number}", momentum=self.momentum, epsilon=self.epsilon)

    def basic_block(self, x: keras.KerasTensor, filters: int, strides: int, name: str) -> keras.KerasTensor:
        """Two 3x3 convolutions (figure 5, left), without the addition and the ReLU that follow."""
        x = layers.ReLU(name=f"{name}_relu1")(self.normalised(x, filters, 3, strides, name, "1"))
        return self.normalised(x, filters, 3, 1, name, "2")

    def bottleneck(
        self, x: keras.KerasTensor, filters: int, channels: int, strides: int, stride_in: str, name: str
    ) -> keras.KerasTensor:
        """1x1, 3x3 and 1x1 convolutions (figure 5, right), likewise, to ``channels`` maps.

        Args:
            x: (N, H, W, C).
            filters: of the first two.
            channels: of the last.
            strides: of one of them: the first where ``stride_in`` is "1x1", else the "3x3".
            stride_in: "1x1" or "3x3".
            name: what the names of the layers begin with.
        """
        first, second = (strides, 1) if stride_in == "1x1" else (1, strides)
        x = layers.ReLU(name=f"{name}_relu1")(self.normalised(x, filters, 1, first, name, "1"))
        x = layers.ReLU(name=f"{name}_relu2")(self.normalised(x, filters, 3, second, name, "2"))
        return self.normalised(x, channels, 1, 1, name, "3")

    def shortcut(self, x: keras.KerasTensor, kind: str, filters: int, strides: int, name: str) -> keras.KerasTensor:
        """The shortcut of a block by the paper's option A, B or C (section 4.1), shaped as the block's answer."""
        changes = strides > 1 or x.shape[-1] != filters
        if kind == "C" or (kind == "B" and changes):
            return self.normalised(x, filters, 1, strides, f"{name}_shortcut")
        if changes:
            return IdentityShortcut(filters, strides, name=f"{name}_shortcut")(x)
        return x

    def head(self, x: keras.KerasTensor, classes: int, dropout: float) -> keras.KerasTensor:
        """Global average, dropout where there is any, and the logits in float32: (N, H, W, C) → (N, classes)."""
        x = layers.GlobalAveragePooling2D(name="average")(x)  # (N, C)
        if dropout:
            x = layers.Dropout(dropout, name="dropout")(x)
        return logits(x, classes, self.kernel_initializer)
