"""What a study reads off a run: one number, by name, with its unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro.errors import unknown

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

POINTS, NATS, OCTAVES = "points", "nats", "octaves"


@dataclass(frozen=True)
class RunScore:
    """A number of a run.

    Args:
        name: what it is called, within a sentence.
        unit: of the number, and of a difference of two.
        digits: decimals that are shown.
        read: takes it out of a record.
    """

    name: str
    unit: str
    digits: int
    read: Callable[[RunRecord], float]


def test_error(record: RunRecord) -> float:
    """Top-1 error on the test images, in points."""
    return 100 * (1 - record.test["accuracy"])


def reestimated_error(record: RunRecord) -> float:
    """The same with batch norm's statistics re-estimated on training images; a network without has no other."""
    return 100 * (1 - record.test.get("accuracy_reestimated", record.test["accuracy"]))


def gap(record: RunRecord) -> float:
    """Accuracy on a fixed part of the training images, in evaluation mode, minus that on the test images, in points."""
    return 100 * (record.history["seen_accuracy"][-1] - record.test["accuracy"])


def training_loss(record: RunRecord) -> float:
    """Cross-entropy on a fixed part of the training images, in evaluation mode, after the last epoch."""
    return record.history["seen_loss"][-1]


def octaves_to_best(record: RunRecord) -> float:
    """Logarithm to base 2 of the epoch, from 1, after which the validation loss is lowest.

    That is where a training that stops by its validation loss has converged. A difference of 1 is twice as many epochs.
    """
    losses = record.history["val_loss"]
    return math.log2(1 + losses.index(min(losses)))


def kept(probe: str) -> Callable[[RunRecord], float]:
    """Reads how much of its accuracy a network keeps on moved test images, in points of its accuracy on them unmoved.

    Args:
        probe: as in ``RunSpec.probes``: "shift 4".
    """
    name = f"accuracy_{probe.replace(' ', '_')}"
    return lambda record: 100 * record.test[name] / record.test["accuracy"]


SCORES: Mapping[str, RunScore] = {
    score.name: score
    for score in (
        RunScore("test error", POINTS, 2, test_error),
        RunScore("test error, statistics re-estimated", POINTS, 2, reestimated_error),
        RunScore("gap between training and test accuracy", POINTS, 2, gap),
        RunScore("training loss", NATS, 3, training_loss),
        RunScore("epochs to the lowest validation loss", OCTAVES, 2, octaves_to_best),
        *(RunScore(f"accuracy kept at {probe}", POINTS, 1, kept(probe)) for probe in ("shift 2", "shift 4", "shift 6")),
        *(RunScore(f"accuracy kept at {probe}", POINTS, 1, kept(probe)) for probe in ("scale 0.75", "scale 1.25")),
    )
}
ERROR, REESTIMATED_ERROR, GAP, TRAINING_LOSS, EPOCHS = list(SCORES)[:5]


def run_score(name: str) -> RunScore:
    """The score of that name; raises UsageError that lists the known ones."""
    if name not in SCORES:
        raise unknown("score of a run", name, SCORES)
    return SCORES[name]
