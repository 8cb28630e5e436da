"""Outputs of cells in every form: what a page shows, and the line in place of what it cannot."""

import base64

import pandas as pd
import pytest

from cnnrepro.report.cell_html import ansi_html, output_html
from cnnrepro.report.embedded_pictures import Pictures
from tests.elements import Elements
from tests.report.test_embedded_pictures import picture

PNG = base64.b64encode(picture()).decode()
GIF, WEBP = (base64.b64encode(picture(kind)).decode() for kind in ("GIF", "WEBP"))
NO_TEXT = "<IPython.core.display.HTML object>"


def shown(metadata=None, **data):
    kinds = {kind.replace("__", "/").replace("_", "."): content for kind, content in data.items()}
    return output_html(kinds, metadata or {}, Pictures())


def test_tables_of_pandas_come_without_their_styles():
    frame = pd.DataFrame({"model": ["AlexNet"], "accuracy": [0.984]})
    for table in (frame._repr_html_(), frame.style.set_caption("A caption")._repr_html_()):
        text = shown(text__html=table, text__plain="t")
        assert text.count("<table") == 1 and "AlexNet" in text and "0.984" in text
        assert not [word for word in ("style", "vertical-align", "background-color", "left-out") if word in text]
    coloured = shown(text__html=frame.style.highlight_max(subset="accuracy")._repr_html_())
    assert "0.984" in coloured and "the colours of a table" in coloured.split('class="left-out"')[1]
    tips = pd.DataFrame({"model": ["a tip"], "accuracy": [""]})
    bars = shown(text__html=frame.style.set_tooltips(tips).bar()._repr_html_())
    assert "the colours of a table, the tooltips of a table" in bars.split('class="left-out"')[1]


@pytest.mark.parametrize(
    "data, kept, said",
    [
        ({"text__html": "<script>var secret = 1</script><b>bold</b>", "text__plain": NO_TEXT}, "<b>bold", "a script"),
        ({"text__html": "<div><script>p()</script></div>", "text__plain": "Figure()"}, ">Figure()<", "a script"),
        ({"text__html": "<div><script>p()</script></div>", "image__png": PNG}, f"base64,{PNG}", "a script"),
        ({"text__html": "<iframe src='https://a.b/c'>x</iframe>", "text__plain": NO_TEXT}, "", "https://a.b/c"),
        ({"text__html": "<audio controls><source src='data:audio/wav;base64,AA'>No.</audio>"}, "", "a sound"),
        ({"text__html": "<video src='a.mp4'>No.</video>", "text__plain": NO_TEXT}, "", "a film"),
        ({"application__javascript": "alert(1)", "text__plain": NO_TEXT}, "", "a script"),
        ({"application__pdf": "x", "text__plain": "Paper()"}, "<pre>Paper()</pre>", "application/pdf"),
        ({"application__x": "x"}, "", "application/x"),
        ({"image__png": "", "text__plain": "nothing in it"}, "", "nothing in it"),
        ({"image__svg+xml": "<svg", "text__plain": "half a drawing"}, "", "half a drawing"),
        ({"text__html": "<b>seen</b><p style='display: none'>alert</p><p hidden>No.</p>"}, "<b>seen", "is hidden"),
        ({"application__vnd_jupyter_widget-view+json": {"model_id": "1"}, "text__plain": "Box()"}, "Box()", "a widget"),
        ({"application__vnd_vegalite_v5+json": {}, "text__plain": "<Chart>"}, "&lt;Chart&gt;", "vnd.vegalite"),
        ({"application__vnd_plotly_v1+json": {}, "image__png": PNG, "text__plain": "F"}, PNG, "application/vnd.plotly"),
    ],
)  # fmt: skip
def test_what_a_page_cannot_have_is_told_and_the_next_best_form_shown(data, kept, said):
    text = shown(**data)
    assert kept in text
    assert said in text.split('class="left-out"')[1]
    assert not [word for word in ("secret", "p()", "alert", "No.", "IPython") if word in text]


@pytest.mark.parametrize(
    "data, kept",
    [
        ({"text__latex": "$\\displaystyle x^2$", "text__plain": NO_TEXT}, "<msup>"),
        ({"text__latex": "\\begin{align}a &= b\\\\c &= d\\end{align}"}, "<mtable"),
        ({"text__latex": "\\[x\\] and \\(y\\) <b>"}, "&lt;b&gt;"),
        ({"text__latex": "\\begin{tabular}{c}x\\end{tabular}"}, "<code>"),
        ({"text__markdown": "*x* $y$"}, "<em>x</em>"),
        ({"application__json": {"a": ["<b>"]}, "text__plain": NO_TEXT}, "&lt;b&gt;"),
        ({"image__gif": GIF, "text__plain": "moving"}, f'alt="moving" src="data:image/gif;base64,{GIF}"'),
        ({"image__webp": WEBP}, "data:image/webp"),
        ({"image__svg+xml": "<svg width='9'><rect/></svg>"}, "data:image/svg+xml"),
        ({"text__html": "<b>t</b>", "image__png": PNG}, "The same as a picture"),
        ({"text__plain": "\x1b[31mred\x1b[0m <b>"}, '<span class="ansi-red-fg">red</span> &lt;b&gt;'),
        ({"text__plain": NO_TEXT}, "&lt;IPython"),
        ({"text__html": ["<b>", "x</b>"]}, "<b>x</b>"),
    ],
)
def test_what_a_page_can_have_is_shown(data, kept):
    text = shown(**data)
    assert kept in text
    assert "left-out" not in text


def test_a_picture_has_the_size_and_the_words_that_its_output_gives_it():
    text = shown({"image/png": {"width": 12, "height": 9, "alt": "a <cat>"}}, image__png=PNG, text__plain=NO_TEXT)
    assert 'alt="a &lt;cat&gt;" style="width: 12px"' in text
    both = shown(image__png=PNG, **{"image__svg+xml": "<svg"})
    assert "data:image/png" in both and "left-out" not in both


@pytest.mark.parametrize(
    "drawing, look",
    [
        ('<svg viewBox="0 0 20 10"><path d="M0 0"/></svg>', "own-size drawn"),
        ('<svg viewBox="0 0 10 20.5"><path d="M0 0"/></svg>', "own-size drawn upright"),
        (f'<svg viewBox="0 0 20 10"><image href="data:image/png;base64,{PNG}"/></svg>', "own-size"),
    ],
)
def test_a_dark_page_turns_drawings_without_photographs_and_paper_leaves_room_for_upright_ones(drawing, look):
    (figure,) = Elements(shown(image__png=PNG, **{"image/svg+xml": drawing})).of("figure")
    assert figure["class"] == look


def test_what_terminals_take_besides_colours_goes():
    text = ansi_html("\x1b]8;;http://a.b\x1b\\link\x1b]8;;\x07\x1b[2K\x1b(B\x1b[38;5;208mwarm\x1b[0m\x1bM<")
    assert text == 'link<span style="color: rgb(255,135,0)">warm</span>&lt;'
