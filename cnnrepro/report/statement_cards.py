"""The ledger as part of a page: every statement with its verdict, what was found, and the evidence folded behind it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnrepro.claims.statement import Source
from cnnrepro.claims.verdict import NOT_MADE, count
from cnnrepro.report.display import VERDICT_TYPE, parts_list, show_output
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
    """Statements and verdicts as the data of one notebook output; those recorded earlier too, marked as such."""
    return {
        VERDICT_TYPE: [outcome.shown.to_dict() for outcome in outcomes],
        "text/html": f'<div class="ledger">{"".join(map(_card, outcomes))}</div>',
        "text/plain": "\n".join([*map(_lines, outcomes), count(outcome.shown for outcome in outcomes).sentence()]),
    }


def _card(outcome: Outcome) -> str:
    row = outcome.to_dict()
    look, mark = verdict_look(row["verdict"])
    sentence, findings = html.escape(outcome.shown.brief()), map(html.escape, outcome.shown.evidence)
    changed = "" if row["verdict"] == row["recorded"] else f" <em>recorded: {html.escape(row['recorded'])}</em>"
    earlier = outcome.shown.earlier
    made = f' <span class="made">{html.escape(earlier)}</span>' if earlier else ""
    checked = "How it is to be checked" if row["made"] == NOT_MADE else "How it was checked"
    evidence = "".join(f"<li>{finding}</li>" for finding in findings)
    basis = f'<p class="basis">{html.escape(row["basis"])}</p>' if row["basis"] else ""
    return (
        f'<div class="statement {look}" id="statement-{row["number"]}">'
        f'<p class="head"><a class="number" href="#statement-{row["number"]}">{row["number"]}</a> '
        f'<span class="word">{mark} {html.escape(row["verdict"])}</span>{changed}{made} '
        f'<span class="source">{html.escape(row["source"])}</span> '
        f'<span class="on-pages" id="pages-of-{row["number"]}"></span></p>'
        f'<p class="claim">{html.escape(row["statement"])}</p><p class="found">{sentence}</p>'
        f"{parts_list(outcome.shown)}"
        f"<details><summary>{checked}</summary><p>{html.escape(row['check'])}</p>"
        f"<ul>{evidence}</ul>{basis}</details></div>"
    )


def _lines(outcome: Outcome) -> str:
    row = outcome.to_dict()
    made = f" ({outcome.shown.earlier})" if outcome.shown.earlier else ""
    lines = [f"{row['number']:>3}  {row['verdict']:<20} {row['statement']}{made}", f"     {outcome.shown.brief()}"]
    parts = (f"     {part['part']}  {part['verdict']:<20} {part['statement']} {part['found']}" for part in row["parts"])
    return "\n".join([*lines, *parts])


def sources_table(sources: Mapping[str, Source]) -> Table:
    """The notes that the statements come from, as far as they name themselves."""
    caption = "The four sets of notes, as far as they name themselves."
    return table(("name", "what it is"), [(name, str(source)) for name, source in sources.items()], caption=caption)
