"""What machines read beside a page: its trainings and verdicts as ``ro-crate-metadata.json``.

The folder of a page is thereby a Process Run Crate 0.5 (Workflow Run RO-Crate) in the words of RO-Crate 1.1: what lies
in it, each training as a ``CreateAction``, each verdict as a schema.org ``ClaimReview``. Entities are shared and stand
one a line. All of it comes from the files beside the page, so that no path and no name of a machine gets in that they
have not; no code that a record names is run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cnnrepro.claims.ledger import LEDGER, SOURCES
from cnnrepro.claims.own_claims import CARRIED, REPORT, OwnVerdict
from cnnrepro.claims.run_checks import PAGE
from cnnrepro.claims.verdict import Verdict
from cnnrepro.data import FOLDER
from cnnrepro.files import json_text
from cnnrepro.report.own_claim_views import ANCHOR, NO_STATEMENT
from cnnrepro.runs.record import DONE, FAILED, UnreadableRecord, read_record, sha256_of
from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

METADATA = "ro-crate-metadata.json"
CRATE, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = (f"{CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context")  # the second for sha256
LICENSE = "https://spdx.org/licenses/MIT"
_FORMATS = {
    **{".html": "text/html", ".ipynb": "application/x-ipynb+json", ".json": "application/json", ".csv": "text/csv"},
    **{".svg": "image/svg+xml", ".png": "image/png", ".parquet": "application/vnd.apache.parquet"},
}
_NAMES = {
    **{PAGE: "The page", "notebook.ipynb": "The executed notebook", "thumbnail.png": "A figure of the page, small"},
    REPORT: "Verdicts, parameters and facts of the page",
}
_OF_A_RUN = {RECORD: "Record", CURVES: "Curves", PREDICTIONS: "Predictions on the test images"}
_STATUSES = {DONE: "CompletedActionStatus", FAILED: "FailedActionStatus"}
_NOT_PARAMETERS = ("model", "dataset", "seed")  # named otherwise


class _Graph:
    """The entities of a crate, each once, in the order in which they came."""

    def __init__(self) -> None:
        self.entities: dict[str, dict] = {}

    def add(self, name: str, kind: str, /, **values: object) -> dict[str, str]:
        """Put an entity in, without the values that are empty, unless it is there; what refers to it."""
        told = {key: value for key, value in values.items() if value not in (None, "", [])}
        self.entities.setdefault(name, {"@id": name, "@type": kind, **told})
        return {"@id": name}

    def text(self) -> str:
        lines = ",\n".join(json_text(entity, ensure_ascii=False) for entity in self.entities.values())
        return f'{{"@context": {json.dumps(CONTEXT)},\n"@graph": [\n{lines}\n]}}\n'


def write_research_object(folder: Path, about: Mapping[str, object], *, question: str = "") -> None:
    """Write the ``ro-crate-metadata.json`` of a page, when all else of it lies in its folder.

    Args:
        folder: of the page.
        about: what its ``report.json`` says.
        question: of the catalogue's experiment; without, the page is of a notebook or a claim of somebody's own.
    """
    graph, created = _Graph(), about["created"]
    records = list(_records(folder))
    pictures = [str(about["parameters"].get("dataset")), *(record.spec.dataset for record in records)]
    # The licence is the project's: on what somebody else wrote or photographed it grants nothing.
    ours = question and not any(name.startswith(FOLDER) for name in pictures)
    graph.add(METADATA, "CreativeWork", conformsTo=_to(CRATE), about=_to("./"))
    graph.add("./", "Dataset")  # filled in at the end, and second all the same, as readers expect
    graph.add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    license_ = graph.add(LICENSE, "CreativeWork", name="MIT License", identifier="MIT")
    files = [_file(graph, path, folder) for path in _files(folder)]
    actions = [_action(graph, record, folder) for record in records]
    verdicts = list(map(Verdict.from_dict, about["verdicts"]))
    reviews = [_review(graph, verdict, created, _judge(graph, question, about)) for verdict in verdicts]
    own = [_own_review(graph, OwnVerdict.from_dict(values), created) for values in about.get(CARRIED, ())]
    root = {
        "conformsTo": _to(PROFILE),
        "name": about["title"],
        "description": question or f"The page of {about['experiment']}, executed by cnnrepro.",
        "datePublished": created,
        **({"license": license_} if ours else {}),
        "hasPart": files,
        "mentions": actions + reviews + own,
    }
    graph.entities["./"] |= root
    (folder / METADATA).write_text(graph.text(), encoding="utf-8", errors="backslashreplace")


def _to(name: str) -> dict[str, str]:
    return {"@id": name}


def _digest(value: object) -> str:
    """A short name for plain values, the same on every machine."""
    return hashlib.sha256(json_text(value, sort_keys=True).encode()).hexdigest()[:12]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / METADATA)


def _id_of(path: Path, folder: Path) -> str:
    return quote(path.relative_to(folder).as_posix())


def _file(graph: _Graph, path: Path, folder: Path) -> dict[str, str]:
    if path.name in _OF_A_RUN and path.parent.parent.name == "records":
        name = f"{_OF_A_RUN[path.name]} of run {path.parent.name}"
    else:
        name = _NAMES.get(path.name, f"Figure {path.stem.replace('_', ' ')}")
    # A published page gets links to its neighbours, whenever those come: its bytes are not fixed here.
    fixed = {} if path == folder / PAGE else {"contentSize": str(path.stat().st_size), "sha256": sha256_of(path)}
    return graph.add(
        _id_of(path, folder), "File", name=name, encodingFormat=_FORMATS.get(path.suffix, "application/json"), **fixed
    )


def _records(folder: Path) -> Iterator[RunRecord]:
    for path in sorted(folder.glob(f"records/*/{RECORD}")):
        try:
            yield read_record(path)
        except UnreadableRecord:  # it is a file like others
            continue


def _action(graph: _Graph, record: RunRecord, folder: Path) -> dict[str, str]:
    """A training."""
    spec, data = record.spec, record.data
    made = [path for path in _files(folder / "records" / record.key) if path.name in _OF_A_RUN]
    return graph.add(
        f"#run-{record.key}",
        "CreateAction",
        name=f"Training of {spec.model_name()} on {spec.data_title()}, seed {spec.seed}",
        identifier=record.key,
        startTime=record.started,
        endTime=_ended(record),
        instrument=_software(graph, record),
        object=[*_data(graph, spec.data_title(), data), *_parameters(graph, record)],
        result=[_to(_id_of(path, folder)) for path in made],
        # RO-Crate's words for schema.org's; a run that neither ended well nor failed is not yet over.
        actionStatus=_to(f"http://schema.org/{_STATUSES.get(record.status, 'ActiveActionStatus')}"),
        error=str((record.failure or {}).get("reason", "")) if record.status == FAILED else "",
    )


def _ended(record: RunRecord) -> str:
    """When a training ended; "" where nobody knows: its seconds are those of all sessions, without what lay between."""
    if record.sessions != 1 or record.status not in _STATUSES:
        return ""
    try:
        ended = datetime.fromisoformat(record.started) + timedelta(seconds=record.wall_seconds)
        return ended.isoformat(timespec="seconds")
    except (ValueError, OverflowError):  # a record of somebody else's
        return ""


def _software(graph: _Graph, record: RunRecord) -> dict[str, str]:
    """What trained: cnnrepro as it was then, and the libraries that decide numbers."""
    version, commit = record.versions.get("cnnrepro", ""), record.commit or ""
    others = ", ".join(f"{name} {value}" for name, value in sorted(record.versions.items()) if name != "cnnrepro")
    return graph.add(
        f"#cnnrepro-{_digest([version, commit, others])}",
        "SoftwareApplication",
        name="cnnrepro",
        softwareVersion=version,
        identifier=f"commit {commit}" if commit else "",
        softwareRequirements=others,
        license=_to(LICENSE),
    )


def _data(graph: _Graph, title: str, data: Mapping[str, object]) -> list[dict[str, str]]:
    """The pictures, which do not lie beside the page."""
    fingerprint = data.get("fingerprint")
    if not fingerprint:
        return []
    sizes = ", ".join(f"{number:,} {split}" for split, number in data.get("sizes", {}).items())
    described = "The SHA-256 is over images, labels, shapes, types and order of the splits, not over a file."
    return [
        graph.add(
            f"#data-{_digest([title, fingerprint, sizes])}",
            "Dataset",
            name=title,
            description=f"Images: {sizes}. {described}" if sizes else described,
            identifier=f"sha256:{fingerprint}",
        )
    ]


def _parameters(graph: _Graph, record: RunRecord) -> list[dict[str, str]]:
    """What a run was given, each value an entity that the runs share."""
    flat = {name: value for name, value in record.spec.flat().items() if name not in _NOT_PARAMETERS}
    values = {"model": record.spec.model_name(), "seed": record.spec.seed, **flat}
    return [
        graph.add(f"#parameter-{_digest([name, value])}", "PropertyValue", name=name, value=_plain(value))
        for name, value in values.items()
        if value is not None and value != ""
    ]


def _plain(value: object) -> object:
    """A value as an entity may have it: lists as their JSON, as those of JSON-LD have no order."""
    return json_text(value) if isinstance(value, (list, tuple, dict)) else value


def _rating(graph: _Graph, word: str) -> dict[str, str]:
    """The word of a verdict; no ratingValue, as it is no number on a scale."""
    return graph.add(f"#word-{_digest(word)}", "Rating", alternateName=word)


def _judge(graph: _Graph, question: str, about: Mapping[str, object]) -> dict[str, str]:
    """Whose verdicts a page's are: for the cells of somebody's own notebook nobody but its author vouches."""
    if question:
        return graph.add("#authors", "Organization", name="The cnnrepro authors")
    return graph.add("#author", "Person", name=f"The author of the notebook {about['experiment']}")


def _review(graph: _Graph, verdict: Verdict, created: object, author: dict[str, str]) -> dict[str, str]:
    """A verdict on a statement of the ledger."""
    number, row = verdict.claim, LEDGER.get(verdict.claim)
    statement = row.text if row else f"Statement {number}, which the ledger does not have"
    claim = graph.add(
        f"#statement-{number}",
        "Claim",
        name=f"Statement {number} of the ledger" if row else f"Statement {number}",
        text=statement,
        citation=row.source if row else "",
        appearance=[_notes(graph, name) for name in row.sources] if row else [],
    )
    return graph.add(
        f"#review-{number}",
        "ClaimReview",
        **_outcome(graph, verdict),
        claimReviewed=statement,
        itemReviewed=claim,
        author=author,
        datePublished=created,
        url=f"{PAGE}#statement-{number}",
    )


def _notes(graph: _Graph, name: str) -> dict[str, str]:
    """A set of notes in which statements stand."""
    notes = SOURCES[name]
    said = f"{name}: {notes.names}; {notes.builds_on}."
    return graph.add(f"#notes-{name}", "CreativeWork", name=notes.title, description=said)


def _own_review(graph: _Graph, verdict: OwnVerdict, created: object) -> dict[str, str]:
    """A verdict on a claim of somebody's own, judged by a rule of the same file."""
    name = _digest([verdict.sha256, verdict.statement])
    author = graph.add(f"#author-{verdict.sha256[:12]}", "Person", name=f"The author of {verdict.file}")
    claim = graph.add(
        f"#own-claim-{name}",
        "Claim",
        name=NO_STATEMENT,
        text=verdict.statement,
        description=verdict.provenance,
        author=author,
    )
    return graph.add(
        f"#own-review-{name}",
        "ClaimReview",
        **_outcome(graph, verdict),
        claimReviewed=verdict.statement,
        itemReviewed=claim,
        author=author,
        datePublished=created,
        url=f"{PAGE}#{ANCHOR}",
    )


def _outcome(graph: _Graph, verdict: Verdict | OwnVerdict) -> dict[str, object]:
    """The word, the sentence, and what they rest on and since when."""
    made = f"{verdict.basis} ({verdict.made})" if verdict.basis and verdict.made else verdict.basis or verdict.made
    return {"reviewRating": _rating(graph, verdict.word), "reviewBody": verdict.sentence, "description": made}
