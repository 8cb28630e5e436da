"""TensorBoard: an event file of a run in <runs>/tensorboard/<key>, or in CNNREPRO_TENSORBOARD/<key>, where asked for.

``cnnrepro train … --track tensorboard``, or CNNREPRO_TRACK=tensorboard for ``cnnrepro run``, notebooks and workers. The
record stays the truth: each session of a run writes the file anew from it and then adds an epoch at a time. A file that
cannot be written never ends a run. Written by the ``tensorboard`` package, without TensorFlow.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.console import printable
from cnnrepro.errors import UsageError, unknown
from cnnrepro.runs.record import FAILED, RunRecord
from cnnrepro.runs.store import RunStore

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

VARIABLE = "CNNREPRO_TRACK"
TRACKERS = ("tensorboard",)
EPOCH_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "images_per_second")

_FILES = "events.out.tfevents.*"
_VERSION = "brain.Event:2"  # of the event format; with it, readers drop points by session starts alone


def make_tracker(names: Sequence[str] | None, store: RunStore) -> Tracker:
    """The tracker of a run; nothing is imported and nothing is written before the run begins.

    Args:
        names: names, or several in one with commas between them; None for those of CNNREPRO_TRACK.
        store: the run store.

    Raises:
        UsageError: a name that is not known, or TensorBoard is not installed.
    """
    given = [os.environ.get(VARIABLE, "")] if names is None else names
    wanted = [name.strip() for entry in given for name in entry.split(",") if name.strip()]
    for name in wanted:
        if name not in TRACKERS:
            raise unknown("tracker", name, TRACKERS)
    if not wanted:
        return Tracker()
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "Tracking with TensorBoard needs tensorboard, not installed here; pip install tensorboard "
            "brings it. Received: 'tensorboard'"
        )
    return TensorBoard(store)


class Tracker:
    """What is told how a run goes on; this one shows it nowhere."""

    def begin(self, record: RunRecord) -> None:
        """A session of the run begins, after ``record.epochs_done`` epochs."""

    def epoch(self, record: RunRecord) -> None:
        """The record has another epoch."""

    def end(self, record: RunRecord) -> None:
        """The run is done or has failed, perhaps before it began."""


class TensorBoard(Tracker):
    """Shows a run in TensorBoard, until an error of any kind.

    Args:
        store: of the run; by default the event files lie in its folder.
    """

    def __init__(self, store: RunStore):
        self._store = store
        self._file: Path | None = None  # None before the run begins, and after an error

    def begin(self, record: RunRecord) -> None:
        """Write the file anew from the record, in place of those of earlier sessions."""
        with self._giving_up_on_errors(record.key):
            folder = paths.tensorboard_dir(self._store.folder) / record.key
            folder.mkdir(parents=True, exist_ok=True)
            earlier = list(folder.glob(_FILES))
            # A name of its own, later than the others: a TensorBoard that shows the run reads on there.
            self._file = folder / _FILES.replace("*", f"{time.time():.6f}.{os.getpid()}")
            self._append(_opening_events(record))
            for path in earlier:
                path.unlink()

    def epoch(self, record: RunRecord) -> None:
        """Add the record's last epoch."""
        with self._giving_up_on_errors(record.key):
            self._append(_epoch_events(record, record.epochs_done))

    def end(self, record: RunRecord) -> None:
        """Add the test scores, or why there are none."""
        with self._giving_up_on_errors(record.key):
            self._append(_closing_events(record))

    def _append(self, events: Iterator[Event]) -> None:
        """Append events to the file, if there is one, and close it, so that they are there if the process is killed."""
        if self._file is None:
            return
        from tensorboard.summary.writer.record_writer import RecordWriter

        with self._file.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())

    @contextlib.contextmanager
    def _giving_up_on_errors(self, key: str) -> Iterator[None]:
        """At an error, say so in a line on standard error and in the run's log, and write nothing more."""
        from tqdm import tqdm

        try:
            yield
        except Exception as error:
            self._file = None
            reason = str(error).strip().partition("\n")[0]
            if isinstance(error, OSError) and error.strerror:
                reason = f"{error.strerror}: {error.filename}"
            sentence = f"TensorBoard was given up ({reason}); the run goes on without it."
            with contextlib.suppress(OSError):  # a disk that is full may be the run's too; the run will say so itself
                self._store.log(key, sentence)
            if sys.stderr is not None:
                with contextlib.suppress(BrokenPipeError):  # nobody reads it any more
                    # Above a progress bar, if there is one.
                    tqdm.write(printable(f"cnnrepro: {sentence}"), file=sys.stderr)


def _opening_events(record: RunRecord) -> Iterator[Event]:
    """The head of a file, the run in words and as hyperparameters, and the epochs that are done."""
    from tensorboard.compat.proto.event_pb2 import SessionLog
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    spec = {name: value for name, value in record.spec.flat().items() if value is not None}
    plain = {name: value if isinstance(value, (bool, int, float, str)) else str(value) for name, value in spec.items()}
    about = {"key": record.key, "commit": record.commit, "precision": record.precision, "backend": record.backend}
    rows = [f"| {name} | {value} |" for name, value in {**about, **spec}.items() if value is not None]
    yield _event(0, file_version=_VERSION)
    yield _event(0, session_log=SessionLog(status=SessionLog.START))  # a reader drops what earlier files had
    yield _event(0, summary=hparams_pb(plain, trial_id=record.key))
    yield _text(0, "run", "\n".join(["| field | value |", "|---|---|", *rows]))
    yield from _epoch_events(record, 1)


def _epoch_events(record: RunRecord, first: int) -> Iterator[Event]:
    """The values of the epochs from ``first`` on, counted from 1."""
    for epoch in range(first, record.epochs_done + 1):
        yield _scalars(
            epoch, {name: record.history[name][epoch - 1] for name in EPOCH_METRICS if name in record.history}
        )


def _closing_events(record: RunRecord) -> Iterator[Event]:
    if record.status == FAILED:
        yield _text(record.epochs_done, "failure", str((record.failure or {}).get("reason", "")))
    elif record.test:
        yield _scalars(record.epochs_done, {f"test_{name}": float(value) for name, value in record.test.items()})


def _event(step: int, **content: object) -> Event:
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=time.time(), step=step, **content)


def _scalars(step: int, values: Mapping[str, float]) -> Event:
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
    return _event(step, summary=Summary(value=values))


def _text(step: int, name: str, markdown: str) -> Event:
    """A page of Markdown for the tab of texts."""
    from tensorboard.plugins.text.summary_v2 import text_pb

    return _event(step, summary=text_pb(f"{name}/text_summary", markdown))  # readers look for TensorFlow's suffix
