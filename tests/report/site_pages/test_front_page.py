"""What the front page says, and of which page."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnrepro.claims import Verdict
from cnnrepro.claims.verdict import Effect, count
from cnnrepro.report.safe_html import tally
from cnnrepro.report.site_pages import frame, front_page, ledger_table
from tests.elements import Elements


def entry(folder, n, word="holds", experiment="alexnet_vs_resnet", figures=("curves",), data="mnist_5k"):
    effect = Effect("ahead", 1.0, 0.7, 1.0, "share of seeds", n, "r", word, text=f"in {n} of {n} seeds (69% to 100%)")
    verdict = Verdict(30, word, f"So, with {n}.", basis=data, effects=(effect,))
    return {
        "link": f"{experiment}/{folder}/index.html",
        "title": f"AlexNet <{folder}>",
        "experiment": experiment,
        "folder": folder,
        "claims": [30],
        "verdicts": [(verdict.to_dict(), "holds", "✓", "")],
        "tally": tally(count([verdict])),
        "figures": list(figures),
        "drawn": True,
    }


@pytest.fixture
def verdicts():
    return ledger_table.verdicts_of(None)


def write(site, entries, verdicts, documents=()):
    shown = front_page.shown(site, entries, verdicts, documents)
    return frame.write(site, "index.html", "front.html.j2", **shown, ways=[]).read_text(encoding="utf-8")


def test_the_flagship_with_the_most_seeds_answers_and_the_ledgers_word_stands_beside_it(tmp_path, verdicts):
    pixels = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (900, 1400, 3), "uint8")  # packs worse than any figure
    Image.fromarray(noise).save(pixels, "png")
    figures = tmp_path / "alexnet_vs_resnet" / "ten" / "figures"
    figures.mkdir(parents=True)
    (figures / "curves.png").write_bytes(pixels.getvalue())
    text = write(tmp_path, [entry("two", 2), entry("ten", 10)], verdicts)
    assert "So, with 10." in text and "So, with 2." not in text and "in 10 of 10 seeds" in text
    assert 'of that the ledger says: <a href="ledger.html#statement-30">undecided</a>' in text
    assert "AlexNet &lt;ten&gt;" in text and "<ten>" not in text
    (picture,) = Elements(text).of("img")
    assert picture["src"].startswith("data:image/png") and len(text.encode()) < 300_000


@pytest.mark.parametrize("seeds, answers", [(5, "ten"), (6, "whole")])
def test_the_statements_own_data_answer_with_seeds_enough_and_other_data_stand_below(
    seeds, answers, tmp_path, verdicts
):
    pages = [entry("two", 2), entry("whole", seeds, "undecided", data="mnist"), entry("ten", 10)]
    made = front_page.flagship(tmp_path, pages, verdicts)
    assert made["link"] == f"alexnet_vs_resnet/{answers}/index.html"
    text = write(tmp_path, pages, verdicts)
    own, other = ("mnist", 'mnist_5k, with 10 seeds: <a href="alexnet_vs_resnet/ten/index.html">holds</a>.')
    if answers == "ten":
        own, other = ("mnist_5k", 'mnist, with 5 seeds: <a href="alexnet_vs_resnet/whole/index.html">undecided</a>.')
    assert f'<p class="basis">{own} · ' in text and f"<p>On {other}</p>" in text and text.count("<p>On mnist") == 1


@pytest.mark.parametrize("figures", [(), ("../../secret",), ("curves",), (5,)])
def test_without_a_picture_the_front_page_has_none(figures, tmp_path, verdicts):
    assert front_page.flagship(tmp_path, [entry("a", 3, figures=figures)], verdicts)["picture"] == ""


def test_counts_are_of_the_ledger_and_lead_to_their_rows(tmp_path, verdicts):
    text = write(tmp_path, [], verdicts)
    links = {link["href"] for link in Elements(text).of("a")}
    assert {"ledger.html#word-holds", "ledger.html#word-holds-if", "ledger.html#word-does-not-hold"} <= links
    assert "none was computed for this site" in text and f"{len(verdicts)} statements" in text


def test_places_lead_to_the_first_page_that_the_site_has():
    pages = [entry("new", 1, experiment="architectures"), entry("old", 1, experiment="architectures")]
    found = {place["text"]: place["link"] for place in front_page.places(pages, ["docs/speed.html"])}
    assert found == {
        "All questions": "questions.html",
        "The ledger": "ledger.html",
        "The models": "architectures/new/index.html",
        "The benchmarks": "docs/speed.html",
    }


def test_of_a_question_some_pages_are_named_and_of_ones_own_how_many(tmp_path, verdicts):
    text = write(tmp_path, [entry(str(n), n) for n in range(1, 6)] + [entry("x", 1, experiment="mine")], verdicts)
    assert 'href="questions.html">2 more</a>' in text and "1 page of one’s own" in text
