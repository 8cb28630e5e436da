"""The pixels of one picture: bytes in, (H, W, 3) uint8 out, or the reason why not.

What becomes of which file (its name does not matter; the bytes say what it is):

=====================================  =================================================================
greyscale (also 1 bit)                 three equal channels
16-bit greyscale (PNG, TIFF)           65535 becomes 255, rounded; Pillow's own conversion would clip at 255
32-bit integers or floats (TIFF)       the same if all lie in 0 to 65535; else, and for floats up to 1, refused:
                                       nothing in the file says which value is white
16-bit colour (PNG)                    the high 8 bits of each value
CMYK, YCCK (JPEG)                      RGB by Pillow's formula without a colour profile; taken as inverted, as by Adobe
palette                                its colours
transparency (alpha, colour key)       laid over white
EXIF orientation                       applied; an EXIF block that cannot be read is passed over
colour profile                         passed over
several frames (GIF, WebP, PNG, TIFF)  the first
truncated, damaged, empty, no picture  ``BadPicture``; Pillow's LOAD_TRUNCATED_IMAGES is switched off for that
more than LARGEST_PIXELS pixels,       ``BadPicture``, before anything is decoded
LONGEST_SIDE or MOST_SCANS
=====================================  =================================================================

JPEG and PNG are promised. GIF, BMP, WebP and TIFF are read as well as Pillow reads them; other formats are refused.
For a damaged TIFF with JPEG data in it, libtiff writes a line of its own to stderr; nothing else is written there.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

LARGEST_PIXELS = 89_478_485
"""The most pixels a picture may have: 2**30 // 4 // 3, a quarter of a GiB at three bytes each (Pillow's limit)."""
LARGEST_FILE = 2**30
"""The most bytes a file may have: those pixels, uncompressed with 16 bits a value, are half of it."""
LONGEST_SIDE = 65_535
"""In pixels, as in a JPEG: of a longer picture one row of canvas pixels is made of gigabytes."""
MOST_SCANS = 100
"""Of a JPEG, which has one to some ten; each goes through the whole picture again (libtiff's limit)."""
OUT_OF_MEMORY = "does not fit into the memory that is left"

_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")  # no EPS: Pillow would start Ghostscript for it
_WHITE_16 = 65535
_STRIP = 2**20  # pixels that are brought to RGB at a time: what that takes besides is some tens of MB
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # with a segment behind it, but for the last (D9)

# Remarks of Pillow and its plugins on damaged metadata are not for the terminal.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


class BadPicture(Exception):
    """A picture that cannot be read. The text is a clause without a subject: "is truncated (...)"."""


def decode(data: bytes) -> np.ndarray:
    """The pixels of a picture file.

    Args:
        data: the whole file.

    Returns:
        (H, W, 3) uint8, RGB, upright; an array of its own that may be written to.

    Raises:
        BadPicture: the file is empty, truncated, damaged, too large or no picture; says which. Also where there is no
            memory for it.
    """
    if not data:
        raise BadPicture("is empty (0 bytes)")
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a notebook may have set it; made-up pixels would go unnoticed
    try:
        return _decoded(data)
    except UnidentifiedImageError:
        raise BadPicture(
            f"is no picture of a kind that is read ({', '.join(_FORMATS)}), or damaged from its beginning on "
            f"({len(data):,} bytes, the first are {data[:24]!r})"
        ) from None
    except Image.DecompressionBombError as error:
        raise BadPicture(f"is too large: {_sentence(error)}") from error
    except BadPicture:
        raise
    except MemoryError:
        raise BadPicture(OUT_OF_MEMORY) from None
    except Exception as error:  # Pillow's plugins raise whatever their parsing runs into
        raise BadPicture(f"is truncated or damaged ({len(data):,} bytes: {_sentence(error)})") from error


def is_known(file: Path) -> bool:
    """Whether a file begins as a picture of a format that is read; never raises."""
    try:
        with Image.open(file, formats=_FORMATS):
            return True
    except Exception:  # whatever Pillow's parsing runs into
        return False


def has_more(data: bytes) -> bool:
    """Whether a GIF, WebP, PNG or TIFF has frames, or pages, after the first; never raises."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            # The second picture in a phone's JPEG is the first one in other words: its depth, its brightness.
            return image.format != "MPO" and getattr(image, "is_animated", False)
    except Exception:  # whatever Pillow's parsing runs into
        return False


def is_plain_jpeg(data: bytes) -> bool:
    """Whether every decoder of JPEGs gives the same pixels for this file; never raises.

    Of a plain JPEG, TensorFlow's ``decode_jpeg(dct_method="INTEGER_ACCURATE")`` gives exactly Pillow's pixels, or
    refuses it. Plain is a whole file with nothing but zeros after it, at most ``LARGEST_PIXELS`` large, baseline
    (a progressive one may lack scans, for which each version of libjpeg has a smoothing of its own), grey or YCbCr, to
    be shown as it is stored. Everything else is left to Pillow.
    """
    if not data.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return False
    try:
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            ids, *sampling = zip(*(layer[:3] for layer in image.layer), strict=True)
            return (
                image.format == "JPEG"  # and no MPO, which holds several pictures
                and "progressive" not in image.info
                and 0 < image.width * image.height <= LARGEST_PIXELS
                and _scans(data) <= MOST_SCANS
                and image.info.get("adobe_transform", None if "adobe" in image.info else 1) == 1  # YCbCr
                and bytes(ids) != b"RGB"  # without a JFIF header these say that the components are RGB
                and _sampling_is_common(*sampling)
                and _orientation(image) == 1
            )
    except Exception:  # whatever Pillow's parsing runs into
        return False


def _sampling_is_common(across: tuple[int, ...], down: tuple[int, ...]) -> bool:
    """One component, or three of which colour has as many samples as brightness or half of them in either direction."""
    return len(across) == 1 or (
        len(across) == 3 and {across[0], down[0]} <= {1, 2} and across[1:] == down[1:] == (1, 1)
    )


def _decoded(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > LARGEST_PIXELS:
            raise BadPicture(f"is too large: {width} × {height} pixels; at most {LARGEST_PIXELS:,} are read")
        if max(width, height) > LONGEST_SIDE:
            raise BadPicture(f"is too long: {width} × {height} pixels; at most {LONGEST_SIDE:,} a side are read")
        if width * height == 0:
            raise BadPicture(f"has no pixels ({width} × {height})")
        if image.format in ("JPEG", "MPO") and _scans(data) > MOST_SCANS:
            raise BadPicture(f"has more than {MOST_SCANS} scans, which no program writes")
        if image.format == "TIFF" and (tile := image.tag_v2.get(322, 1) * image.tag_v2.get(323, 1)) > LARGEST_PIXELS:
            raise BadPicture(
                f"is too large: it is stored in tiles of {tile:,} pixels; at most {LARGEST_PIXELS:,} are read"
            )
        image.load()
        return np.ascontiguousarray(_upright(_rgb(image), _orientation(image)))


def _scans(data: bytes) -> int:
    """How often the bytes of a JPEG go through its picture, up to one more than ``MOST_SCANS``."""
    place, scans = 0, 0
    while scans <= MOST_SCANS and (marker := _MARKER.search(data, place)) and marker[0] != b"\xff\xd9":
        scans += marker[0] == b"\xff\xda"
        place = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")  # over its segment
    return scans


def _rgb(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 of a loaded picture in any of Pillow's modes."""
    deep = image.mode in ("I", "F") or image.mode.startswith("I;16")
    if deep:
        _require_white(image)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for first, strip in _strips(image):
        rows = pixels[first : first + strip.height]
        if deep:
            rows[:] = _to_8_bits(strip)[..., None]
        elif image.has_transparency_data:
            rows[:] = _over_white(np.asarray(strip.convert("RGBA")))
        else:
            rows[:] = np.asarray(strip.convert("RGB"))
    return pixels


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """A picture from top to bottom, some rows at a time: the number of the first, and the rows."""
    height = max(1, _STRIP // image.width)
    if height >= image.height:
        yield 0, image
        return
    for first in range(0, image.height, height):
        yield first, image.crop((0, first, image.width, min(first + height, image.height)))


def _require_white(image: Image.Image) -> None:
    """Refuse values of which nothing says what is white."""
    ends = [(values.min(), values.max()) for values in (np.asarray(strip) for _, strip in _strips(image))]
    lowest, highest = np.min([low for low, _ in ends]), np.max([high for _, high in ends])
    if not (lowest >= 0 and highest <= _WHITE_16):  # also where one is not a number
        raise BadPicture(f"holds values from {lowest} to {highest}; only 0 (black) to {_WHITE_16} (white) are read")
    if image.mode == "F" and 0 < highest <= 1:
        raise BadPicture(
            "holds floating-point values up to 1, of which it does not say what is white; save it with 8 bits"
        )


def _to_8_bits(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    key = image.info.get("transparency")
    if isinstance(key, int):
        values = np.where(values == key, _WHITE_16, values)
    return np.floor(values / 257 + 0.5).astype(np.uint8)  # 65535 = 257 × 255


def _over_white(rgba: np.ndarray) -> np.ndarray:
    colour, alpha = rgba[..., :3].astype(np.uint32), rgba[..., 3:].astype(np.uint32)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)  # + 127: rounded


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a broken EXIF block raises whatever its parsing runs into; the pixels do not depend on it
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The picture as EXIF means it to be seen: values 1 to 8 of Exif 2.32, section 4.6.4; others leave it as it is."""
    if orientation in (5, 6, 7, 8):  # rows and columns are exchanged
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _sentence(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")
