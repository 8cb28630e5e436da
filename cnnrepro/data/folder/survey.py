"""One look at every picture: its checksum, whether it can be read, and its canvas for whoever keeps it."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.folder.canvas import decode_plain, to_canvas
from cnnrepro.data.folder.decoding import BadPicture, decode, is_plain_jpeg
from cnnrepro.data.folder.source import Source

_AT_ONCE = 512  # pictures handed to the threads together: canvases of 100 MB, and progress is seen
_SHOWN_FROM = 2_000  # pictures: fewer take some seconds, and need no progress bar


@dataclass(frozen=True)
class Survey:
    """What is known of the pictures of a source, in their order.

    Args:
        sha256: of each file, hexadecimal; of what cannot be opened, "".
        plain: whether TensorFlow decodes it (see ``decoding.is_plain_jpeg``).
        bad: positions of the pictures that cannot be read, and why.
    """

    sha256: tuple[str, ...]
    plain: tuple[bool, ...]
    bad: dict[int, str]


def look_at_all(source: Source, side: int, keep: Callable[[int, np.ndarray], None] | None = None) -> Survey:
    """Read and decode every picture once, on all cores.

    Args:
        source: the pictures.
        side: of the canvas, in pixels.
        keep: called with the position and the canvas (side, side, 3) uint8 of each that can be read.
    """
    from tqdm import tqdm

    looks = tqdm(
        in_threads(_looker(source, side), len(source)),
        total=len(source),
        desc=f"reading {source.title}",
        unit=" pictures",
        disable=True if len(source) < _SHOWN_FROM else None,
    )
    checksums, plain, bad = [], [], {}
    for position, (checksum, is_plain, pixels, why) in enumerate(looks):
        checksums.append(checksum)
        plain.append(is_plain)
        if why:
            bad[position] = why
        elif keep is not None:
            keep(position, pixels)
    return Survey(tuple(checksums), tuple(plain), bad)


@functools.cache
def _compiled(side: int) -> tuple[Callable, Callable]:
    """Pixels to their canvas, and a plain JPEG to its canvas, traced once a process."""
    tf = tf_helpers.tensorflow()
    with tf.device("/CPU:0"):
        pixels, encoded = tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.string)
        place = tf.function(lambda picture: to_canvas(picture, side), [pixels], autograph=False)
        place_plain = tf.function(lambda data: to_canvas(decode_plain(data), side), [encoded], autograph=False)
    return place, place_plain


def _looker(source: Source, side: int) -> Callable[[int], tuple[str, bool, np.ndarray | None, str]]:
    """The function that looks at a picture: checksum, whether it is plain, canvas or None, and why there is none."""
    tf = tf_helpers.tensorflow()
    place, place_plain = _compiled(side)

    def look(position: int) -> tuple[str, bool, np.ndarray | None, str]:
        checksum = ""
        try:
            data = source.read(position)
            checksum = hashlib.sha256(data).hexdigest()
            if is_plain_jpeg(data):
                try:
                    return checksum, True, place_plain(data).numpy(), ""
                except tf.errors.InvalidArgumentError:  # damaged inside; Pillow says how, or reads it after all
                    pass
            return checksum, False, place(decode(data)).numpy(), ""
        except BadPicture as error:
            return checksum, False, None, str(error)
        except OSError as error:
            return checksum, False, None, f"cannot be opened ({error.strerror or error})"

    return look


def in_threads(work: Callable[[int], object], count: int) -> Iterator:
    """What ``work`` gives for 0 … count - 1, in order, from as many threads as there are cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for start in range(0, count, _AT_ONCE):
            yield from threads.map(work, range(start, min(start + _AT_ONCE, count)))
