"""Who trains a run together: the workers' addresses and which of them this process is; where that is read from.

A worker is one process, on a machine of its own or beside others; worker 0 is the coordinator, where the others call.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from cnnrepro.errors import UsageError

AUTO, LOCAL = "auto", "local"

DEFAULT_PORT = 29400  # of the coordinator in Kubernetes, where each pod has all ports to itself

# Of the coordinator under Slurm: from the job's number, so that two jobs on a machine do not meet; below 32768, from
# where on systems give ports away by themselves.
SLURM_FIRST_PORT, SLURM_PORTS = 15_000, 10_000

ALLOWED = "HOST:PORT,HOST:PORT with one address a worker, auto or local"


@dataclass(frozen=True)
class Address:
    """A host name or IP address, and a port; of all but worker 0 the port is a label."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Workers:
    """All workers of a run, and this one.

    Args:
        addresses: in the workers' order; the first is where worker 0 listens and all others call.
        number: of this worker, from 0 up.
    """

    addresses: tuple[Address, ...]
    number: int

    def __len__(self) -> int:
        return len(self.addresses)

    @property
    def coordinator(self) -> Address:
        """Of worker 0."""
        return self.addresses[0]

    def name(self, number: int) -> str:
        """How sentences call a worker: "worker 1 of 2 (10.0.0.2:29400)"."""
        return f"worker {number} of {len(self)} ({self.addresses[number]})"

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return {"addresses": [[one.host, one.port] for one in self.addresses], "number": self.number}

    @classmethod
    def from_dict(cls, values: Mapping) -> Workers:
        """What ``to_dict`` wrote."""
        return cls(tuple(Address(host, port) for host, port in values["addresses"]), values["number"])


def find(text: str, number: int | None, environment: Mapping[str, str]) -> Workers:
    """The workers that ``--workers`` and ``--worker`` name.

    Args:
        text: addresses with commas between them, or "auto" for those of Slurm or Kubernetes.
        number: of this worker; None where the environment or the addresses tell.
        environment: variables by name.

    Raises:
        UsageError: something that is no address, fewer than two, a number out of range or one that cannot be found
            out; with "auto", an environment that names no workers.
    """
    if text == AUTO:
        return _of_environment(number, environment)
    addresses = tuple(parse_address(one.strip()) for one in text.split(","))
    if len(addresses) < 2:
        raise UsageError(f"--workers takes {ALLOWED}; for one machine alone leave it out. Received: {text!r}")
    if len(set(addresses)) < len(addresses):
        raise UsageError(f"--workers names an address twice; each worker has its own. Received: {text!r}")
    return _numbered(addresses, find_number(addresses) if number is None else number)


def parse_address(text: str) -> Address:
    """An address from HOST:PORT or [IPv6]:PORT; raises UsageError for anything else."""
    match = re.fullmatch(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})", text)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        raise UsageError(f"--workers takes {ALLOWED}, with ports from 1 to 65535. Received: {text!r}")
    return Address(match["six"] or match["host"], int(match["port"]))


def is_here(host: str) -> bool:
    """Whether an address is this machine's: something can be bound to it."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return False
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as tried:
                tried.bind(address)
                return True
        except OSError:
            continue
    return False


def find_number(addresses: Sequence[Address], here: Callable[[str], bool] = is_here) -> int:
    """Which worker this machine is; raises UsageError unless exactly one address is its own."""
    own = [number for number, address in enumerate(addresses) if here(address.host)]
    if len(own) != 1:
        told = f"workers {', '.join(map(str, own))} are all" if own else "none of --workers is"
        raise UsageError(
            f"Which worker is this? By their addresses {told} on this machine; say --worker N, from 0 to "
            f"{len(addresses) - 1}."
        )
    return own[0]


def _numbered(addresses: tuple[Address, ...], number: int) -> Workers:
    if not 0 <= number < len(addresses):
        raise UsageError(f"--worker must be from 0 to {len(addresses) - 1}, one for each address. Received: {number}")
    return Workers(addresses, number)


def _of_environment(number: int | None, environment: Mapping[str, str]) -> Workers:
    """The workers that Slurm or Kubernetes started."""
    if number is not None:
        raise UsageError(f"--workers auto finds out which worker this is; leave --worker out. Received: {number}")
    if "JOB_COMPLETION_INDEX" in environment:
        return _of_kubernetes(environment)
    if "SLURM_PROCID" in environment:
        return _of_slurm(environment)
    raise UsageError(
        "--workers auto needs a Slurm step (srun sets SLURM_PROCID) or a Kubernetes indexed Job "
        "(JOB_COMPLETION_INDEX), and neither is here; name the workers as HOST:PORT,HOST:PORT with --worker N."
    )


def _of_kubernetes(environment: Mapping[str, str]) -> Workers:
    """The pods of an indexed Job with a headless service."""
    host = environment.get("CNNREPRO_WORKERS_HOST", "")
    if host.count("{}") != 1:
        raise UsageError(
            "In a Kubernetes Job --workers auto needs CNNREPRO_WORKERS_HOST, the pods' names in the headless service "
            f"with {{}} for the index, such as train-{{}}.train. Received: {host!r}"
        )
    count = _whole("CNNREPRO_WORKERS", environment, "the number of pods, as in the Job's completions", least=2)
    port = _whole("CNNREPRO_WORKERS_PORT", environment, "a port", least=1, most=65535, default=DEFAULT_PORT)
    number = _whole("JOB_COMPLETION_INDEX", environment, "this pod's index", most=count - 1)
    return _numbered(tuple(Address(host.replace("{}", str(pod)), port) for pod in range(count)), number)


def _of_slurm(environment: Mapping[str, str]) -> Workers:
    """The tasks of a Slurm step, one a node."""
    listed = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST", "")
    nodes = expand_nodes(listed)
    count = _whole("SLURM_STEP_NUM_TASKS", environment, "the number of tasks", default=0)
    count = count or _whole("SLURM_NTASKS", environment, "the number of tasks", least=1)
    if count != len(nodes) or count < 2:
        raise UsageError(
            f"--workers auto takes one Slurm task a node and at least two nodes; start them with srun --nodes=N "
            f"--ntasks-per-node=1. Received: {count} tasks on {len(nodes)} nodes ({listed})"
        )
    job = _whole("SLURM_JOB_ID", environment, "a number")
    port = SLURM_FIRST_PORT + job % SLURM_PORTS
    number = _whole("SLURM_PROCID", environment, "this task's number", most=count - 1)
    return _numbered(tuple(Address(node, port) for node in nodes), number)


def expand_nodes(text: str) -> list[str]:
    """The host names of a Slurm list: "node[01-03,7],login" is node01, node02, node03, node7, login.

    Raises:
        UsageError: what is no such list.
    """
    wrong = UsageError(f"A list of Slurm nodes, such as node[01-04,7],login, was expected. Received: {text!r}")
    if not re.fullmatch(r"(?:[^\[\],\s]|\[[0-9,-]+\])+(?:,(?:[^\[\],\s]|\[[0-9,-]+\])+)*", text):
        raise wrong
    found = []
    for entry in re.split(r",(?![^\[]*\])", text):
        parts = re.split(r"\[([0-9,-]+)\]", entry)  # texts and, at odd places, what was in brackets
        choices = [_numbers(part, wrong) if place % 2 else [part] for place, part in enumerate(parts)]
        found += ["".join(chosen) for chosen in product(*choices)]
    return found


def _numbers(text: str, wrong: UsageError) -> list[str]:
    """The numbers of "01-03,7", with their leading zeros."""
    found = []
    for one in text.split(","):
        match = re.fullmatch(r"([0-9]+)(?:-([0-9]+))?", one)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise wrong
        low, high = match[1], match[2] or match[1]
        found += [f"{number:0{len(low)}d}" for number in range(int(low), int(high) + 1)]
    return found


def _whole(
    name: str, environment: Mapping[str, str], what: str, *, least: int = 0, most: int | None = None, default=None
) -> int:
    """A whole number of the environment; raises UsageError where it is missing or out of range."""
    text = environment.get(name) or ("" if default is None else str(default))
    if not re.fullmatch(r"[0-9]+", text) or int(text) < least or (most is not None and int(text) > most):
        allowed = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise UsageError(f"{name} must be {what}: a whole number {allowed}. Received: {environment.get(name)!r}")
    return int(text)
