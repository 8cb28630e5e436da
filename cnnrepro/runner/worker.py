"""What runs inside a Dask worker: one training after another in one warm process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import Status, WorkerPlugin, get_worker

from cnnrepro import machine
from cnnrepro.errors import CnnreproError, RunFailed, UsageError
from cnnrepro.experiments.results import Loaded
from cnnrepro.runner import worker_resources
from cnnrepro.runner.tasks import BUSY, FAILED, FOUND, STOPPED, TRAINED, Outcome, Task
from cnnrepro.training.loop import find_or_train
from cnnrepro.training.progress import NoProgress
from cnnrepro.training.stop import SIGNALS, Stopped, StopRequest

if TYPE_CHECKING:
    from distributed import Worker

TOPIC = "cnnrepro"
TELL_SECONDS = 1.0  # between two words about a run in its epoch

# Keras's session, seeds and number format belong to the process, so it trains one run at a time, also where a worker
# has several threads or two batches share it.
_ONE_AT_A_TIME = threading.Lock()
_SETTLED = threading.Event()  # whether this process has taken its share of the machine


@dataclass(frozen=True)
class Work:
    """What a worker needs to know of the batch besides a task.

    Args:
        batch: its name.
        runs: the run store, on a disk that this machine sees too.
        local: whether the batch started this worker itself, and knows how many there are.
        workers: in that case, how many.
        dealt: otherwise the shares of the workers, by their names.
    """

    batch: str
    runs: str
    local: bool = False
    workers: int = 1
    dealt: Mapping[str, worker_resources.Share] = field(default_factory=dict)


class Station(WorkerPlugin):
    """A batch's place in a worker: its stop request and the data that were loaded for it."""

    def __init__(self, work: Work):
        self.work = work
        self.name = f"cnnrepro-{work.batch}"

    def setup(self, worker: Worker) -> None:
        """Called by Dask in each worker, also in those that come later."""
        self.worker = worker
        self.stop = StopRequest()
        self.loaded = Loaded(Path(self.work.runs))
        if self.work.local and threading.current_thread() is threading.main_thread():
            # Ctrl-C in a terminal reaches the workers too, and SIGTERM where a whole group or service is told to end;
            # that they stop is for the batch to say.
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)


def station(batch: str, worker: Worker | None = None) -> Station:
    """The batch's place in this worker."""
    return (worker or get_worker()).plugins[f"cnnrepro-{batch}"]


async def ask_to_stop(batch: str, dask_worker: Worker) -> None:
    """Make the worker's training stop at its next checkpoint, and what comes after it at once.

    A coroutine, because Dask waits for the answers of anything else.
    """
    station(batch, dask_worker).stop.request()


def look(runs: str, mark: str, dask_worker: Worker) -> dict[str, object]:
    """What a batch must know of a worker first: its threads, its code, what it may use of its machine, and whether it
    sees the store, by a mark in it.

    A folder of the same path on a disk of its own would do for training, and nobody else would ever see what came out.
    """
    from cnnrepro import __version__
    from cnnrepro.runs.keys import TRAINING_VERSION

    return {
        "threads": dask_worker.state.nthreads,
        "code": (__version__, TRAINING_VERSION),
        "name": str(dask_worker.name),
        "own": _own(),
        "sees": (Path(runs) / mark).is_file() and os.access(runs, os.W_OK),
    }


def train_task(task: Task, batch: str) -> Outcome:
    """Train a run, or load it where the store has it. Never raises: what went wrong is the outcome."""
    with _ONE_AT_A_TIME:
        here = station(batch)
        if here.stop.requested:
            return Outcome(task.number, STOPPED)
        _take_share(here.worker, here.work)
        progress = _Telling(here.worker, batch, task)
        try:
            record = find_or_train(
                task.spec,
                runs=here.work.runs,
                splits=here.loaded.splits(task.spec),
                keep_weights=task.keep_weights,
                progress=progress,
                stop=here.stop,
            )
        except Stopped:
            return Outcome(task.number, STOPPED)
        except _Busy:
            return Outcome(task.number, BUSY)
        except RunFailed as error:
            return Outcome(task.number, FAILED, str(error), final=error.final)
        except CnnreproError as error:
            return Outcome(task.number, FAILED, str(error), final=isinstance(error, UsageError))
        except Exception as error:
            return Outcome(task.number, FAILED, f"{task.spec.title()}: {type(error).__name__}: {error}")
        status = TRAINED if progress.began else FOUND
        return Outcome(task.number, status, record.sentence(), training_seconds=record.wall_seconds)


class _Busy(Exception):
    """Another process trains the run."""


class _Telling(NoProgress):
    """Progress as events that the batch listens to."""

    def __init__(self, worker: Worker, batch: str, task: Task):
        self._worker, self._about, self._waits = worker, {"batch": batch, "number": task.number}, task.waits
        self._told = 0.0
        self.began = False

    def _tell(self, **what: object) -> None:
        self._told = time.monotonic()
        self._worker.log_event(TOPIC, self._about | what)

    def wait(self, title: str) -> None:
        """Say so, or leave it to another time."""
        if not self._waits:
            raise _Busy
        self._tell(waits=True)

    def start(self, title: str, *, epochs: int, images: int, done: int) -> None:
        """Say what begins."""
        self.began, self._images, self._seen = True, images, 0
        self._tell(epoch=done, epochs=epochs)

    def batch(self, epoch: int, images: int, metrics: dict[str, float]) -> None:
        """Say where the epoch stands, at most once a second; end where the worker has lost its batch."""
        if self._worker.status not in (Status.running, Status.paused):
            raise Stopped
        self._seen += images
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._tell(epoch=epoch - 1 + min(self._seen / self._images, 1.0), loss=metrics["loss"])

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Say how the epoch went."""
        self._seen = 0
        self._tell(epoch=epoch, loss=metrics["loss"], val_accuracy=metrics["val_accuracy"])


def _take_share(worker: Worker, work: Work) -> None:
    """Keep this process to its share of the machine.

    One that came to the cluster after the batch began has all that it may use: the others have begun with their shares.
    """
    own = _own()
    if work.local:
        _settle(worker_resources.share(own.cores, own.gpus, int(worker.name), work.workers))
    else:
        _settle(work.dealt.get(str(worker.name), worker_resources.Share(own.cores, shared_gpu=bool(own.gpus))))


@cache
def _own() -> worker_resources.Own:
    """What this process may use, as it was before it took its share."""
    return worker_resources.Own(
        machine.running_id(), tuple(worker_resources.own_cores()), tuple(worker_resources.own_gpus())
    )


def _settle(share: worker_resources.Share) -> None:
    """Take a share, once: the libraries have counted cores and GPUs when a second batch comes."""
    if not _SETTLED.is_set():
        worker_resources.take(share)
        _SETTLED.set()
