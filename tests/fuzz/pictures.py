"""Pictures of others, by Pillow: pixels, or the reason why not."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from random import Random

import numpy as np

from cnnrepro.data.folder import decoding
from cnnrepro.data.folder.decoding import LARGEST_PIXELS, OUT_OF_MEMORY, BadPicture
from tests.fuzz.fuzzing import Finding, Target
from tests.fuzz.mutation import of_bytes

TOKENS = [b"\xff" + bytes([one]) for one in (*range(0xC0, 0xE3), 0xEE, 0xFE)]  # a JPEG's markers
TOKENS += [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"zTXt", b"iTXt", b"eXIf"]
TOKENS += [b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"EXIF", b"XMP ", b"Exif\0\0",
    b"Adobe"]  # fmt: skip
TOKENS += [b"GIF87a", b"GIF89a", b"\x21\xf9\x04", b"\x21\xff\x0bNETSCAPE2.0", b"BM", b"II*\0", b"MM\0*", b"II+\0",
    b"MPF\0"]  # fmt: skip
TAGS = (254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 284, 296, 297, 317, 320, 322, 323, 324, 325)
TAGS += (330, 338, 339, 347, 34665, 34675, 42112, 50838, 50839)
TOKENS += [struct.pack(order + "HHII", tag, kind, 1, 1) for tag in TAGS for order in "<>" for kind in (3, 4)]


def mend_png(random: Random, data: bytes) -> bytes:
    """A PNG whose chunks have the checksums that they should have, so that what is in them is read."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    place, parts = 8, [data[:8]]
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        if name == b"IHDR" and random.random() < 0.1:
            body = bytes([*body[:8], random.choice((1, 2, 4, 8, 16)), random.choice((0, 2, 3, 4, 6)), *body[10:]])
        if name == b"IDAT" and random.random() < 0.1:
            body = zlib.compress(random.randbytes(8) * random.choice((1, 100, 10_000, 1_000_000)))
        parts.append(len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big"))
        place += 12 + size
    return b"".join(parts)


def repeat_segment(random: Random, data: bytes) -> bytes:
    """A JPEG that has one of its segments again, up to thousands of times, or one that is left out."""
    places = [found.start() for found in re.finditer(rb"\xff[^\x00\xd0-\xd7\xff]", data)]
    if len(places) < 2:
        return data
    number = random.randrange(len(places) - 1)
    start, end = places[number], places[number + 1]
    return data[:start] + data[start:end] * random.choice((0, 2, 3, 90, 99, 2000)) + data[end:]


def run(data: bytes, folder: Path) -> None:
    file = folder / "picture.jpg"
    file.write_bytes(data)
    decoding.is_known(file)
    decoding.has_more(data)
    decoding.is_plain_jpeg(data)
    try:
        pixels = decoding.decode(data)
    except BadPicture as error:
        if str(error) == OUT_OF_MEMORY:
            raise Finding(OUT_OF_MEMORY) from error
        raise
    right = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.flags.writeable
    if not right or not 0 < pixels.shape[0] * pixels.shape[1] <= LARGEST_PIXELS:
        raise Finding(f"pixels of another form: {pixels.dtype} {pixels.shape}")


CHANGES = [*of_bytes(TOKENS), *[mend_png] * 4, *[repeat_segment] * 2]
TARGET = Target(run, CHANGES, allowed=(BadPicture,), traced=("/cnnrepro/", "/PIL/"), seconds=10, megabytes=1536)
