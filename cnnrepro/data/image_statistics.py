"""What a training split looks like on average: mean image, mean colour, principal colours. One pass, constant memory.

All sums are of whole numbers, so they do not depend on the order, on the size of the pieces or on the machine; what is
rounded is the last division. A pass keeps one piece of images and these sums, however many images there are: the sum of
the pixels at each place, S(h, w, c), and of the products of the colours, P(c, d) = Σ x_c x_d over all pixels. With M
pixels the covariance is P / M - m mᵀ, m = Σ S / M.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.errors import UsageError
from cnnrepro.files import write_whole

if TYPE_CHECKING:
    from cnnrepro.data.labelled_images import Examples
    from cnnrepro.data.splits import Splits

PIECE = 64  # images read at once: of 256 x 256 pixels 12.6 MB, and 101 MB as float64

_VERSION = 1  # of the stored form, and of what is computed

# What numpy.load raises for a file that is absent, or half written by a machine that stopped.
UNREADABLE = (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of the images of a training split, H x W pixels and C channels.

    Args:
        images: how many.
        mean_image: (H, W, C) float64, pixels 0 … 255.
        covariance: (C, C) float64, of the colours of all pixels, pixels 0 … 1.
        source: fingerprint of the images.
    """

    images: int
    mean_image: np.ndarray
    covariance: np.ndarray
    source: str

    @cached_property
    def mean_colour(self) -> np.ndarray:
        """(C,) float64, pixels 0 … 1."""
        return self.mean_image.mean(axis=(0, 1)) / 255

    @cached_property
    def std(self) -> np.ndarray:
        """Standard deviation of each channel, (C,) float64, pixels 0 … 1."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    @cached_property
    def variances(self) -> np.ndarray:
        """Variances along the principal colours, (C,) float64, the greatest first, pixels 0 … 1."""
        return self._principal[0]

    @cached_property
    def directions(self) -> np.ndarray:
        """The principal colours, (C, C) float64, in columns of length 1; the first number that is not 0 is positive."""
        return self._principal[1]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all values, hexadecimal."""
        digest = hashlib.sha256(f"{_VERSION} {self.images} {self.source}".encode())
        for values in (self.mean_image, self.covariance):
            digest.update(np.ascontiguousarray(values, "<f8").tobytes())
        return digest.hexdigest()

    @cached_property
    def _principal(self) -> tuple[np.ndarray, np.ndarray]:
        variances, directions = np.linalg.eigh(self.covariance)
        return np.maximum(variances[::-1], 0), forwards(directions[:, ::-1])

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        write_whole(path, lambda file: np.savez(file, version=_VERSION, **values))

    @classmethod
    def load(cls, path: Path) -> Statistics | None:
        """What ``save`` wrote; None where there is nothing, or nothing that can be read."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["version"]) != _VERSION:
                    return None
                return cls(int(file["images"]), file["mean_image"], file["covariance"], str(file["source"]))
        except UNREADABLE:
            return None


def forwards(directions: np.ndarray) -> np.ndarray:
    """Directions in columns, (C, n), each with its first number that is not 0 positive.

    A direction and its negative are as good; this picks one, so that the noise is the same everywhere.
    """
    first = np.argmax(np.abs(directions) > 1e-9, axis=0)
    return directions * np.sign(np.take_along_axis(directions, first[None], axis=0))


def of_pieces(pieces: Iterable[np.ndarray], source: str = "") -> Statistics:
    """The statistics of images that come in pieces.

    Args:
        pieces: arrays (n, H, W, C) uint8; n may differ.
        source: fingerprint of the images, kept with the result.

    Raises:
        UsageError: no images.
    """
    images, total, products = 0, None, None
    for piece in pieces:
        if total is None:
            channels = piece.shape[-1]
            total = np.zeros(piece.shape[1:], np.int64)
            products = np.zeros((channels, channels), object)  # Python's whole numbers: they never overflow
        images += len(piece)
        total += piece.sum(axis=0, dtype=np.int64)
        colours = piece.reshape(-1, channels).astype(np.float64)
        # Exact: 64 · 65,536 pixels · 255² = 2.7e11, and float64 counts up to 2^53 = 9e15 without a gap.
        products += np.rint(colours.T @ colours).astype(np.int64).astype(object)
    if not images:
        raise UsageError("Statistics need at least one image. Received: none")
    pixels = images * total.shape[0] * total.shape[1]
    sums = [int(value) for value in total.sum(axis=(0, 1))]
    covariance = [
        [(pixels * products[c, d] - sums[c] * sums[d]) / (pixels * pixels * 255 * 255) for d in range(len(sums))]
        for c in range(len(sums))
    ]  # whole numbers up to the one division, so nothing cancels
    return Statistics(images, total / images, np.array(covariance, np.float64), source)


def of_examples(examples: Examples, source: str = "") -> Statistics:
    """The statistics of the images of a split."""
    starts = range(0, len(examples), PIECE)
    return of_pieces((np.asarray(examples.images[start : start + PIECE]) for start in starts), source)


def of_splits(splits: Splits) -> Statistics:
    """The statistics of a data set's training split: read from beside its cached form, or computed and stored there."""
    return stored(splits.examples["train"], splits.fingerprint, splits.home)


def stored(examples: Examples, source: str, home: Path | None) -> Statistics:
    """The statistics of images with a fingerprint, from a folder that keeps them; computed where it does not.

    Args:
        examples: the images.
        source: their fingerprint.
        home: the folder; None keeps nothing.
    """
    if home is None:
        return of_examples(examples, source)
    path = home / f"statistics-{source[:16]}.npz"
    statistics = Statistics.load(path)
    if statistics is None or statistics.source != source:
        statistics = of_examples(examples, source)
        statistics.save(path)
    return statistics
