"""Text of strangers on a page: names of data sets, classes, parameters, runs and figures are shown and never run."""

import base64
import io
import re
from xml.etree import ElementTree

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnrepro.errors import UsageError
from cnnrepro.report import display, figures, page, safe_html, site
from cnnrepro.report.tables import table
from tests.elements import Elements

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"

POLICY = "Content-Security-Policy"


def assert_harmless(text):
    """Nothing in a page runs, and nothing leads to a page in an address."""
    for tag, attributes in Elements(text).found:
        assert tag not in ("script", "iframe", "object", "embed", "form", "input", "base", "link", "svg"), tag
        assert tag != "meta" or attributes.get("http-equiv", POLICY) == POLICY, attributes
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            scheme = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name in ("href", "src"):
                assert not scheme.startswith(("javascript", "vbscript")), value
                assert not scheme.startswith("data") or (tag == "img" and scheme.startswith("data:image/")), value


def code(data, metadata=None):
    shown = nbformat.v4.new_output("display_data", data, metadata=metadata or {})
    return nbformat.v4.new_code_cell("show", outputs=[shown], execution_count=1)


def written(folder, *cells, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    values = {"title": "t", "experiment": "x", "parameters": {}, "facts": {}} | changes
    page.write_page(nbformat.v4.new_notebook(cells=list(cells)), folder, **values)
    return (folder / page.PAGE).read_text(encoding="utf-8")


LEADING_AWAY = [
    '<meta http-equiv=refresh content="0;url=https://example.org">',
    '<form action="https://example.org"><input name=password></form>',
    '<base href="https://example.org/">',
]


@pytest.mark.parametrize("kind", [None, "text/html", "text/restructuredtext", "TEXT/HTML"])
def test_a_raw_cell_is_shown_as_it_was_written_and_does_nothing(kind, tmp_path):
    about = {} if kind is None else {"raw_mimetype": kind, "format": kind}
    cells = [nbformat.v4.new_raw_cell(source, metadata=dict(about)) for source in LEADING_AWAY]
    text = written(tmp_path, *cells)
    assert_harmless(text)
    assert all(source in "".join(Elements(text).words) for source in LEADING_AWAY)


@pytest.mark.parametrize("source", LEADING_AWAY)
def test_nothing_in_markdown_or_html_leads_a_reader_away(source, tmp_path):
    assert_harmless(written(tmp_path, nbformat.v4.new_markdown_cell(source), code({"text/html": source})))


ADDRESSES = [
    "data:text/html,<script>alert(1)</script>",
    "DATA:text/html;base64,PHNjcmlwdD4=",
    " data:text/html,x",
    "da\tta:text/html,x",
    "data&colon;text/html,x",
    "&#100;ata:text/html,x",
    "&#x44;ata&#58;text/html,x",
    "\x01data:text/html,x",
    "javascript:alert(1)",
    "JaVaScRiPt&colon;alert(1)",
    "java\nscript:alert(1)",
    "vbscript:x",
]


def test_no_link_in_markdown_or_html_leads_into_a_made_up_page(tmp_path):
    forms = ('<a href="{}">x</a>', "[x](<{}>)", '<img src="{}">', "![x](<{}>)")
    cells = []
    for text in (form.format(address) for form in forms for address in ADDRESSES):
        assert_harmless(safe_html.safe_html(text))
        cells += [nbformat.v4.new_markdown_cell(text), code({"text/html": text})]
    assert_harmless(written(tmp_path / "p", *cells))


def test_scripts_and_styles_go_with_their_text():
    elements = ("style", "script", "SCRIPT", "title", "template", "noscript", "iframe", "textarea", "object")
    for text in (*(f"<{name}>text</{name} >x" for name in elements), "<!-- c -->x"):
        assert safe_html.safe_html(text) == "x"


def test_pictures_in_markdown_are_let_through_as_they_were():
    picture = '<img alt="a" src="data:image/png;base64,iVBORw0KGgo=">'
    assert Elements(safe_html.safe_html(picture)).found == [
        ("img", {"alt": "a", "src": "data:image/png;base64,iVBORw0KGgo="})
    ]
    assert 'title="data: 5"' in safe_html.safe_html('<span title="data: 5">x</span>')
    assert 'href="https://keras.io"' in safe_html.safe_html('<a href="https://keras.io">x</a>')
    assert 'href="#data"' in safe_html.safe_html('<a href="#data">x</a>')


@settings(max_examples=100)
@given(st.text(alphabet="<>\"'=&#:;/ \t\ndatascriptonerhfmgx[]()!`\x00", max_size=60))
def test_no_text_gives_a_page_something_to_run(text):
    from nbconvert.filters import markdown2html

    assert_harmless(safe_html.safe_html(text))
    assert_harmless(safe_html.set_formulas(safe_html.safe_html(markdown2html(safe_html.hold_formulas(text)))))
    assert_harmless(table((text,), [(text,)], caption=text)._repr_html_())


def png():
    content = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), "uint8")).save(content, "png")
    return base64.b64encode(content.getvalue()).decode()


def test_pictures_that_are_none_stay_in_their_address_and_the_words_of_figures_are_text(tmp_path):
    contents = ('x" onerror="alert(1)', '"><script>alert(1)</script>', "é", "not base64!")
    kinds = ("image/png", "image/jpeg", "image/svg+xml")
    abouts = ({"alt": HOSTILE, "caption": HOSTILE}, {"alt": ["x"], "caption": 5}, [], "x")
    cells = [code({kind: content, "text/plain": HOSTILE}) for kind in kinds for content in contents]
    cells += [code({"image/png": png(), "text/plain": HOSTILE}, {"cnnrepro": about}) for about in abouts]
    text = written(tmp_path / "p", *cells)
    assert_harmless(text)
    assert "<script>alert" not in text


CONTROL = "".join(map(chr, [*range(32), 127, 0x85, 0xFFFE, 0xFFFF]))


NAMES = [HOSTILE, f"a{CONTROL}b", "x --> y <!-- z", "$\\frac{", "a\udcffb", "]]>", "x" * 255]


def test_names_in_drawings_are_drawn_and_leave_them_whole(frame, tmp_path):
    in_tables = [name for name in NAMES if "\udcff" not in name]  # pandas refuses half a surrogate pair
    curves = figures.curves(pd.concat(frame(arms=1, epochs=2).assign(arm=name) for name in in_tables))
    matrix = np.eye(len(NAMES), dtype=int)
    cells = []
    for number, figure in enumerate([curves, figures.confusion({HOSTILE: matrix}, NAMES)]):
        data, metadata = display.figure_bundle(figure, f"f{number}", alt="".join(NAMES), caption="".join(NAMES))
        for element in ElementTree.fromstring(data["image/svg+xml"].encode()).iter():
            assert not str(element.tag).endswith("script")
        cells.append(code(data, metadata))
    assert_harmless(written(tmp_path, *cells))
    for number in range(2):
        ElementTree.parse(tmp_path / "figures" / f"f{number}.svg")


def test_no_file_of_a_figure_and_no_drawing_on_the_page_runs_anything(tmp_path):
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script><rect width="5"/></svg>'
    )
    about = [{"cnnrepro": {"figure": name}} for name in ("a", "b", "c")]
    cells = [
        code({"image/svg+xml": drawing, "image/png": png()}, about[0]),
        code({"image/svg+xml": drawing, "image/png": base64.b64encode(HOSTILE.encode()).decode()}, about[1]),
        code({"image/svg+xml": HOSTILE, "image/png": png()}, about[2]),
        nbformat.v4.new_markdown_cell(drawing),
    ]
    text = written(tmp_path, *cells)
    drawn = [base64.b64decode(one).decode() for one in re.findall(r"data:image/svg\+xml;base64,([^\"]*)", text)]
    files = sorted((tmp_path / "figures").iterdir())
    assert [one.name for one in files] == ["a.png", "a.svg"] and "figures/b.svg" not in text
    assert len(drawn) == 3
    for one in [*drawn, files[1].read_text()]:
        assert "alert" not in one and '<rect width="5"/>' in one


def test_names_are_text_on_the_page_in_its_report_and_in_the_index(verdict, tmp_path):
    parameters = {HOSTILE: HOSTILE, "values": [HOSTILE, 1]}
    cells = [code(display.verdict_bundle(verdict)), nbformat.v4.new_markdown_cell("x")]
    place = tmp_path / "reports" / HOSTILE.replace("/", "|") / "default"
    text = written(
        place, *cells, title=HOSTILE, experiment=HOSTILE, parameters=parameters,
        facts={HOSTILE: HOSTILE, "To repeat": f"cnnrepro run '{HOSTILE}'"},
    )  # fmt: skip
    index = site.write_index(tmp_path / "reports").read_text(encoding="utf-8")
    for shown in (text, index):
        assert_harmless(shown)
        assert HOSTILE in "".join(Elements(shown).words)
    (place / page.REPORT).write_text("{")
    assert_harmless(site.write_index(tmp_path / "reports").read_text(encoding="utf-8"))


def test_a_page_whose_text_is_no_unicode_is_written(tmp_path):
    text = written(tmp_path / "p", nbformat.v4.new_markdown_cell("x"), title="a\udcffb", facts={"Data": "\ud800"})
    assert "a" in text


def test_runs_that_a_notebook_made_up_are_not_looked_for(tmp_path):
    from cnnrepro.runner.notebook_to_page import records_of
    from cnnrepro.runs import RunStore

    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "record.json").write_text("{}")
    shown = nbformat.v4.new_notebook(cells=[code({display.RUNS_TYPE: {"keys": ["../secret"]}, "text/plain": "x"})])
    with pytest.raises(UsageError, match="has 16 hexadecimal digits"):
        records_of(page.run_keys(shown), RunStore(tmp_path / "runs"))
