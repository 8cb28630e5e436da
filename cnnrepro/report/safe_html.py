"""HTML that is safe to put on a page: cleaned, highlighted, formulas as MathML and pictures as data.

A page runs no script, so its formulas are set when it is made: ``hold_formulas`` takes them out of the Markdown, which
would eat their underscores and asterisks, and ``set_formulas`` puts them into the cleaned HTML. MathML that somebody
wrote into a cell by hand never gets through ``safe_html``; what ``set_formulas`` writes is checked element by element.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, NOT_CHECKABLE, NOT_TESTED, UNDECIDED, Count
from cnnrepro.report.embedded_pictures import NotShown, Pictures, drawing_address

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TEMPLATES = Path(__file__).parent / "template"
LEFT_OUT = '<span class="left-out">'  # begins a line that says what a page does not show
LONGEST_ADDRESS = 200  # characters of a picture's address that are shown where it is missing

# Markdown and our own tables need these; scripts, styles, forms and frames are no part of a page.
TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"),
    *("strong", "em", "b", "i", "del", "sub", "sup", "code", "pre", "kbd", "span", "div", "a", "abbr", "img"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption"),
}
ATTRIBUTES = {
    "*": {"class", "id", "title"},
    "a": {"href", "name"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
# Elements that go with their text: it is no text for readers.
WITH_TEXT = {"script", "style", "title", "noscript", "template", "iframe", "object", "audio", "video", "canvas", "svg"}
WITH_TEXT |= {"noembed", "noframes", "applet", "select", "textarea"}
SCHEMES = {"http", "https", "mailto", "data", "attachment"}  # of addresses; the last two for pictures alone
# Elements that a page cannot have, and what they are for its readers.
GONE = {
    **dict.fromkeys(("script", "canvas"), "a script"),
    **dict.fromkeys(("iframe", "object", "embed", "applet"), "a page or program from elsewhere"),
    **{"video": "a film", "audio": "a sound"},
    **dict.fromkeys(("form", "input", "select", "textarea", "button"), "a form"),
}
_GONE = re.compile(rf"<({'|'.join(GONE)})\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"<(?:iframe|embed|video|audio)\b[^<>]*?\bsrc\s*=\s*[\"']?(https?://[^\s\"'<>]{1,200})", re.IGNORECASE
)
_HIDDEN = re.compile(
    r"<\w[^<>]*\s(?:hidden(?=[\s>=])|style\s*=\s*(?:\"[^\"<>]*|'[^'<>]*)\bdisplay\s*:\s*none)", re.IGNORECASE
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CHECKBOX = re.compile(r"<input\b[^<>]*\btype\s*=\s*[\"']?checkbox\b[^<>]*>", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/[a-z+.-]+;base64,[A-Za-z0-9+/=\s]*")
_IMG = re.compile(r'<img((?: [\w-]+="[^"]*")*)>')  # as nh3 writes it
_DRAWING = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|(?P<svg><svg\b.*?</svg\s*>)", re.DOTALL | re.IGNORECASE)
# A held formula between two characters of Unicode's private area: whether it is displayed, and its source without and
# with its delimiters, in hexadecimal digits.
HOLD, RELEASE = "\ue000", "\ue001"
_HELD = re.compile(f"{HOLD}(1|2)([0-9a-f]*)\\.([0-9a-f]*){RELEASE}")
_CODE = re.compile(r"<(code|pre)\b.*?</\1>", re.DOTALL)
# The first that matches at a place wins, so that no formula is seen inside of code, a link's address or a tag. A single
# dollar opens a formula only before, and closes one only behind, something that is not a space, and never before a
# digit: "$5 and $10" are prices (the rule is Pandoc's).
_FORMULA = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})(?:.|\n)*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<ticks>`+)(?!`)(?:.|\n)*?(?<!`)(?P=ticks)(?!`)"
    r"|`+"
    r"|\\\\\[(?P<brackets>(?:.|\n)+?)\\\\\]|\\\\\((?P<parentheses>(?:.|\n)+?)\\\\\)"
    r"|(?P<environment>\\begin\{(?P<named>[A-Za-z]+\*?)\}(?:.|\n)*?\\end\{(?P=named)\})"
    r"|\\(?:.|\n)|\]\([^()\n]*\)|<[A-Za-z/!][^<>\n]*>"
    r"|\$\$(?P<display>(?:\\.|[^$\\])+?)\$\$"
    r"|\$(?P<inline>(?![\s$])(?:\\.|[^$\\\n]|\n(?!\s*\n))+?)(?<!\s)\$(?!\d)",
    re.MULTILINE,
)

# What MathML Core and latex2mathml have in common; other elements are shown as source, other attributes are left out.
MATH_TAGS = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "mphantom"),
    *("msub", "msup", "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd"),
}
MATH_ATTRIBUTES = {
    *("display", "displaystyle", "scriptlevel", "mathvariant", "mathcolor", "mathsize", "linethickness"),
    *("stretchy", "fence", "form", "separator", "accent", "movablelimits", "minsize", "maxsize", "lspace", "rspace"),
    *("width", "height", "depth", "voffset", "columnalign", "columnspacing", "rowspacing"),
}
ENVIRONMENTS = {"align", "array", "cases", "equation", "displaymath", "math", "matrix", "smallmatrix", "substack"}
ENVIRONMENTS |= {"pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix"}
_PLAIN_VALUE = re.compile(r"[\w.#%+ -]*")

VERDICT_LOOKS = {
    HOLDS: ("holds", "✓"),
    HOLDS_IF: ("if", "◐"),
    DOES_NOT_HOLD: ("not", "✗"),
    UNDECIDED: ("open", "?"),
    NOT_CHECKABLE: ("none", "–"),
    NOT_TESTED: ("later", "○"),
}
ANSWER_LOOKS = {  # others: "none"
    "better": ("holds", "✓"),
    "equivalent": ("if", "="),
    "reached": ("holds", "✓"),
    "not reached": ("not", "✗"),
    "undecided": ("open", "?"),
}


def verdict_look(word: str) -> tuple[str, str]:
    """The class and the mark of a verdict's word."""
    return VERDICT_LOOKS[word]


def answer_look(word: str) -> tuple[str, str]:
    """The class and the mark of an answer."""
    return ANSWER_LOOKS.get(word, ("none", "–"))


def look_style(look: str) -> str:
    """The style of a card where a page's style sheet is not, as in JupyterLab."""
    colour = re.search(rf"--{look}: (#[0-9a-f]{{6}})", css())
    line = colour[1] if colour else "#767676"
    return f"border-left: 6px solid {line}; padding: .1em 1em; margin: .5em 0; max-width: 60em"


def tally(counted: Count) -> list[tuple[str, int, str, str]]:
    """How often each verdict was given, from the best: word, number, class and mark."""
    return [(word, number, *verdict_look(word)) for word, number in counted.statements.items()]


def css() -> str:
    """The style sheet of all pages."""
    return (TEMPLATES / "page.css").read_text(encoding="utf-8")


def safe_html(text: str, pictures: Pictures | None = None, attachments: Mapping | None = None) -> str:
    """HTML with everything left out that could run, load or disguise: only plain tags, and pictures that are data.

    Scripts and styles go with their text. The pilcrows that nbconvert puts behind headings go too; the headings keep
    their ids. A picture that cannot be shown leaves a line that says why.

    Args:
        text: HTML of anybody.
        pictures: those of the page, for pictures that are named by a file's name.
        attachments: of the cell, for those that are attached to it.
    """
    import nh3

    text = text.encode(errors="backslashreplace").decode()  # half a character, "\ud800" in JSON, as Python shows it
    text = re.sub(r'<a class="anchor-link"[^>]*>[^<]*</a>', "", text)
    text = _CHECKBOX.sub(lambda box: "☑ " if re.search(r"\schecked\b", box[0]) else "☐ ", text)
    if _HIDDEN.search(text):
        text = _without_hidden(text)
    text = _DRAWING.sub(lambda found: _drawing_html(found["svg"]) if found["svg"] else found[0], text)
    allowed = {"tags": TAGS, "clean_content_tags": WITH_TEXT, "attributes": ATTRIBUTES, "url_schemes": SCHEMES}
    clean = nh3.clean(text, **allowed, attribute_filter=_safe_attribute, link_rel=None)
    return _IMG.sub(lambda img: _shown(img[1], pictures or Pictures(), attachments or {}), clean)


def missing_of(text: str) -> list[str]:
    """What of somebody's HTML a page cannot have, each kind once; the addresses of what would be loaded too."""
    text = _CHECKBOX.sub("", _COMMENT.sub("", text))
    missing = [GONE[tag.lower()] for tag in _GONE.findall(text)] + _ADDRESS.findall(text)
    if _HIDDEN.search(text):
        missing.append("what is hidden until a script or a style sheet shows it")
    return list(dict.fromkeys(missing))


def _without_hidden(text: str) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "html.parser")
    for element in soup.select("[hidden], [style]"):
        if not element.decomposed and ("hidden" in element.attrs or re.search(r"display\s*:\s*none", element["style"])):
            element.decompose()
    return str(soup)


def _safe_attribute(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, or None where it has to go: a link that is data."""
    if name in ("alt", "title"):
        return _HELD.sub(_whole, value)
    # Browsers leave out spaces and control characters before they look for a scheme.
    if name == "href" and re.sub(r"[\x00-\x20]", "", value).lower().startswith(("data:", "attachment:")):
        return None
    # A heading with a formula goes without an id rather than with one that nobody could read.
    return None if HOLD in unquote(value) else value


def _shown(written: str, pictures: Pictures, attachments: Mapping) -> str:
    """A picture's element with its data in place of its address, or why it cannot be shown."""
    attributes = dict(re.findall(r' ([\w-]+)="([^"]*)"', written))
    address = html.unescape(attributes.pop("src", "")).strip()
    if not _PICTURE.fullmatch(address):
        try:
            if not address:
                raise NotShown("its address is missing, or none of a picture")
            address = pictures.source(address, attachments)
        except NotShown as error:
            return _missing(html.unescape(attributes.get("alt", "")), address, str(error))
    return "".join(["<img", *(f' {name}="{value}"' for name, value in attributes.items()), f' src="{address}">'])


def _missing(alt: str, address: str, reason: str) -> str:
    name = "" if address.startswith("data:") else address if len(address) <= LONGEST_ADDRESS else "…"
    words = ["The picture", alt and f"“{alt}”", name and f"({name})", f"is not shown: {reason}."]
    return left_out(html.escape(" ".join(filter(None, words))))


def left_out(sentence: str) -> str:
    """A line, of escaped text, that says what a page does not show."""
    return f"{LEFT_OUT}[{sentence}]</span>"


def _drawing_html(svg: str) -> str:
    """A drawing in the midst of HTML as a picture, in which nothing can run."""
    try:
        return f'<img alt="A drawing" src="{drawing_address(svg)}">'
    except NotShown:
        return left_out("A drawing is not shown: it is not well-formed.")


def markdown_html(source: str, pictures: Pictures | None = None, attachments: Mapping | None = None) -> str:
    """Markdown as HTML that is safe, with its formulas set and its pictures inside."""
    from mistune import HTMLRenderer
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        """Jupyter's, which raises where an attachment is missing, and has empty elements in headings as XML does."""

        def heading(self, text: str, level: int, **attributes) -> str:
            made = super().heading(text, level, **attributes)
            return re.sub(r"<(?!br\b|hr\b|img\b)(\w+)((?:\s[^<>]*)?)/>", r"<\1\2></\1>", made)

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return HTMLRenderer.image(self, text, url, title)

    made = MarkdownWithMath(renderer=Renderer(escape=False)).render(hold_formulas(source))
    shown, missing = set_formulas(safe_html(made, pictures, attachments)), html.escape(", ".join(missing_of(made)))
    said = f"<p>{left_out(f'A part of this text was left out, as pages run and load nothing: {missing}.')}</p>"
    return shown + said * bool(missing)


def hold_formulas(source: str) -> str:
    """Markdown with its formulas as words that Markdown leaves alone, those that Jupyter sets.

    They stand between dollars, between doubled backslashes with parentheses or brackets, or in an environment such as
    align. Code keeps its dollars, and one behind a backslash is a dollar.
    """

    def hold(match: re.Match) -> str:
        display = match["display"] or match["brackets"] or match["environment"]
        latex = (display or match["inline"] or match["parentheses"] or "").strip()
        without, whole = (text.encode(errors="replace").hex() for text in (latex, match[0]))
        return f"{HOLD}{'2' if display else '1'}{without}.{whole}{RELEASE}" if latex else match[0]

    return _FORMULA.sub(hold, source.replace(HOLD, "").replace(RELEASE, ""))


def latex_html(latex: str) -> str:
    """An output in LaTeX, its formulas set and the rest as text."""
    doubled = re.sub(r"\\([()\[\]])", r"\\\\\1", latex)
    return set_formulas(html.escape(hold_formulas(doubled), quote=False))


def _whole(held: re.Match) -> str:
    """A held formula as it was written."""
    return bytes.fromhex(held[3]).decode()


def set_formulas(text: str) -> str:
    """HTML that ``safe_html`` cleaned, with MathML where ``hold_formulas`` held a formula; in code its source."""
    text = _CODE.sub(lambda code: _HELD.sub(lambda held: html.escape(_whole(held), quote=False), code[0]), text)
    return _HELD.sub(lambda held: formula_html(bytes.fromhex(held[2]).decode(), display=held[1] == "2"), text)


def formula_html(latex: str, *, display: bool = False) -> str:
    """A formula as MathML, with its source as the alternative text; its source as code where it cannot be set.

    Args:
        latex: without dollar signs.
        display: set on a line of its own.
    """
    from xml.etree.ElementTree import tostring

    from latex2mathml.converter import convert_to_element

    try:
        known = _known_to_latex2mathml(latex)
        math = _checked(convert_to_element(known, display="block" if display else "inline"))
    except Exception:  # latex2mathml has a dozen errors of its own and lets IndexError and others through
        dollars = "$$" if display else "$"
        return f"<code>{html.escape(dollars + latex + dollars)}</code>"
    math.set("alttext", latex)
    return tostring(math, encoding="unicode", short_empty_elements=False)


def _known_to_latex2mathml(latex: str) -> str:
    """A formula with those of its environments that latex2mathml sets in place of others that are set alike.

    Equations have no numbers, as in Jupyter, but for those that ``\\tag`` gives.
    """
    known = re.sub(r"\\label\{[^{}]*\}|\\(?:nonumber|notag)\b", "", latex)
    known = re.sub(r"\\tag\*?\{([^{}]*)\}", r"\\qquad(\\text{\1})", known)
    known = re.sub(r"\\(begin|end)\{(?:aligned|align|flalign\*?|split)\}", r"\\\1{align*}", known)
    known = re.sub(r"\\begin\{(?:alignat\*?|alignedat)\}\{\d+\}", r"\\begin{align*}", known)
    known = re.sub(r"\\end\{(?:alignat\*?|alignedat)\}", r"\\end{align*}", known)
    known = re.sub(r"\\begin\{eqnarray\*?\}", r"\\begin{array}{rcl}", known)
    known = re.sub(r"\\end\{eqnarray\*?\}", r"\\end{array}", known)
    known = re.sub(r"\\(begin|end)\{(?:gather\*?|gathered|multline\*?)\}", r"\\\1{matrix}", known)
    unknown = {name.rstrip("*") for name in re.findall(r"\\begin\{(.*?)\}", known)} - ENVIRONMENTS
    if unknown:  # latex2mathml would set what is in them, and leave out what they mean
        raise ValueError(f"No MathML for {unknown}")
    alone = re.fullmatch(r"\\begin\{(equation\*?|displaymath|math)\}((?:.|\n)*)\\end\{\1\}", known.strip())
    return alone[2].strip() if alone else known


def _checked(math: Element) -> Element:
    """MathML of known elements and harmless attributes, with characters where latex2mathml has references to them.

    Raises:
        ValueError: an element that browsers do not know, or a command that was not understood.
    """
    for element in math.iter():
        element.text = html.unescape(element.text or "")
        if element.tag not in MATH_TAGS or re.match(r"\\[A-Za-z]|&$", element.text):
            raise ValueError(f"No MathML for <{element.tag}> {element.text!r}")
        for name, value in list(element.attrib.items()):
            if name not in MATH_ATTRIBUTES or not _PLAIN_VALUE.fullmatch(value):
                del element.attrib[name]
        if element.tag == "mrow" and [(child.tag, child.text) for child in element] == [("mo", "&#x0002C;")]:
            element[0].attrib |= {"lspace": "0", "rspace": "0"}  # {,} groups digits
    return math


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
