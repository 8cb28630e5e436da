"""The runs of a batch as tasks, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cnnrepro.errors import UsageError
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec

FOUND, TRAINED, FAILED, STOPPED = "found", "trained", "failed", "stopped"
BUSY = "busy"  # another process trains it, and there was other work to do; no task ends so


@dataclass(frozen=True)
class Plan:
    """How a batch is trained.

    Args:
        jobs: runs side by side; with a scheduler that is for its workers to say.
        scheduler: address of a running Dask scheduler; None for a cluster of this machine's own.
        retry: how often a run that met an error is tried again.
        fail_fast: end with the first run that fails.
        memory: bytes that a worker of this machine may take; None for an equal share.
    """

    jobs: int = 1
    scheduler: str | None = None
    retry: int = 0
    fail_fast: bool = False
    memory: int | None = None

    @property
    def side_by_side(self) -> bool:
        """Whether a cluster is wanted at all."""
        return self.jobs > 1 or self.scheduler is not None


@dataclass(frozen=True)
class Task:
    """One run to be had.

    Args:
        number: its place in the batch, from 0 up.
        spec: the run.
        keep_weights: whether a page needs its weights.
        waits: whether to wait where another process trains it.
    """

    number: int
    spec: RunSpec
    keep_weights: bool = False
    waits: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Args:
        number: the task's.
        status: "found" (the store had it), "trained", "failed", "stopped" (at a checkpoint, or before it began), or, of
            a task that does not wait, "busy".
        told: for people: the scores, or the reason.
        final: whether trying again would end the same way: the loss diverged, or the call was wrong.
        training_seconds: what the record says of its training, 0 where there is none.
    """

    number: int
    status: str
    told: str = ""
    final: bool = False
    training_seconds: float = 0.0


def tasks_of(experiments: Iterable[Sequence[Arm]]) -> tuple[Task, ...]:
    """The runs of several experiments, each run once.

    Within an experiment seeds come first and arms second, so that a batch that is cut short leaves whole pairs.
    """
    found: dict[RunSpec, Task] = {}
    for arms in experiments:
        for specs in zip(*(arm.specs for arm in arms), strict=True):
            for arm, spec in zip(arms, specs, strict=True):
                task = found.get(spec, Task(len(found), spec))
                found[spec] = replace(task, keep_weights=task.keep_weights or arm.keep_weights)
    return tuple(found.values())


def parse_memory(text: str | None) -> int | None:
    """A size as people write it ("4GiB", "500 MB") in bytes; raises UsageError for anything else."""
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b)\s*", text, re.IGNORECASE)
    if not found or not float(found[1]):
        raise UsageError(f"--memory must be a size such as 4GiB or 500MB. Received: {text!r}")
    unit = found[2].lower()
    return int(float(found[1]) * (1024 if "i" in unit else 1000) ** (1 + "kmgt".index(unit[0])))
