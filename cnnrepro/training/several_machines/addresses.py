"""Who trains a run together: the workers' addresses and which of them this process is; where that is read from.

A worker is one process, on a machine of its own or beside others; worker 0 is the coordinator, where the others call.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnrepro.errors import UsageError
from cnnrepro.runs.timeouts import join_seconds

AUTO, LOCAL = "auto", "local"

ALLOWED = "HOST:PORT,HOST:PORT with one address a worker, auto or local"

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class Workers:
    """All workers of a run, and this one.

    Args:
        addresses: HOST:PORT of each; for detected workers that of worker 0 alone.
        count: how many there are.
        number: of this worker, from 0 up.
    """

    addresses: Sequence[str]
    count: int
    number: int

    @property
    def coordinator(self) -> str:
        """The address of worker 0."""
        return self.addresses[0]

    @property
    def listening(self) -> str | None:
        """Where worker 0 listens: at its address alone. None, at all of the machine, where that is not its own, as one
        of a service that leads to it.
        """
        return self.coordinator if is_here(self.coordinator.rpartition(":")[0].strip("[]")) else None

    def name(self, number: int) -> str:
        """How sentences call a worker: "worker 1 of 2 (10.0.0.2:29400)"."""
        address = f" ({self.addresses[number]})" if number < len(self.addresses) else ""
        return f"worker {number} of {self.count}{address}"


def find_workers(text: str, number: int | None) -> Workers:
    """The workers that ``--workers`` and ``--worker`` name.

    Args:
        text: addresses with commas between them, or "auto" for what Kubernetes, Slurm or Open MPI started.
        number: of this worker; None where the environment or the addresses tell.

    Raises:
        UsageError: something that is no address, fewer than two, a number out of range or one that cannot be found
            out; with "auto", an environment that names no workers.
    """
    if text == AUTO:
        if number is not None:
            raise UsageError(f"--workers auto finds out which worker this is; leave --worker out. Received: {number}")
        workers = _of_kubernetes() if "CNNREPRO_WORKERS" in os.environ else _detect()
    else:
        addresses = [address.strip() for address in text.split(",")]
        for address in addresses:
            match = _ADDRESS.fullmatch(address)
            if match is None or not 1 <= int(match["port"]) <= 65535:
                raise UsageError(f"--workers takes {ALLOWED}, with ports from 1 to 65535. Received: {address!r}")
        if len(set(addresses)) < len(addresses):
            raise UsageError(f"--workers names an address twice; each worker has its own. Received: {text!r}")
        workers = Workers(addresses, len(addresses), find_number(addresses) if number is None else number)
    if workers.count < 2:
        raise UsageError(f"--workers takes at least two; for one machine alone leave it out. Received: {text!r}")
    if not 0 <= workers.number < workers.count:
        raise UsageError(f"--worker must be from 0 to {workers.count - 1}. Received: {workers.number}")
    return workers


def is_here(host: str) -> bool:
    """Whether an address is this machine's: something can be bound to it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.suppress(OSError, UnicodeError), socket.create_server((host, 0), family=family):
        return True
    return False


def find_number(addresses: Sequence[str], here: Callable[[str], bool] = is_here) -> int:
    """Which worker this machine is; raises UsageError unless exactly one address is its own."""
    own = [number for number, address in enumerate(addresses) if here(address.rpartition(":")[0].strip("[]"))]
    if len(own) != 1:
        which = f"workers {', '.join(map(str, own))} are all" if own else "none of --workers is"
        raise UsageError(
            f"Which worker is this? By their addresses {which} on this machine; say --worker N, from 0 to "
            f"{len(addresses) - 1}."
        )
    return own[0]


def _of_kubernetes() -> Workers:
    """The pods of an indexed Job; JAX's own detection needs the kubernetes package and the right to ask its API."""
    host, port = os.environ.get("CNNREPRO_WORKERS_HOST", ""), os.environ.get("CNNREPRO_WORKERS_PORT") or "29400"
    try:
        count, number = int(os.environ["CNNREPRO_WORKERS"]), int(os.environ["JOB_COMPLETION_INDEX"])
    except (KeyError, ValueError):
        count = number = -1
    if count < 0 or host.count("{}") != 1 or not _ADDRESS.fullmatch(f"{host.replace('{}', '0')}:{port}"):
        raise UsageError(
            "In a Kubernetes indexed Job --workers auto needs CNNREPRO_WORKERS, the number of pods, and "
            "CNNREPRO_WORKERS_HOST, their names in the headless service with {} for the index, such as train-{}.train."
        )
    return Workers([f"{host.replace('{}', str(pod))}:{port}" for pod in range(count)], count, number)


def _detect() -> Workers:
    """The workers that Slurm, Open MPI or another launcher started, as JAX detects them.

    ``jax.distributed.initialize()`` would do it by itself, and give each process one GPU; here it has all of its node.
    """
    from jax._src.clusters import ClusterEnv  # no public name

    own = os.environ.get("JAX_COORDINATOR_ADDRESS")  # for node names that JAX reads wrongly
    try:
        coordinator, count, number, devices = ClusterEnv.auto_detect_unset_distributed_params(
            own, None, None, None, None, int(join_seconds())
        )
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"--workers auto: JAX says: {error}") from error
    if None in (coordinator, count, number):
        raise UsageError(
            "--workers auto finds neither a Slurm step (start it with srun), nor Open MPI, nor a Kubernetes Job with "
            "CNNREPRO_WORKERS; name the workers as HOST:PORT,HOST:PORT with --worker N."
        )
    if devices not in (None, [0]):
        raise UsageError(
            f"--workers auto takes one process a node, which has all of its devices; start them with srun "
            f"--ntasks-per-node=1. Received: process {devices[0]} of this node"
        )
    return Workers([coordinator], count, number)
