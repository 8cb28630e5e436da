"""What README and docs/results.md say of the ledger: how often each word was given, and what the committed pages say.

``python -m tests.ledger_in_readme`` writes it there, between two marks; a test compares.
"""

from collections.abc import Iterable
from urllib.parse import quote

from cnnrepro.claims import LEDGER, Count, Outcome, Verdict, count, outcomes
from cnnrepro.claims.verdict import Part
from tests import drawn_in_readme
from tests.committed_page import REPORTS

MODULE = "tests.ledger_in_readme"
RESULTS = REPORTS.parent / "docs" / "results.md"
LINK = "by what, and how sure](docs/results.md#from-trainings)"
HEAD = ("| | the notes | | what decides | |", "|---|---|---|---|---|")


def recorded() -> Count:
    """How often each word is recorded; other tests hold the words against the checks."""
    return count(
        Verdict(row.number, row.verdict, "", parts=tuple(Part(part.verdict, "") for part in row.parts))
        for row in LEDGER.values()
    )


def studied() -> Iterable[Outcome]:
    """What the committed pages say of the statements that trainings decide."""
    return outcomes(REPORTS, [row.number for row in LEDGER.values() if row.experiment])


def rows(found: Iterable[Outcome]) -> list[str]:
    """A line of the table for each statement that has a page."""
    return [
        f"| {one.statement.number} | {one.statement.text} | {one.shown.word} | {_effects(one.shown)} | "
        f"[page](../reports/{quote(one.page)}) |"
        for one in found
        if one.page
    ]


def _effects(verdict: Verdict) -> str:
    """The numbers of the statement as it stands, with their intervals and seeds; else what was found."""
    own = [f"{effect.name} {effect.text}" for effect in verdict.effects if not effect.condition]
    return "; ".join(own) or verdict.sentence


def block(found: Iterable[Outcome]) -> str:
    """README's, with its marks; what has no page yet does not count."""
    judged = sum(bool(one.page) for one in found)
    said = [f"**The ledger** has {recorded().sentence()}"]
    return drawn_in_readme.block(MODULE, said + [f"{judged} were judged by trainings: [{LINK}."] * bool(judged))


def table(found: Iterable[Outcome]) -> str:
    """That of docs/results.md, with its marks."""
    return drawn_in_readme.block(MODULE, [*HEAD, *rows(found)])


if __name__ == "__main__":
    drawn_in_readme.write(MODULE, block(studied()))
    drawn_in_readme.write(MODULE, table(studied()), RESULTS)
