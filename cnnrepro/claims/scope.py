"""Whether runs are about a statement: made on the data, and over the epochs, that it speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cnnrepro import data
from cnnrepro.claims.ledger import statement
from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import NoVerdict, Verdict

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord
    from cnnrepro.runs.spec import RunSpec

# Data sets that are a part of another, image by image; what is measured on one is about the other, and says so.
PART_OF = {"mnist_5k": "mnist"}


def departures(row: Statement, spec: RunSpec) -> list[str]:
    """What keeps a run from being about a statement, each in words that go on "the runs …"; none where it is."""
    apart = []
    if row.dataset not in ("", spec.dataset, PART_OF.get(spec.dataset)):
        apart.append(f"were made on {spec.data_title()}")
    everything = data.info(spec.dataset).sizes.get("train")
    if row.dataset and spec.train_images not in (None, everything):
        apart.append(f"saw {spec.train_images:,} training images{f' of {everything:,}' if everything else ''}")
    if row.epochs not in (0, spec.epochs):
        apart.append(f"went over {counted(spec.epochs, 'epoch')}")
    return apart


def decided_by(numbers: Iterable[int], specs: Sequence[RunSpec]) -> tuple[int, ...]:
    """Of the statements that a page may judge, those that its runs are about; all where it has no runs."""
    return tuple(number for number in numbers if not any(departures(statement(number), spec) for spec in specs))


def named(row: Statement) -> str:
    """The data and epochs that a statement speaks of: "MNIST and 5 epochs"."""
    return " and ".join(
        [data.info(row.dataset).title] * bool(row.dataset) + [counted(row.epochs, "epoch")] * bool(row.epochs)
    )


def is_part(record: RunRecord) -> bool:
    """Whether a run's data are only a part of the data set that they are about."""
    return record.spec.dataset in PART_OF or "partial" in record.data


def without_verdict(row: Statement, spec: RunSpec, measured: Verdict) -> NoVerdict:
    """What runs that are not about a statement have measured, and why that is no verdict on it.

    Args:
        row: the statement.
        spec: one of the runs.
        measured: what the statement's check makes of them.
    """
    sentence = (
        f"Statement {row.number} is about {named(row)}; the runs of this page {' and '.join(departures(row, spec))}. "
        "So they are shown, and judge nothing."
    )
    return NoVerdict(row.number, sentence, measured.evidence, measured.basis)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 epoch", "5 epochs"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
