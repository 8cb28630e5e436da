"""One look at every picture: its checksum, whether it can be read, and its canvas for whoever keeps it."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from cnnrepro.console import printable
from cnnrepro.data import tf_helpers
from cnnrepro.data.folder.canvas import decode_plain, to_canvas
from cnnrepro.data.folder.decoding import OUT_OF_MEMORY, BadPicture, decode, has_more, is_plain_jpeg
from cnnrepro.data.folder.source import Source
from cnnrepro.stderr import held_stderr, say_line

_AT_ONCE = 512  # pictures handed to the threads together: canvases of 100 MB, and progress is seen
_REMARK = re.compile(r"JPEG|JFIF|TIFF|Huffman|LZW|libpng|DCT coefficient|marker|scan script")
SEVERAL_FRAMES = "of which the first of several frames, or pages, is taken"
NOTHING_TO_SEE = "nearly black, or all of one colour"
_BLACK = 16  # of 255: what the brightest value of 12 bits comes to in a file of 16
_SHOWN_FROM = 2_000  # pictures: fewer take some seconds, and need no progress bar


@dataclass(frozen=True)
class Survey:
    """What is known of the pictures of a source, in their order.

    Args:
        sha256: of each file, hexadecimal; of what cannot be opened, "".
        plain: whether TensorFlow decodes it (see ``decoding.is_plain_jpeg``).
        bad: positions of the pictures that cannot be read, and why.
        remarks: positions of the pictures that a decoder remarked on and read all the same, and what it said.
        noted: positions of the pictures with ``SEVERAL_FRAMES``, and with ``NOTHING_TO_SEE``.
    """

    sha256: tuple[str, ...]
    plain: tuple[bool, ...]
    bad: dict[int, str]
    remarks: dict[int, str] = field(default_factory=dict)
    noted: dict[str, list[int]] = field(default_factory=dict)


def look_at_all(source: Source, side: int, keep: Callable[[int, np.ndarray], None] | None = None) -> Survey:
    """Read and decode every picture once, on all cores.

    Args:
        source: the pictures.
        side: of the canvas, in pixels.
        keep: called with the position and the canvas (side, side, 3) uint8 of each that can be read.
    """
    from tqdm import tqdm

    remarks: dict[int, str] = {}
    looks = tqdm(
        _attributed(_looker(source, side), len(source), remarks),
        total=len(source),
        desc=f"reading {printable(source.title)}",
        unit=" pictures",
        disable=True if len(source) < _SHOWN_FROM else None,
    )
    checksums, plain, bad = [], [], {}
    noted: dict[str, list[int]] = {SEVERAL_FRAMES: [], NOTHING_TO_SEE: []}
    for position, (checksum, is_plain, pixels, why, more) in enumerate(looks):
        checksums.append(checksum)
        # What libjpeg remarks on it would remark on in every epoch; Pillow decodes it without a word.
        plain.append(is_plain and position not in remarks)
        if why:
            bad[position] = why
            remarks.pop(position, None)
            continue
        if more:
            noted[SEVERAL_FRAMES].append(position)
        if pixels.max() <= _BLACK or np.ptp(pixels) <= 1:
            noted[NOTHING_TO_SEE].append(position)
        if keep is not None:
            keep(position, pixels)
    return Survey(
        tuple(checksums), tuple(plain), bad, remarks, {what: chosen for what, chosen in noted.items() if chosen}
    )


def _attributed(look: Callable[[int], tuple], count: int, remarks: dict[int, str]) -> Iterator:
    """What ``look`` gives for 0 … count - 1, with what decoders say on standard error in ``remarks`` by position.

    libjpeg and libtiff write there without a file's name. So standard error is held back while some pictures are looked
    at together, and where a decoder said something they are looked at once more, one by one.
    """
    for start in range(0, count, _AT_ONCE):
        some = range(start, min(start + _AT_ONCE, count))
        with held_stderr() as said:
            looks = list(in_threads(lambda position, first=start: look(first + position), len(some)))
        if any(map(_is_remark, said)):
            for position in some:
                with held_stderr() as own:
                    look(position)
                if lines := list(filter(_is_remark, own)):
                    remarks[position] = lines[0]
        for line in said:
            if not _is_remark(line):  # somebody else's
                say_line(line)
        yield from looks


def _is_remark(line: str) -> bool:
    """Whether a line is one of libjpeg's or libtiff's ("Corrupt JPEG data: …", "Premature end of JPEG file")."""
    return bool(_REMARK.search(line))


@functools.cache
def _compiled(side: int) -> tuple[Callable, Callable]:
    """Pixels to their canvas, and a plain JPEG to its canvas, traced once a process."""
    tf = tf_helpers.tensorflow()
    with tf.device("/CPU:0"):
        pixels, encoded = tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.string)
        place = tf.function(lambda picture: to_canvas(picture, side), [pixels], autograph=False)
        place_plain = tf.function(lambda data: to_canvas(decode_plain(data), side), [encoded], autograph=False)
    return place, place_plain


def _looker(source: Source, side: int) -> Callable[[int], tuple[str, bool, np.ndarray | None, str, bool]]:
    """The function that looks at a picture: checksum, whether it is plain, canvas or None, why, further frames."""
    tf = tf_helpers.tensorflow()
    place, place_plain = _compiled(side)

    def look(position: int) -> tuple[str, bool, np.ndarray | None, str, bool]:
        checksum = ""
        try:
            data = source.read(position)
            checksum = hashlib.sha256(data).hexdigest()
            if is_plain_jpeg(data):
                try:
                    return checksum, True, place_plain(data).numpy(), "", False
                except tf.errors.InvalidArgumentError:  # damaged inside; Pillow says how, or reads it after all
                    pass
            return checksum, False, place(decode(data)).numpy(), "", has_more(data)
        except BadPicture as error:
            return checksum, False, None, str(error), False
        except OSError as error:
            return checksum, False, None, f"cannot be opened ({error.strerror or error})", False
        except (MemoryError, tf.errors.ResourceExhaustedError):
            return checksum, False, None, OUT_OF_MEMORY, False

    return look


def in_threads(work: Callable[[int], object], count: int) -> Iterator:
    """What ``work`` gives for 0 … count - 1, in order, from as many threads as there are cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for start in range(0, count, _AT_ONCE):
            yield from threads.map(work, range(start, min(start + _AT_ONCE, count)))
