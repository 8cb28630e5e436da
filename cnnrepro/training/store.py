"""The run store: a folder with one folder a run, named by its key. No database.

runs/<key>/record.json          the record (written whole or not at all; during training after every epoch)
runs/<key>/curves.csv           one row an epoch, for pandas.read_csv
runs/<key>/predictions.parquet  one row a test image: label, predicted class, confidence
runs/<key>/weights.keras        where they were asked for
runs/<key>/checkpoint.npz       while the run is not done
runs/<key>/log.txt              what happened, with the traceback of a failure
runs/<key>/lock                 held by the process that trains
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from cnnrepro.errors import CnnreproError, UsageError
from cnnrepro.training.files import write_text, write_whole
from cnnrepro.training.record import RUNNING, RunRecord

if TYPE_CHECKING:
    import pandas as pd

RECORD = "record.json"
CURVES = "curves.csv"
PREDICTIONS = "predictions.parquet"
WEIGHTS = "weights.keras"
LOG = "log.txt"
LOCK = "lock"


class RunStore:
    """The runs under one folder.

    Args:
        folder: made when the first run is written.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def path(self, key: str) -> Path:
        """The folder of a run."""
        return self.folder / key

    def log_path(self, key: str) -> Path:
        """The log of a run."""
        return self.path(key) / LOG

    def get(self, key: str) -> RunRecord | None:
        """The record under a key; None where there is none. A damaged one is set aside and counts as none."""
        path = self.path(key) / RECORD
        try:
            return RunRecord.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, CnnreproError) as error:
            path.replace(path.with_name("record.damaged.json"))
            self.log(key, f"The record could not be read and was set aside as record.damaged.json: {error}")
            return None

    def records(self) -> list[RunRecord]:
        """All records, oldest first."""
        found = [self.get(path.parent.name) for path in sorted(self.folder.glob(f"*/{RECORD}"))]
        return sorted((record for record in found if record), key=lambda record: (record.started, record.key))

    def find(self, prefix: str) -> RunRecord:
        """The one record whose key begins with ``prefix``.

        Raises:
            UsageError: no run or several begin so.
        """
        matches = [record for record in self.records() if record.key.startswith(prefix)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            keys = ", ".join(record.key for record in matches)
            raise UsageError(f"Key {prefix!r} names several runs ({keys}); give more of it.")
        raise UsageError(f"No run in {str(self.folder)!r} has a key that begins with {prefix!r}; see `cnnrepro runs`.")

    def put(self, record: RunRecord, predictions: pd.DataFrame | None = None) -> None:
        """Write a record; the files it refers to come first, so that a record never promises what is not there."""
        import pandas as pd

        folder = self.path(record.key)
        folder.mkdir(parents=True, exist_ok=True)
        if predictions is not None:
            write_whole(folder / PREDICTIONS, lambda file: predictions.to_parquet(file, index=False))
        if record.history:
            curves = pd.DataFrame(dict(record.history))
            curves.insert(0, "epoch", range(1, len(curves) + 1))
            write_text(folder / CURVES, curves.to_csv(index=False))
        write_text(folder / RECORD, json.dumps(record.to_dict(), indent=1) + "\n")

    def predictions(self, key: str) -> pd.DataFrame:
        """Label, predicted class and confidence of every test image of a run, in the order of the test split."""
        import pandas as pd

        return pd.read_parquet(self.path(key) / PREDICTIONS)

    def log(self, key: str, line: str) -> None:
        """Add a line with the time to a run's log."""
        path = self.log_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {line}\n")

    @contextlib.contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Hold a run's lock; waits while another process holds it. The system frees it when its holder dies."""
        folder = self.path(key)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK):
            yield

    def is_claimed(self, key: str) -> bool:
        """Whether a living process is training the run."""
        path = self.path(key) / LOCK
        if not path.is_file():
            return False
        try:
            with FileLock(path, timeout=0):
                return False
        except Timeout:
            return True

    def remove(self, key: str) -> None:
        """Remove a run and all its files.

        Raises:
            UsageError: a living process is training it.
        """
        record = self.get(key)
        if record is not None and record.status == RUNNING and self.is_claimed(key):
            raise UsageError(f"Run {key} is being trained now; stop that process first.")
        shutil.rmtree(self.path(key))
