"""A claim of somebody's own on a page: no number, its author's words, and what nobody can see of its rule."""

from types import SimpleNamespace

import nbformat
import pytest

from cnnrepro import report
from cnnrepro.claims import OwnVerdict, difference
from cnnrepro.claims.verdict import Effect
from cnnrepro.errors import WorkFailed
from cnnrepro.experiments.own_claim import OwnClaim
from cnnrepro.report import display, opening, own_claim_views, page
from tests import made_up_study

EFFECT = Effect("a minus b: test error", -0.31, -0.55, -0.07, "points", 10, "", "holds", "", "−0.31 points (10 seeds)")
VERDICT = OwnVerdict(
    *("Is <a> better?", "holds", "So it is.", ("a minus b.",), "made up", (EFFECT,), "mine.py", "ab" * 32),
    *("2026-01-01T00:00:00+00:00", (difference("a", "b", less_by=0.1),), {"a": ("0" * 16,), "b": ("1" * 16,)}),
)


def test_its_card_has_no_number_and_says_what_cannot_be_seen():
    made = own_claim_views.own_claim_bundle(VERDICT)
    shown = made["text/html"]
    assert "A claim of its author’s own, no statement of the ledger: Is &lt;a&gt; better?" in shown
    assert 'id="own-claim"' in shown and "tatement-" not in shown
    assert "ab" * 32 in shown and "cannot be seen from this page" in shown
    assert display.VERDICT_TYPE not in made and made[display.OWN_CLAIM_TYPE]["word"] == "holds"


def test_its_row_comes_last_with_the_number_that_decides():
    (row,) = opening.rows([], [], [VERDICT])
    assert (row["number"], row["word"], row["value"]) == (None, "holds", "−0.31 points")
    assert (row["interval"], row["link"]) == ("(10 seeds)", "#own-claim")
    assert row["basis"] == f"made up; mine.py, SHA-256 {'ab' * 8}…"


def test_a_page_without_the_verdict_is_not_complete():
    notebook = nbformat.v4.new_notebook()
    with pytest.raises(WorkFailed, match="it shows no verdict on the claim of its file"):
        page.require_complete(notebook, own_claim=True)
    output = nbformat.v4.new_output("display_data", own_claim_views.own_claim_bundle(VERDICT))
    notebook.cells.append(nbformat.v4.new_code_cell("1", outputs=[output], execution_count=1))
    page.require_complete(notebook, own_claim=True)
    assert page.own_verdicts_of(notebook) == (VERDICT,)


def test_its_tables_are_those_of_a_study_and_what_the_file_fixed(monkeypatch):
    shown = []
    monkeypatch.setattr(display, "show_output", lambda data, metadata=None: shown.append(data["text/html"]))
    results = made_up_study.results()
    for _, record in results.all():
        record.started = "2026-01-01T00:00:00+00:00"
    first, second = results.labels[:2]
    claim = OwnClaim(
        "Dropout helps.",
        arms=dict.fromkeys(results.labels, "lenet5_modern"),
        dataset="mnist_5k",
        holds=difference(second, first, less_by=0.5),
        limits="Everything else.",
        published="Somebody 2012.",
    )
    file = SimpleNamespace(
        claim=claim, study=claim.study, sha256="ab" * 32, digests={"mine.py": "ab" * 32, "x.py": "c"}
    )
    report.show_claim_tables(results, file)
    contrasts, arms, fixed, limits = shown
    assert "dropout 0.5 minus no dropout" in contrasts and "356,298" in arms
    for words in (
        "ab" * 32,
        "imported by it: x.py",
        "started 2026-01-01 00:00:00 UTC",
        "Somebody 2012.",
        "lenet5_modern",
    ):
        assert words in fixed
    assert "none was searched for" in fixed and "lies below 0, the mean at −0.5 or below" in fixed
    assert "Everything else." in limits
