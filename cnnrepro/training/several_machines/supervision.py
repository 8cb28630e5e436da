"""One run trained by several workers, seen from each of their machines: start the training, and say how it ended.

The training itself runs in a child process. JAX ends a process hard where a worker is lost; so somebody must be left to
say what happened, and that is this process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cnnrepro
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.timeouts import join_seconds
from cnnrepro.training.several_machines.addresses import Workers
from cnnrepro.training.several_machines.process import LOG, RESULT
from cnnrepro.training.stop import Stopped, StopRequest

POLL_SECONDS = 0.2
END_SECONDS = 20.0  # after a stop at once was asked for
LAST_LINES = 5  # of a log that nothing else is known from

# What JAX 0.10 says of workers that sent no heartbeat, and of the one that ended before the others.
_LOST = re.compile(r"(?:stopped sending heartbeats\):|first task at the barrier:)\s+(\d+(?:\s+\d+)*)")


def train(spec: RunSpec, workers: Workers, *, stop: StopRequest, **how: object) -> RunRecord:
    """Train a run with these workers and return its record; further arguments and errors are ``launch.train``'s."""
    if workers.number:
        how = {**how, "track": ()}
    with tempfile.TemporaryDirectory(prefix="cnnrepro-worker-") as folder:
        options = {"spec": spec.to_dict(), "workers": dataclasses.asdict(workers), "how": how, "folder": folder}
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "cnnrepro.training.several_machines.process", json.dumps(options)],
            stdin=subprocess.PIPE,
            env=_environment(workers),
            start_new_session=True,  # a Ctrl-C of the terminal comes to this process, which passes it on
        )
        try:
            _wait(process, stop)
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
        return _outcome(workers, Path(folder), process.returncode, stop)


def _environment(workers: Workers) -> dict[str, str]:
    """The child's environment: this package, and no proxy between the workers."""
    root = str(Path(cnnrepro.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    host = workers.coordinator.rpartition(":")[0]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "no_grpc_proxy": host}


def _wait(process: subprocess.Popen, stop: StopRequest) -> None:
    """Return when the child has ended; pass on that a stop was asked for, once, and once more for a stop at once."""
    passed_on = False
    try:
        with stop.deferred():
            while process.poll() is None:
                if stop.requested and not passed_on:
                    passed_on = True
                    process.send_signal(stop.signal or signal.SIGINT)
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        process.send_signal(stop.signal or signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        raise


def _outcome(workers: Workers, folder: Path, status: int, stop: StopRequest) -> RunRecord:
    """The record that the child left; raises what it ended with."""
    try:
        result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if stop.requested:  # before it could meet a signal
            raise Stopped(stop.signal or signal.SIGINT) from None
        log = (folder / LOG).read_text(encoding="utf-8", errors="replace") if (folder / LOG).exists() else ""
        raise WorkFailed(_explain(workers, status, log)) from None
    if "record" in result:
        return RunRecord.from_dict(result["record"])
    if "signal" in result:
        raise Stopped(result["signal"])
    raise (UsageError if result["status"] == UsageError.exit_status else WorkFailed)(result["text"])


def _explain(workers: Workers, status: int, log: str) -> str:
    """The sentence for a child that could not say itself why it ended, from the log that JAX left."""
    if "Failed to add port to server" in log:
        return (
            f"Worker 0 cannot listen on {workers.coordinator}, where another process does; give the first address of "
            f"--workers another port, on every machine."
        )
    if "CoordinationService/RegisterTask" in log:
        reason = re.findall(r"absl::Status: (.*)", log)[-1:]
        return (
            f"The {workers.count} workers did not all come to {workers.coordinator} within {join_seconds():g} s "
            f"({''.join(reason)}); start the same command on every machine, each with its own --worker, and see that "
            f"this address can be reached from there."
        )
    lost = [int(number) for numbers in _LOST.findall(log) for number in numbers.split()]
    if not lost and workers.number and "Failed to send RPC to coordination service" in log:
        lost = [0]
    if lost:
        names = " and ".join(workers.name(number) for number in sorted(set(lost)))
        return (
            f"This run lost {names}; its checkpoint is kept: start it again with the same or another number of workers."
        )
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    why = " (out of memory is the usual cause)" if status == -signal.SIGKILL else ""
    last = " | ".join([line for line in log.splitlines() if line.strip()][-LAST_LINES:])
    return (
        f"The process of {workers.name(workers.number)} {how}{why}; the same command goes on from the last finished "
        f"epoch.{f' It last said: {last}' if last else ''}"
    )
