"""The run store: a folder with one folder a run, named by its key. No database.

runs/<key>/record.json          the record (written whole or not at all; during training after every epoch)
runs/<key>/curves.csv           one row an epoch, for pandas.read_csv
runs/<key>/predictions.parquet  one row a test image: label, predicted class, confidence to 4 decimals
runs/<key>/weights.keras        where they were asked for
runs/<key>/checkpoint.npz       while the run is not done; checkpoint.previous.npz is the one before
runs/<key>/log.txt              what happened, with the traceback of a failure
runs/<key>/lock                 held by the process that trains; owner.json is its sign of life
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError, brief
from cnnrepro.files import make_folder, write_whole
from cnnrepro.runs import lease
from cnnrepro.runs.keys import KEY, check_key
from cnnrepro.runs.lease import Claim
from cnnrepro.runs.record import (
    DONE,
    RunRecord,
    UnreadableRecord,
    has_sha256,
    read_record,
    sha256_of,
    write_record,
)

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.runs.committed import Committed

RECORD = "record.json"
CURVES = "curves.csv"
PREDICTIONS = "predictions.parquet"
WEIGHTS = "weights.keras"
BESIDE = (CURVES, PREDICTIONS, WEIGHTS)  # the files whose checksums a record holds
LOG = "log.txt"
DAMAGED = "record.damaged.json"

_PREFIX = re.compile(r"[0-9a-f]{4,16}")  # of a key, as people may shorten it


class RunStore:
    """The runs under one folder.

    Args:
        folder: made when the first run is written.
        committed: records that are read where the folder has none.

    Raises:
        UsageError: a file lies where the folder should be.
    """

    def __init__(self, folder: Path, committed: Committed | None = None):
        self.folder, self._committed = Path(folder), committed
        if self.folder.is_file():
            raise UsageError(f"The run store must be a folder. Received: {str(folder)!r}, a file")

    def path(self, key: str) -> Path:
        """The folder of a run; raises UsageError for what is no key, so that no other folder is ever meant."""
        return self.folder / check_key(key)

    def _record(self, key: str) -> str:
        """Where a record lies, as a text: ten thousand look-ups feel pathlib."""
        return f"{self.folder}{os.sep}{key}{os.sep}{RECORD}"

    def place(self, key: str) -> Path:
        """The folder that a run is read from: its own, or that of a committed record."""
        own = self.path(key)
        committed = self._committed.folder(key) if self._committed and not (own / RECORD).is_file() else None
        return committed or own

    def log_path(self, key: str) -> Path:
        """The log of a run."""
        return self.path(key) / LOG

    # Reading

    def get(self, key: str) -> RunRecord | None:
        """The record under a key; None where there is none.

        Raises:
            UnreadableRecord: there is one, and it is damaged or of another version; it is left as it is.
        """
        path = self._record(check_key(key)) if self._committed is None else str(self.place(key) / RECORD)
        try:
            record = read_record(path)
        except FileNotFoundError:
            return None
        except (OSError, UnreadableRecord) as error:  # what the disk does not give may be whole
            foreign = isinstance(error, OSError) or error.foreign
            raise UnreadableRecord(f"The record {path!r} cannot be read: {error}", foreign=foreign) from error
        if record.key != key:
            raise UnreadableRecord(f"The record {path!r} names another run, {record.key[:80]!r}")
        return record

    def readable(self, key: str) -> RunRecord | None:
        """The record under a key, if there is one that can be read."""
        with contextlib.suppress(UnreadableRecord):
            return self.get(key)
        return None

    def names(self) -> list[str]:
        """The names of all that lies in the store: runs, and what processes that work in it put beside them."""
        try:
            return sorted(os.listdir(self.folder))  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            return []

    def keys(self) -> list[str]:
        """The keys of all records, readable or not."""
        return [name for name in self.names() if KEY.fullmatch(name) and os.path.isfile(self._record(name))]  # noqa: PTH113

    def records(self, unreadable: Callable[[str], object] = lambda text: None) -> list[RunRecord]:
        """All records that can be read, oldest first; ``unreadable`` is told of each that cannot."""
        records: list[RunRecord] = []
        for key in self.keys():
            try:
                records += filter(None, [self.get(key)])  # one may just have been removed
            except UnreadableRecord as error:
                unreadable(str(error))
        return sorted(records, key=lambda record: (record.started, record.key))

    def key_of(self, prefix: str) -> str:
        """The one key that begins with ``prefix``, whether or not its record can be read.

        Raises:
            UsageError: fewer than four digits, or no run or several begin so.
        """
        if not _PREFIX.fullmatch(prefix):
            raise UsageError(
                "Name a run by its key or the first 4 or more of its 16 hexadecimal digits; see `cnnrepro runs`. "
                f"Received: {brief(prefix)}"
            )
        matches = [key for key in self.keys() if key.startswith(prefix)]
        if not matches:
            place = str(self.folder)
            raise UsageError(f"No run in {place!r} has a key that begins with {prefix!r}; see `cnnrepro runs`.")
        if len(matches) > 1:
            raise UsageError(f"Key {prefix!r} names several runs ({', '.join(matches)}); give more of it.")
        return matches[0]

    def find(self, prefix: str) -> RunRecord:
        """The record of ``key_of(prefix)``; raises as that and ``get`` do."""
        key = self.key_of(prefix)
        record = self.get(key)
        if record is None:
            raise UsageError(f"Run {key} was removed just now.")
        return record

    def damaged_files(self, record: RunRecord) -> list[str]:
        """The names of files beside a record that are missing or are not what was written.

        A name that no record of ours has is damage too; it may be a way to somewhere else, so nothing is opened.
        """
        folder, files = self.place(record.key), record.files
        return [name for name in files if name not in BESIDE or not has_sha256(folder / name, files[name])]

    def predictions(self, key: str) -> pd.DataFrame:
        """Label, predicted class and confidence of every test image of a run, in the order of the test split.

        Raises:
            UnreadableRecord: the file is not the one that was written; training the run again mends it.
        """
        import pandas as pd

        path, record = self.place(key) / PREDICTIONS, self.get(key)
        expected = record.files.get(PREDICTIONS) if record else None
        if expected and not has_sha256(path, expected):
            raise UnreadableRecord(f"{str(path)!r} is missing or damaged; the command that trains the run mends it.")
        return pd.read_parquet(path)

    # Writing

    def put(
        self, record: RunRecord, predictions: pd.DataFrame | None = None, *, check: Callable[[], object] | None = None
    ) -> RunRecord:
        """Write a record; the files it refers to come first, so that a record never promises what is not there.

        Args:
            record: the run's.
            predictions: of every test image, where the run is done; its confidence is written to 4 decimals.
            check: raises where the run is no longer this process's to write; called before each file takes its place.

        Returns:
            The record with the checksums of the files beside it.
        """
        import pandas as pd

        folder = self.path(record.key)
        make_folder(folder)
        if predictions is not None:
            shortened = _shortened(predictions)
            write_whole(
                folder / PREDICTIONS,
                lambda file: shortened.to_parquet(file, index=False, compression="zstd"),
                before_move=check,
            )
        if record.history:
            curves = pd.DataFrame(dict(record.history))
            curves.insert(0, "epoch", range(1, len(curves) + 1))
            text = curves.to_csv(index=False).encode("utf-8")
            write_whole(folder / CURVES, lambda file: file.write(text), before_move=check)
        beside = BESIDE if record.status == DONE else ()
        record = record.with_(files={name: sha256_of(folder / name) for name in beside if (folder / name).is_file()})
        write_record(folder / RECORD, record, check)
        return record

    def log(self, key: str, line: str) -> None:
        """Add a line with the time to a run's log."""
        path = self.log_path(key)
        make_folder(path.parent)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {line}\n")

    # Under the claim of a run

    @contextlib.contextmanager
    def claim(
        self,
        key: str,
        waiting: Callable[[], object] = lambda: None,
        check_stop: Callable[[], object] = lambda: None,
    ) -> Iterator[Claim]:
        """Hold the claim on a run, taken as in ``Claim.acquire``: waits while another living process holds it."""
        folder = self.path(key)
        make_folder(folder)
        claim = Claim(folder)
        claim.acquire(waiting, check_stop)
        try:
            yield claim
        finally:
            claim.release()

    @contextlib.contextmanager
    def claim_now(self, key: str) -> Iterator[bool]:
        """Hold the claim on a run without waiting; gives whether it is held, or a living process of others holds it."""
        claim = Claim(self.path(key))
        held = claim.acquire_now()
        try:
            yield held
        finally:
            if held:
                claim.release()

    def is_claimed(self, key: str) -> bool:
        """Whether a living process is training the run."""
        return lease.is_held(self.path(key))

    def get_whole(self, key: str) -> RunRecord | None:
        """The record under a key, if it and the files beside it are whole. Only under the run's claim.

        One that is no JSON, lacks fields or has damaged files is moved out of the way, and there is none then.

        Raises:
            UnreadableRecord: another version wrote it; it may be whole, so it is not touched.
        """
        path = self.path(key) / RECORD
        try:
            record = self.get(key)
            damaged = self.damaged_files(record) if record else []
            reason = f"{', '.join(damaged)} of run {key}: missing or damaged" if damaged else ""
        except UnreadableRecord as error:
            if error.foreign:
                raise
            reason = str(error)
        if not reason:
            return record
        path.replace(path.with_name(DAMAGED))
        self.log(key, f"{reason}; it was set aside as {DAMAGED}")
        return None

    def remove(self, key: str) -> None:
        """Remove a run and all its files, also one whose record cannot be read.

        Raises:
            UsageError: a living process is training it.
        """
        with self.claim_now(key) as claimed:
            if not claimed:
                raise UsageError(f"Run {key} is being trained now; stop that process first.")
            shutil.rmtree(self.path(key))


def _shortened(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions as they are written: confidence to 4 decimals, and 1 for certainty alone, as pictures show it.

    The predictions of a run are committed beside its page, and the other bits of a confidence, of which nothing is
    made, do not compress: 10,000 images in 10 classes take 59 to 70 KB with them and 32 to 46 KB without. Integers stay
    int32: Parquet gives a class the 4 bits that 10 classes need, in whatever type it comes.
    """
    if "confidence" not in predictions:
        return predictions
    exact = predictions["confidence"]
    return predictions.assign(confidence=exact.round(4).mask((exact < 1) & (exact > 0.9999), 0.9999))
