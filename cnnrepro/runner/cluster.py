"""The Dask cluster of a batch: one of this machine's own, or one that runs already."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dask
from distributed import Client, LocalCluster
from distributed.security import Security
from distributed.system import MEMORY_LIMIT

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.files import folder_beside
from cnnrepro.runner import silent_workers
from cnnrepro.runner.worker import Station, Work, look
from cnnrepro.runner.worker_resources import Own, deal
from cnnrepro.runs.timeouts import stale_seconds
from cnnrepro.training.stop import SIGNALS

CONNECT_SECONDS = 20
SETTLE_SECONDS = 1.0  # without a new worker, and those of a running cluster are all there
MARK_SECONDS = 24 * 3600  # after which a mark is nobody's
START_SECONDS = 120  # for the workers of this machine, which is busy perhaps

# Part of a worker's memory at which its nanny ends it and starts another. Dask's other thresholds are for data that
# can be spilled to the disk or need not be loaded yet; a training has none of either.
TERMINATE = 0.95


def _settings() -> dict[str, object]:
    """Of Dask, for both kinds of cluster."""
    return {
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": TERMINATE,
        "distributed.scheduler.worker-ttl": None,  # silence.py
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
        "distributed.worker.use-file-locking": False,
        # It keeps every stack that it sees in a tree, which each garbage collection then goes through: 4 ms a run.
        "distributed.worker.profile.enabled": False,
        # Pages about the cluster, which anyone on the machine could read.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }


@contextlib.contextmanager
def local(work: Work, memory: int | None = None) -> Iterator[Client]:
    """A cluster in processes of this machine, as many as ``work.workers``, each with its share of cores and memory.

    Args:
        work: what the workers are told.
        memory: bytes that a worker may take, by default an equal share of the machine's.
    """
    memory = memory or int(MEMORY_LIMIT / work.workers)  # that of the container, where there is one
    with contextlib.ExitStack() as stack:
        # Dask's own folders: when this process is killed, the next batch sweeps them away.
        scratch = stack.enter_context(folder_beside(Path(tempfile.gettempdir()), "cnnrepro-batch-"))
        stack.enter_context(dask.config.set(_settings() | {"temporary-directory": str(scratch)}))
        stack.enter_context(_quiet())
        with _signals_held(), _ended_where_it_fails():
            cluster = LocalCluster(
                n_workers=work.workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                protocol="tls",
                # Keys of this cluster's own, in memory alone: whoever reaches a scheduler can run code as its owner.
                security=Security.temporary(),
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                memory_limit=memory,
                silence_logs=logging.CRITICAL,
            )
            stack.callback(_end, cluster)
        client = stack.enter_context(Client(cluster))
        client.wait_for_workers(work.workers, timeout=START_SECONDS)
        client.register_plugin(Station(work))
        stack.enter_context(silent_workers.replaced(cluster, stale_seconds()))
        yield client


@contextlib.contextmanager
def remote(address: str, work: Work) -> Iterator[Client]:
    """The cluster whose scheduler has this address.

    Raises:
        UsageError: nobody answers there, or its workers cannot do this work; says why.
    """
    with dask.config.set(_settings()), _quiet(), contextlib.ExitStack() as stack:
        try:
            client = stack.enter_context(Client(address, timeout=CONNECT_SECONDS))
        except (OSError, ValueError, ImportError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UsageError(
                f"No Dask scheduler answers at {address!r} ({reason}); give the address that `dask scheduler` prints, "
                f"such as tcp://10.0.0.1:8786."
            ) from error
        client.register_plugin(Station(replace(work, dealt=deal(_check(client, address, Path(work.runs))))))
        try:
            yield client
        finally:
            if client.status == "running":
                with contextlib.suppress(OSError, ValueError, TimeoutError):  # it may be gone by now
                    client.unregister_worker_plugin(f"cnnrepro-{work.batch}")


def _check(client: Client, address: str, runs: Path) -> dict[str, Own]:
    """Make sure that the workers of a cluster can do the work, before any of it is sent.

    Returns:
        What each may use of its machine, by its name.
    """
    from cnnrepro import __version__
    from cnnrepro.runs.keys import TRAINING_VERSION

    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        count = 0
        while count < (count := len(client.nthreads())):  # they come one after another
            time.sleep(SETTLE_SECONDS)
    except TimeoutError as error:
        raise UsageError(
            f"The Dask scheduler at {address!r} has no workers; start some with `dask worker {address} --nthreads 1`."
        ) from error
    try:
        with _marked(runs) as mark:
            found = client.run(look, str(runs), mark, on_error="return")
    except OSError as error:
        raise WorkFailed(f"The Dask cluster at {address!r} does not answer: {error}") from error
    for worker, told in found.items():
        if isinstance(told, Exception):
            raise UsageError(
                f"Worker {worker} cannot load cnnrepro ({type(told).__name__}: {told}); install it there, the same "
                f"version as here."
            )
        if told["code"] != (__version__, TRAINING_VERSION):
            raise UsageError(
                f"Worker {worker} has cnnrepro {told['code'][0]}, not {__version__} as here; install that."
            )
        if told["threads"] != 1:
            raise UsageError(
                f"Worker {worker} has {told['threads']} threads, and a training needs a process of its own; start "
                f"workers with `dask worker {address} --nthreads 1`."
            )
        if not told["sees"]:
            raise UsageError(
                f"Worker {worker} cannot write to the run store {str(runs)!r}; name a folder with --runs that all "
                f"machines share under the same path."
            )
    return {told["name"]: told["own"] for told in found.values()}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own reports are for its makers; what matters of them is said in the batch's words."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back for the length of a block, where this thread may; what is started never hears them.

    A terminal sends Ctrl-C to all processes in it, and services are ended by SIGTERM to all of theirs; when workers end
    is for the batch to say. Threads and processes inherit which signals are blocked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    # For threads that were there before, which do not block them.
    before = {number: signal.signal(number, lambda number, frame: held.append(number)) for number in SIGNALS}
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        for number in held:
            signal.raise_signal(number)


@contextlib.contextmanager
def _ended_where_it_fails() -> Iterator[None]:
    """Leave no worker where a block fails: Python waits for them when it ends, and they do not hear SIGTERM."""
    try:
        yield
    except BaseException:
        _kill_workers()
        raise


@contextlib.contextmanager
def _marked(runs: Path) -> Iterator[str]:
    """A file in the store for the length of a block; its name."""
    for leftover in runs.glob(".batch-*.tmp"):  # by a process that was killed in the moment that a mark lives
        with contextlib.suppress(FileNotFoundError):
            if abs(time.time() - leftover.stat().st_mtime) > MARK_SECONDS:
                leftover.unlink()
    mark = runs / f".batch-{uuid.uuid4().hex}.tmp"
    mark.touch()
    try:
        yield mark.name
    finally:
        mark.unlink(missing_ok=True)


def _end(cluster: LocalCluster) -> None:
    """End the workers of this machine, at once: what they had to keep is on the disk."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
    _kill_workers()
    cluster.close(timeout=START_SECONDS)


def _kill_workers() -> None:
    for process in multiprocessing.active_children():
        if "Dask Worker" in process.name:
            process.kill()  # also where it was stopped, which a polite request would not reach
