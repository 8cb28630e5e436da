"""What a notebook shows of a claim of somebody's own: the verdict, and its tables."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from cnnrepro.lessons import own_claim
from cnnrepro.report.display import OWN_CLAIM_TYPE, card, show_output, show_table
from cnnrepro.report.safe_html import verdict_look
from cnnrepro.report.study_views import show_contrasts
from cnnrepro.report.tables import table

if TYPE_CHECKING:
    from cnnrepro.claims.own_claims import OwnVerdict
    from cnnrepro.experiments.own_claim import ClaimFile
    from cnnrepro.experiments.results import Results

ANCHOR = "own-claim"
NO_STATEMENT = "A claim of its author’s own, no statement of the ledger"


def show_own_claim(verdict: OwnVerdict) -> None:
    """Show the verdict on a claim of somebody's own; its page repeats it at the top."""
    show_output(own_claim_bundle(verdict))


def own_claim_bundle(verdict: OwnVerdict) -> dict:
    """The verdict as the data of one notebook output."""
    findings = [*verdict.evidence, verdict.provenance]
    items = "".join(f"<li>{html.escape(finding)}</li>" for finding in findings)
    below = f'<ul>{items}</ul><p class="basis">{html.escape(verdict.basis)}</p>'
    asked = f"{NO_STATEMENT}: {verdict.statement}"
    made = card(verdict_look(verdict.word), asked, verdict.word, verdict.sentence, below, ANCHOR)
    lines = [asked, f"{verdict.word}: {verdict.sentence}", *(f"- {finding}" for finding in findings), verdict.basis]
    return {OWN_CLAIM_TYPE: verdict.to_dict(), "text/html": made, "text/plain": "\n".join(lines)}


def show_claim_tables(results: Results, file: ClaimFile) -> None:
    """Show the tables of a claim: its contrasts, its arms, what its file fixed, and what its author says of limits."""
    show_contrasts(results, file.study)
    rows = own_claim.fixed_rows(file, results)
    show_table(table(("what", "how"), rows, caption="What the file fixed, and since when there are runs"))
    if file.claim.limits:
        show_table(table(("what this does not say",), [(file.claim.limits,)]))
