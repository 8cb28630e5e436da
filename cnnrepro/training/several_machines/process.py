"""The process that trains as one of several workers: ``python -m cnnrepro.training.several_machines.process '{…}'``.

``supervision`` starts it. It ends with its parent and writes how it ended into a file. What libraries print goes into a
log: JAX ends a process hard where a worker is lost, and says much.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from cnnrepro.errors import CnnreproError
from cnnrepro.files import write_text
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.timeouts import heartbeat_seconds, join_seconds
from cnnrepro.training.several_machines.addresses import Workers
from cnnrepro.training.stop import StopRequest, heeded

LOG, RESULT = "log.txt", "result.json"  # in the folder that the parent names

SHUTDOWN_SECONDS = 10  # that workers wait for each other at the end; then who has not come is lost to them


def _end_with_parent() -> None:
    """End this process when its parent does, however that happens."""

    def watch() -> None:
        while os.read(0, 1):  # nothing is ever written
            continue
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="cnnrepro-parent").start()


def _redirect_output(log: Path) -> None:
    """Write what libraries print to a log; ``sys.stderr`` stays what people read."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)


def _train(options: Mapping, stop: StopRequest) -> RunRecord:
    """Connect JAX to the other workers, before anything else touches it, and train with them."""
    import jax

    from cnnrepro import data, engine  # noqa: F401  # loaded quietly: what JAX said meanwhile would be lost
    from cnnrepro.training.devices import DeviceGroup
    from cnnrepro.training.loop import find_or_train
    from cnnrepro.training.several_machines.messages import Messages

    data.load_tensorflow()
    workers = Workers(**options["workers"])
    jax.config.update("jax_enable_preemption_service", False)  # it takes SIGTERM for itself
    jax.config.update("jax_check_proxy_envs", False)  # the parent sees to it that none is used
    jax.distributed.initialize(
        workers.coordinator,
        workers.count,
        workers.number,
        cluster_detection_method="deactivate",
        coordinator_bind_address=workers.listening,
        initialization_timeout=int(join_seconds()),
        heartbeat_timeout_seconds=heartbeat_seconds(),
        shutdown_timeout_seconds=SHUTDOWN_SECONDS,
    )
    devices = DeviceGroup(Messages(workers.number, workers.count))
    return find_or_train(RunSpec.from_dict(options["spec"]), stop=stop, devices=devices, **options["how"])


def _result(work: Callable[[], RunRecord]) -> dict[str, object]:
    """How some work ended, as plain values."""
    try:
        return {"record": work().to_dict()}
    except KeyboardInterrupt as error:
        return {"signal": int(next(iter(error.args), signal.SIGINT))}
    except CnnreproError as error:
        return {"text": str(error), "status": error.exit_status}
    except Exception as error:
        return {"text": f"{type(error).__name__}: {error}".splitlines()[0], "status": 1}


def main() -> None:
    """Run with the options of the first argument."""
    options = json.loads(sys.argv[1])
    folder = Path(options["folder"])
    _end_with_parent()
    _redirect_output(folder / LOG)
    stop = StopRequest(quiet=True)
    signals = heeded()
    for number in signals:
        signal.signal(number, stop.handle_signal)
    result = _result(lambda: _train(options, stop))
    for number in signals:  # it ends already
        signal.signal(number, signal.SIG_IGN)
    write_text(folder / RESULT, json.dumps(result))
    import jax

    jax.distributed.shutdown()
    os._exit(0)  # JAX's own way out may wait for workers that are gone


if __name__ == "__main__":
    main()
