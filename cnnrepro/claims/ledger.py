"""The ledger: every checkable statement of the lecture notes, by number. Plain data.

To add a statement: its row in ``statements/<topic>.py``, its check in ``checks/<topic>.py``; a new topic also in
``TOPICS``. A notebook shows it with ``report.show_verdict(claims.check(NUMBER))``.
"""

from __future__ import annotations

from importlib import import_module

from cnnrepro.claims.statement import SOURCES, Statement
from cnnrepro.errors import UsageError

__all__ = ["LEDGER", "SOURCES", "Statement", "statement"]

TOPICS = (
    *("architectures", "convolution", "data_and_colours", "dense_layers", "losses_and_derivatives", "memory"),
    *("pooling", "receptive_fields", "recipe", "sizes", "studies", "to_come", "training_comparisons"),
)
_ROWS = [row for topic in TOPICS for row in import_module(f"cnnrepro.claims.statements.{topic}").STATEMENTS]
LEDGER: dict[int, Statement] = {row.number: row for row in sorted(_ROWS, key=lambda row: row.number)}
"""The statements by number."""


def statement(number: int) -> Statement:
    """The statement of that number; raises UsageError that lists the known ones."""
    if number not in LEDGER:
        raise UsageError(f"There is no statement {number}; there are {_ranges(sorted(LEDGER))}.")
    return LEDGER[number]


def _ranges(numbers: list[int]) -> str:
    """Numbers as people write them: 1 to 26, 30, 48 to 63."""
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    return ", ".join(f"{a} to {b}" if a < b else str(a) for a, b in zip(starts, ends, strict=True))
