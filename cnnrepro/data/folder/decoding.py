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
truncated, damaged, empty, no picture  ``BadPicture``, whatever Pillow's LOAD_TRUNCATED_IMAGES says
more than LARGEST_PIXELS pixels        ``BadPicture``, before anything is decoded
=====================================  =================================================================

JPEG and PNG are promised. GIF, BMP, WebP and TIFF are read as well as Pillow reads them; other formats are refused.
For a damaged TIFF with JPEG data in it, libtiff writes a line of its own to stderr; nothing else is written there.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from cnnrepro.data.folder.file_kinds import LARGEST_PIXELS, ORIENTATION, kind_of

_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")  # no EPS: Pillow would start Ghostscript for it
_WHITE_16 = 65535
_LOOKS = (
    (b"version https://git-lfs", "a Git LFS pointer, whose file was not downloaded"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop document"),
    (b"%!PS", "a PostScript document"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture, which is not read; save it as JPEG or PNG"),
)


class BadPicture(Exception):
    """A picture that cannot be read. The text is a clause without a subject: "is truncated (...)"."""


def decode(data: bytes, name: str = "") -> np.ndarray:
    """The pixels of a picture file.

    Args:
        data: the whole file.
        name: the file's name; only for the reason, where the suffix promises another thing.

    Returns:
        (H, W, 3) uint8, RGB, upright; an array of its own that may be written to.

    Raises:
        BadPicture: the file is empty, truncated, damaged, too large or no picture; says which.
    """
    if not data:
        raise BadPicture("is empty (0 bytes)")
    if not kind_of(data):
        raise BadPicture(_no_picture(data, name))
    with _STRICTLY.held():
        try:
            return _decoded(data)
        except UnidentifiedImageError:
            raise BadPicture(
                f"is truncated or damaged: it begins like a {kind_of(data)} file, but its header "
                f"cannot be read ({len(data):,} bytes)"
            ) from None
        except Image.DecompressionBombError as error:
            raise BadPicture(f"is too large: {_sentence(error)}") from error
        except (BadPicture, MemoryError):
            raise
        except Exception as error:  # Pillow's plugins raise whatever their parsing runs into
            raise BadPicture(_reason(error, data)) from error


def _decoded(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > LARGEST_PIXELS:
            raise BadPicture(f"is too large: {width} × {height} pixels; at most {LARGEST_PIXELS:,} are read")
        if width * height == 0:
            raise BadPicture(f"has no pixels ({width} × {height})")
        image.load()
        return np.ascontiguousarray(_upright(_rgb(image), _orientation(image)))


def _rgb(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 of a loaded picture in any of Pillow's modes."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.repeat(_to_8_bits(image)[..., None], 3, axis=-1)
    if image.has_transparency_data:
        return _over_white(np.asarray(image.convert("RGBA")))
    return np.array(image.convert("RGB"))


def _to_8_bits(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    lowest, highest = values.min(), values.max()
    if not (lowest >= 0 and highest <= _WHITE_16):  # also where one is not a number
        raise BadPicture(f"holds values from {lowest} to {highest}; only 0 (black) to {_WHITE_16} (white) are read")
    if image.mode == "F" and 0 < highest <= 1:
        raise BadPicture(
            "holds floating-point values up to 1, of which it does not say what is white; save it with 8 bits"
        )
    key = image.info.get("transparency")
    if isinstance(key, int):
        values = np.where(values == key, _WHITE_16, values)
    return np.floor(values / 257 + 0.5).astype(np.uint8)  # 65535 = 257 × 255


def _over_white(rgba: np.ndarray) -> np.ndarray:
    colour, alpha = rgba[..., :3].astype(np.uint32), rgba[..., 3:].astype(np.uint32)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)  # + 127: rounded


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(ORIENTATION, 1)
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


def _reason(error: Exception, data: bytes) -> str:
    text = _sentence(error)
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return f"is truncated ({len(data):,} bytes, a {kind_of(data)} file without its end: {text})"
    return f"is truncated or damaged: as a {kind_of(data)} file it cannot be decoded ({text})"


def _sentence(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")


def _no_picture(data: bytes, name: str) -> str:
    suffix = PurePosixPath(name).suffix
    called = f", though its name ends in {suffix}" if suffix else ""
    return f"is no picture{called}: it looks like {_looks_like(data)} and begins with {data[:12]!r}"


def _looks_like(data: bytes) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "an HTML page"
    if start.startswith((b"<?xml", b"<svg")):
        return "XML or SVG"
    if data[4:8] == b"ftyp":
        return "a HEIC or AVIF picture or a video, which is not read; save it as JPEG or PNG"
    if not data.strip(b"\x00"):
        return f"{len(data):,} zero bytes"
    for magic, what in _LOOKS:
        if data.startswith(magic):
            return what
    return (
        "text" if all(byte >= 32 or byte in b"\t\r\n" for byte in data[:512]) and _is_utf8(data[:512]) else "other data"
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"  # cut within a character
    return True


class _Strictly:
    """While any thread decodes: Pillow refuses truncated files and its warnings are silent.

    Both switches belong to the whole process, so they are set by the first thread to come and set back by the last to
    leave; between, the threads do not wait for each other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._lenient = ImageFile.LOAD_TRUNCATED_IMAGES
                self._silence = warnings.catch_warnings()
                self._silence.__enter__()
                warnings.simplefilter("ignore")
                ImageFile.LOAD_TRUNCATED_IMAGES = False
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    ImageFile.LOAD_TRUNCATED_IMAGES = self._lenient
                    self._silence.__exit__(None, None, None)


_STRICTLY = _Strictly()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # its plugins' remarks are not for the terminal
