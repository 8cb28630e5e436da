"""A worker's share of its machine: cores so that jobs side by side do not crowd each other, and one GPU.

The share is taken before Keras is loaded, because its backends count cores and GPUs once, when they start. Cores are
dealt by the system's affinity mask, which every library heeds: TensorFlow, XLA, BLAS and tf.data start as many threads
as it has cores. (Two jobs with the threads of two cores each on two cores are slower than one after another.)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cnnrepro import machine

# glibc's mallopt, and the values that its own adaptive thresholds end at on 64 bits: DEFAULT_MMAP_THRESHOLD_MAX is
# 4 · 1024² · sizeof(long) = 32 MiB, and twice that is left at the top of the heap.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_MMAP = 32 * 2**20


@dataclass(frozen=True)
class Share:
    """What one of several workers on a machine may use.

    Args:
        cores: numbers of the cores.
        gpu: as CUDA_VISIBLE_DEVICES names it; None where there is no GPU to deal.
        shared_gpu: whether another worker has the same one.
    """

    cores: tuple[int, ...]
    gpu: str | None = None
    shared_gpu: bool = False


def share(cores: Sequence[int], gpus: Sequence[str], place: int, workers: int) -> Share:
    """The share of one worker.

    Args:
        cores: the machine's, as far as they may be used.
        gpus: likewise.
        place: which worker it is, from 0 up.
        workers: on this machine.

    Returns:
        Neighbouring cores, as evenly as they go (7 cores for 3 workers: 3, 2, 2); with more workers than cores each has
        one, and some share it. GPUs are dealt in turn.
    """
    cores = sorted(cores)
    if workers >= len(cores):
        own = (cores[place % len(cores)],)
    else:
        size, more = divmod(len(cores), workers)
        first = place * size + min(place, more)
        own = tuple(cores[first : first + size + (place < more)])
    gpu = gpus[place % len(gpus)] if gpus else None
    return Share(own, gpu, shared_gpu=bool(gpus) and workers > len(gpus))


@dataclass(frozen=True)
class Own:
    """What a worker of a running cluster may use before it was dealt a share.

    Args:
        machine: which it runs on.
        cores: numbers of the cores.
        gpus: as CUDA_VISIBLE_DEVICES names them.
    """

    machine: str
    cores: tuple[int, ...]
    gpus: tuple[str, ...]


def deal(owned: Mapping[str, Own]) -> dict[str, Share]:
    """The shares of the workers of a cluster: those that may use the same cores divide them, and likewise the GPUs.

    A worker that was bound to cores of its own (by Slurm, taskset, Kubernetes' static CPU manager) keeps them all.

    Args:
        owned: what each may use, by its name.
    """
    dealt = {}
    for name, own in owned.items():
        near = sorted(other for other, theirs in owned.items() if theirs.machine == own.machine)
        by_core = [other for other in near if owned[other].cores == own.cores]
        by_gpu = [other for other in near if owned[other].gpus == own.gpus]
        cores = share(own.cores, (), by_core.index(name), len(by_core)).cores
        gpus = share(own.cores, own.gpus, by_gpu.index(name), len(by_gpu))
        dealt[name] = replace(gpus, cores=cores)
    return dealt


def own_cores() -> list[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def own_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name and name != "-1"]
    return [str(number) for number in range(len(machine.describe().gpus))]


def take(share: Share) -> None:
    """Keep this process, with all its threads, to its share."""
    if hasattr(os, "sched_setaffinity"):
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setaffinity(int(thread.name), share.cores)
    machine.describe.cache_clear()  # it counts cores
    keep_freed_memory()
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(len(share.cores))
    if share.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = share.gpu
    if share.shared_gpu:  # by default the first would take nearly all of its memory
        os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"


def keep_freed_memory() -> None:
    """Let glibc keep what was freed for the next tensor, as it does by itself; elsewhere nothing is to be done.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_ at 64 KiB, so that memory goes back to the system at once. Each
    training step then has all its tensors' pages made and zeroed anew: the small AlexNet took 1.25 times as long on one
    core, ResNet-20 1.7 times, and two jobs were slower than one after another.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # no glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP)
        mallopt(_TRIM_THRESHOLD, 2 * _LARGEST_MMAP)
