"""The verdict on a statement whose study is designed and not run yet: that it is not tested."""

from __future__ import annotations

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import NOT_MADE, NOT_TESTED, Part, Verdict

DESIGNED = "The study is designed and not yet run"


def not_tested(statement: Statement) -> Verdict:
    """That a statement is not tested yet, and what it takes: a command, or an experiment still to be written."""
    if statement.experiment:
        what = (
            "no records of it lie in the folder of reports (--reports names it); "
            f"`{statement.command}` makes them, with the notebook `{statement.experiment}`."
        )
    else:
        what = "how it is to be checked is decided, and the experiment is still to be written."
    parts = tuple(Part(NOT_TESTED, f"{DESIGNED}.") for _ in statement.parts)
    return Verdict(statement.number, NOT_TESTED, f"{DESIGNED}: {what}", basis="no runs yet", parts=parts, made=NOT_MADE)
