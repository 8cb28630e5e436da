"""The process that trains as one of several workers: ``python -m cnnrepro.training.workers.process '{…}'``.

It is started by ``supervision`` only, which gives it three things besides its options: standard input, whose end means
that the parent is gone; a file descriptor for messages; and one for what people read. What C++ prints (JAX ends a
process hard where the coordinator is gone, and says much) goes to a file that the parent keeps.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from types import FrameType

from cnnrepro.errors import CnnreproError, UsageError
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.timeouts import heartbeat_seconds, join_seconds
from cnnrepro.training.stop import SIGNALS, StopRequest
from cnnrepro.training.workers.addresses import Workers
from cnnrepro.training.workers.messages import Peers, ending_of

START_SECONDS = 120  # at most, from the roll call to all processes being connected


class _AskedByParent(StopRequest):
    """A stop that the parent passes on; it has told people already."""

    def handle_signal(self, number: int, frame: FrameType | None = None) -> None:
        """The signal handler."""
        first, self.signal = not self.requested, number
        self.request()
        if not (first and self._deferring):
            raise KeyboardInterrupt(number)


def _end_with_parent() -> None:
    """End this process when its parent does, however that happens."""

    def watch() -> None:
        while os.read(0, 1):  # nothing is ever written
            continue
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="cnnrepro-parent").start()


def _tell_to(descriptor: int) -> Callable[[Mapping], None]:
    """What sends messages to the parent, one a line; several threads use it."""
    lock = threading.Lock()

    def tell(message: Mapping) -> None:
        line = json.dumps(message).encode() + b"\n"
        with lock, contextlib.suppress(OSError):  # a parent that is gone ends this process by other means
            while line:
                line = line[os.write(descriptor, line) :]

    return tell


def connect(workers: Workers, tell: Callable[[Mapping], object]) -> Peers:
    """Start JAX as one of several processes; before anything else touches it."""
    import jax
    from jax._src import distributed  # its client has no public name

    if not hasattr(jax.config, "jax_enable_recoverability"):
        raise UsageError(f"--workers needs a newer JAX; it was written with 0.10. Received: {jax.__version__}")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.config.update("jax_enable_preemption_service", False)  # it takes SIGTERM for itself
    jax.config.update("jax_check_proxy_envs", False)  # between the workers there is none
    jax.config.update("jax_enable_recoverability", True)  # the coordinator outlives a worker, and says which is gone
    jax.distributed.initialize(
        str(workers.coordinator),
        len(workers),
        workers.number,
        initialization_timeout=min(START_SECONDS, int(join_seconds())),
        heartbeat_timeout_seconds=heartbeat_seconds(),
        cluster_detection_method="deactivate",
    )
    tell({"connected": True})
    return Peers(workers, distributed.global_state.client, tell)


def _ends(work: Callable[[], RunRecord]) -> dict:
    """How some work ended: with a record, or with an error or a stop, as they are told to others."""
    try:
        return {"record": work().to_dict()}
    except (CnnreproError, KeyboardInterrupt) as error:
        return ending_of(error)
    except Exception as error:
        traceback.print_exc(file=sys.__stderr__)  # into the file that the parent keeps
        return {"text": f"{type(error).__name__}: {error}".splitlines()[0], "status": 1}


def _train(options: Mapping, stop: StopRequest, tell: Callable[[Mapping], object]) -> dict:
    """Connect to the others and train with them; how it ended. If without a record, the others are told why."""
    workers = Workers.from_dict(options["workers"])
    peers = connect(workers, tell)

    def work() -> RunRecord:
        from cnnrepro.training.devices import DeviceGroup
        from cnnrepro.training.loop import find_or_train

        devices = DeviceGroup(peers, workers.number, len(workers))
        return find_or_train(RunSpec.from_dict(options["spec"]), stop=stop, devices=devices, **options["how"])

    ending = _ends(work)
    if "record" not in ending:
        for number in SIGNALS:  # it ends already
            signal.signal(number, signal.SIG_IGN)
        peers.leave(ending)
    return ending


def main() -> None:
    """Run with the options of the first argument."""
    options = json.loads(sys.argv[1])
    _end_with_parent()
    tell = _tell_to(options["messages"])
    sys.stderr = os.fdopen(options["speech"], "w", buffering=1, encoding="utf-8", errors="replace")
    stop = _AskedByParent()
    for number in SIGNALS:
        signal.signal(number, stop.handle_signal)
    try:
        ending = _train(options, stop, tell)
    except (CnnreproError, KeyboardInterrupt) as error:  # before there was anybody to tell
        ending = ending_of(error)
    except Exception:  # the parent says so, with the last lines
        traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    tell({"end": ending})
    sys.stderr.flush()
    os._exit(0)  # JAX's own way out waits for workers that may be gone


if __name__ == "__main__":
    main()
