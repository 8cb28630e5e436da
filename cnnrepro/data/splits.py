"""``Splits``: a data set as it is trained on, and part of its training split."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data.catalogue import SPLITS, DatasetInfo
from cnnrepro.data.folder.findings import Findings
from cnnrepro.data.labelled_images import Examples
from cnnrepro.data.random_numbers import stratified_draw
from cnnrepro.errors import UsageError, brief, unknown

if TYPE_CHECKING:
    import tensorflow as tf

_SUBSET = (1998, 3)  # the seed of the draw of part of the training images; changing it changes every such result


@dataclass(frozen=True, eq=False)
class Splits:
    """A data set as it is trained on.

    Args:
        name: the data set.
        info: its entry in the catalogue.
        examples: the three splits as arrays. ``train``, ``validation`` and ``test`` are the same as tf.data.
        fingerprint: SHA-256 over images, labels, shapes, types and order of all three splits, hexadecimal.
        mean: of the training split's pixels on the scale 0 … 1, one value a channel.
        std: their standard deviation, likewise.
        partial: for an incomplete data set the part that is present ("2 of 5 training batches"); else None.
        skipped: pictures that could not be read and were left out: name and reason.
        findings: what else is to be said of photographs: what was left out, guessed, damaged, in two places.
        home: the folder of the cached form, where there is one; what is computed from the images is kept there too.
    """

    name: str
    info: DatasetInfo
    examples: Mapping[str, Examples] = field(repr=False)
    fingerprint: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    partial: str | None = None
    skipped: tuple[tuple[str, str], ...] = ()
    home: Path | None = None
    findings: Findings = field(default_factory=Findings)

    @property
    def canvas(self) -> tuple[int, int, int]:
        """Height, width and channels of a stored image."""
        return tuple(self.examples["train"].images.shape[1:])

    @property
    def train(self) -> tf.data.Dataset:
        """The training split: (uint8 image (H, W, C), int64 label), unbatched, in a fixed order."""
        return self.examples["train"].dataset()

    @property
    def validation(self) -> tf.data.Dataset:
        """The validation split, like ``train``."""
        return self.examples["validation"].dataset()

    @property
    def test(self) -> tf.data.Dataset:
        """The test split, like ``train``."""
        return self.examples["test"].dataset()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Raise what went wrong with a picture as it was said there, and not inside of TensorFlow's longer error."""
        try:
            yield
        except Exception as error:
            for examples in self.examples.values():
                for failure in getattr(examples.images, "failures", ()):
                    if failure is not error and str(failure) in str(error):
                        raise failure from error
            raise

    @property
    def sizes(self) -> dict[str, int]:
        """The number of images in each split."""
        return {split: len(self.examples[split]) for split in SPLITS}


def subset(labels: np.ndarray, size: int) -> np.ndarray:
    """The positions of ``size`` of the training examples, ascending, every class with its share."""
    return stratified_draw(labels, size, *_SUBSET)[0]


def arrays(splits: Splits, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of a split as NumPy arrays, for pictures and counts.

    Returns:
        Images (N, H, W, C) uint8, labels (N,) int64; not copies, so leave them as they are.
    """
    examples = of_split(splits, split)
    return examples.images, examples.labels


def of_split(splits: Splits, split: str) -> Examples:
    """The examples of a split; raises UsageError where there is no such split."""
    if split not in splits.examples:
        raise unknown("split", split, splits.examples)
    return splits.examples[split]


def scale_and_shift(splits: Splits) -> tuple[np.ndarray, np.ndarray]:
    """What brings the training split's mean and standard deviation to 0 and 1: pixel · scale + shift.

    A channel that is the same everywhere becomes 0.

    Returns:
        (C,) float32 each: (x / 255 - mean) / std = x · 1 / (255 std) + -mean / std.
    """
    mean, std = np.array(splits.mean), np.array(splits.std)
    std = np.where(std > 0, std, 1.0)
    return (1 / (255 * std)).astype(np.float32), (-mean / std).astype(np.float32)


def standardise(images: np.ndarray, splits: Splits) -> np.ndarray:
    """Pixels as ``data.batches`` gives them to a network.

    Args:
        images: (…, H, W, C) on the scale 0 … 255.
        splits: the data set.

    Returns:
        The same shape in float32.
    """
    scale, shift = scale_and_shift(splits)
    return np.asarray(images, np.float32) * scale + shift


def checked_size(info: DatasetInfo, train_images: int | None) -> int | None:
    """``train_images`` as an int, or None for all.

    Raises:
        UsageError: it is no whole number from 1 to the size of the training split.
    """
    if train_images is None:
        return None
    most = info.sizes["train"]
    try:
        size = operator.index(train_images)
    except TypeError:
        size = 0
    if not 1 <= size <= most or isinstance(train_images, bool):
        raise UsageError(
            f"train_images must be a whole number from 1 to {most}, the training images of {info.name!r}. "
            f"Received: {brief(train_images)}"
        )
    return size
