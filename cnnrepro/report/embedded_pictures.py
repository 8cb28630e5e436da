"""Pictures that cells name: attached to the notebook, beside it, or as data; a page takes them along or says why not.

Anybody may have written the notebook, so no more is read than pictures, and those in the notebook's own folder alone.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from cnnrepro.report.safe_svg import safe_svg

KINDS = {
    **{"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp"},
    "AVIF": "image/avif",
}
LARGEST_PICTURE = 10 * 2**20  # bytes; a page of several is still sent by mail
LARGEST_SUM = 40 * 2**20  # of all the pictures that a page takes from files


class NotShown(ValueError):
    """Why a picture is not on the page, as the end of a sentence."""


class Pictures:
    """The pictures of one page.

    Args:
        folder: where its notebook lies; None takes no files.
    """

    def __init__(self, folder: Path | None = None):
        self._folder = folder and folder.resolve()
        self._sum = 0

    def source(self, address: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
        """The data: address of the picture that a cell names; raises NotShown where it is not to be had."""
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", address)
        kind = scheme[0].lower() if scheme else ""
        if kind == "data:":
            return data_address(_bytes_of(address))
        if kind == "attachment:":
            return data_address(_attached(address[len(kind) :], attachments or {}))
        if kind in ("http:", "https:") or address.startswith("//"):
            raise NotShown("it lies on another server, and pages load nothing")
        if kind or re.match(r"[/\\~]|[A-Za-z]:", address):
            raise NotShown("pages take pictures from the notebook's folder alone")
        return data_address(self._file(address))

    def _file(self, address: str) -> bytes:
        if self._folder is None:
            raise NotShown("it is a file")
        for name in dict.fromkeys((unquote(address), unquote(re.sub(r"[?#].*", "", address)))):
            try:
                path = (self._folder / name.replace("\\", "/")).resolve()
                if not path.is_relative_to(self._folder):
                    raise NotShown("it lies outside of the notebook's folder")
                if not path.is_file():
                    continue
                size = path.stat().st_size
                if size > LARGEST_PICTURE or self._sum + size > LARGEST_SUM:
                    raise NotShown(f"it has {size / 2**20:,.0f} MiB, too many for a page")
                self._sum += size
                return path.read_bytes()
            except NotShown:
                raise
            except (OSError, ValueError, RuntimeError) as error:  # a NUL, a name too long, links in a circle, no right
                raise NotShown("its file cannot be read") from error
        raise NotShown("there is no such file")


def _attached(name: str, attachments: Mapping[str, Mapping[str, str]]) -> bytes:
    found = attachments.get(name) or attachments.get(unquote(name))
    if not found:
        raise NotShown("the cell has no such attachment")
    kinds = sorted(found, key=lambda kind: (kind != "image/svg+xml", kind != "image/png"))
    content = found[kinds[0]]
    content = content if isinstance(content, str) else "".join(content)
    if kinds[0] == "image/svg+xml" and content.lstrip().startswith("<"):
        return content.encode(errors="replace")
    return decoded(content)


def _bytes_of(address: str) -> bytes:
    """What a data: address holds."""
    about, comma, content = address.partition(",")
    if not comma:
        raise NotShown("its address holds no data")
    return decoded(unquote(content)) if about.rstrip().endswith(";base64") else unquote_to_bytes(content)


def decoded(text: str) -> bytes:
    """The bytes of a text in base64; raises NotShown where it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotShown("its data are damaged") from error


def data_address(content: bytes) -> str:
    """The data: address of a picture; raises NotShown where the bytes are none that browsers show."""
    kind = _kind(content)
    if kind is None:
        kind, content = "image/svg+xml", _cleaned(content).encode()
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def drawing_address(svg: str) -> str:
    """The data: address of a drawing, also of one that is written as a part of HTML; raises NotShown as above."""
    if "xmlns=" not in svg.partition("<svg")[2].partition(">")[0]:
        svg = re.sub(r"<svg\b", '<svg xmlns="http://www.w3.org/2000/svg"', svg, count=1, flags=re.IGNORECASE)
    return data_address(svg.encode(errors="replace"))


def _kind(content: bytes) -> str | None:
    """The type of a picture of pixels; None where it is none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=tuple(KINDS)) as picture:
            return KINDS[picture.format]
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError):
        return None


def _cleaned(drawing: str | bytes) -> str:
    try:
        return safe_svg(drawing)
    except ValueError as error:
        raise NotShown("it is no picture that browsers show") from error
