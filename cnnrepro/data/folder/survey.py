"""One look at every picture: its checksum, whether it can be read, and its canvas for whoever keeps it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cnnrepro.data import lazy
from cnnrepro.data.folder.canvas import canvas, decode_plain
from cnnrepro.data.folder.decoding import BadPicture, decode
from cnnrepro.data.folder.file_kinds import is_plain_jpeg
from cnnrepro.data.folder.source import Source

_AT_ONCE = 512  # pictures handed to the threads together: canvases of 100 MB, and progress is seen
_SHOWN_FROM = 2_000  # pictures: fewer take some seconds, and need no progress bar


@dataclass(frozen=True)
class Survey:
    """What is known of the pictures of a source, in their order.

    Args:
        sha256: of each file, hexadecimal; of what cannot be opened, "".
        plain: whether TensorFlow decodes it (see ``canvas.decode_to_canvas``).
        bad: positions of the pictures that cannot be read, and why.
    """

    sha256: tuple[str, ...]
    plain: tuple[bool, ...]
    bad: dict[int, str]


def survey(source: Source, side: int, keep: Callable[[int, np.ndarray], None] | None = None) -> Survey:
    """Read and decode every picture once, on all cores.

    Args:
        source: the pictures.
        side: of the canvas, in pixels.
        keep: called with the position and the canvas (side, side, 3) uint8 of each that can be read.
    """
    checksums, plain, bad = [], [], {}
    look = _looker(source, side)
    for position, (checksum, is_plain, pixels, why) in enumerate(_shown(in_threads(look, len(source)), source)):
        checksums.append(checksum)
        plain.append(is_plain)
        if why:
            bad[position] = why
        elif keep is not None:
            keep(position, pixels)
    return Survey(tuple(checksums), tuple(plain), bad)


def _looker(source: Source, side: int) -> Callable[[int], tuple[str, bool, np.ndarray | None, str]]:
    tf = lazy.tensorflow()
    with tf.device("/CPU:0"):
        place = tf.function(
            lambda picture: canvas(picture, side),
            input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)],
            autograph=False,
        )
        place_plain = tf.function(
            lambda data: canvas(decode_plain(data), side),
            input_signature=[tf.TensorSpec((), tf.string)],
            autograph=False,
        )

    def look(position: int) -> tuple[str, bool, np.ndarray | None, str]:
        """Checksum, whether it is plain, canvas or None, and why there is none."""
        checksum = ""
        try:
            data = source.read(position)
            checksum = hashlib.sha256(data).hexdigest()
            if is_plain_jpeg(data):
                try:
                    return checksum, True, place_plain(data).numpy(), ""
                except tf.errors.InvalidArgumentError:  # damaged inside; Pillow says how, or reads it after all
                    pass
            return checksum, False, place(decode(data, source.names[position])).numpy(), ""
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


def _shown(results: Iterator, source: Source) -> Iterator:
    from tqdm import tqdm

    few = len(source) < _SHOWN_FROM
    return tqdm(
        results, total=len(source), desc=f"reading {source.title}", unit=" pictures", disable=True if few else None
    )
