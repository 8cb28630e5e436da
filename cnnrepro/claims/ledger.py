"""The ledger: each checkable statement of the lecture notes, and how it is checked. Plain data.

To add a statement: write its check in a file of ``checks/`` (or an experiment), and its row in ``rows_*.py``.
"""

from __future__ import annotations

from cnnrepro.claims.rows_arithmetic import ARITHMETIC
from cnnrepro.claims.rows_experiments import EXPERIMENTAL
from cnnrepro.claims.statement import SOURCES, Statement
from cnnrepro.errors import UsageError

__all__ = ["LEDGER", "SOURCES", "Statement", "statement"]

LEDGER: dict[int, Statement] = {
    one.number: one for one in sorted((*ARITHMETIC, *EXPERIMENTAL), key=lambda one: one.number)
}


def statement(number: int) -> Statement:
    """The statement of that number; raises UsageError that lists the known ones."""
    if number not in LEDGER:
        raise UsageError(f"There is no statement {number}; there are {_ranges(sorted(LEDGER))}.")
    return LEDGER[number]


def _ranges(numbers: list[int]) -> str:
    """Numbers as people write them: 1 to 26, 30, 48 to 63."""
    starts = [one for one in numbers if one - 1 not in numbers]
    ends = [one for one in numbers if one + 1 not in numbers]
    return ", ".join(f"{a} to {b}" if a < b else str(a) for a, b in zip(starts, ends, strict=True))
