import re

import pytest

from cnnrepro.claims import LEDGER, Outcome, Verdict
from cnnrepro.report import figures, page
from cnnrepro.report.safe_html import safe_html
from cnnrepro.report.statement_cards import ledger_bundle
from tests.report.drawn import legend

OUTCOMES = [
    Outcome(LEDGER[30], Verdict(30, "does not hold", "It is <not> so.", ("Finding 1.", "Finding 2."), "made up")),
    Outcome(LEDGER[30], Verdict(30, "holds", "It is so.", ("Finding 3.",), "made up")),
    Outcome(LEDGER[30], None),
]


def test_every_statement_has_a_card_with_verdict_source_and_evidence():
    shown = safe_html(ledger_bundle(OUTCOMES)["text/html"])
    assert shown.count('class="statement not"') == 2
    assert shown.count('class="statement holds"') == 1
    assert "It is &lt;not&gt; so." in shown
    assert "<li>Finding 2.</li>" in shown
    assert "recorded: does not hold" in shown  # the second check gave another word
    assert "cnnrepro run alexnet_vs_resnet -p dataset=mnist" in shown


def test_the_verdicts_are_carried_for_the_page(notebook):
    notebook.cells[8].outputs[0]["data"] = ledger_bundle(OUTCOMES[:1])
    assert [verdict.claim for verdict in page.verdicts_of(notebook)] == [30]


def test_as_text_it_is_two_lines_a_statement():
    assert re.search(r"^ 30  does not hold .*\n     It is <not> so\.", ledger_bundle(OUTCOMES)["text/plain"])


def test_the_tally_counts_by_source():
    rows = [("S0, intro; S2, end", "holds"), ("S0", "does not hold"), ("S2", "holds if …")]
    figure = figures.tally(rows, ["S0", "S2"])
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["all", "S0", "S2"]
    assert legend(figure) == ["holds", "holds if …", "does not hold", "undecided", "not checkable here"]
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["1"] * 7


def test_no_statements_is_an_error():
    with pytest.raises(ValueError, match="no statements"):
        figures.tally([], ["S0"])
