"""Canvases of photographs that are not in memory: in a file of pixels, or decoded whenever they are asked for."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.folder.canvas import decode_to_canvas, to_canvas
from cnnrepro.data.folder.decoding import decode
from cnnrepro.data.folder.source import Source

if TYPE_CHECKING:
    import tensorflow as tf


class _Chosen:
    """Some of many pictures, by their positions among all; for a frozen dataclass with a field ``positions``."""

    positions: np.ndarray
    dtype = np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.positions)

    def at(self, positions: np.ndarray) -> Self:
        """The pictures at these positions, in this order; nothing is read."""
        return replace(self, positions=self.positions[positions])


@dataclass(frozen=True, eq=False)
class StoredPictures(_Chosen):
    """Some of the pictures of a cached form.

    Args:
        path: the file, .npy, (all, S, S, 3) uint8; it is mapped into memory, so only what is read is loaded.
        positions: (N,) int64, rows of the file.
    """

    path: Path
    positions: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, S, 3)."""
        return (len(self), *self._all.shape[1:])

    def __getitem__(self, positions: int | slice | np.ndarray) -> np.ndarray:
        """Copies of the pixels, (…, S, S, 3) uint8."""
        return np.array(self._all[self.positions[positions]])

    @cached_property
    def _all(self) -> np.ndarray:
        return np.load(self.path, mmap_mode="r", allow_pickle=False)


@dataclass(frozen=True, eq=False)
class StreamedPictures(_Chosen):
    """Some of the pictures of a source, decoded each time.

    Args:
        source: the encoded pictures.
        side: of the canvas, in pixels.
        plain: for every picture of the source, whether TensorFlow decodes it.
        positions: (N,) int64, in the source.
    """

    source: Source
    side: int
    plain: np.ndarray
    positions: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, S, 3)."""
        return (len(self), self.side, self.side, 3)

    def __getitem__(self, positions: int | slice | np.ndarray) -> np.ndarray:
        """Canvases (…, S, S, 3) uint8, decoded now."""
        wanted = self.positions[positions]
        if wanted.ndim == 0:
            return self._decoded(int(wanted))
        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            canvases = list(threads.map(self._decoded, wanted.tolist()))
        return np.stack(canvases) if canvases else np.zeros((0, self.side, self.side, 3), self.dtype)

    def dataset(self, order: np.ndarray) -> tf.data.Dataset:
        """The canvases at these positions, one by one in this order, decoded in parallel: (S, S, 3) uint8."""
        tf = tf_helpers.tensorflow()
        wanted = self.positions[order]
        if self.source.paths is not None:
            files = np.array(self.source.paths, dtype=object)[wanted].tolist()
            encoded = tf.data.Dataset.from_tensor_slices((files, self.plain[wanted]))
            read = tf.io.read_file
        else:
            encoded = tf.data.Dataset.from_tensor_slices((wanted, self.plain[wanted]))

            def read(position: tf.Tensor) -> tf.Tensor:
                return tf.ensure_shape(tf.numpy_function(self.source.read, [position], tf.string, stateful=False), ())

        def decoded(which: tf.Tensor, plain: tf.Tensor) -> tf.Tensor:
            return decode_to_canvas(read(which), self.side, plain)

        return encoded.map(
            tf_helpers.as_written(decoded), num_parallel_calls=tf_helpers.pictures_at_once(), deterministic=True
        )

    def _decoded(self, position: int) -> np.ndarray:
        # One definition of the pixels: what Pillow decodes equals what TensorFlow does for a plain JPEG.
        return to_canvas(decode(self.source.read(position)), self.side).numpy()
