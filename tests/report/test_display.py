"""What notebooks show, where JupyterLab alone shows it: captions and styled cards."""

import functools

import pytest

from cnnrepro import anatomy, report
from cnnrepro.claims.verdict import HOLDS, Verdict
from cnnrepro.errors import UsageError
from cnnrepro.report import display
from cnnrepro.report.cell_html import output_html
from cnnrepro.report.embedded_pictures import Pictures
from cnnrepro.report.safe_html import safe_html
from tests.elements import Elements

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def outputs(monkeypatch):
    """What is shown, as (data, metadata)."""
    found = []
    monkeypatch.setattr(display, "show_output", lambda data, metadata=None: found.append((data, metadata or {})))
    return found


def test_a_caption_stands_below_its_figure_and_once_on_a_page(outputs, monkeypatch):
    about = {"cnnrepro": {"figure": "curves", "alt": "Two curves", "caption": "Blue < red."}}
    bundle = {"image/svg+xml": DRAWING, "text/plain": "Two curves"}
    monkeypatch.setattr(display, "figure_bundle", lambda *_, **__: (bundle, about))
    display.show(None, "curves", alt="Two curves", caption="Blue < red.")
    (_, of_figure), (below, of_caption) = outputs
    assert ">Blue &lt; red.</p>" in below["text/html"]
    assert below["text/html"].startswith("<style>") and "max-width: 100%" in below["text/html"]
    assert output_html(below, of_caption, Pictures()) == ""
    assert "<figcaption>Blue &lt; red. <" in output_html(bundle, of_figure, Pictures())


def test_a_figure_without_a_caption_is_one_output(outputs, monkeypatch):
    bundle = {"image/png": "", "text/plain": ""}, {"cnnrepro": {"figure": "curves", "alt": "", "caption": ""}}
    monkeypatch.setattr(display, "figure_bundle", lambda *_, **__: bundle)
    display.show(None, "curves", alt="Two curves")
    assert len(outputs) == 1


def test_a_card_has_its_colour_without_a_style_sheet_and_a_page_its_own():
    card = display.verdict_bundle(Verdict(1, HOLDS, "It holds."))["text/html"]
    assert 'class="verdict holds" style="border-left: 6px solid #0a6b3d' in card
    assert "style=" not in safe_html(card)


class Shown:
    """A class whose source is shown."""

    def method(self):
        return "<b> & $x$"


@pytest.mark.parametrize(
    "written, name, file, last",
    [
        (anatomy.im2col, "im2col", "cnnrepro/anatomy/convolution.py", "layout.output[0] * layout.output[1])"),
        (functools.cache(Shown.method), "Shown.method", "tests/report/test_display.py", 'return "<b> & $x$"'),
        (Shown, "Shown", "tests/report/test_display.py", 'return "<b> & $x$"'),
        (report.__getattr__, "__getattr__", "cnnrepro/report/__init__.py", 'has no attribute {name!r}")'),
    ],
)
def test_source_is_shown_with_its_name_and_file_and_no_place_of_this_machine(outputs, written, name, file, last):
    report.show_source(written)
    ((data, metadata),) = outputs
    heading, source = data["text/plain"].split("\n\n", 1)
    assert heading == f"{name} in {file}"
    assert source.startswith(("def ", "class ")) and source.endswith(last)
    page = output_html(data, metadata, Pictures())
    elements = Elements(page)
    assert "".join("".join(elements.words).split()) == "".join(data["text/plain"].split())  # all of it, once
    assert elements.of("details") == [{"class": "shown-source", "open": ""}]
    assert not elements.of("style") and "left out" not in page
    assert "k" in {span.get("class") for span in elements.of("span")}  # coloured by the page's own style


def test_folded_source_is_folded(outputs):
    report.show_source(anatomy.im2col, folded=True)
    assert "open" not in Elements(output_html(*outputs[0], Pictures())).of("details")[0]


def test_a_note_has_its_heading_before_it(outputs):
    report.show_note("Depth <helps>.", "What surprised")
    ((data, _),) = outputs
    assert data["text/plain"] == "What surprised. Depth <helps>."
    assert "<strong>What surprised.</strong> Depth &lt;helps&gt;." in data["text/html"]


@pytest.mark.parametrize("written", [len, int, report, 3, functools.partial(print), eval("lambda: 3")])
def test_what_has_no_source_is_one_sentence(written):
    with pytest.raises(UsageError, match=r"^show_source shows a function, .* written in Python\. Received: [^\n]+$"):
        report.show_source(written)
