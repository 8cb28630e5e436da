"""Records that lie beside pages, as a store below the user's own: read, never written.

A clone has the pages of others with the records they were drawn from. So a page can be drawn again without training
anything, on a machine that would compute in another number format, and without the data where it shows no image.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from cnnrepro import paths
from cnnrepro.errors import CnnreproError
from cnnrepro.runs.keys import key_today
from cnnrepro.runs.record import DONE, RunRecord, read_record
from cnnrepro.runs.spec import RunSpec

RECORDS = "*/*/records/*/record.json"  # reports/EXPERIMENT/PARAMETERS/records/KEY/record.json


class Committed:
    """The records beside the pages of a folder.

    Args:
        reports: the folder of the pages; None for no records at all.
    """

    def __init__(self, reports: Path | None):
        self._reports = reports

    @classmethod
    def of_environment(cls) -> Committed:
        """Those that the environment names, ``CNNREPRO_COMMITTED``."""
        return cls(paths.committed_dir())

    def find(self, spec: RunSpec) -> RunRecord | None:
        """The record of a run, where today's code would give it the key that it has; None where there is none."""
        return self._by_spec.get(spec)

    def folder(self, key: str) -> Path | None:
        """Where the record under a key lies."""
        return self._folders.get(key)

    @cached_property
    def _by_spec(self) -> dict[RunSpec, RunRecord]:
        return {record.spec: record for record, _ in self._all}

    @cached_property
    def _folders(self) -> dict[str, Path]:
        return {record.key: folder for record, folder in self._all}

    @cached_property
    def _all(self) -> list[tuple[RunRecord, Path]]:
        return list(self._readable()) if self._reports else []

    def _readable(self) -> Iterator[tuple[RunRecord, Path]]:
        for path in sorted(self._reports.glob(RECORDS)):
            try:
                record = read_record(path)
                if record.status == DONE and record.key == path.parent.name == key_today(record):
                    yield record, path.parent
            except (OSError, ValueError, CnnreproError):  # what cannot be read counts as not there
                continue
