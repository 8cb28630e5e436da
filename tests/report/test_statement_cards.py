import re

import pytest

from cnnrepro.claims import LEDGER, Outcome, Statement, Verdict, count
from cnnrepro.claims.statement import Claimed
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF, RECORDED, WORDS, Part
from cnnrepro.report import figures, page
from cnnrepro.report.display import verdict_bundle
from cnnrepro.report.safe_html import safe_html
from cnnrepro.report.statement_cards import ledger_bundle
from tests.made_up_study import not_tested
from tests.report.drawn import legend

OUTCOMES = [
    Outcome(LEDGER[30], Verdict(30, "does not hold", "It is <not> so.", ("Finding 1.", "Finding 2."), "made up")),
    Outcome(LEDGER[30], Verdict(30, "holds", "It is so.", ("Finding 3.",), "made up")),
    Outcome(LEDGER[30], None),
]
PARTS = Statement(
    *(999, "Two things.", "S0, intro; S2, end", "By hand", "sizes:plain_sizes"),
    parts=(Claimed("One thing.", "holds"), Claimed("Another <thing>.", "does not hold")),
)
IN_PARTS = Verdict(999, "does not hold", "1 of 2.", (), "made up", (Part("holds", "A."), Part("holds if …", "<B>.")))


@pytest.fixture
def in_parts(monkeypatch):
    monkeypatch.setitem(LEDGER, 999, PARTS)
    return Outcome(PARTS, IN_PARTS)


def test_every_statement_has_a_card_with_verdict_source_and_evidence():
    shown = safe_html(ledger_bundle(OUTCOMES)["text/html"])
    assert shown.count('class="statement not"') == 1
    assert shown.count('class="statement open"') == 1
    assert shown.count('class="statement holds"') == 1
    assert "It is &lt;not&gt; so." in shown
    assert "<li>Finding 2.</li>" in shown
    assert shown.count("recorded: undecided") == 2  # the first two checks gave another word
    assert "cnnrepro run alexnet_vs_resnet -p dataset=mnist" in shown


def test_the_verdicts_are_carried_for_the_page(notebook):
    notebook.cells[8].outputs[0]["data"] = ledger_bundle(OUTCOMES[:1])
    assert [verdict.claim for verdict in page.verdicts_of(notebook)] == [30]


def test_as_text_it_is_two_lines_a_statement():
    assert re.search(r"^ 30  does not hold .*\n     It is <not> so\.", ledger_bundle(OUTCOMES)["text/plain"])


def test_what_was_recorded_earlier_says_so_wherever_it_is_shown(notebook):
    bundle = ledger_bundle(OUTCOMES[2:])
    assert "recorded earlier, not computed now</span>" in bundle["text/html"]
    assert bundle["text/plain"].splitlines()[0].endswith("(recorded earlier, not computed now)")
    notebook.cells[8].outputs[0]["data"] = bundle
    (verdict,) = page.verdicts_of(notebook)
    assert (verdict.word, verdict.made) == ("undecided", RECORDED)
    assert count([verdict]).sentence().endswith("Of the statements 1 is recorded earlier, not computed now.")
    figure = figures.tally([(("S0",), verdict)], ["S0"])
    assert figure.axes[0].get_xlabel() == "1 of the statements: recorded earlier, not computed now"


def test_what_is_not_tested_yet_was_recorded_at_no_time(notebook, monkeypatch):
    monkeypatch.setitem(LEDGER, 40, not_tested(LEDGER[40]))
    bundle = ledger_bundle([Outcome(LEDGER[40], None)])
    shown = safe_html(bundle["text/html"])
    assert '<div class="statement later" id="statement-40">' in shown
    assert shown.count("○ not tested yet</span>") == 3  # the whole and its two parts
    assert "<summary>How it is to be checked</summary>" in shown
    assert "The study is designed and not yet run: no records" in shown
    assert "recorded" not in shown and 'class="made"' not in shown
    assert bundle["text/plain"].splitlines()[-1] == (
        "1 statement: 1 × not tested yet. With each part of a statement counted by itself, 2: 2 × not tested yet."
    )
    notebook.cells[8].outputs[0]["data"] = bundle
    (verdict,) = page.verdicts_of(notebook)
    assert figures.tally([(("S1",), verdict)], ["S1"]).axes[0].get_xlabel() == ""
    assert verdict_bundle(verdict)["text/plain"].endswith("\nno runs yet")


def test_each_part_has_its_word_on_the_card_and_in_the_text(in_parts):
    bundle = ledger_bundle([in_parts])
    shown = safe_html(bundle["text/html"])
    assert '<li class="holds"><span class="letter">999a</span>' in shown
    assert "◐ holds if …</span> <em>recorded: does not hold</em> Another &lt;thing&gt;." in shown
    assert "&lt;B&gt;." in shown
    assert re.search(r"^     999b  holds if … .*Another <thing>\. <B>\.$", bundle["text/plain"], re.MULTILINE)
    assert '<span class="letter">999b</span>' in verdict_bundle(IN_PARTS)["text/html"]
    assert "- b: holds if …. <B>." in verdict_bundle(IN_PARTS)["text/plain"]


def test_page_chart_and_terminal_count_alike(in_parts, notebook):
    outcomes = [OUTCOMES[0], in_parts]
    counted = count(one.shown for one in outcomes)
    assert (counted.statements, counted.apart) == (
        {"does not hold": 2},
        {"holds": 1, "holds if …": 1, "does not hold": 1},
    )
    notebook.cells[8].outputs[0]["data"] = ledger_bundle(outcomes)
    assert count(page.verdicts_of(notebook)) == counted
    figure = figures.tally([(one.statement.sources, one.shown) for one in outcomes], ["S0", "S2"])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        *("statements", "each part apart", "statements of S0", "statements of S2")
    ]
    assert legend(figure) == list(WORDS)
    assert sorted(text.get_text() for text in axes.texts if text.get_text()) == ["1"] * 4 + ["2"] * 2
    assert ledger_bundle(outcomes)["text/plain"].splitlines()[-1] == (
        "2 statements: 2 × does not hold. With each part of a statement counted by itself, 3: 1 × holds, "
        "1 × holds if …, 1 × does not hold."
    )


def test_no_statements_is_an_error():
    with pytest.raises(ValueError, match="no statements"):
        figures.tally([], ["S0"])


def test_a_sentence_that_ends_with_dots_gets_no_full_stop_besides():
    assert count([Verdict(1, HOLDS_IF, "")]).sentence() == "1 statement: 1 × holds if …"
    assert count([Verdict(1, HOLDS, "")]).sentence() == "1 statement: 1 × holds."
