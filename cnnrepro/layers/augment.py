"""Keras layers that augment at the head of a model, so that uint8 images cross the bus and the GPU does the work.

They hold no weights and draw nothing: what was drawn comes in with the images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cnnrepro.engine import keras
from cnnrepro.layers import augmentation


class _Fixed(keras.layers.Layer):
    """A layer with constants, in float32 under every policy: pixels less a mean have no digits to spare."""

    def __init__(self, pipeline: Any, constants: Mapping[str, np.ndarray], size: int, **kwargs: Any):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.pipeline, self.size = pipeline, size
        self.constants = {name: np.asarray(value, np.float32) for name, value in constants.items()}


class Augment(_Fixed):
    """From stored images and what was drawn for them to what the network takes.

    Args:
        pipeline: a ``cnnrepro.data.Pipeline``.
        constants: of it, for the data set.
        size: side of the result, S.
    """

    def call(self, inputs):
        """{"image": (N, H, W, C) uint8, and the draws by name} -> (N, S, S, C) float32."""
        draws = {name: value for name, value in inputs.items() if name != "image"}
        return augmentation.augment(inputs["image"], draws, self.constants, self.pipeline, self.size)

    def compute_output_shape(self, input_shape):
        """(N, S, S, C)."""
        return (input_shape["image"][0], self.size, self.size, input_shape["image"][-1])


class Views(_Fixed):
    """From stored images to their ten views, one after another: all go through the network in one pass.

    Args:
        pipeline: a ``cnnrepro.data.Pipeline``.
        constants: of it, for the data set.
        size: side of a view, S.
    """

    def call(self, inputs):
        """(N, H, W, C) uint8 -> (10 N, S, S, C) float32: all views of the first image, then of the next."""
        seen = augmentation.views(inputs, self.constants, self.pipeline, self.size)
        return keras.ops.reshape(seen, (-1, self.size, self.size, inputs.shape[-1]))

    def compute_output_shape(self, input_shape):
        """(10 N, S, S, C)."""
        return (None, self.size, self.size, input_shape[-1])
