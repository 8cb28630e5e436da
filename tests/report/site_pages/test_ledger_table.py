"""The ledger as a table: its words, and what narrows it down."""

import re

import pytest

from cnnrepro.claims import LEDGER, Verdict
from cnnrepro.claims.verdict import RECORDED, Effect, Part
from cnnrepro.report.site_pages import frame, ledger_table
from tests.elements import Elements

EFFECT = Effect("a minus b", -0.3, -0.5, -0.1, "points", 10, "a rule", "holds", text="−0.3 points (−0.5 to −0.1)")
SAID = (
    Verdict(6, "does not hold", "s", parts=(Part("holds", "x."), Part("does not hold", "y."), Part("holds", "z."))),
    Verdict(40, "holds", "So <b>.", effects=(EFFECT,), made="judged now, from runs recorded earlier"),
)


@pytest.fixture
def ledger():
    """What the index says of a page of the ledger that has two of the statements."""
    return {
        "link": "claims/default/index.html",
        "title": "The ledger",
        "experiment": "claims",
        "folder": "default",
        "created": "2026-11-30T10:00",
        "claims": [6, 40],
        "verdicts": [(verdict.to_dict(), "", "", "") for verdict in SAID],
        "own_claims": [],
    }


@pytest.fixture
def shown(ledger):
    other = ledger | {"link": "dropout/a/index.html", "experiment": "dropout", "title": "Dropout: x", "claims": [40]}
    verdicts = ledger_table.verdicts_of(ledger)
    return ledger_table.shown(verdicts, ledger, [ledger, other])


def page(shown, tmp_path):
    return frame.write(tmp_path, "ledger.html", "ledger.html.j2", **shown, ways=[]).read_text(encoding="utf-8")


def test_words_are_those_of_the_ledgers_page_and_else_the_recorded_ones_marked_as_such(shown):
    rows = {row["number"]: row for row in shown["rows"]}
    assert list(rows) == list(LEDGER)
    assert (rows[6]["word"], rows[6]["made"], rows[6]["why"]) == ("does not hold", "computed", [("b", "y.")])
    assert (rows[40]["word"], rows[40]["made"]) == ("holds", "judged from the records of runs")
    assert (rows[40]["value"], rows[40]["interval"]) == ("−0.3 points", "(−0.5 to −0.1)")
    assert rows[40]["card"] == "claims/default/index.html#statement-40"
    assert rows[40]["pages"] == [{"title": "Dropout", "link": "dropout/a/index.html#statement-40"}]
    for number in LEDGER.keys() - {6, 40}:
        assert rows[number]["word"] == LEDGER[number].verdict
        assert rows[number]["made"] in ("recorded, not computed", "no runs yet")
        assert not rows[number]["card"] and not rows[number]["found"] and not rows[number]["why"]


def test_without_a_page_of_the_ledger_every_word_is_recorded(tmp_path):
    verdicts = ledger_table.verdicts_of(None)
    assert {verdict.made for verdict in verdicts.values()} == {RECORDED, ""}
    text = page(ledger_table.shown(verdicts, None, []), tmp_path)
    assert "This site has no page of the ledger" in text and ">details<" not in text


def test_every_choice_hides_the_rows_of_the_others_and_the_counts_are_right(shown, tmp_path):
    text = page(shown, tmp_path)
    made = Elements(text)
    classes = [set(row["class"].split()) for row in made.of("tr") if "class" in row]
    assert len(classes) == len(LEDGER)
    rules = dict(
        re.findall(r"body:has\(#([\w-]+):checked\) \.rows tr:not\(\.([\w-]+)\)[^}]*\{ display: none; \}", text)
    )
    counts = {one.key: one.count for group in shown["filters"].values() for one in group}
    assert rules == {key: key for key in counts}
    for key, count in counts.items():
        assert sum(key in row for row in classes) == count > 0
    inputs = made.of("input")
    assert {one["id"] for one in inputs} == counts.keys() | {"any-word", "any-notes", "any-subject"}
    assert [one["id"] for one in inputs if "checked" in one] == ["any-word", "any-notes", "any-subject"]
    assert text.count("<label>") == len(inputs) and text.count("<legend>") == 3
    assert sum(one.count for one in shown["filters"]["Subject"]) == len(LEDGER)


def test_an_address_shows_the_rows_of_a_word(shown, tmp_path):
    key = ledger_table.key_of("does not hold")
    assert f"body:has(#any-word:checked):has(#{key}:target) .rows tr:not(.{key})" in page(shown, tmp_path)


def test_claims_of_ones_own_stand_below_and_are_not_counted(ledger, tmp_path):
    claim = {"statement": "Mine <b>.", "word": "holds", "sentence": "It does.", "basis": "5 seeds", "file": "mine.py"}
    own = ledger | {"link": "own_claim/mine/index.html", "experiment": "own_claim", "title": "Mine: mnist_5k"}
    own |= {"claims": [], "verdicts": [], "own_claims": [(claim, "holds", "✓")]}
    made = ledger_table.shown(ledger_table.verdicts_of(ledger), ledger, [own, ledger])
    assert len(made["rows"]) == len(LEDGER)
    table = page(made, tmp_path).partition('id="own-claims"')[2]
    assert '<a href="own_claim/mine/index.html#own-claim" aria-label="Mine: mnist_5k: all' in table
    assert "Mine &lt;b&gt;." in table and "holds" in table and "It does." in table and "mine.py" in table


def test_without_claims_of_ones_own_there_is_no_table_of_them(shown, tmp_path):
    assert "own-claims" not in page(shown, tmp_path)


def test_texts_are_text(shown, tmp_path):
    shown["rows"][0] |= {"text": "<script>", "found": "<b>"}
    text = page(shown, tmp_path)
    assert "<script" not in text and "&lt;script&gt;" in text
