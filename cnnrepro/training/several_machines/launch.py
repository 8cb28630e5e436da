"""``train`` as the command line calls it: alone, on all devices of this machine, or with workers on several."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from cnnrepro.errors import UsageError
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.training import loop
from cnnrepro.training.several_machines import addresses, supervision
from cnnrepro.training.stop import StopRequest


def train(
    spec: RunSpec,
    *,
    workers: str | None,
    worker: int | None,
    runs: Path,
    stop: StopRequest,
    **how: object,
) -> RunRecord:
    """The record of a run, as ``loop.find_or_train`` gives it.

    Args:
        spec: the run.
        workers: addresses, "auto", or "local" for all devices of this machine; None trains on one device, as ever.
        worker: which of the addresses this is; None where that can be found out.
        runs: folder of the store; with several workers worker 0's is used, and in the others' photographs are kept.
        stop: asks for a stop after a checkpoint.
        how: ``keep_weights``, ``cache``, ``placement`` and ``track`` of ``loop.find_or_train``.

    Raises:
        Stopped: this or another worker was asked to stop; the same command goes on from the checkpoint.
        UsageError: a backend that is not JAX, addresses that cannot be, workers that mean different runs; as
            ``loop.find_or_train``.
        WorkFailed: a worker is missing or lost; as ``loop.find_or_train``.
    """
    if worker is not None and workers in (None, addresses.LOCAL):
        raise UsageError(f"--worker says which one of --workers HOST:PORT,HOST:PORT this is. Received: {worker}")
    if workers is None:
        return loop.find_or_train(spec, runs=runs, stop=stop, **how)
    _require_jax()
    if workers == addresses.LOCAL:
        from cnnrepro.training.devices import DeviceGroup

        return loop.find_or_train(spec, runs=runs, stop=stop, devices=DeviceGroup(), **how)
    return supervision.train(spec, addresses.find_workers(workers, worker), stop=stop, runs=str(runs), **how)


def _require_jax() -> None:
    """Raise UsageError unless Keras runs on JAX; TensorFlow's strategy for several workers takes no Keras 3 model."""
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen != "jax":
        raise UsageError(f"--workers trains on JAX alone; set KERAS_BACKEND=jax on every machine. Received: {chosen!r}")
    if importlib.util.find_spec("jax") is None:
        raise UsageError("--workers needs JAX, not installed here; pip install jax brings it.")


def is_chief(workers: str | None, worker: int | None) -> bool:
    """Whether this process is the one that writes: alone, or worker 0. The arguments are those of ``train``."""
    return workers in (None, addresses.LOCAL) or addresses.find_workers(workers, worker).number == 0
