"""Drawings in which nothing can run: an SVG written anew from its shapes, texts and pixels alone.

A browser that opens a file of SVG runs its scripts, follows its links and loads what it names. So only known elements
come through, no attribute that runs or leads anywhere, and no declarations of types, style sheets or entities.
"""

from __future__ import annotations

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PREFIXES = {XLINK: "xlink", "http://www.w3.org/XML/1998/namespace": "xml"}
_HEADER = '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
ELEMENTS = {
    *("svg", "g", "defs", "symbol", "use", "title", "desc", "style", "switch", "view"),
    *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath", "image"),
    *("clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "stop", "filter"),
    *("feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting"),
    *("feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR"),
    *("feGaussianBlur", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight", "feSpecularLighting"),
    *("feSpotLight", "feTile", "feTurbulence"),
}
TAKEN_OFF = {"a"}  # elements that go without what is in them
_PIXELS = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
# Of style sheets: what is loaded from elsewhere, and escapes, by which it could be disguised.
_LOADS = re.compile(r"@import|@font-face|@namespace|url\(\s*[\"']?(?!\s*[\"']?#)|image-set|\bsrc\(|\\", re.IGNORECASE)


def safe_svg(drawing: str | bytes) -> str:
    """A drawing with everything left out that could run, load or lead elsewhere.

    Args:
        drawing: SVG of anybody; elements in no namespace are taken for SVG's.

    Raises:
        ValueError: it is not well-formed, or no drawing.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    cleaner = _Cleaner()
    parser.StartElementHandler = cleaner.start
    parser.EndElementHandler = cleaner.end
    parser.CharacterDataHandler = cleaner.text
    parser.CommentHandler = cleaner.comment
    try:
        parser.Parse(drawing.encode(errors="replace").decode() if isinstance(drawing, str) else drawing, True)
    except (expat.ExpatError, LookupError) as error:
        raise ValueError("it is not well-formed") from error
    return _HEADER + "".join(cleaner.parts)


class _Cleaner:
    """Writes down what a parser reads, but for what is no part of a drawing."""

    def __init__(self):
        self.parts: list[str] = []
        self._open: list[str] = []  # what each open element was written as; "" where it was not
        self._left_out = 0  # how many open elements go with what is in them
        self._style: list[str] = []

    def start(self, written: str, attributes: dict[str, str]) -> None:
        namespace, _, name = written.rpartition(" ")
        known = namespace in ("", SVG) and name in ELEMENTS
        if not self._open and (not known or name != "svg"):
            raise ValueError("it is no drawing")
        if self._left_out or not (known or (namespace in ("", SVG) and name in TAKEN_OFF)):
            self._left_out += 1
            return
        self._open.append(name if known else "")
        if not known:
            return
        spaces = f' xmlns="{SVG}" xmlns:xlink="{XLINK}"' if len(self._open) == 1 else ""
        kept = (_attribute(name, *each) for each in attributes.items())
        self.parts.append(f"<{name}{spaces}{''.join(kept)}>")

    def end(self, written: str) -> None:
        if self._left_out:
            self._left_out -= 1
            return
        name = self._open.pop()
        if name == "style":
            sheet = "".join(self._style)
            self.parts.append("" if _LOADS.search(sheet) else escape(sheet))
            self._style.clear()
        if name and self.parts[-1].startswith(f"<{name}") and not self.parts[-1].endswith("/>"):  # nothing in it
            self.parts[-1] = f"{self.parts[-1][:-1]}/>"
        elif name:
            self.parts.append(f"</{name}>")

    def text(self, words: str) -> None:
        if not self._left_out and self._open:
            if self._open[-1] == "style":
                self._style.append(words)
            else:
                self.parts.append(escape(words))

    def comment(self, words: str) -> None:
        if not self._left_out and self._open and self._open[-1] != "style":
            self.parts.append(f"<!--{words}-->")


def _attribute(element: str, written: str, value: str) -> str:
    """An attribute as it is written, with a space before it; "" where it has to go."""
    namespace, _, name = written.rpartition(" ")
    if (namespace and namespace not in _PREFIXES) or name.lower().startswith("on") or _LOADS.search(value):
        return ""
    if name == "href":
        if not value.startswith("#") and not (element == "image" and _PIXELS.fullmatch(value)):
            return ""
    elif namespace == XLINK or name == "base":  # xml:base moves the place that "#" leads to
        return ""
    prefix = f"{_PREFIXES[namespace]}:" if namespace else ""
    return f" {prefix}{name}={quoteattr(value)}"
