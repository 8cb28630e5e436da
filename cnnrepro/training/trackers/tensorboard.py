"""TensorBoard: event files of a run under <runs>/tensorboard/<key>, or under CNNREPRO_TENSORBOARD/<key>.

Written with the record format of the ``tensorboard`` package itself, without TensorFlow. Every session of a run has a
file of its own, as TensorBoard expects; what earlier ones hold is read first, so that no point comes twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.runs.record import FAILED, RunRecord
from cnnrepro.training.trackers import points

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

_PATTERN = "events.out.tfevents.*"
_VERSION = "brain.Event:2"  # of the event format; with it, readers drop points by session starts alone
_TEXT_TAG = "run/text_summary"  # the suffix is TensorFlow's, and readers look for it


class TensorBoardTracker:
    """One run in TensorBoard.

    Args:
        runs: the folder of the run store.
    """

    def __init__(self, runs: Path):
        self._root = paths.tensorboard_dir(runs)
        self._file: Path | None = None
        self._written: dict[int, float] = {}
        self._tested = self._described = False

    def begin(self, record: RunRecord) -> None:
        """Read what the folder holds and write what is missing."""
        self._folder = self._root / record.key
        self._file = None  # made with the first event, so that a session without news leaves none
        self._sessions = record.sessions
        self._read()
        if not self._described:
            self._write([_event(0, summary=_hyperparameters(record)), _event(0, summary=_text("run", _table(record)))])
            self._described = True
        self.epoch(record)

    def epoch(self, record: RunRecord) -> None:
        """Write the epochs that the folder lacks; what another training of the key left from there on is dropped."""
        differs = points.first_difference(record, self._written)
        if differs is not None:
            self._drop_from(differs)
        for epoch in points.missing(record, self._written):
            values = points.epoch_points(record, epoch)
            self._write([_event(epoch, summary=_scalars(values))])
            self._written[epoch] = values[points.MARK]

    def end(self, record: RunRecord) -> None:
        """Write the test scores, or why there are none."""
        self.epoch(record)
        if record.status == FAILED:
            reason = str((record.failure or {}).get("reason", ""))
            self._write([_event(record.epochs_done, summary=_text("failure", reason))])
        elif record.test and not self._tested:
            self._write([_event(record.epochs_done, summary=_scalars(points.test_points(record)))])
            self._tested = True

    def close(self) -> None:
        """Nothing is left open: files are closed after every write."""

    def _read(self) -> None:
        """What the event files of earlier sessions hold, in the order in which TensorBoard reads them."""
        self._written, self._tested, self._described = {}, False, False
        for path in sorted(self._folder.glob(_PATTERN)):
            for event in _events(path):
                if event.HasField("session_log"):
                    self._forget_from(event.step)
                for value in event.summary.value:
                    if value.tag == points.MARK:
                        self._written[event.step] = value.simple_value
                    self._tested |= value.tag == points.TEST_MARK
                    self._described |= value.tag == _TEXT_TAG

    def _forget_from(self, epoch: int) -> None:
        if any(step >= epoch for step in self._written):
            self._written = {step: loss for step, loss in self._written.items() if step < epoch}
            self._tested = False

    def _drop_from(self, epoch: int) -> None:
        """Have readers drop all points from an epoch on; a session start says so in this format."""
        self._write([_session_start(epoch)])
        self._forget_from(epoch)

    def _write(self, events: list[Event]) -> None:
        """Append events to the file of this session and close it, so that they are there if the process is killed."""
        from tensorboard.summary.writer.record_writer import RecordWriter

        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            # By time and session, the order in which TensorBoard reads; no host's name, which says nothing here.
            name = f"{int(time.time()):010d}.{self._sessions:04d}.{os.getpid()}"
            self._file = self._folder / _PATTERN.replace("*", name)
            events = [_event(0, file_version=_VERSION), _session_start(max(self._written, default=0) + 1), *events]
        with self._file.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())


def _events(path: Path) -> Iterator[Event]:
    """The events of a file, up to its end or to a record that a killed process left torn."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub import errors
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

    reader = PyRecordReader_New(str(path))
    while True:
        try:
            reader.GetNext()
        except (errors.OutOfRangeError, errors.DataLossError):
            return
        yield Event.FromString(reader.record())


def _event(step: int, **content: object) -> Event:
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=time.time(), step=step, **content)


def _session_start(epoch: int) -> Event:
    """The start of a session whose first epoch is ``epoch``; a reader drops earlier points from there on."""
    from tensorboard.compat.proto.event_pb2 import SessionLog

    return _event(epoch, session_log=SessionLog(status=SessionLog.START))


def _scalars(values: dict[str, float]) -> Summary:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()])


def _text(name: str, markdown: str) -> Summary:
    """A page of Markdown for the tab of texts."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.text import metadata

    tensor = TensorProto(
        dtype="DT_STRING",
        string_val=[markdown.encode()],
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
    )
    about = metadata.create_summary_metadata(display_name=name, description="")
    return Summary(value=[Summary.Value(tag=f"{name}/text_summary", metadata=about, tensor=tensor)])


def _table(record: RunRecord) -> str:
    """The run in a table: key, commit, number format, backend and the fields of the spec."""
    rows = {**points.marks(record), **points.fields(record)}
    return "\n".join(["| field | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _hyperparameters(record: RunRecord) -> Summary:
    """The fields of the spec for the tab that compares runs by them."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    plain = (bool, int, float, str)
    return hparams_pb(
        {name: value if isinstance(value, plain) else str(value) for name, value in points.fields(record).items()},
        trial_id=record.key,
    )
