"""What the cells of a notebook showed, as HTML for a page: every output in a form that a page can have, or a line that
says what was left out.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

from cnnrepro.report.display import FIGURE_NAME, NUMBERS_TYPE
from cnnrepro.report.embedded_pictures import NotShown, Pictures, data_address, decoded, drawing_address
from cnnrepro.report.links import link_to
from cnnrepro.report.safe_html import latex_html, left_out, markdown_html, missing_of, safe_html

LARGEST_SVG = 400_000  # bytes; a larger drawing is shown as its PNG
PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif")
OURS = "application/vnd.cnnrepro."  # what outputs carry for the page itself
LONGEST_JSON = 50_000  # characters of an output in JSON
OTHER = {"application/javascript": "a script", "application/vnd.jupyter.widget-view+json": "a widget"}
SHOWN = {"text/html", "text/markdown", "text/latex", "text/plain", "application/json", *PICTURES}
# Of pandas's Styler, whose style sheet a page has not.
_OF_TABLES = {
    "the colours of a table": re.compile(r"#T_\w+_row\d+_col\d+[^<{]*\{[^<}]*(?:color|gradient)"),
    "the tooltips of a table": re.compile(r"\.pd-t::after\s*\{\s*content:\s*[\"'][^\"']"),
}
# The text that IPython gives to what has no text of its own.
_NO_TEXT = re.compile(r"\s*<IPython\.[\w.]+ (?:object|at 0x[0-9a-f]+)>\s*")
# What terminals take besides colours: titles and links, character sets, single letters.
_VIEW_BOX = re.compile(r'\bviewBox="\S+ \S+ (?P<width>[0-9.]{1,9}) (?P<height>[0-9.]{1,9})"')
_CONTROL = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[()*+][A-Za-z0-9]|\x1b(?!\[)[@-_a-z=>]?")


def ansi_html(text: str) -> str:
    """What a terminal was sent, escaped, with its colours."""
    from nbconvert.filters import ansi2html

    return str(ansi2html(_CONTROL.sub("", text))).replace("\x1b", "")


def output_html(data: Mapping[str, object], metadata: Mapping[str, object], pictures: Pictures) -> str:
    """An output of a cell in the best of its forms.

    A form that needs a script is shown as far as it goes, with the next best: the picture or the text. The caption that
    JupyterLab has as an output is part of its figure here.
    """
    if _mapping(metadata.get("cnnrepro")).get("caption_of"):
        return ""
    kinds = {kind: _text(content) for kind, content in data.items()}
    parts, missing = _rich(kinds, pictures)
    if missing or not parts:
        missing += [OTHER.get(kind, kind) for kind in kinds if kind not in SHOWN and not kind.startswith(OURS)]
        parts += _pictures(kinds, metadata)
        if not parts and (_has_text(kinds) or set(kinds) == {"text/plain"}):
            parts.append(f"<pre>{ansi_html(kinds['text/plain'])}</pre>")
    elif any(kind in kinds for kind in PICTURES):
        parts.append(
            f"<details><summary>The same as a picture</summary>{''.join(_pictures(kinds, metadata))}</details>"
        )
    if missing:
        what = "A form of this output" if parts else "An output"
        said = html.escape(", ".join(dict.fromkeys(missing)))
        parts.append(f"<p>{left_out(f'{what} was left out, as pages run and load nothing: {said}.')}</p>")
    return "".join(parts)


def _rich(kinds: Mapping[str, str], pictures: Pictures) -> tuple[list[str], list[str]]:
    """The text of an output with marks, and what of it a page cannot have."""
    if "text/html" in kinds:
        source = kinds["text/html"]
        needs = missing_of(source)
        needs += [what for what, rule in _OF_TABLES.items() if rule.search(source)]
        clean = safe_html(source, pictures)
        visible = re.sub(r"<(?!img)[^>]*>|&nbsp;", "", clean).strip()
        return ([f'<div class="shown">{clean}</div>'] if visible else []), needs
    if "text/markdown" in kinds:
        return [f'<section class="prose">{markdown_html(kinds["text/markdown"], pictures)}</section>'], []
    if "text/latex" in kinds:
        return [f'<div class="shown">{latex_html(kinds["text/latex"])}</div>'], []
    if any(kind in kinds for kind in PICTURES) or "application/json" not in kinds:
        return [], []
    text = kinds["application/json"]
    more = left_out(f"… {len(text) - LONGEST_JSON:,} characters left out …") if len(text) > LONGEST_JSON else ""
    return [f"<pre>{html.escape(text[:LONGEST_JSON])}\n{more}</pre>"], []


def _has_text(kinds: Mapping[str, str]) -> bool:
    return bool(kinds.get("text/plain", "").strip()) and not _NO_TEXT.fullmatch(kinds["text/plain"])


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)) and all(isinstance(line, str) for line in content):
        return "".join(content)
    return json.dumps(content, indent=1, ensure_ascii=False)


def _pictures(kinds: Mapping[str, str], metadata: Mapping[str, object]) -> list[str]:
    """The picture among the forms of an output, with its alternative text and caption; no or one item."""
    if not any(kind in kinds for kind in PICTURES):
        return []
    # An output may say anything under any name.
    about, *each = (_mapping(metadata.get(name)) for name in ("cnnrepro", *PICTURES))
    text = kinds["text/plain"] if _has_text(kinds) else ""
    named = next((one["alt"] for one in each if one.get("alt")), text)
    alt = html.escape(str(about.get("alt") or named or "A picture without a description"))
    caption = html.escape(str(about.get("caption", "")))
    try:
        source = picture_source(kinds)
    except NotShown as error:
        return [f"<p>{left_out(f'The picture “{alt}” is not shown: {error}.')}</p>"]
    name = str(about.get("figure", ""))
    place = f"figure-{name}" if FIGURE_NAME.fullmatch(name) else ""
    identifier, anchor = (f' id="{place}"', link_to(place)) if place else ("", "")
    numbers = f'<a href="figures/{name}.csv">Numbers (CSV)</a>' if place and NUMBERS_TYPE in kinds else ""
    below = " ".join(filter(None, (caption, numbers, anchor)))
    below = f"<figcaption>{below}</figcaption>" if below else ""
    width = next((one["width"] for one in each if type(one.get("width")) in (int, float)), None)
    looks = ["own-size"] * (not about)
    if drawing := kinds.get("image/svg+xml"):
        looks += ["drawn"] * is_drawn(drawing) + ["upright"] * _is_upright(drawing)
    look = f' class="{" ".join(looks)}"' if looks else ""
    shown = f' style="width: {width:g}px"' if width and not about else ""
    return [f'<figure{look}{identifier}><img alt="{alt}"{shown} src="{source}">{below}</figure>']


def is_drawn(drawing: str) -> bool:
    """Whether an SVG has lines and letters alone: a dark page turns these into light ones, and no photograph."""
    return "<image" not in drawing


def _is_upright(drawing: str) -> bool:
    """Whether an SVG is higher than wide."""
    box = _VIEW_BOX.search(drawing)
    return bool(box) and float(box["height"]) > float(box["width"])


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def picture_source(data: Mapping[str, str]) -> str:
    """The data: address of an output's picture: its drawing where it is small enough, else its pixels.

    Raises:
        NotShown: there is none that browsers show.
    """
    kinds = [kind for kind in PICTURES if kind in data]
    if kinds[0] == "image/svg+xml" and len(data[kinds[0]]) >= LARGEST_SVG:
        kinds = kinds[1:] + kinds[:1]
    for number, kind in enumerate(kinds, 1):
        try:
            return drawing_address(data[kind]) if kind == "image/svg+xml" else data_address(decoded(data[kind]))
        except NotShown:
            if number == len(kinds):
                raise
    raise NotShown("there is none")
