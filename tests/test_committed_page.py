"""The committed pages are what today's code makes of the records beside them, word for word."""

import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.verdict import FROM_RECORDS, NOT_MADE, NOW, RECORDED
from cnnrepro.report import display
from cnnrepro.report.figure_numbers import numbers_of
from cnnrepro.runner.request import page_requests
from tests.committed_page import DRAWN, LENET, LISTED, OF_LEDGER, RACE, REPORTS, STUDIES, draw
from tests.elements import Elements

REDRAW = "python -m tests.committed_page draws it anew, or mend what changed its words"
WORD = re.compile(r"[^\W\d_]{2,}")


@pytest.fixture(scope="module", params=DRAWN, ids=lambda folder: folder.parent.name)
def new(request, tmp_path_factory):
    """The folder of a committed page, that of the page that today's code makes, and the words of its figures."""
    words = {}

    def figure_bundle(figure, name, *, alt, caption=""):
        words[name] = {text.get_text() for text in figure.findobj(Text) if text.get_visible()}
        about = {"cnnrepro": {"figure": name, "alt": alt, "caption": caption}}
        numbers = numbers_of(figure)
        beside = {} if numbers is None else {display.NUMBERS_TYPE: numbers.to_csv(index=False)}
        return {"image/svg+xml": "<svg/>", "image/png": PIXEL, "text/plain": alt, **beside}, about

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(display, "figure_bundle", figure_bundle)
        page = draw(request.param, tmp_path_factory.mktemp("new"))
    return request.param, page.parent, words


# One transparent pixel as PNG.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def lines(folder):
    """The text of a page, line by line, and what its pictures show; without the drawings and the style sheet."""
    text = re.sub(r"<(svg|style).*?</\1>", "", (folder / "index.html").read_text(encoding="utf-8"), flags=re.DOTALL)
    elements = Elements(text)
    alts = [attributes["alt"] for attributes in elements.of("img") if attributes.get("alt")]
    words = (" ".join(word.split()) for word in elements.words)
    return [word for word in words if word], alts


def test_the_page_says_what_todays_code_says(new):
    assert lines(new[0]) == lines(new[1]), REDRAW


def test_what_a_cell_shows_stands_below_it():
    notebook = nbformat.read(OF_LEDGER / "notebook.ipynb", as_version=4)
    showing = [cell for cell in notebook.cells if "report.show" in cell.source]
    assert [display.VERDICT_TYPE in output.data for cell in showing for output in cell.outputs[-1:]] == [False, True]


def test_its_report_is_the_same(new):
    committed, made = (json.loads((folder / "report.json").read_text(encoding="utf-8")) for folder in new[:2])
    assert committed.pop("created") and made.pop("created")
    for about in (made, committed):
        about.pop("seconds", None)
        about.pop("drawn")  # which drawings have no photographs in them: here nothing is drawn
    assert committed == made, REDRAW


def test_every_number_that_was_judged_stands_in_the_numbers_beside_a_figure(new):
    folder = new[1]
    about = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    if new[0] == LENET:  # judges no statement
        errors = pd.read_csv(folder / "figures" / "errors.csv")
        assert list(errors.groupby("what").value.count()) == [5, 5] and not about["verdicts"]
        return
    if new[0] not in STUDIES:  # the flagship counts seeds
        seeds = pd.read_csv(folder / "figures" / "shares.csv").groupby("what").value
        judged = {
            f"{effect['name']}, {effect['condition']}": pytest.approx((effect["value"], effect["n"]), abs=1e-6)
            for verdict in about["verdicts"]
            for effect in verdict["effects"]
        }
        assert judged and all((seeds.mean()[what], seeds.count()[what]) == own for what, own in judged.items())
        return
    numbers = pd.concat([pd.read_csv(file) for file in (folder / "figures").glob("*.csv") if file.stem != "curves"])
    keys = {key for runs in numbers.runs for key in re.findall(r"\*(\S+)", runs)}
    assert keys and all((new[0] / "records" / key / "record.json").is_file() for key in keys)
    for effect in (effect for verdict in about["verdicts"] for effect in verdict["effects"]):
        name, _, measured = effect["name"].rpartition(": ")
        what = ", ".join(filter(None, (name, effect["condition"])))
        own = numbers[(numbers.what == what) & (numbers.measured == measured)].value
        mean = np.log2(own).mean() if effect["unit"] == "octaves" else own.mean()
        assert (len(own), mean) == (effect["n"], pytest.approx(effect["value"], abs=1e-5)), effect["name"]


def test_its_notebook_is_the_same(new):
    committed, made = (json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8")) for folder in new[:2])
    assert [
        cell["source"] for cell in committed["cells"] if "injected-parameters" not in cell["metadata"].get("tags", ())
    ] == [cell["source"] for cell in made["cells"]], REDRAW


def test_its_figures_have_the_same_words(new):
    for name, words in new[2].items():
        drawn = (new[0] / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        said = {" ".join(text.split()) for text in re.findall(r"<!-- (.*?) -->", drawn, flags=re.DOTALL)}
        lines = {" ".join(line.split()) for text in words if WORD.search(text) for line in text.splitlines()}
        assert lines - said == set(), (name, REDRAW)


def test_around_the_race_the_page_is_todays(tmp_path):
    assert lines(draw(RACE, tmp_path).parent) == lines(RACE), REDRAW


def test_make_site_draws_the_committed_pages():
    requests = page_requests([str(LISTED)], {})
    assert [REPORTS / one.name / one.slug for one in requests][-1] == OF_LEDGER
    assert {REPORTS / one.name / one.slug for one in requests} == {*DRAWN, OF_LEDGER}


def test_the_ledger_s_page_has_the_statements_and_words_of_today():
    """What the checks compute is tested one by one; here their page is not left behind."""
    about = json.loads((OF_LEDGER / "report.json").read_text(encoding="utf-8"))
    said = {one["claim"]: (one["word"], [part["word"] for part in one["parts"]]) for one in about["verdicts"]}
    assert said == {row.number: (row.verdict, [part.verdict for part in row.parts]) for row in LEDGER.values()}, REDRAW
    assert {one["made"] for one in about["verdicts"]} <= {NOW, FROM_RECORDS, NOT_MADE, RECORDED}
    text = "".join("".join(lines(OF_LEDGER)[0]).split())
    claimed = [text for row in LEDGER.values() for text in (row.text, *(part.text for part in row.parts))]
    assert [one for one in claimed if "".join(one.split()) not in text] == [], REDRAW
