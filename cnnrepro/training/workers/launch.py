"""``train`` as the command line calls it: alone, on all devices of this machine, or with workers on several."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cnnrepro.errors import UsageError
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.training import loop
from cnnrepro.training.stop import StopRequest
from cnnrepro.training.workers import addresses, supervision


def train(
    spec: RunSpec,
    *,
    workers: str | None,
    worker: int | None,
    runs: Path,
    stop: StopRequest,
    say: Callable[[str], object],
    track: Sequence[str] | None = None,
    **how: object,
) -> RunRecord:
    """The record of a run, as ``loop.find_or_train`` gives it.

    Args:
        spec: the run.
        workers: addresses, "auto", or "local" for all devices of this machine; None trains on one device, as ever.
        worker: which of the addresses this is; None where that can be found out.
        runs: folder of the store; with several workers worker 0's is used, and in the others' photographs are kept.
        stop: asks for a stop after a checkpoint.
        say: takes sentences for people.
        track: as ``loop.find_or_train`` has it.
        how: ``keep_weights``, ``cache`` and ``placement`` of ``loop.find_or_train``.

    Raises:
        UsageError: a backend that is not JAX, addresses that cannot be, workers that differ; as
            ``loop.find_or_train``.
        WorkFailed: a worker is missing or lost; as ``loop.find_or_train``.
    """
    if worker is not None and workers in (None, addresses.LOCAL):
        raise UsageError(f"--worker says which one of --workers HOST:PORT,HOST:PORT this is. Received: {worker}")
    if workers is None:
        return loop.find_or_train(spec, runs=runs, stop=stop, track=track, **how)
    supervision.require_jax()
    if workers == addresses.LOCAL:
        from cnnrepro.training.devices import DeviceGroup

        return loop.find_or_train(spec, runs=runs, stop=stop, track=track, devices=DeviceGroup(), **how)
    found = addresses.find(workers, worker, os.environ)
    return supervision.train(spec, found, stop=stop, say=say, runs=str(runs), track=track, **how)


def is_chief(workers: str | None, worker: int | None) -> bool:
    """Whether this process is the one that writes: alone, or worker 0. The arguments are those of ``train``."""
    return workers in (None, addresses.LOCAL) or addresses.find(workers, worker, os.environ).number == 0
