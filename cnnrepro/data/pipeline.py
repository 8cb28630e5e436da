"""batches: from the splits to what a network is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data import lazy
from cnnrepro.data.drawing import permutation
from cnnrepro.data.splits import Splits, of_split
from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    import tensorflow as tf


def batches(splits: Splits, split: str, batch_size: int, *, seed: int | None = None, epoch: int = 0) -> tf.data.Dataset:
    """The standardised images of a split in batches, each image exactly once, the ragged last batch included.

    With a seed, the whole split is shuffled before it is cut into batches. The order follows from (seed, epoch) alone:
    it is the same in another process, after a resumption, and whatever else draws random numbers. (It is a NumPy
    permutation, because the order of ``Dataset.shuffle`` also depends on TensorFlow's global seed.)

    Args:
        splits: the data set.
        split: "train", "validation" or "test".
        batch_size: images a batch.
        seed: from 0 up; None keeps the split's own order.
        epoch: from 0 up; each has its own order.

    Returns:
        A tf.data.Dataset of images (N, H, W, C) float32, with the training split's mean and standard deviation brought
        to 0 and 1 a channel, and labels (N,) int64.

    Raises:
        UsageError: an unknown split, a batch size below 1, a seed or epoch below 0.
    """
    examples = of_split(splits, split)
    _require_at_least("batch_size", batch_size, 1)
    _require_at_least("epoch", epoch, 0)
    if seed is None:
        order = np.arange(len(examples), dtype=np.int64)
    else:
        _require_at_least("seed", seed, 0)
        order = permutation(len(examples), seed, epoch)
    tf = lazy.tensorflow()
    with tf.device("/CPU:0"):  # tf.data runs on the CPU; the whole split on a GPU would be copied back and forth
        images, labels = tf.constant(examples.images), tf.constant(examples.labels)
        scale, shift = _affine(splits)

        def gather(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:  # (N,) -> (N, H, W, C), (N,)
            pixels = tf.cast(tf.gather(images, positions), tf.float32)
            return pixels * scale + shift, tf.gather(labels, positions)

        pipeline = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
        pipeline = pipeline.map(gather, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return pipeline.prefetch(tf.data.AUTOTUNE)


def _affine(splits: Splits) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift, (C,) float32 each: (x / 255 - mean) / std = x * 1 / (255 std) + -mean / std."""
    mean, std = np.array(splits.mean), np.array(splits.std)
    return (1 / (255 * std)).astype(np.float32), (-mean / std).astype(np.float32)


def _require_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} must be at least {least}. Received: {value!r}")
