"""The ledger as part of a page: every statement with its verdict, what was found, and the evidence folded behind it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnrepro.report.display import VERDICT_TYPE, show_output
from cnnrepro.report.safe_html import verdict_look
from cnnrepro.report.tables import Table, table

if TYPE_CHECKING:
    from cnnrepro.claims import Outcome


def show_ledger(outcomes: Sequence[Outcome]) -> None:
    """Show statements with their verdicts; the page counts the verdicts at its top.

    Args:
        outcomes: of ``claims.outcomes``.
    """
    show_output(ledger_bundle(outcomes))


def ledger_bundle(outcomes: Sequence[Outcome]) -> dict:
    """Statements and verdicts as the data of one notebook output."""
    return {
        VERDICT_TYPE: [outcome.verdict.to_dict() for outcome in outcomes if outcome.verdict is not None],
        "text/html": f'<div class="ledger">{"".join(map(_card, outcomes))}</div>',
        "text/plain": "\n".join(_line(outcome) for outcome in outcomes),
    }


def _card(outcome: Outcome) -> str:
    row = outcome.to_dict()
    look, mark = verdict_look(row["verdict"])
    sentence, *findings = map(html.escape, row["evidence"])
    changed = "" if row["agrees"] else f" <em>recorded: {html.escape(row['recorded'])}</em>"
    evidence = "".join(f"<li>{finding}</li>" for finding in findings)
    basis = f'<p class="basis">{html.escape(row["basis"])}</p>' if row["basis"] else ""
    return (
        f'<div class="statement {look}" id="statement-{row["number"]}">'
        f'<p class="head"><span class="number">{row["number"]}</span> '
        f'<span class="word">{mark} {html.escape(row["verdict"])}</span>{changed} '
        f'<span class="source">{html.escape(row["source"])}</span></p>'
        f'<p class="claim">{html.escape(row["statement"])}</p><p class="found">{sentence}</p>'
        f"<details><summary>How it was checked</summary><p>{html.escape(row['check'])}</p>"
        f"<ul>{evidence}</ul>{basis}</details></div>"
    )


def _line(outcome: Outcome) -> str:
    row = outcome.to_dict()
    return f"{row['number']:>3}  {row['verdict']:<20} {row['statement']}\n     {row['evidence'][0]}"


def sources_table(sources: dict[str, str]) -> Table:
    """The notes that the statements come from."""
    return table(("name", "what it is"), list(sources.items()), caption="The four sets of notes.")
