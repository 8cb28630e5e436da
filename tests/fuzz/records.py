"""``record.json`` of others, as it lies there and with a checksum that fits: read and shown, or named as unreadable."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cnnrepro.cli.runs import _row
from cnnrepro.console import spell
from cnnrepro.errors import CnnreproError
from cnnrepro.files import json_text
from cnnrepro.runs.diff import diff
from cnnrepro.runs.export import curves_table, runs_table
from cnnrepro.runs.prune import PruneOptions, prune
from cnnrepro.runs.record import DONE, FIELDS, UnreadableRecord, file_text
from cnnrepro.runs.store import RECORD, RunStore
from cnnrepro.runs.verify import verify
from tests.fuzz.fuzzing import Finding, Target, read
from tests.fuzz.mutation import of_json

KEY = "0123456789abcdef"
NESTED = re.compile(rb"[\[{]{200}")  # what would take megabytes of spaces to write, and no record is
TOKENS: list[object] = sorted({part for way in FIELDS for part in way.split(".")})
TOKENS += ["done", "failed", "running", "format", "checksum", "unverified", 1, 2, 3, "cifar10", "imagenette",
    "folder:x", "mnist"]  # fmt: skip
TOKENS += ["a.keras", "nets.py:own", "[CONV]*N -> FC", "INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> FC", "alexnet",
    "resnet20"]  # fmt: skip
TOKENS += ["[" * 300 + "CONV" + "]*9" * 300, "[[[CONV]*99]*99]*99 -> FC", "sgd", "adam", "plain", "auto", "reestimated"]
TOKENS += ["diverged", "error", "shift_4", "shift_x", "accuracy_shift_4", "2026-01-01T00:00:00+00:00", KEY]


def run(data: bytes, folder: Path) -> None:
    files = [data]
    try:
        values = json.loads(data)
        if isinstance(values, dict) and not NESTED.search(data):
            values.pop("checksum", None)
            files.append(file_text({**values, "key": KEY} if "key" in values else values))
    except (ValueError, RecursionError):
        pass
    for text in files:
        read(Target(lambda text, folder: show(RunStore(folder / "runs"), text), ()), text, folder)


def show(store: RunStore, text: bytes) -> None:
    """All that the commands say of a record."""
    path = store.path(KEY) / RECORD
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    refused: list[str] = []
    found = store.records(unreadable=refused.append)
    for record in found:
        {name: spell(value) for name, value in _row(record, active=False).items()}
        diff(record, record)
        runs_table([record], store).to_csv()
        curves_table([record]).to_csv()
        json_text(record.to_dict())
        (record.has_ended, record.spec.title(), store.damaged_files(record))
        if record.status == DONE:
            (record.sentence(), record.remark())  # of a run that a training finds
    verify(store)
    prune(store, PruneOptions(), dry_run=True)
    if not found and not refused:
        raise Finding("a record that is neither read nor named")
    for sentence in refused:
        raise UnreadableRecord(sentence)


TARGET = Target(run, of_json(TOKENS), allowed=(CnnreproError,))
