"""Two real photographs that scikit-learn carries, for notebooks that need a picture and no network."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnrepro.errors import WorkFailed, unknown


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
