"""What notebooks show, where JupyterLab alone shows it: captions and styled cards."""

import pytest

from cnnrepro.claims.verdict import HOLDS, Verdict
from cnnrepro.report import display
from cnnrepro.report.cell_html import output_html
from cnnrepro.report.embedded_pictures import Pictures
from cnnrepro.report.safe_html import safe_html

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
