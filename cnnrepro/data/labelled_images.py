"""Images with their labels: in memory, or in a file and read when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.catalogue import SPLITS

if TYPE_CHECKING:
    import tensorflow as tf


class Pictures(Protocol):
    """Images that are not in memory: ``StoredPictures`` (cached form) and ``StreamedPictures`` (decoded each time)."""

    shape: tuple[int, ...]
    dtype: np.dtype
    failures: list[Exception]  # what went wrong while they were read

    def __len__(self) -> int: ...

    def __getitem__(self, positions: int | slice | np.ndarray) -> np.ndarray:
        """Images (…, H, W, C) uint8."""

    def at(self, positions: np.ndarray) -> Pictures:
        """The images at these positions, in this order; nothing is read."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Images with their labels, in a fixed order.

    Args:
        images: (N, H, W, C) uint8, 0 … 255: an array, or ``Pictures``.
        labels: (N,) int64.
    """

    images: np.ndarray | Pictures
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def in_memory(self) -> bool:
        """Whether the images are an array; otherwise they are read as they are asked for."""
        return isinstance(self.images, np.ndarray)

    def at(self, positions: np.ndarray) -> Examples:
        """The examples at these positions, in this order."""
        images = self.images[positions] if self.in_memory else self.images.at(positions)
        return Examples(images, self.labels[positions])

    def dataset(self) -> tf.data.Dataset:
        """The examples one by one: image (H, W, C) uint8, label () int64."""
        tf = tf_helpers.tensorflow()
        with tf.device("/CPU:0"):  # tf.data runs on the CPU; images put on a GPU would come back one by one
            if self.in_memory:
                return tf.data.Dataset.from_tensor_slices((self.images, self.labels))
            images = picture_batches(self.images, np.arange(len(self)), 1).unbatch()
            return tf.data.Dataset.zip((images, tf.data.Dataset.from_tensor_slices(self.labels)))


def picture_batches(images: np.ndarray | Pictures, order: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Images in a given order, in batches, the ragged last one included; call it with the CPU as device.

    Args:
        images: an array, or ``Pictures``.
        order: (N,) positions.
        batch_size: images a batch.

    Returns:
        A tf.data.Dataset of (n, H, W, C) uint8, always in that order: labels and draws go beside it.
    """
    tf = tf_helpers.tensorflow()
    some = tf_helpers.batches_at_once()
    if hasattr(images, "dataset"):  # decoded on the fly, each picture by itself, in parallel
        return images.dataset(order).batch(batch_size)
    positions = tf_helpers.in_batches(np.asarray(order, np.int64), batch_size)
    if isinstance(images, np.ndarray):
        held = tf.constant(images)
        gather = tf_helpers.as_written(lambda at: tf.gather(held, at))
        return positions.map(gather, num_parallel_calls=some, deterministic=True)
    shape = (None, *images.shape[1:])

    def read(at: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(images.__getitem__, [at], tf.uint8, stateful=False), shape)

    return positions.map(tf_helpers.as_written(read), num_parallel_calls=some, deterministic=True)


def fingerprint(examples: Mapping[str, Examples]) -> str:
    """SHA-256 over images, labels, shapes, types and order of the splits, hexadecimal."""
    digest = hashlib.sha256()
    for split in SPLITS:
        images = np.ascontiguousarray(examples[split].images, dtype="|u1")
        labels = np.ascontiguousarray(examples[split].labels, dtype="<i8")  # little-endian on every machine
        digest.update(f"{split} {images.dtype.str}{images.shape} {labels.dtype.str}{labels.shape}\n".encode())
        digest.update(images.data)
        digest.update(labels.data)
    return digest.hexdigest()
