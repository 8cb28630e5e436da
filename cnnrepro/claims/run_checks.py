"""Run the checks of the ledger: each statement's verdict now, beside the recorded one."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING

from cnnrepro.claims.checks.to_come import not_tested
from cnnrepro.claims.ledger import LEDGER, statement
from cnnrepro.claims.scope import departures, is_part, without_verdict
from cnnrepro.claims.statement import SOURCES, Statement
from cnnrepro.claims.verdict import FROM_RECORDS, NOT_TESTED, NOW, RECORDED, NoVerdict, Part, Verdict
from cnnrepro.errors import CnnreproError, UsageError
from cnnrepro.files import read_regular

if TYPE_CHECKING:
    from cnnrepro.experiments.results import Results
    from cnnrepro.runs.record import RunRecord

PAGE = "index.html"  # the page, beside the folder of its records
LARGEST = 20 * 2**20  # bytes of a report.json or a record beside a page


@dataclass(frozen=True)
class Outcome:
    """What a check came to today.

    Args:
        statement: the ledger's entry.
        verdict: computed now; None where runs would decide and none of their records are here.
        page: that lies beside the records which decided, relative to the folder of reports; None where there is none.
    """

    statement: Statement
    verdict: Verdict | None
    page: str | None = None

    @property
    def shown(self) -> Verdict:
        """The verdict computed now, else the recorded one, marked as such; or that it is not tested yet."""
        if self.verdict is not None:
            return self.verdict
        row = self.statement
        if row.verdict == NOT_TESTED:
            return not_tested(row)
        sentence = (
            "Recorded earlier, not computed now: no records of it as today's code makes them lie in the folder of "
            f"reports (--reports names it); `{row.command}` makes them."
        )
        parts = tuple(Part(part.verdict, "Recorded earlier, not computed now.") for part in row.parts)
        return Verdict(row.number, row.verdict, sentence, parts=parts, made=RECORDED)

    @property
    def agrees(self) -> bool:
        """Whether the check gives the recorded words; where nothing could be computed, nothing disagrees."""
        words = [part.word for part in self.shown.parts]
        return self.shown.word == self.statement.verdict and words == [part.verdict for part in self.statement.parts]

    @property
    def evidence(self) -> tuple[str, ...]:
        """The verdict's sentence and findings, or what it would take to have them."""
        return (self.shown.sentence, *self.shown.evidence)

    def parts(self) -> list[dict]:
        """Each part of the statement with its word: its letter, what is claimed, what was found."""
        both = zip(self.statement.parts, self.shown.parts, strict=False)
        return [
            {
                "part": f"{self.statement.number}{letter}",
                "statement": claimed.text,
                "verdict": part.word,
                "recorded": claimed.verdict,
                "found": part.found,
            }
            for letter, (claimed, part) in zip(ascii_lowercase, both, strict=False)
        ]

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        row, verdict = self.statement, self.shown
        first = verdict.first_effect
        return {
            "number": row.number,
            "statement": row.text,
            "source": row.source,
            "sources": {name: str(SOURCES[name]) for name in row.sources},
            "check": row.method,
            "verdict": verdict.word,
            "recorded": row.verdict,
            "agrees": self.agrees,
            "computed": verdict.made in (NOW, FROM_RECORDS),
            "made": verdict.made,
            "parts": self.parts(),
            "evidence": list(self.evidence),
            "basis": verdict.basis,
            "n": first and first.n,
            "effect": first and first.value,
            "interval": first and first.interval,
            "unit": first and first.unit,
            "rule": first and first.rule,
            "effects": [asdict(effect) for effect in verdict.effects],
            "page": self.page,
            "notebook": _notebooks().get(row.number, "claims"),  # whose page lists them all
        }


@functools.cache
def _notebooks() -> dict[int, str]:
    """The notebook whose page gives the verdict on a statement, by its number; of two the later."""
    from cnnrepro.experiments import EXPERIMENTS

    return {number: name for name, experiment in EXPERIMENTS.items() for number in experiment.claims}


def check(number: int, results: Results | None = None) -> Verdict | NoVerdict:
    """Check a statement; no verdict where the runs are on other data, or over other epochs, than it speaks of.

    Args:
        number: of the statement in the ledger.
        results: of its experiment, where runs decide.

    Raises:
        UsageError: no such statement, or one that runs decide and no results.
    """
    row = statement(number)
    if not row.experiment:
        return function_of(row)(row) if row.to_come else function_of(row)()
    if results is None:
        raise UsageError(f"Statement {number} is decided by runs: {row.command}")
    judged, spec = function_of(row)(results, row), results.arms[0].specs[0]
    return without_verdict(row, spec, judged) if departures(row, spec) else judged


def outcomes(reports: Path, numbers: Sequence[int] | None = None) -> Iterator[Outcome]:
    """Check statement after statement, in the order of their numbers.

    Args:
        reports: folder of the pages; where runs decide, those beside a page are judged again.
        numbers: which; all by default.

    Raises:
        UsageError: no such statement.
    """
    rows = [statement(number) for number in numbers] if numbers is not None else LEDGER.values()
    for row in rows:
        if not row.experiment:
            yield Outcome(row, check(row.number))
            continue
        results = published_results(row, reports)
        if results is None:
            yield Outcome(row, None)
            continue
        judged = replace(check(row.number, results), made=FROM_RECORDS)
        page = results.store.folder.parent / PAGE
        yield Outcome(row, judged, page.relative_to(reports).as_posix() if page.is_file() else None)


def function_of(row: Statement) -> Callable[..., Verdict]:
    """The function that checks a statement."""
    topic, name = row.function.split(":")
    return getattr(importlib.import_module(f"cnnrepro.claims.checks.{topic}"), name)


def published_results(row: Statement, reports: Path) -> Results | None:
    """The records beside the page that decides a statement; of several pages the one with the most seeds.

    None where there is none. Where the statement speaks of data and epochs, a page on all of both decides; where it
    has a design of its own (``Statement.needs``), one with just these parameters and its notebook's defaults.
    """
    found = []
    for path in sorted(reports.glob(f"{row.experiment}/*/report.json")):
        parameters = _parameters_of(path)
        if parameters is not None and _decides(row, parameters):
            results = _results(row, parameters, path.parent / "records")
            if results is not None:
                found.append(results)
    return max(found, key=lambda results: len(results.records[0]), default=None)


def _parameters_of(report: Path) -> dict | None:
    """The parameters of a page; None where what lies beside it cannot be read, as the index says of it."""
    try:
        parameters = json.loads(read_regular(report, LARGEST))["parameters"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return parameters if isinstance(parameters, dict) else None


def _decides(row: Statement, parameters: dict) -> bool:
    """Whether a page with these parameters decides a statement."""
    from cnnrepro.experiments import experiment, read_parameters

    if not row.needs:
        return (parameters.get("dataset"), parameters.get("epochs")) == (row.dataset, row.epochs)
    notebook = experiment(row.experiment).notebook
    if not notebook.is_file():
        return False
    defaults = {name: parameter.default for name, parameter in read_parameters(notebook).items()}
    return parameters == {**defaults, **row.needs}


def _results(row: Statement, parameters: dict, folder: Path) -> Results | None:
    """An experiment's results from a folder of records; None where one is missing, or its data are not the whole that
    the statement names.

    A record counts under the key that today's code gives it: what an earlier version of a network or of the training
    gave is not what the statement's check would find today.
    """
    from cnnrepro.experiments import experiment
    from cnnrepro.experiments.results import Results
    from cnnrepro.runs.store import RECORD, RunStore

    try:
        arms = experiment(row.experiment).arms(**parameters)
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError, CnnreproError):
        return None  # a page of a version with other parameters, or other values of them
    specs = [spec for arm in arms for spec in arm.specs]
    every = filter(None, map(record_of_today, folder.glob(f"*/{RECORD}")))
    records = {record.spec: record for record in every if record.spec in specs}
    if not all(spec in records and not departures(row, spec) for spec in specs):
        return None
    if row.dataset and any(map(is_part, records.values())):
        return None
    return Results(arms, tuple(tuple(records[spec] for spec in arm.specs) for arm in arms), RunStore(folder))


def record_of_today(path: Path) -> RunRecord | None:
    """The record in a file beside a page; None where it cannot be read or has another key by today's code."""
    from cnnrepro.runs.keys import key_today
    from cnnrepro.runs.record import RunRecord

    try:
        record = RunRecord.from_dict(json.loads(read_regular(path, LARGEST)))
        return record if record.key == key_today(record) else None
    except (OSError, ValueError, RecursionError, CnnreproError):
        return None
