"""The verdicts on claims of people's own, which are no statements of the ledger and have no number.

A page keeps of such a verdict the rule and the keys of its runs as plain values, so that it is judged again from the
records beside it, and nobody's code is run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.claims.checks.studies import concluded
from cnnrepro.claims.run_checks import LARGEST, PAGE, record_of_today
from cnnrepro.claims.verdict import FROM_RECORDS, NOW, RECORDED, WORDS, Effect
from cnnrepro.errors import CnnreproError
from cnnrepro.experiments.own_claim import ClaimFile
from cnnrepro.experiments.results import Arm, Results
from cnnrepro.experiments.study import Contrast, Study
from cnnrepro.files import read_regular
from cnnrepro.runs.store import RECORD, RunStore

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

REPORT, RECORDS, CARRIED = "report.json", "records", "own_claims"  # beside a page; and the key of its verdicts in there
_TEXTS = ("statement", "word", "sentence", "basis", "file", "sha256", "started", "made")


@dataclass(frozen=True)
class OwnVerdict:
    """The verdict on a claim of somebody's own.

    Args:
        statement: in its author's words.
        word: one of ``claims.verdict.WORDS``.
        sentence, evidence, basis, effects, made: as of a ``Verdict``.
        file: that the claim stands in, without its folders.
        sha256: of the file.
        started: when the first of the runs began, UTC, ISO 8601.
        contrasts: the rule.
        runs: the keys of the runs, by arm.
    """

    statement: str
    word: str
    sentence: str
    evidence: tuple[str, ...]
    basis: str
    effects: tuple[Effect, ...]
    file: str
    sha256: str
    started: str
    contrasts: tuple[Contrast, ...]
    runs: Mapping[str, tuple[str, ...]]
    made: str = NOW

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise ValueError(f"A verdict is one of {', '.join(WORDS)}. Received: {self.word!r}")
        if not all(isinstance(getattr(self, name), str) for name in _TEXTS):
            raise ValueError(f"{', '.join(_TEXTS)} of a verdict are texts.")

    @property
    def study(self) -> Study:
        """The rule with its arms."""
        return Study(None, "", self.contrasts, tuple(self.runs))

    @property
    def provenance(self) -> str:
        """Where arms and rule stand, and what nobody can see of them."""
        return (
            f"Arms and rule stand in {self.file} (SHA-256 {self.sha256}), a file that can be edited after the runs; "
            f"the first run that counts started on {spelled_start(self.started)}. Whether the rule was fixed before it "
            "cannot be seen from this page."
        )

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self) | {"runs": {label: list(keys) for label, keys in self.runs.items()}}

    @classmethod
    def from_dict(cls, values: dict) -> OwnVerdict:
        """The verdict that ``to_dict`` wrote.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: values of another form.
        """
        lists = {
            "evidence": tuple(map(str, values["evidence"])),
            "effects": tuple(Effect(**one) for one in values["effects"]),
            "contrasts": tuple(Contrast(**one) for one in values["contrasts"]),
            "runs": {label: tuple(map(str, keys)) for label, keys in values["runs"].items()},
        }
        return cls(**(values | lists))


def own_verdict(file: ClaimFile, results: Results) -> OwnVerdict:
    """The verdict on the claim of a file, from its runs."""
    said = concluded(file.study, results)
    return OwnVerdict(
        *(file.claim.statement, said.word, said.sentence, said.evidence, _basis(results), said.effects),
        *(file.path.name, file.sha256, first_start(results), file.claim.contrasts),
        runs={label: tuple(one.key for one in records) for label, records in _by_arm(results)},
    )


def first_start(results: Results) -> str:
    """When the first of the runs began, UTC, ISO 8601."""
    return min(record.started for _, record in results.all())


def spelled_start(started: str) -> str:
    """A time as people read it: "2026-11-30 09:56:23 UTC"."""
    return started.replace("T", " ").replace("+00:00", " UTC")


def _by_arm(results: Results) -> Iterator[tuple[str, tuple[RunRecord, ...]]]:
    return zip(results.labels, results.records, strict=True)


def _basis(results: Results) -> str:
    """What the runs are, in a few words; of arms that are trained in different ways, of each."""
    return "; ".join(dict.fromkeys(results.of([label]).basis() for label in results.labels))


@dataclass(frozen=True)
class OwnOutcome:
    """What a page with a claim of somebody's own comes to today.

    Args:
        recorded: the verdict that the page has.
        judged: by the page's rule from the records beside it, now; None where one is missing, or is not as today's code
            makes it.
        page: relative to the folder of reports.
    """

    recorded: OwnVerdict
    judged: OwnVerdict | None
    page: str

    @property
    def shown(self) -> OwnVerdict:
        """The verdict judged now, else the page's, marked as such."""
        return self.judged or replace(self.recorded, made=RECORDED)

    @property
    def agrees(self) -> bool:
        """Whether the records give the word that the page has."""
        return self.shown.word == self.recorded.word

    def to_dict(self) -> dict:
        """Plain values for JSON, named as those of a statement; number is null, and ``own_claim`` its file."""
        verdict, first = self.shown, next(iter(self.shown.effects), None)
        return {
            "number": None,
            "own_claim": verdict.file,
            "sha256": verdict.sha256,
            "first_run_started": verdict.started,
            "statement": verdict.statement,
            "verdict": verdict.word,
            "recorded": self.recorded.word,
            "agrees": self.agrees,
            "computed": self.judged is not None,
            "made": verdict.made,
            "parts": [],
            "evidence": [verdict.sentence, *verdict.evidence],
            "basis": verdict.basis,
            "n": first and first.n,
            "effect": first and first.value,
            "interval": first and first.interval,
            "unit": first and first.unit,
            "rule": first and first.rule,
            "effects": [asdict(effect) for effect in verdict.effects],
            "page": self.page,
        }


def own_outcomes(reports: Path) -> Iterator[OwnOutcome]:
    """The claims of people's own whose pages lie in a folder, page by page; what cannot be read is left out.

    Args:
        reports: folder of the pages. No code that a page or a record names is run.
    """
    for path in sorted(reports.glob(f"*/*/{REPORT}")):
        if any(part.startswith(".") for part in path.relative_to(reports).parts):
            continue  # a page in the making
        page = (path.parent / PAGE).relative_to(reports).as_posix()
        for recorded in verdicts_in(path):
            yield OwnOutcome(recorded, _judged_again(recorded, path.parent / RECORDS), page)


def verdicts_in(report: Path) -> list[OwnVerdict]:
    """The verdicts that a page has on claims of somebody's own; none where its file cannot be read."""
    try:
        about = json.loads(read_regular(report, LARGEST, links=False))
        return [OwnVerdict.from_dict(values) for values in about.get(CARRIED, ())]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return []


def _judged_again(recorded: OwnVerdict, folder: Path) -> OwnVerdict | None:
    """The verdict that a page's rule gives on the records beside it; None where they are not all there."""
    every = filter(None, map(record_of_today, sorted(folder.glob(f"*/{RECORD}"))))
    records = {record.key: record for record in every}
    try:
        by_arm = tuple(tuple(records[key] for key in keys) for keys in recorded.runs.values())
        arms = tuple(
            Arm(label, tuple(record.spec for record in own)) for label, own in zip(recorded.runs, by_arm, strict=True)
        )
        results = Results(arms, by_arm, RunStore(folder))
        said = concluded(recorded.study, results)
        return replace(
            recorded,
            **{"word": said.word, "sentence": said.sentence, "evidence": said.evidence, "effects": said.effects},
            **{"basis": _basis(results), "started": first_start(results), "made": FROM_RECORDS},
        )
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, CnnreproError):
        return None
