"""What runs inside a Dask worker: one training after another in one warm process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import Status, WorkerPlugin, get_worker

from cnnrepro.errors import CnnreproError
from cnnrepro.experiments.results import Loaded, train_with_retries
from cnnrepro.runner import worker_resources
from cnnrepro.runner.batch_options import FAILED, FOUND, STOPPED, TRAINED, RunOutcome
from cnnrepro.runner.worker_resources import Assigned, Available
from cnnrepro.training.progress import Progress
from cnnrepro.training.stop import Stopped, StopRequest

if TYPE_CHECKING:
    from distributed import Worker

    from cnnrepro.runs.spec import RunSpec

TOPIC = "cnnrepro"  # of the events that tell the batch where its runs stand
TELL_SECONDS = 1.0  # between two events of a run within an epoch

# Keras's session, seeds and number format belong to the process, so it trains one run at a time, also where two
# batches share a worker.
_ONE_AT_A_TIME = threading.Lock()

_resources_taken = threading.Event()


class BatchPlugin(WorkerPlugin):
    """A batch in a worker: its store, its stop request and the data that were loaded for it.

    Args:
        batch: its name.
        runs: the run store, on a disk that all workers see.
        assigned: cores and GPU of the workers, by their names.
    """

    def __init__(self, batch: str, runs: Path, assigned: Mapping[str, Assigned]):
        self.name = plugin_name(batch)
        self._runs, self._assigned = runs, assigned

    def setup(self, worker: Worker) -> None:
        """Called by Dask in each worker, also in those that come later."""
        self.worker = worker
        self.stop = StopRequest()
        self.loaded = Loaded(self._runs)

    def take_resources(self) -> None:
        """Keep this process to its part of the machine, once: the libraries count cores and GPUs when they start.

        A worker that came after the batch began has all that it may use: the others work with their parts already.
        """
        if not _resources_taken.is_set():
            own = _available()
            worker_resources.take(
                self._assigned.get(str(self.worker.name), Assigned(own.cores, shared_gpu=bool(own.gpus)))
            )
            _resources_taken.set()


def plugin_name(batch: str) -> str:
    """The name of a batch's plugin."""
    return f"cnnrepro-{batch}"


async def ask_to_stop(batch: str, dask_worker: Worker) -> None:
    """Make the worker's training stop at its next checkpoint, and what comes after it at once.

    A coroutine, because Dask waits for the answers of anything else.
    """
    dask_worker.plugins[plugin_name(batch)].stop.request()


def inspect_worker(runs: str, mark: str, dask_worker: Worker) -> dict[str, object]:
    """What a batch must know of a worker first: its threads, code and resources, and whether it sees the store.

    That is known by a mark in it: a folder of the same path on a disk of its own would do for training, and nobody else
    would ever see what came out.
    """
    from cnnrepro import __version__
    from cnnrepro.runs.keys import TRAINING_VERSION

    return {
        "threads": dask_worker.state.nthreads,
        "code": (__version__, TRAINING_VERSION),
        "name": str(dask_worker.name),
        "available": _available(),
        "sees": (Path(runs) / mark).is_file() and os.access(runs, os.W_OK),
    }


def train_run(batch: str, number: int, spec: RunSpec, keep_weights: bool, retry: int) -> RunOutcome:
    """Train a run, or load it where the store has it. Never raises: what went wrong is in the outcome."""
    with _ONE_AT_A_TIME:
        plugin: BatchPlugin = get_worker().plugins[plugin_name(batch)]
        if plugin.stop.requested:
            return RunOutcome(STOPPED)
        plugin.take_resources()
        progress = _EventProgress(plugin.worker, batch, number)
        try:
            record = train_with_retries(
                spec,
                plugin.loaded,
                retry=retry,
                on_retry=lambda error: progress.tell(retried=str(error)),
                keep_weights=keep_weights,
                progress=progress,
                stop=plugin.stop,
            )
        except Stopped:
            return RunOutcome(STOPPED)
        except CnnreproError as error:
            return RunOutcome(FAILED, str(error))
        except Exception as error:
            return RunOutcome(FAILED, f"{spec.title()}: {type(error).__name__}: {error}")
        return RunOutcome(TRAINED if progress.began else FOUND, record.sentence())


class _EventProgress(Progress):
    """Progress as events that the batch listens to."""

    def __init__(self, worker: Worker, batch: str, number: int):
        self._worker, self._run = worker, {"batch": batch, "number": number}
        self._last_event = 0.0
        self.began = False

    def tell(self, **event: object) -> None:
        """Send an event about the run."""
        self._last_event = time.monotonic()
        self._worker.log_event(TOPIC, self._run | event)

    def wait(self, title: str) -> None:
        self.tell(waits=True)

    def start(self, title: str, *, epochs: int, images: int, done: int) -> None:
        self.began, self._images, self._seen = True, images, 0
        self.tell(epoch=done)

    def batch(self, epoch: int, images: int, metrics: dict[str, float]) -> None:
        """Say where the epoch stands, at most once a second; end where the worker has lost its batch."""
        if self._worker.status not in (Status.running, Status.paused):
            raise Stopped
        self._seen += images
        if time.monotonic() - self._last_event >= TELL_SECONDS:
            self.tell(epoch=epoch - 1 + min(self._seen / self._images, 1.0), loss=metrics["loss"])

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        self._seen = 0
        self.tell(epoch=epoch, loss=metrics["loss"], val_accuracy=metrics["val_accuracy"])


@cache
def _available() -> Available:
    """What this process may use, as it was before it took its part."""
    return worker_resources.available()
