"""The ledger: each checkable statement of the lecture notes, and how it is checked. Plain data.

To add a statement: write its check in a file of ``checks/`` (or an experiment), and its row in ``rows_*.py``.
"""

from __future__ import annotations

from cnnrepro.claims.rows_arithmetic import ARITHMETIC
from cnnrepro.claims.rows_experiments import EXPERIMENTAL
from cnnrepro.claims.statement import SOURCES, Statement
from cnnrepro.errors import unknown

__all__ = ["LEDGER", "SOURCES", "Statement", "statement"]

LEDGER: dict[int, Statement] = {
    one.number: one for one in sorted((*ARITHMETIC, *EXPERIMENTAL), key=lambda one: one.number)
}


def statement(number: int) -> Statement:
    """The statement of that number; raises UsageError that lists the known ones."""
    if number not in LEDGER:
        raise unknown("statement", str(number), [str(one) for one in LEDGER])
    return LEDGER[number]
