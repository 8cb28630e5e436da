"""HTML that is safe to put on a page: cleaned, highlighted, and pictures as data."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF

TEMPLATES = Path(__file__).parent / "template"
LARGEST_SVG = 400_000  # bytes; a larger drawing is shown as its PNG

# Markdown and our own tables need these; scripts, styles, forms and frames are no part of a page.
TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"),
    *("strong", "em", "b", "i", "del", "sub", "sup", "code", "pre", "kbd", "span", "div", "a", "abbr", "img"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption"),
}
ATTRIBUTES = {
    "*": ["class", "id", "title"],
    "a": ["href"],
    "img": ["src", "alt"],
    "th": ["scope", "colspan", "rowspan"],
    "td": ["colspan", "rowspan"],
}
VERDICT_LOOKS = {HOLDS: ("holds", "✓"), DOES_NOT_HOLD: ("not", "✗"), HOLDS_IF: ("if", "◐")}


def verdict_look(word: str) -> tuple[str, str]:
    """The class and the mark of a verdict's word."""
    return VERDICT_LOOKS.get(word, ("none", "–"))


def css() -> str:
    """The style sheet of all pages."""
    return (TEMPLATES / "page.css").read_text(encoding="utf-8")


def safe_html(text: str) -> str:
    """HTML with everything left out that could run, load or disguise: only plain tags, and pictures that are data.

    The pilcrows that nbconvert puts behind headings go too; the headings keep their ids.
    """
    import bleach

    text = re.sub(r'<a class="anchor-link"[^>]*>[^<]*</a>', "", text)

    def allowed(tag: str, name: str, value: str) -> bool:
        if value.strip().startswith("data:"):
            return name == "src" and value.startswith("data:image/")
        if name == "src":
            return False
        return name in ATTRIBUTES.get(tag, ()) or name in ATTRIBUTES["*"]

    return bleach.clean(text, tags=TAGS, attributes=allowed, protocols={"http", "https", "mailto", "data"}, strip=True)


def highlight_python(source: str) -> str:
    """Python source, coloured by classes of the style sheet."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="highlight", nowrap=False))


def highlight_css() -> str:
    """The colours of highlighted source, for light and dark pages."""
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="monokai").get_style_defs(".highlight")
    plain = ".highlight, .highlight pre { background: var(--soft); }"
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{plain}"


def figure_html(output: dict) -> str:
    """A picture among a cell's outputs, with its alternative text and caption, inside the page itself."""
    about = output["metadata"].get("cnnrepro", {})
    alt = about.get("alt") or output["data"].get("text/plain", "A picture without a description")
    caption = about.get("caption", "")
    source = picture_source(output["data"])
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{html.escape(alt)}" src="{source}">{below}</figure>'


def picture_source(data: dict) -> str:
    """The data: address of an output's picture: its drawing where it is small enough, else its pixels."""
    svg = data.get("image/svg+xml")
    if svg and (len(svg) < LARGEST_SVG or "image/png" not in data):
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    kind = "image/png" if "image/png" in data else "image/jpeg"
    return f"data:{kind};base64,{''.join(data[kind].split())}"
