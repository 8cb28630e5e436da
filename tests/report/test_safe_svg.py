"""Drawings in which nothing can run: what goes, and what stays as it was."""

from xml.etree import ElementTree

import pytest

from cnnrepro.report import display, figures
from cnnrepro.report.safe_svg import SVG, safe_svg

LINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'


def inside(drawing):
    """What a cleaned drawing has between its outermost tags."""
    cleaned = safe_svg(
        f'<svg xmlns="{SVG}" {LINK} xmlns:o="other" xmlns:h="http://www.w3.org/1999/xhtml">{drawing}</svg>'
    )
    assert ElementTree.fromstring(cleaned.encode()).tag == f"{{{SVG}}}svg"
    return cleaned.partition("<svg")[2].partition(">")[2].removesuffix("</svg>")


@pytest.mark.parametrize(
    "drawing, left",
    [
        ("<g><script>alert(1)</script><path d='M 0 0'/></g>", '<g><path d="M 0 0"/></g>'),
        ('<h:script>x</h:script><script xmlns="">x</script><o:g>x</o:g>', ""),
        ("<foreignObject><h:iframe/><g/></foreignObject>", ""),
        ('<g onload="x" ONCLICK="x" id="i"/>', '<g id="i"/>'),
        ('<a href="https://example.org"><text>t</text></a>', "<text>t</text>"),
        ('<use href="#i"/><use xlink:href="#i"/>', '<use href="#i"/><use xlink:href="#i"/>'),
        ('<use href="other.svg#i"/><use xlink:href="data:image/svg+xml,x"/>', "<use/><use/>"),
        ('<image href="data:image/png;base64,iVBO"/>', '<image href="data:image/png;base64,iVBO"/>'),
        ('<image href="https://example.org/x.png"/><image href="data:image/svg+xml;base64,AA"/>', "<image/><image/>"),
        ('<use id="u"><set attributeName="href" to="javascript:x"/><animate/></use>', '<use id="u"/>'),
        ('<g style="fill: url(https://example.org)" clip-path="url(#c)"/>', '<g clip-path="url(#c)"/>'),
        ("<style>@import 'https://example.org';</style>", "<style></style>"),
        ("<style><![CDATA[* {fill: u\\72l(x)}]]></style>", "<style></style>"),
        ("<style>*{fill: red}</style>", "<style>*{fill: red}</style>"),
        ('<text xml:space="preserve" xml:base="https://example.org"> a &lt; b </text>', None),
        ('<?xml-stylesheet href="https://example.org"?><metadata>x</metadata><!-- said -->', "<!-- said -->"),
    ],
)
def test_what_goes_and_what_stays(drawing, left):
    assert inside(drawing) == ('<text xml:space="preserve"> a &lt; b </text>' if left is None else left)


@pytest.mark.parametrize(
    "drawing",
    ["", "<svg", "<html/>", "<g xmlns='http://www.w3.org/2000/svg'/>", "<svg xmlns='other'/>", "<svg>&none;</svg>"],
)
def test_what_is_no_drawing(drawing):
    with pytest.raises(ValueError, match="no drawing|not well-formed"):
        safe_svg(drawing)


def test_entities_neither_hide_an_element_nor_unfold_without_an_end():
    declared = "<!DOCTYPE svg [<!ENTITY e '<script>x</script><g/>'>]>"
    assert safe_svg(f'{declared}<svg xmlns="{SVG}">&e;</svg>').endswith('"><g/></svg>')
    each = "".join(f"<!ENTITY {name} '{f'&{of};' * 10}'>" for name, of in zip("abcdefg", "bcdefgh", strict=True))
    with pytest.raises(ValueError, match="not well-formed"):
        safe_svg(f"<!DOCTYPE svg [<!ENTITY h '{'x' * 1000}'>{each}]><svg>&a;</svg>")


def test_bytes_are_read_as_they_say_and_written_as_utf_8():
    drawing = f'<?xml version="1.0" encoding="utf-16"?><svg xmlns="{SVG}"><text>é</text></svg>'
    assert safe_svg(drawing.encode("utf-16")).endswith("<text>é</text></svg>")
    assert 'encoding="utf-8"' in safe_svg(drawing)


def test_our_own_drawings_stay_as_they_were(frame):
    def shapes(drawing):
        found = ElementTree.fromstring(drawing.encode()).iter()
        known = (one for one in found if one.tag.startswith(f"{{{SVG}}}") and not one.tag.endswith("metadata"))
        return [(one.tag, one.attrib, (one.text or "").strip()) for one in known]

    drawn = display.figure_bundle(figures.curves(frame(arms=1, epochs=2)), "f", alt="x")[0]["image/svg+xml"]
    assert shapes(drawn) == shapes(safe_svg(drawn)) and safe_svg(safe_svg(drawn)) == safe_svg(drawn)
