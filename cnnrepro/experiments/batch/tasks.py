"""The runs of a batch as tasks, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cnnrepro.experiments.runs import Arm
from cnnrepro.training.spec import RunSpec

FOUND, TRAINED, FAILED, STOPPED = "found", "trained", "failed", "stopped"


@dataclass(frozen=True)
class Task:
    """One run to be had.

    Args:
        number: its place in the batch, from 0 up.
        spec: the run.
        keep_weights: whether a page needs its weights.
    """

    number: int
    spec: RunSpec
    keep_weights: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Args:
        number: the task's.
        status: "found" (the store had it), "trained", "failed" or "stopped" (at a checkpoint, or before it began).
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
