"""A docstring as HTML: its text, and its sections (Args, Returns, Raises, Example …) as lists."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator
from itertools import groupby

_SECTION = re.compile(r"^(\w[^\n:]*):\n(?=[ ]{4}\S)", re.MULTILINE)
_ITEMS = frozenset({"Args", "Attributes", "Raises"})  # sections of names, each with what is said of it
_ITEM = re.compile(r"^(\S[^:\n]*):[ \n]", re.MULTILINE)
_POINT = re.compile(r"^(?:- |\d+\. )", re.MULTILINE)
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_INDENTED = ("    ", ">>>")
Address = Callable[[str], str]


def docstring_html(text: str, address: Address = lambda _: "") -> str:
    """A docstring as HTML.

    Args:
        text: without its indentation.
        address: where a name in code leads; "" where it leads nowhere.
    """
    made = []
    for heading, body in _sections(text):
        shown = _items(body, address) if heading in _ITEMS else _text(body, address)
        made.append(
            f'<div class="section"><p class="heading">{html.escape(heading)}</p>{shown}</div>' if heading else shown
        )
    return "\n".join(filter(None, made))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a docstring, each with its heading; "" before the first, and where it goes on unindented."""
    while found := _SECTION.search(text):
        yield "", text[: found.start()].strip("\n")
        body = re.match(r"(?:[ ]{4}[^\n]*(?:\n|$)|\n(?=\n*[ ]{4}))*", text[found.end() :])[0]
        yield found[1], textwrap.dedent(body).strip("\n")
        text = text[found.end() + len(body) :]
    yield "", text.strip("\n")


def _items(body: str, address: Address) -> str:
    """A section of names as a list; one without names as text."""
    starts = [found for found in _ITEM.finditer(body) if not found[1].startswith(" ")]
    if not starts or starts[0].start():
        return _text(body, address)
    ends = [found.start() for found in starts[1:]] + [len(body)]
    rows = [
        f"<dt>{_names(found[1])}</dt><dd>{_inline(' '.join(body[found.end() : end].split()), address)}</dd>"
        for found, end in zip(starts, ends, strict=True)
    ]
    return f"<dl>{''.join(rows)}</dl>"


def _names(written: str) -> str:
    return ", ".join(f"<code>{html.escape(name.strip('`'))}</code>" for name in re.split(r", ?", written))


def _text(text: str, address: Address) -> str:
    """Paragraphs, lists, and what is indented or typed at a prompt as it stands, its blank lines too."""
    blocks = [block for block in re.split(r"\n[ ]*\n", text.strip("\n")) if block.strip()]
    made = []
    for indented, some in groupby(blocks, lambda block: block.startswith(_INDENTED)):
        made += [_block(block, address) for block in (["\n\n".join(some)] if indented else some)]
    return "\n".join(made)


def _block(block: str, address: Address) -> str:
    if block.startswith(_INDENTED):
        return f'<pre tabindex="0">{html.escape(textwrap.dedent(block))}</pre>'
    before, *points = _POINT.split(block)
    if len(points) > 1 and not before:
        items = "".join(f"<li>{_inline(point.strip(), address)}</li>" for point in points)
        return f"<ol>{items}</ol>" if block[0].isdigit() else f"<ul>{items}</ul>"
    return f"<p>{_inline(re.sub(r'::$', ':', block.strip()), address)}</p>"


def _inline(text: str, address: Address) -> str:
    """A text with its code; names that have a place here are links."""
    parts, end = [], 0
    for found in _CODE.finditer(text):
        code, to = html.escape(found[2]), address(found[2])
        parts += [html.escape(text[end : found.start()], quote=False)]
        parts += [f'<a href="{html.escape(to)}"><code>{code}</code></a>' if to else f"<code>{code}</code>"]
        end = found.end()
    return "".join([*parts, html.escape(text[end:], quote=False)])
