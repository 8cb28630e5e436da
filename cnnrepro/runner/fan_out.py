"""Trains the runs of a batch side by side on a Dask cluster, and brings back what became of each."""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections import deque
from collections.abc import Mapping
from concurrent.futures import CancelledError
from pathlib import Path

from distributed import Client, Future, KilledWorker, as_completed

from cnnrepro import paths
from cnnrepro.errors import WorkFailed
from cnnrepro.files import make_folder
from cnnrepro.runner.batch_options import FAILED, STOPPED, BatchOptions, RunOutcome
from cnnrepro.runner.batch_progress import BatchProgress, make_batch_progress
from cnnrepro.runner.cluster import connected
from cnnrepro.runner.dask_worker import TOPIC, ask_to_stop, train_run
from cnnrepro.runs.spec import RunSpec
from cnnrepro.training.stop import StopRequest

POLL_SECONDS = 0.05
LOOK_SECONDS = 1.0  # between two looks at how many workers there are, and two requests to stop
NO_WORKER_SECONDS = 300.0  # after which a batch that has no worker gives up


def fan_out(
    weights_kept: Mapping[RunSpec, bool], options: BatchOptions, *, runs: Path, stop: StopRequest
) -> dict[RunSpec, RunOutcome]:
    """Have every run, begun in this order.

    Args:
        weights_kept: the runs, and whether the weights of each are kept.
        options: on what, and how failures are met.
        runs: the run store.
        stop: a request to stop; the runs that train then end at their next checkpoint.

    Raises:
        UsageError: a cluster that cannot do the work.
        WorkFailed: the scheduler was lost.
        Stopped: it was asked to stop, and every run has.
    """
    make_folder(paths.require_writable(runs, "--runs"))
    runs, batch = runs.resolve(), uuid.uuid4().hex[:8]
    with contextlib.closing(make_batch_progress(list(weights_kept))) as progress:
        with connected(options, batch, len(weights_kept), runs) as client, stop.deferred():
            outcomes = _Batch(client, batch, weights_kept, options, progress, stop).run()
        return dict(zip(weights_kept, outcomes, strict=True))


class _Batch:
    """The state of a batch: which runs wait, which were sent, what became of the others."""

    def __init__(
        self,
        client: Client,
        batch: str,
        weights_kept: Mapping[RunSpec, bool],
        options: BatchOptions,
        progress: BatchProgress,
        stop: StopRequest,
    ):
        self._client, self._batch, self._options, self._progress, self._stop = client, batch, options, progress, stop
        self._runs = list(weights_kept.items())
        self._waiting = deque(range(len(self._runs)))
        self._sent: dict[str, int] = {}  # the numbers of runs by their futures' keys
        self._futures = as_completed(loop=client.loop)
        self._outcomes: dict[int, RunOutcome] = {}
        self._stopping = self._failed_fast = False
        self._workers, self._looked, self._worker_seen = 0, -math.inf, time.monotonic()

    def run(self) -> list[RunOutcome]:
        """Send all runs, and wait for what becomes of them."""
        self._client.subscribe_topic(TOPIC, self._hear)
        while len(self._outcomes) < len(self._runs):
            if (self._stop.requested or self._failed_fast) and not self._stopping:
                self._stopping, self._looked = True, -math.inf
                while self._waiting:
                    self._end(self._waiting.popleft(), RunOutcome(STOPPED))
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                self._look_at_workers()
            # No more than there are workers: Dask holds the death of a worker against all runs that it was dealt.
            while self._waiting and self._futures.count() < self._workers:
                self._send(self._waiting.popleft())
            if self._futures.has_ready():
                for future in self._futures.next_batch(block=False):
                    self._take_back(future)
            self._progress.tick()
            time.sleep(POLL_SECONDS)
        self._stop.raise_if_requested()
        return [self._outcomes[number] for number in range(len(self._runs))]

    def _hear(self, timed_event: tuple[float, dict]) -> None:
        event = dict(timed_event[1])
        if event.pop("batch", None) == self._batch:
            self._progress.hear(**event)

    def _send(self, number: int) -> None:
        spec, keep_weights = self._runs[number]
        key = f"{self._batch}-{number}-{uuid.uuid4().hex[:8]}"
        future = self._client.submit(
            train_run, self._batch, number, spec, keep_weights, self._options.retry, key=key, pure=False
        )
        self._sent[key] = number
        self._futures.add(future)

    def _take_back(self, future: Future) -> None:
        number = self._sent.pop(future.key)
        outcome = self._outcome(future, number)
        if outcome.status == STOPPED and not self._stopping:  # its worker was told to go, by who runs the cluster
            self._progress.send_again(number)
            self._waiting.append(number)
            return
        if outcome.status == FAILED and self._options.fail_fast:
            self._failed_fast = True
        self._end(number, outcome)

    def _outcome(self, future: Future, number: int) -> RunOutcome:
        if future.status == "finished":
            return future.result()
        if future.status == "cancelled":  # nobody here did that: Dask gives up all futures of a scheduler that is gone
            raise self._lost()
        title, error = self._runs[number][0].title(), future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            return RunOutcome(
                FAILED,
                f"{title}: its worker died again and again; out of memory is the usual cause (fewer --jobs or more "
                f"--memory give each run more). Its checkpoints are kept.",
            )
        return RunOutcome(FAILED, f"{title}: the cluster lost it ({error or future.status}).")

    def _look_at_workers(self) -> None:
        """Count the workers, and ask them to stop where that is wanted: again and again, as others may have come."""
        self._looked = time.monotonic()
        if self._client.status == "closed":
            raise self._lost()
        # What goes wrong here is a worker's end, or the scheduler's, and shows in the futures.
        with contextlib.suppress(OSError, RuntimeError, TimeoutError, CancelledError):
            self._workers = len(self._client.nthreads())
            if self._stopping:
                self._client.run(ask_to_stop, self._batch, wait=False, on_error="ignore")
        if self._workers:
            self._worker_seen = self._looked
        elif self._stopping:
            for number in self._sent.values():
                self._end(number, RunOutcome(STOPPED))
        elif self._looked - self._worker_seen > NO_WORKER_SECONDS:
            raise self._given_up("cluster", f"has had no worker for {NO_WORKER_SECONDS:.0f} seconds,", "start workers")

    def _end(self, number: int, outcome: RunOutcome) -> None:
        self._outcomes[number] = outcome
        self._progress.end(number, outcome)

    def _lost(self) -> WorkFailed:
        return self._given_up("scheduler", "was lost", "start it again")

    def _given_up(self, what: str, why: str, to_do: str) -> WorkFailed:
        """The error for a cluster that has trained its last run."""
        left = len(self._runs) - len(self._outcomes)
        return WorkFailed(
            f"The Dask {what} at {self._options.scheduler or 'this machine'} {why} with {left} runs open. Their "
            f"checkpoints are kept: {to_do}, and the same command goes on."
        )
