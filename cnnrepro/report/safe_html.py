"""HTML that is safe to put on a page: cleaned, highlighted, formulas as MathML and pictures as data.

A page runs no script, so its formulas are set when it is made: ``hold_formulas`` takes them out of the Markdown, which
would eat their underscores and asterisks, and ``set_formulas`` puts them into the cleaned HTML. MathML that somebody
wrote into a cell by hand never gets through ``safe_html``; what ``set_formulas`` writes is checked element by element.
"""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, NOT_CHECKABLE, UNDECIDED, Count

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TEMPLATES = Path(__file__).parent / "template"
LARGEST_SVG = 400_000  # bytes; a larger drawing is shown as its PNG

# Markdown and our own tables need these; scripts, styles, forms and frames are no part of a page.
TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"),
    *("strong", "em", "b", "i", "del", "sub", "sup", "code", "pre", "kbd", "span", "div", "a", "abbr", "img"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption"),
}
ATTRIBUTES = {
    "*": {"class", "id", "title"},
    "a": {"href"},
    "img": {"src", "alt"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
SCHEMES = {"http", "https", "mailto", "data"}  # of addresses; data for pictures alone
_PICTURE = re.compile(r"data:image/[a-z+.-]+;base64,[A-Za-z0-9+/=\s]*")
# A held formula: its delimiter and its source in hexadecimal digits between two characters of Unicode's private area.
HOLD, RELEASE = "\ue000", "\ue001"
_HELD = re.compile(f"{HOLD}(1|2)([0-9a-f]*){RELEASE}")
# The first that matches at a place wins, so that no formula is seen inside of code, a link's address or a tag. A single
# dollar opens a formula only before, and closes one only behind, something that is not a space, and never before a
# digit: "$5 and $10" are prices (the rule is Pandoc's).
_FORMULA = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})(?:.|\n)*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<ticks>`+)(?!`)(?:.|\n)*?(?<!`)(?P=ticks)(?!`)"
    r"|`+|\\(?:.|\n)|\]\([^()\n]*\)|<[A-Za-z/!][^<>\n]*>"
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
_PLAIN_VALUE = re.compile(r"[\w.#%+ -]*")

VERDICT_LOOKS = {
    HOLDS: ("holds", "✓"),
    HOLDS_IF: ("if", "◐"),
    DOES_NOT_HOLD: ("not", "✗"),
    UNDECIDED: ("open", "?"),
    NOT_CHECKABLE: ("none", "–"),
}


def verdict_look(word: str) -> tuple[str, str]:
    """The class and the mark of a verdict's word."""
    return VERDICT_LOOKS[word]


def tally(counted: Count) -> list[tuple[str, int, str, str]]:
    """How often each verdict was given, from the best: word, number, class and mark."""
    return [(word, number, *verdict_look(word)) for word, number in counted.statements.items()]


def css() -> str:
    """The style sheet of all pages."""
    return (TEMPLATES / "page.css").read_text(encoding="utf-8")


def safe_html(text: str) -> str:
    """HTML with everything left out that could run, load or disguise: only plain tags, and pictures that are data.

    Scripts and styles go with their text. The pilcrows that nbconvert puts behind headings go too; the headings keep
    their ids.
    """
    import nh3

    text = re.sub(r'<a class="anchor-link"[^>]*>[^<]*</a>', "", text)
    allowed = {"tags": TAGS, "attributes": ATTRIBUTES, "url_schemes": SCHEMES}
    return nh3.clean(text, **allowed, attribute_filter=_safe_attribute, link_rel=None)


def _safe_attribute(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, or None where it has to go: a picture that is no data, a link that is."""
    if name == "src":
        return value if _PICTURE.fullmatch(value) else None
    # Browsers leave out spaces and control characters before they look for a scheme.
    if name == "href" and re.sub(r"[\x00-\x20]", "", value).lower().startswith("data:"):
        return None
    # A heading with a formula goes without an id rather than with one that nobody could read.
    return None if HOLD in value else value


def hold_formulas(source: str) -> str:
    """Markdown with its formulas, ``$…$`` and ``$$…$$``, as words that Markdown leaves alone.

    Code keeps its dollars, and ``\\$`` is one.
    """

    def hold(match: re.Match) -> str:
        latex = (match["display"] or match["inline"] or "").strip()
        return f"{HOLD}{'2' if match['display'] else '1'}{latex.encode().hex()}{RELEASE}" if latex else match[0]

    return _FORMULA.sub(hold, source.replace(HOLD, "").replace(RELEASE, ""))


def set_formulas(text: str) -> str:
    """HTML that ``safe_html`` cleaned, with MathML where ``hold_formulas`` held a formula."""
    return _HELD.sub(lambda held: formula_html(bytes.fromhex(held[2]).decode(), display=held[1] == "2"), text)


def formula_html(latex: str, *, display: bool = False) -> str:
    """A formula as MathML, with its source as the alternative text; its source as code where it cannot be set.

    Args:
        latex: without dollar signs.
        display: set on a line of its own.
    """
    from xml.etree.ElementTree import tostring

    from latex2mathml.converter import convert_to_element

    # latex2mathml knows the starred form alone, which is set alike.
    known = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{align*}", latex)
    try:
        math = _checked(convert_to_element(known, display="block" if display else "inline"))
    except Exception:  # latex2mathml has a dozen errors of its own and lets IndexError and others through
        dollars = "$$" if display else "$"
        return f"<code>{html.escape(dollars + latex + dollars)}</code>"
    math.set("alttext", latex)
    return tostring(math, encoding="unicode", short_empty_elements=False)


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


def figure_html(output: dict) -> str:
    """A picture among a cell's outputs, with its alternative text and caption, inside the page itself."""
    about = output["metadata"].get("cnnrepro")
    about = about if isinstance(about, dict) else {}  # an output may say anything under any name
    alt = about.get("alt") or output["data"].get("text/plain", "A picture without a description")
    alt, caption = html.escape(str(alt)), html.escape(str(about.get("caption", "")))
    try:
        source = picture_source(output["data"])
    except ValueError:
        return f"<p>A picture that cannot be shown: {alt}</p>"
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure><img alt="{alt}" src="{source}">{below}</figure>'


def picture_source(data: dict) -> str:
    """The data: address of an output's picture: its drawing where it is small enough, else its pixels.

    Raises:
        ValueError: the pixels are not in base64; what they are instead could end the address.
    """
    svg = data.get("image/svg+xml")
    if svg and (len(svg) < LARGEST_SVG or "image/png" not in data):
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode(errors='replace')).decode()}"
    kind = "image/png" if "image/png" in data else "image/jpeg"
    pixels = base64.b64decode("".join(data[kind].split()), validate=True)
    return f"data:{kind};base64,{base64.b64encode(pixels).decode()}"


FILTERS = (hold_formulas, safe_html, set_formulas, highlight_python, figure_html)  # by name in the template
