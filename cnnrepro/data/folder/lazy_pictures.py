"""Canvases of photographs that are not in memory: in a file of pixels, or decoded whenever they are asked for.

What a run reads is what its data's fingerprint was made of: each file that is decoded again is compared with its
checksum, and so is a file of pixels whose state has changed. What went wrong is kept in ``failures``, since TensorFlow
tells of it in an error of many lines (see ``Splits.reading``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.folder.canvas import decode_to_canvas, to_canvas
from cnnrepro.data.folder.decoding import decode
from cnnrepro.data.folder.findings import shown
from cnnrepro.data.folder.pixel_file import PixelFile
from cnnrepro.data.folder.source import Source
from cnnrepro.errors import WorkFailed

if TYPE_CHECKING:
    import tensorflow as tf

# Pictures that TensorFlow calls Python for at once. With JPEGs of 500 x 375 (103 kB) reading, comparing and decoding
# take 6 % more of a core than TensorFlow's own reading and decoding; one by one 14 to 18 %.
_READ_TOGETHER = 16


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
        file: the pixels; only what is asked for is read.
        positions: (N,) int64, rows of the file.
        failures: what went wrong while they were read.
    """

    file: PixelFile
    positions: np.ndarray
    failures: list[Exception] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, S, 3)."""
        return (len(self), *self.file.shape[1:])

    def __getitem__(self, positions: int | slice | np.ndarray) -> np.ndarray:
        """Copies of the pixels, (…, S, S, 3) uint8; raises WorkFailed where the file was changed."""
        wanted = self.positions[positions]
        try:
            pixels = self.file.rows(wanted.reshape(-1))
        except WorkFailed as error:
            self.failures.append(error)
            raise
        return pixels.reshape(*wanted.shape, *self.file.shape[1:])


@dataclass(frozen=True, eq=False)
class StreamedPictures(_Chosen):
    """Some of the pictures of a source, decoded each time.

    Args:
        source: the encoded pictures.
        side: of the canvas, in pixels.
        plain: for every picture of the source, whether TensorFlow decodes it.
        sha256: for every picture of the source, the checksum of its bytes when it was looked at.
        positions: (N,) int64, in the source.
        failures: what went wrong while they were read.
    """

    source: Source
    side: int
    plain: np.ndarray
    sha256: Sequence[str]
    positions: np.ndarray
    failures: list[Exception] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, S, S, 3)."""
        return (len(self), self.side, self.side, 3)

    def __getitem__(self, positions: int | slice | np.ndarray) -> np.ndarray:
        """Canvases (…, S, S, 3) uint8, decoded now; raises WorkFailed where a picture was changed."""
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

        def read(positions: np.ndarray) -> np.ndarray:
            return np.array([self._read(position) for position in positions.tolist()], dtype=object)

        def encoded(positions: tf.Tensor, plain: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            files = tf.numpy_function(read, [positions], tf.string, stateful=False)
            return tf.ensure_shape(files, (None,)), plain

        def decoded(data: tf.Tensor, plain: tf.Tensor) -> tf.Tensor:
            return decode_to_canvas(data, self.side, plain)

        some = tf_helpers.batches_at_once()
        together = tf_helpers.in_batches((wanted, self.plain[wanted]), _READ_TOGETHER)
        files = together.map(tf_helpers.as_written(encoded), num_parallel_calls=some, deterministic=True).unbatch()
        files = files.apply(tf.data.experimental.assert_cardinality(len(wanted)))  # for Keras, which counts the batches
        return files.map(
            tf_helpers.as_written(decoded), num_parallel_calls=tf_helpers.pictures_at_once(), deterministic=True
        )

    def _decoded(self, position: int) -> np.ndarray:
        # One definition of the pixels: what Pillow decodes equals what TensorFlow does for a plain JPEG.
        return to_canvas(decode(self._read(position)), self.side).numpy()

    def _read(self, position: int) -> bytes:
        """The bytes of a picture; raises WorkFailed where they are not those that were looked at."""
        try:
            data = self.source.read(position)
            reason = "" if hashlib.sha256(data).hexdigest() == self.sha256[position] else "has other bytes now"
        except Exception as error:  # TFDS's readers raise whatever they run into
            reason = f"cannot be read any more ({getattr(error, 'strerror', None) or type(error).__name__})"
        if reason:
            name, title = shown(self.source.names[position]), shown(self.source.title)
            error = WorkFailed(
                f"The picture {name} of {title} {reason}: it was changed, moved or removed since the pictures were "
                f"looked at. The same command begins a run with the pictures as they are now."
            )
            self.failures.append(error)
            raise error
        return data
