"""Pictures that somebody names, files and folders, as the images of a data set: for a trained network to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.folder.canvas import to_canvas
from cnnrepro.data.folder.decoding import LARGEST_FILE, BadPicture, decode
from cnnrepro.data.folder.picture_files import PictureFiles
from cnnrepro.errors import UsageError
from cnnrepro.files import read_regular

# Red, green and blue in a brightness, as Pillow weighs them (ITU-R 601-2), in 65536ths; they sum to one, so that a grey
# picture keeps its values.
_BRIGHTNESS = (19595, 38470, 7471)
_DARK, _LIGHT = 0.35, 0.65  # of 1; between them nothing is said of a ground


def find_given_pictures(places: Sequence[Path]) -> tuple[list[Path], dict[str, tuple[str, ...]]]:
    """The pictures that are meant by files and folders: those files, and what looks like a picture below the folders.

    Args:
        places: in their order; a folder's pictures come sorted by name, each picture once.

    Returns:
        The files, and by reason the names of what was left out of the folders.

    Raises:
        UsageError: a place that is not there, or a folder that cannot be read or has no picture in it.
    """
    found: dict[Path, None] = {}
    left_out: dict[str, tuple[str, ...]] = {}
    for place in places:
        if place.is_dir():
            inside, others = _below(place)
            found |= dict.fromkeys(place / name for name in inside)
            for reason, names in others.items():
                left_out[reason] = (*left_out.get(reason, ()), *names)
        elif place.exists():
            found[place] = None
        else:
            raise UsageError(f"There is no picture and no folder {str(place)!r}.")
    return list(found), left_out


def _below(folder: Path) -> tuple[list[str], Mapping[str, tuple[str, ...]]]:
    """The names of the pictures below a folder, sorted, and what was left out by reason."""
    files = PictureFiles(folder)
    try:
        files.is_new("")
        names = sorted(files.below("."))
    except OSError as error:
        raise UsageError(f"The folder {str(error.filename or folder)!r} cannot be read: {error.strerror}.") from error
    if not names:
        raise UsageError(f"There is no picture in the folder {str(folder)!r}.")
    return names, files.left_out


def read_as(picture: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """A picture as the images of a data set are stored: the square in its middle, brought to their side.

    Args:
        picture: the file.
        shape: height, width (the same) and channels of such an image; with one channel a picture becomes grey.

    Returns:
        (H, W, C) uint8.

    Raises:
        BadPicture: it cannot be read; says why.
    """
    try:
        pixels = decode(read_regular(picture, LARGEST_FILE))
    except OSError as error:
        raise BadPicture(f"cannot be opened ({error.strerror})") from error
    with tf_helpers.tensorflow().device("/CPU:0"):
        image = to_canvas(pixels, shape[0]).numpy()
    return _grey(image) if shape[2] == 1 else image


def _grey(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W, 1) uint8, rounded."""
    sums = image.astype(np.uint32) @ np.array(_BRIGHTNESS, np.uint32)
    return ((sums + 32768) >> 16).astype(np.uint8)[..., None]


def looks_inverted(image: np.ndarray, mean: Sequence[float]) -> bool:
    """Whether a grey image has a light ground where the training images are dark, or a dark one where they are light.

    So are digits on paper to a network that was trained on MNIST's, which are white on black. Colour says nothing here.

    Args:
        image: (H, W, C) uint8.
        mean: of the training images' pixels on the scale 0 … 1, a value a channel.
    """
    if image.shape[2] != 1:
        return False
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    ground = float(np.median(edge)) / 255
    return (mean[0] < _DARK and ground > _LIGHT) or (mean[0] > _LIGHT and ground < _DARK)
