"""Going through the ledger: every statement's check, and whether it gives the recorded verdict again."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.claims.ledger import LEDGER, statement
from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import Verdict
from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    from cnnrepro.experiments.results import Results


@dataclass(frozen=True)
class Outcome:
    """What a check came to today.

    Args:
        statement: the ledger's entry.
        verdict: computed now; None where runs would decide and none of their records are here.
    """

    statement: Statement
    verdict: Verdict | None

    @property
    def agrees(self) -> bool:
        """Whether the check gives the recorded verdict; where nothing could be computed, nothing disagrees."""
        return self.verdict is None or self.verdict.word == self.statement.verdict

    @property
    def evidence(self) -> tuple[str, ...]:
        """The verdict's sentence and findings, or what it would take to have them."""
        if self.verdict is not None:
            return (self.verdict.sentence, *self.verdict.evidence)
        one = self.statement
        return (
            f"Recorded earlier, not computed now: no records of it lie in the folder of reports (--reports names it); "
            f"`cnnrepro run {one.experiment} -p dataset={one.dataset}` makes them.",
        )

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        one = self.statement
        return {
            "number": one.number,
            "statement": one.statement,
            "source": one.source,
            "check": one.check,
            "verdict": self.verdict.word if self.verdict else one.verdict,
            "recorded": one.verdict,
            "agrees": self.agrees,
            "computed": self.verdict is not None,
            "evidence": list(self.evidence),
            "basis": self.verdict.basis if self.verdict else "",
            "notebook": one.notebook,
        }


def parse_number(text: str) -> int:
    """A statement's number as people write it; raises UsageError for anything else."""
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"A statement is named by its number, such as 7. Received: {text!r}")
    return int(text)


def check(number: int) -> Verdict:
    """Check a statement that needs no training.

    Raises:
        UsageError: no such statement, or one that an experiment decides.
    """
    one = statement(number)
    if one.experiment:
        raise UsageError(f"Statement {number} is decided by runs: cnnrepro run {one.experiment}")
    return _function(one)()


def outcomes(reports: Path, numbers: Sequence[int] | None = None) -> Iterator[Outcome]:
    """Check statement after statement, in the order of their numbers.

    Args:
        reports: folder of the pages; where runs decide, those beside a page are judged again.
        numbers: which; all by default.

    Raises:
        UsageError: no such statement.
    """
    chosen = [statement(number) for number in numbers] if numbers is not None else list(LEDGER.values())
    for one in chosen:
        if one.experiment:
            results = published_results(one, reports)
            yield Outcome(one, _function(one)(results, one) if results else None)
        else:
            yield Outcome(one, _function(one)())


def _function(one: Statement):
    module, name = one.how.split(":")
    return getattr(importlib.import_module(module), name)


def published_results(one: Statement, reports: Path) -> Results | None:
    """The records beside a page of a statement's experiment, on the data and epochs it speaks of; None without them."""
    for path in sorted(reports.glob(f"{one.experiment}/*/report.json")):
        parameters = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        if (parameters.get("dataset"), parameters.get("epochs")) == (one.dataset, one.epochs):
            found = _results(one, parameters, path.parent / "records")
            if found is not None:
                return found
    return None


def _results(one: Statement, parameters: dict, folder: Path) -> Results | None:
    """An experiment's results from a folder of records; None where one is missing."""
    from cnnrepro.experiments import experiment
    from cnnrepro.experiments.results import Results
    from cnnrepro.runs.record import RunRecord
    from cnnrepro.runs.store import RECORD, RunStore

    texts = (path.read_text(encoding="utf-8") for path in folder.glob(f"*/{RECORD}"))
    records = {record.spec: record for record in map(RunRecord.from_dict, map(json.loads, texts))}
    arms = experiment(one.experiment).arms(parameters)
    if not all(spec in records for arm in arms for spec in arm.specs):
        return None
    return Results(arms, tuple(tuple(records[spec] for spec in arm.specs) for arm in arms), RunStore(folder))
