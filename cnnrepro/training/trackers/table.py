"""Experiment trackers that people already use, off until they are asked for: TensorBoard and MLflow.

``cnnrepro train … --track tensorboard --track mlflow``, or CNNREPRO_TRACK=tensorboard,mlflow for ``cnnrepro run``,
notebooks and workers. The record stays the truth; a tracker is a view of it, and one that fails never ends a run.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cnnrepro.errors import UsageError, unknown
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.store import RunStore
from cnnrepro.training.trackers.mlflow import MlflowTracker
from cnnrepro.training.trackers.tensorboard import TensorBoardTracker

VARIABLE = "CNNREPRO_TRACK"


class Tracker(Protocol):
    """A view of one run in somebody else's store. It may raise whatever its store raises."""

    def begin(self, record: RunRecord) -> None:
        """A session of the run begins: bring the store up to the record's history."""

    def epoch(self, record: RunRecord) -> None:
        """The record has another epoch."""

    def end(self, record: RunRecord) -> None:
        """The run is done or has failed."""

    def close(self) -> None:
        """The session is over; where no end was told, it was interrupted."""


@dataclass(frozen=True)
class TrackerKind:
    """A tracker that can be asked for.

    Args:
        title: its name as its makers write it.
        needs: the modules that it imports when a run begins.
        make: the tracker of a run, from the folder of the run store.
    """

    title: str
    needs: tuple[str, ...]
    make: Callable[[Path], Tracker]


TRACKERS: Mapping[str, TrackerKind] = {
    "tensorboard": TrackerKind("TensorBoard", ("tensorboard",), TensorBoardTracker),
    "mlflow": TrackerKind("MLflow", ("mlflow", "sqlalchemy", "alembic"), MlflowTracker),
}


class Trackers:
    """The trackers of one run; they are told what happens, and the first error of one ends that one alone.

    Args:
        trackers: by name.
        store: where the run's log is.
    """

    def __init__(self, trackers: Mapping[str, Tracker], store: RunStore):
        self._waiting, self._live = dict(trackers), {}  # before and after the run has begun
        self._store = store
        self._key = ""

    def begin(self, record: RunRecord) -> None:
        """A session of the run begins, after ``record.epochs_done`` epochs."""
        self._key = record.key
        self._waiting, self._live = {}, self._waiting
        self._tell(lambda tracker: tracker.begin(record))

    def epoch(self, record: RunRecord) -> None:
        """The record has another epoch."""
        self._tell(lambda tracker: tracker.epoch(record))

    def end(self, record: RunRecord) -> RunRecord:
        """The run is done or has failed, perhaps before it began; gives the record back."""
        self._tell(lambda tracker: tracker.end(record))
        return record

    def close(self) -> None:
        """The session is over, in whichever way."""
        self._tell(lambda tracker: tracker.close())

    def _tell(self, what: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._live.items()):
            try:
                what(tracker)
            except Exception as error:  # of any kind: another's library, a disk, a server
                del self._live[name]
                self._warn(f"{TRACKERS[name].title} was given up ({_reason(error)}); the run goes on without it.")

    def _warn(self, sentence: str) -> None:
        """One line on standard error, above a progress bar if there is one, and one in the run's log."""
        from tqdm import tqdm

        told = [sentence]
        try:
            self._store.log(self._key, sentence)
        except OSError as error:  # the disk that stopped the tracker may be the run's too; the run will say so itself
            told.append(f"the run's log cannot be written ({_reason(error)}).")
        for line in told if sys.stderr is not None else ():
            with contextlib.suppress(BrokenPipeError):  # nobody reads it any more
                tqdm.write(f"cnnrepro: {line}", file=sys.stderr)


def _reason(error: Exception) -> str:
    """An error of somebody else's library in a line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def asked_for(names: Sequence[str] | None) -> tuple[str, ...]:
    """The trackers that are meant, each once.

    Args:
        names: names, or several in one with commas between them; None for those of CNNREPRO_TRACK.

    Raises:
        UsageError: a name that is not known, or a library that is not installed.
    """
    given = [os.environ.get(VARIABLE, "")] if names is None else names
    found = tuple(dict.fromkeys(name.strip() for one in given for name in one.split(",") if name.strip()))
    for name in found:
        if name not in TRACKERS:
            raise unknown("tracker", name, TRACKERS)
        absent = [module for module in TRACKERS[name].needs if importlib.util.find_spec(module) is None]
        if absent:
            raise UsageError(
                f"Tracking with {TRACKERS[name].title} needs {' and '.join(absent)}, not installed here; "
                f"pip install 'cnnrepro[{name}]' brings it. Received: {name!r}"
            )
    return found


def make_trackers(names: Sequence[str] | None, store: RunStore) -> Trackers:
    """The trackers of a run; nothing is imported and nothing is written before it begins.

    Args:
        names: as for ``asked_for``.
        store: the run store; by default theirs lie in its folder.

    Raises:
        UsageError: as ``asked_for``.
    """
    return Trackers({name: TRACKERS[name].make(store.folder) for name in asked_for(names)}, store)
