"""Which cores and which GPU a worker takes, so that jobs side by side do not crowd each other.

They are taken before Keras is loaded, because its backends count cores and GPUs once, when they start. Cores are
dealt by the system's affinity mask, which every library heeds: TensorFlow, XLA, BLAS and tf.data start as many threads
as it has cores. (Two jobs with the threads of two cores each on two cores are slower than one after another.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from cnnrepro import machine


@dataclass(frozen=True)
class Available:
    """What a worker may use before it was dealt its part.

    Args:
        machine: which it runs on.
        cores: numbers of the cores.
        gpus: as CUDA_VISIBLE_DEVICES names them.
    """

    machine: str
    cores: tuple[int, ...]
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class Assigned:
    """What one of several workers on a machine is to use.

    Args:
        cores: numbers of the cores.
        gpu: as CUDA_VISIBLE_DEVICES names it; None where there is no GPU to deal.
        shared_gpu: whether another worker has the same one.
    """

    cores: tuple[int, ...]
    gpu: str | None = None
    shared_gpu: bool = False


def deal(available: Mapping[str, Available]) -> dict[str, Assigned]:
    """What each worker of a cluster is to use: those that may use the same cores divide them, and likewise the GPUs.

    A worker that was bound to cores of its own (by Slurm, taskset, Kubernetes' static CPU manager) keeps them all. GPUs
    are dealt in turn.

    Args:
        available: what each may use, by its name.
    """
    assigned = {}
    for name, own in available.items():
        near = [other for other in sorted(available) if available[other].machine == own.machine]
        by_core = [other for other in near if available[other].cores == own.cores]
        by_gpu = [other for other in near if available[other].gpus == own.gpus]
        cores = part_of(own.cores, by_core.index(name), len(by_core))
        gpu = own.gpus[by_gpu.index(name) % len(own.gpus)] if own.gpus else None
        assigned[name] = Assigned(cores, gpu, shared_gpu=0 < len(own.gpus) < len(by_gpu))
    return assigned


def part_of(cores: tuple[int, ...], place: int, workers: int) -> tuple[int, ...]:
    """The cores of the worker in a place from 0 up: neighbours, as evenly as they go (7 for 3 workers: 3, 2, 2).

    With more workers than cores each has one, and some share it.
    """
    if workers >= len(cores):
        return (cores[place % len(cores)],)
    size, more = divmod(len(cores), workers)
    first = place * size + min(place, more)
    return tuple(cores[first : first + size + (place < more)])


def available() -> Available:
    """What this process may use."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        gpus = [str(number) for number in range(len(machine.describe().gpus))]
    else:
        gpus = [name for name in visible.split(",") if name and name != "-1"]
    return Available(machine.running_id(), tuple(machine.cores()), tuple(gpus))


def take(assigned: Assigned) -> None:
    """Keep this process, with all its threads, to what it was assigned."""
    if hasattr(os, "sched_setaffinity"):
        for thread in psutil.Process().threads():
            os.sched_setaffinity(thread.id, assigned.cores)
    machine.describe.cache_clear()  # it counts cores
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(len(assigned.cores))
    if assigned.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = assigned.gpu
    if assigned.shared_gpu:  # by default the first would take nearly all of its memory
        os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
