"""One run trained by several workers, seen from each of their machines: meet, start, watch, and say how it ended.

The training itself runs in a child process. JAX ends a process hard where its coordinator is gone, and a collective may
hang where a machine is; so somebody must be left to say what happened, and that is this process, which holds no JAX.
"""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import cnnrepro
from cnnrepro.data import FOLDER
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs.keys import TRAINING_VERSION
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.timeouts import heartbeat_seconds
from cnnrepro.training.provenance import versions
from cnnrepro.training.stop import Stopped, StopRequest
from cnnrepro.training.workers import messages, roll_call
from cnnrepro.training.workers.addresses import Workers

POLL_SECONDS = 0.2
END_SECONDS = 20.0  # after a stop at once was asked for
LAST_LINES = 5  # of what a process printed before it ended without a word

SAME_VERSIONS = ("cnnrepro", "keras", "jax")


def require_jax() -> None:
    """Raise UsageError unless Keras runs on JAX; TensorFlow's strategy for several workers takes no Keras 3 model."""
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen != "jax":
        raise UsageError(f"--workers trains on JAX alone; set KERAS_BACKEND=jax on every machine. Received: {chosen!r}")
    if importlib.util.find_spec("jax") is None:
        raise UsageError("--workers needs JAX, not installed here; pip install 'cnnrepro[jax]' brings it.")


def train(
    spec: RunSpec, workers: Workers, *, stop: StopRequest, say: Callable[[str], object], **how: object
) -> RunRecord:
    """The record of a run that these workers train together.

    Args:
        spec: the run; the same at all workers.
        workers: all, and this one.
        stop: asks all workers to stop after the epoch that runs.
        say: takes sentences for people while workers wait for each other.
        how: ``runs``, ``keep_weights``, ``placement``, ``cache`` and ``track`` of ``loop.find_or_train``, as plain
            values; ``runs`` and ``track`` matter at worker 0 alone.

    Raises:
        Stopped: a worker was asked to stop; the same command goes on from the checkpoint.
        UsageError: a backend that is not JAX, or workers that mean different runs.
        WorkFailed: a worker did not come, was lost or failed, or the run did.
    """
    require_jax()
    if spec.batch_size % len(workers):
        raise UsageError(
            f"A batch must be divisible among the {len(workers)} workers; give a --batch-size that is a multiple of "
            f"{len(workers)} (another batch size is another run), or another number of workers. Received: "
            f"{spec.batch_size} images a batch"
        )
    heartbeat_seconds()  # what the environment says is checked before anybody comes
    roll_call.call(workers, _facts(spec, workers), say)
    if workers.number:
        how = {**how, "track": ()}
    with tempfile.TemporaryFile() as noise:
        child = _Child(workers, {"spec": spec.to_dict(), "how": how}, noise)
        try:
            return child.result(stop)
        finally:
            child.close()


def _facts(spec: RunSpec, workers: Workers) -> dict[str, object]:
    """What must be the same at all workers. A folder of pictures may lie elsewhere; what is in it is compared later."""
    found = {"addresses": ",".join(map(str, workers.addresses)), **spec.to_dict(), "training version": TRAINING_VERSION}
    if spec.dataset.startswith(FOLDER):
        found["dataset"] = FOLDER
    here = versions()
    return found | {f"{name} version": here.get(name) for name in SAME_VERSIONS}


class _Child:
    """The process that trains."""

    def __init__(self, workers: Workers, options: Mapping[str, object], noise: IO[bytes]):
        self._workers, self._noise = workers, noise
        self._about: dict[str, object] = {}
        self._ending: dict | None = None
        self._unread = b""
        self._messages, theirs = os.pipe()
        speech = os.dup(2)
        options = {**options, "workers": workers.to_dict(), "messages": theirs, "speech": speech}
        root = str(Path(cnnrepro.__file__).parent.parent)
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "cnnrepro.training.workers.process", json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=noise,
                stderr=noise,
                pass_fds=(theirs, speech),
                env=_environment(workers, root),
                start_new_session=True,  # a Ctrl-C of the terminal comes to this process, which passes it on
            )
        finally:
            os.close(theirs)
            os.close(speech)

    def result(self, stop: StopRequest) -> RunRecord:
        """The record that it ends with; raises what it ended with."""
        passed_on = False
        with selectors.DefaultSelector() as selector, stop.deferred():
            selector.register(self._messages, selectors.EVENT_READ)
            try:
                while self._read(selector):
                    if stop.requested and not passed_on:
                        passed_on = True
                        self._signal(stop.signal or signal.SIGINT)
            except KeyboardInterrupt:  # asked for the second time
                if not passed_on:  # and the first was a moment ago
                    self._signal(stop.signal or signal.SIGINT)
                    time.sleep(POLL_SECONDS)
                self._signal(stop.signal or signal.SIGINT)
                end = time.monotonic() + END_SECONDS
                while time.monotonic() < end and self._read(selector):
                    continue
                raise
        return self._judge(stop)

    def _read(self, selector: selectors.BaseSelector) -> bool:
        """Hear what it says for a moment; False when it has said the last."""
        if not selector.select(POLL_SECONDS):
            return True
        more = os.read(self._messages, 1 << 16)
        *lines, self._unread = (self._unread + more).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self._ending = message.get("end", self._ending)
            self._about |= message
        return bool(more)

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _judge(self, stop: StopRequest) -> RunRecord:
        """What its end means."""
        status = self._process.wait()
        ending = self._ending
        if ending is None:
            if stop.requested:  # before it could meet a signal
                raise Stopped(stop.signal or signal.SIGINT)
            raise self._without_a_word(status)
        if "record" in ending:
            return RunRecord.from_dict(ending["record"])
        if "signal" in ending:
            raise Stopped(ending["signal"])
        raise (UsageError if ending["status"] == UsageError.exit_status else WorkFailed)(ending["text"])

    def _without_a_word(self, status: int) -> WorkFailed:
        """The error for a process that could not say itself what happened."""
        if "lost" in self._about:
            return messages.lost(self._workers, self._about["lost"], self._about)
        if status == -signal.SIGABRT and "connected" not in self._about:
            return WorkFailed(
                f"The workers met, but one of them was gone before all were connected to JAX's coordinator at "
                f"{self._workers.coordinator}; look at what the others say, and start it again."
            )
        self._noise.seek(0)
        noise = self._noise.read().decode("utf-8", "replace")
        # JAX's client ends its process so where the coordinator is gone.
        if self._workers.number and status == -signal.SIGABRT and "coordination service" in noise.lower():
            return messages.lost(self._workers, [0], self._about)
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        why = " (out of memory is the usual cause)" if status == -signal.SIGKILL else ""
        last = " | ".join([line for line in noise.splitlines() if line.strip()][-LAST_LINES:])
        return WorkFailed(
            f"The process of {self._workers.name(self._workers.number)} {how}{why}; the same command goes on from the "
            f"last finished epoch.{f' It last said: {last}' if last else ''}"
        )

    def close(self) -> None:
        """End it, if it still runs."""
        self._process.stdin.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._messages)


def _environment(workers: Workers, root: str) -> dict[str, str]:
    """The child's environment: this package, and no proxy between the workers."""
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    hosts = [one.host for one in workers.addresses]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "no_grpc_proxy": ",".join(hosts)}
