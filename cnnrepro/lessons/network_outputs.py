"""What a trained network gives for images: its outputs, and those of layers inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnrepro.engine import keras

BATCH = 256  # images at a time: their first feature maps, 24 x 24 x 24 x 4 bytes each, take 14 MB


def outputs(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """What a network gives for standardised images (N, H, W, C), output by output, a batch at a time."""
    batches = []
    for begin in range(0, len(images), BATCH):
        given = model(images[begin : begin + BATCH], training=False)
        batches.append(map(keras.ops.convert_to_numpy, given if isinstance(given, list) else [given]))
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def layer_outputs(model: keras.Model, layers: Sequence[str], images: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of named layers for standardised images (N, H, W, C), by name."""
    part = keras.Model(model.inputs[0], [model.get_layer(name).output for name in layers])
    return dict(zip(layers, outputs(part, images), strict=True))
