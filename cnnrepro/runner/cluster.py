"""The Dask cluster of a batch: one of this machine's own, or one that runs already."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import multiprocessing.resource_tracker
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import dask
from distributed import Client, LocalCluster
from distributed.security import Security
from distributed.system import MEMORY_LIMIT

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.files import folder_beside
from cnnrepro.runner.batch_options import BatchOptions
from cnnrepro.runner.dask_worker import BatchPlugin, inspect_worker
from cnnrepro.runner.worker_resources import deal
from cnnrepro.runs.timeouts import stale_seconds
from cnnrepro.training.stop import SIGNALS

CONNECT_SECONDS = 20
SETTLE_SECONDS = 1.0  # without a new worker, and those of a running cluster are all there
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
        "distributed.scheduler.worker-ttl": f"{stale_seconds()}s",  # a worker that is silent for so long is replaced
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
        "distributed.worker.use-file-locking": False,
        # It keeps every stack that it sees in a tree, which each garbage collection then goes through: 4 ms a run.
        "distributed.worker.profile.enabled": False,
        # By default MALLOC_TRIM_THRESHOLD_ at 64 KiB: each training step then has the pages of all its tensors made and
        # zeroed anew, and takes 1.25 (the small AlexNet) to 1.7 times (ResNet-20) as long.
        "distributed.nanny.pre-spawn-environ": {},
        # Pages about the cluster, which anyone on the machine could read.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }


@contextlib.contextmanager
def connected(options: BatchOptions, batch: str, count: int, runs: Path) -> Iterator[Client]:
    """A client of the cluster that trains a batch of so many runs: its workers are there, and have its plugin.

    Raises:
        UsageError: nobody answers at the scheduler's address, or its workers cannot do this work; says why.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(_settings()))
        # Dask's own reports are for its makers; what matters of them is said in the batch's words.
        logger = logging.getLogger("distributed")
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        if options.scheduler:
            client = stack.enter_context(_running(options.scheduler))
        else:
            client = stack.enter_context(_own(min(options.jobs, count), options.memory))
        plugin = BatchPlugin(batch, runs, deal(_check_workers(client, options.scheduler, runs)))
        client.register_plugin(plugin)
        try:
            yield client
        finally:
            if options.scheduler and client.status == "running":
                with contextlib.suppress(OSError, ValueError, TimeoutError):  # it may be gone by now
                    client.unregister_worker_plugin(plugin.name)


@contextlib.contextmanager
def _own(workers: int, memory: int | None) -> Iterator[Client]:
    """A client of a cluster in processes of this machine; each may take so many bytes, by default an equal share."""
    with contextlib.ExitStack() as stack:
        # Dask's own folders: when this process is killed, the next batch sweeps them away.
        scratch = stack.enter_context(folder_beside(Path(tempfile.gettempdir()), "cnnrepro-batch-"))
        stack.enter_context(dask.config.set({"temporary-directory": str(scratch)}))
        stack.callback(_kill_workers)
        # A terminal sends Ctrl-C to all processes in it, and services are ended by SIGTERM to all of theirs. When
        # workers end is for the batch to say, so both are blocked in all processes and threads that are started here.
        # Python's tracker of resources comes first: where it is started with a process, it unblocks both (3.11).
        multiprocessing.resource_tracker.ensure_running()
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                protocol="tls",
                # Keys of this cluster's own, in memory alone: whoever reaches a scheduler can run code as its owner.
                security=Security.temporary(),
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                memory_limit=memory or int(MEMORY_LIMIT / workers),  # that of the container, where there is one
                silence_logs=logging.CRITICAL,
            )
            stack.callback(_close, cluster)
            client = stack.enter_context(Client(cluster))
            client.wait_for_workers(workers, timeout=START_SECONDS)
        except (OSError, RuntimeError, TimeoutError, ImportError) as error:  # as its parts or Dask tell it
            raise _not_started(error) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        yield client


def _not_started(error: BaseException) -> WorkFailed:
    """The error for workers that this machine does not let start, with what the system said, if anybody tells."""
    chain: list[BaseException] = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(before)
    told = next((one for one in reversed(chain) if isinstance(one, OSError)), error)
    reason = " ".join(str(told).split()) or type(told).__name__
    return WorkFailed(
        f"The workers of --jobs could not be started on this machine ({reason}). They need the loopback network "
        f"(127.0.0.1), and semaphores in /dev/shm, which must be writable; without --jobs the runs train in turn."
    )


@contextlib.contextmanager
def _running(address: str) -> Iterator[Client]:
    """A client of the cluster whose scheduler has this address."""
    _require_voice(address)
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if isinstance(error, TypeError) and address.startswith("tls:"):
            raise UsageError(
                f"The Dask scheduler at {address!r} wants certificates, and none are named; put their files into "
                f"DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY."
            ) from error
        raise UsageError(
            f"No Dask scheduler answers at {address!r} ({reason}); give the address that `dask scheduler` prints, "
            f"such as tcp://10.0.0.1:8786."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            count = 0
            while count < (count := len(client.nthreads())):  # they come one after another
                time.sleep(SETTLE_SECONDS)
        except TimeoutError as error:
            raise UsageError(
                f"The Dask scheduler at {address!r} has no workers; start some with `dask worker {address} "
                f"--nthreads 1`."
            ) from error
        yield client


def _require_voice(address: str) -> None:
    """Raise UsageError where a port takes calls and says nothing, for which Dask would wait for ever.

    A scheduler speaks first. Whatever else may be wrong with an address Dask itself says.
    """
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if scheme not in ("", "tcp") or not port.isdecimal():
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as call:
            call.recv(1)
    except TimeoutError as error:
        raise UsageError(
            f"Nothing was said at {address!r} for {CONNECT_SECONDS:g} seconds, so no Dask scheduler is there; give the "
            f"address that `dask scheduler` prints, such as tcp://10.0.0.1:8786."
        ) from error
    except (OSError, OverflowError, UnicodeError):
        return


def _check_workers(client: Client, address: str | None, runs: Path) -> dict[str, object]:
    """Make sure that the workers can do the work, before any of it is sent; what each may use, by its name."""
    from cnnrepro import __version__
    from cnnrepro.runs.keys import TRAINING_VERSION

    try:
        with tempfile.NamedTemporaryFile(dir=runs, prefix=".batch-", suffix=".tmp") as mark:
            reports = client.run(inspect_worker, str(runs), Path(mark.name).name, on_error="return")
    except OSError as error:
        raise WorkFailed(f"The Dask cluster at {address or 'this machine'} does not answer: {error}") from error
    for worker, report in reports.items():
        if isinstance(report, Exception):
            raise UsageError(
                f"Worker {worker} cannot load cnnrepro ({type(report).__name__}: {report}); install it there, the same "
                f"version as here."
            )
        if report["code"] != (__version__, TRAINING_VERSION):
            raise UsageError(
                f"Worker {worker} has cnnrepro {report['code'][0]}, not {__version__} as here; install that."
            )
        if report["threads"] != 1:
            raise UsageError(
                f"Worker {worker} has {report['threads']} threads, and a training needs a process of its own; start "
                f"workers with `dask worker {address} --nthreads 1`."
            )
        if not report["sees"]:
            raise UsageError(
                f"Worker {worker} cannot write to the run store {str(runs)!r}; name a folder with --runs that all "
                f"machines share under the same path."
            )
    return {report["name"]: report["available"] for report in reports.values()}


def _close(cluster: LocalCluster) -> None:
    """End the workers of this machine, at once: what they had to keep is on the disk."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
    _kill_workers()
    cluster.close(timeout=START_SECONDS)


def _kill_workers() -> None:
    """Kill workers that are left, also where one is stopped; Python waits for them when it ends."""
    for process in multiprocessing.active_children():
        if "Dask Worker" in process.name:
            process.kill()
