"""Trains the runs of a batch side by side on a Dask cluster, and brings back what became of each."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from distributed import Client, Future, KilledWorker

from cnnrepro import paths
from cnnrepro.errors import WorkFailed
from cnnrepro.runner import cluster
from cnnrepro.runner.tasks import BUSY, FAILED, STOPPED, Outcome, Plan, Task
from cnnrepro.runner.views import View
from cnnrepro.runner.worker import TOPIC, Work, ask_to_stop, train_task
from cnnrepro.training.stop import StopRequest

POLL_SECONDS = 0.05
LOST_SECONDS = 15.0  # without a connection to the scheduler
COUNT_SECONDS = 1.0  # between two looks at how many workers there are, and two requests to stop
ALONE_SECONDS = 300.0  # without any worker


def fan_out(tasks: Sequence[Task], plan: Plan, *, runs: Path, view: View, stop: StopRequest) -> list[Outcome]:
    """Have every run, in the order of the tasks.

    Args:
        tasks: the runs.
        plan: on what, and how failures are met.
        runs: the run store.
        view: is told what happens.
        stop: a request to stop; the runs that train then end at their next checkpoint.

    Raises:
        UsageError: a cluster that cannot do the work.
        WorkFailed: the scheduler was lost.
        Stopped: it was asked to stop, and every run has.
    """
    paths.require_writable(runs, "--runs").mkdir(parents=True, exist_ok=True)
    batch = uuid.uuid4().hex[:8]
    workers = min(plan.jobs, len(tasks))
    work = Work(batch, str(runs.resolve()), local=plan.scheduler is None, workers=workers)
    with _cluster(plan, work) as client, stop.deferred():
        return _Batch(client, tasks, plan, work, view, stop).run()


def _cluster(plan: Plan, work: Work) -> AbstractContextManager[Client]:
    return cluster.remote(plan.scheduler, work) if plan.scheduler else cluster.local(work, plan.memory)


class _Batch:
    """The state of a batch: which runs are open, how often each was tried, since when the scheduler is silent."""

    def __init__(self, client: Client, tasks: Sequence[Task], plan: Plan, work: Work, view: View, stop: StopRequest):
        self._client, self._tasks, self._plan, self._work, self._view = client, tasks, plan, work, view
        self._stop, self._stopping = stop, False
        self._open: dict[Future, Task] = {}
        self._sent = dict.fromkeys((task.number for task in tasks), 0)
        self._failures = dict(self._sent)
        self._outcomes: dict[int, Outcome] = {}
        self._failed_fast = False
        self._waiting = deque(tasks)
        self._places, self._counted = work.workers if work.local else 1, -math.inf
        self._alone_since: float | None = None
        self._asking: threading.Thread | None = None
        self._silent_since: float | None = None

    def run(self) -> list[Outcome]:
        """Send all tasks, and wait for what becomes of them."""
        self._client.subscribe_topic(TOPIC, self._hear)
        while self._open or self._waiting:
            if self._stop.requested or self._failed_fast:
                self._ask_to_stop()
            self._count_workers()
            self._send_more()
            for future in [future for future in self._open if future.done()]:
                self._close(future)
            self._check_scheduler()
            self._view.tick()
            time.sleep(POLL_SECONDS)
        self._stop.raise_if_requested()
        return [self._outcomes[task.number] for task in self._tasks]

    def _send_more(self) -> None:
        """Send as many tasks as there are workers: Dask holds the death of a worker against all that it was dealt."""
        while self._waiting and len(self._open) < self._places:
            self._send(self._waiting.popleft())

    def _send(self, task: Task) -> None:
        """Send a task; while there are others that were never sent, it does not wait for another batch's process."""
        self._sent[task.number] += 1
        key = f"cnnrepro-{self._work.batch}-{task.number}-{self._sent[task.number]}"
        sent = replace(task, waits=all(self._sent.values()))
        future = self._client.submit(train_task, sent, self._work.batch, key=key, pure=False)
        self._open[future] = task

    def _hear(self, event: tuple[float, dict]) -> None:
        told = event[1]
        if told.get("batch") == self._work.batch:
            self._view.hear(told)

    def _close(self, future: Future) -> None:
        task = self._open.pop(future)
        outcome = self._outcome(future, task)
        if outcome.status in (BUSY, STOPPED) and not self._stopping:
            # Another process trains it, or its worker was told to go (by who runs the cluster): later, or elsewhere.
            self._view.again(outcome)
            self._waiting.append(task)
            return
        if outcome.status == FAILED and not self._stopping:
            self._failures[task.number] += 1
            if not outcome.final and self._failures[task.number] <= self._plan.retry:
                self._view.again(outcome)
                self._waiting.append(task)
                return
            self._failed_fast = self._failed_fast or self._plan.fail_fast
        self._end(Outcome(task.number, STOPPED) if outcome.status == BUSY else outcome)

    def _outcome(self, future: Future, task: Task) -> Outcome:
        if future.status == "finished":
            return future.result()
        if future.status == "cancelled":
            if not self._stopping:  # nobody here did that: Dask gives up all futures of a scheduler that is gone
                raise self._lost()
            return Outcome(task.number, STOPPED)
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            told = (
                f"{task.spec.title()}: its worker died again and again; out of memory is the usual cause (fewer "
                f"--jobs or more --memory give each run more). Its checkpoints are kept."
            )
        else:
            told = f"{task.spec.title()}: the cluster lost it ({error or future.status})."
        return Outcome(task.number, FAILED, told)

    def _ask_to_stop(self) -> None:
        """Ask the runs that train to end at a checkpoint, and begin no others.

        Again and again, since a worker that dies is replaced by one that was not asked.
        """
        self._stopping = True
        while self._waiting:
            self._end(Outcome(self._waiting.popleft().number, STOPPED))
        if self._asking is None or not self._asking.is_alive():  # a worker that is stopped keeps the last one waiting
            self._asking = threading.Thread(target=self._tell_to_stop, daemon=True, name="cnnrepro-stop")
            self._asking.start()

    def _tell_to_stop(self) -> None:
        # What goes wrong is a worker's end, or the scheduler's, and is seen by who looks for that.
        with contextlib.suppress(OSError, RuntimeError, TimeoutError, CancelledError):
            self._client.run(ask_to_stop, self._work.batch, wait=False, on_error="ignore")
        time.sleep(COUNT_SECONDS)

    def _count_workers(self) -> None:
        """See how many workers there are; a batch that has none for long, or is to stop, ends without them."""
        now = time.monotonic()
        if now - self._counted < COUNT_SECONDS:
            return
        self._counted = now
        try:
            found = len(self._client.nthreads())
        except OSError:  # Dask's CommClosedError; _check_scheduler says what it means
            return
        if found:
            self._alone_since = None
            self._places = self._places if self._work.local else found
            return
        self._alone_since = self._alone_since or now
        if self._stopping:
            for task in self._open.values():
                self._end(Outcome(task.number, STOPPED))
            self._open.clear()
        elif now - self._alone_since > ALONE_SECONDS:
            raise self._given_up("cluster", f"has had no worker for {ALONE_SECONDS:.0f} seconds,", "start workers")

    def _end(self, outcome: Outcome) -> None:
        self._outcomes[outcome.number] = outcome
        self._view.ended(outcome)

    def _check_scheduler(self) -> None:
        if self._client.status == "running":
            self._silent_since = None
            return
        self._silent_since = self._silent_since or time.monotonic()
        if self._client.status == "closed" or time.monotonic() - self._silent_since > LOST_SECONDS:
            raise self._lost()

    def _lost(self) -> WorkFailed:
        return self._given_up("scheduler", "was lost", "start it again")

    def _given_up(self, what: str, why: str, to_do: str) -> WorkFailed:
        """The error for a cluster that has trained its last run."""
        left = len(self._tasks) - len(self._outcomes)
        return WorkFailed(
            f"The Dask {what} at {self._plan.scheduler or 'this machine'} {why} with {left} runs open. Their "
            f"checkpoints are kept: {to_do}, and the same command goes on."
        )
