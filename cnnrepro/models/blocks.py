"""What several families build alike."""

from __future__ import annotations

from cnnrepro.engine import keras
from cnnrepro.layers import LocalResponseNormalization


def normalise(
    x: keras.KerasTensor, kind: str, name: str, *, momentum: float = 0.9, epsilon: float = 1e-5
) -> keras.KerasTensor:
    """Feature maps after the normalisation that an option names.

    Args:
        x: feature maps (N, H, W, C).
        kind: "none", "lrn" (local response normalisation, the paper's constants) or "batch".
        name: of the layer.
        momentum, epsilon: of batch normalisation. 0.9 and 1e-5 are Torch's defaults; Keras's 0.99 needs some 500 steps
            to forget its start.
    """
    if kind == "none":
        return x
    if kind == "lrn":
        return LocalResponseNormalization(name=name)(x)
    return keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=name)(x)
