"""Pictures as PNG of few colours: what a chart looks the same with, at a third of the bytes."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

COLOURS = 64  # of a chart made small: enough for its lines, at a quarter of the bytes
MOST_COLOURS = 256  # of one PNG with a palette: a chart of 27,000 colours differs by at most 19 of 255


def small_png(picture: Picture, width: int | None = None, colours: int = COLOURS) -> bytes:
    """A picture as PNG of few colours, made smaller where it is wider than ``width`` pixels."""
    from PIL import Image

    picture = picture.convert("RGB")
    if width is not None and picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    # By coverage, as a colour of few pixels may be a whole arm's.
    few = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(small, format="png", optimize=True)
    return small.getvalue()


def png_address(png: bytes) -> str:
    """A picture as a data: address."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
