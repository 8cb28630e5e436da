"""JPEGs that are said to be plain: TensorFlow gives Pillow's pixels, or refuses or remarks on them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from cnnrepro.data.folder.canvas import decode_plain
from cnnrepro.data.folder.decoding import BadPicture, decode, is_plain_jpeg
from cnnrepro.data.tf_helpers import tensorflow
from cnnrepro.stderr import held_stderr
from tests.fuzz import pictures
from tests.fuzz.fuzzing import Finding, Target

MOST_BYTES = 2**22  # of pixels that are compared


def run(data: bytes, folder: Path) -> None:
    if not is_plain_jpeg(data):
        return
    tf, theirs = tensorflow(), None
    with held_stderr() as said, contextlib.suppress(tf.errors.InvalidArgumentError):
        theirs = decode_plain(tf.constant(data)).numpy()
    if theirs is None or said:  # left to Pillow, as the survey does
        return
    try:
        ours = decode(data)
    except BadPicture as error:
        raise Finding(f"TensorFlow reads what Pillow does not: {error}") from error
    if not np.array_equal(ours, theirs):
        raise Finding(f"other pixels: {ours.shape} and {theirs.shape}")


TARGET = Target(
    run, pictures.CHANGES, allowed=(), prepare=tensorflow, traced=("/cnnrepro/", "/PIL/"), seconds=10, megabytes=1536
)
