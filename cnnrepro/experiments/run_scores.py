"""What a study reads off a run: one number, by name, with its unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro.data.pipelines.probes import TRAINING
from cnnrepro.errors import unknown

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

POINTS, NATS, OCTAVES = "points", "nats", "octaves"
NEAR = 0.01  # of accuracy: a point
LAST = 2  # epochs: where the best is among them, it might have come later


def _never(record: RunRecord) -> bool:
    return False


@dataclass(frozen=True)
class RunScore:
    """A number of a run.

    Args:
        name: what it is called, within a sentence.
        unit: of the number, and of a difference of two.
        digits: decimals that are shown.
        read: takes it out of a record.
        fields: of the record that it is made from.
        is_bound: whether a run ended before that could be seen, so that its number is only a bound.
    """

    name: str
    unit: str
    digits: int
    read: Callable[[RunRecord], float]
    fields: tuple[str, ...]
    is_bound: Callable[[RunRecord], bool] = _never


def test_error(record: RunRecord) -> float:
    """Top-1 error on the test images, in points."""
    return 100 * (1 - record.test["accuracy"])


def reestimated_error(record: RunRecord) -> float:
    """The same with batch norm's statistics re-estimated on training images; a network without has no other."""
    return 100 * (1 - record.test.get("accuracy_reestimated", record.test["accuracy"]))


def gap(record: RunRecord) -> float:
    """Accuracy on training images, in evaluation mode, minus that on the test images, in points."""
    return 100 * (record.test[f"accuracy_{TRAINING}"] - record.test["accuracy"])


def training_loss(record: RunRecord) -> float:
    """Cross-entropy on training images, in evaluation mode, after the last epoch, batch norm by its averages."""
    return record.test[f"loss_{TRAINING}"]


def reestimated_training_loss(record: RunRecord) -> float:
    """The same with batch norm's statistics re-estimated on training images; a network without has no other."""
    return record.test.get(f"loss_{TRAINING}_reestimated", training_loss(record))


def _smooth(values: Sequence[float]) -> list[float]:
    """Means of each value with its neighbours: one epoch's curve on a few images goes up and down by chance."""
    every = [values[max(0, place - 1) : place + 2] for place in range(len(values))]
    return [sum(some) / len(some) for some in every]


def _best_epoch(record: RunRecord) -> int:
    losses = _smooth(record.history["val_loss"])
    return 1 + losses.index(min(losses))


def octaves_to_best(record: RunRecord) -> float:
    """Logarithm to base 2 of the epoch, from 1, at which the validation loss is lowest.

    Each loss is the mean of an epoch and its neighbours.

    There a training that stops by its validation loss would stop. A difference of 1 is twice as many epochs.
    """
    return math.log2(_best_epoch(record))


def ends_before_best(record: RunRecord) -> bool:
    """Whether the lowest validation loss is among the last epochs, so that a longer training might go lower."""
    return _best_epoch(record) > len(record.history["val_loss"]) - LAST


def octaves_to_near_best(record: RunRecord) -> float:
    """Likewise of the first epoch whose validation accuracy, such a mean too, is within a point of the highest."""
    accuracies = _smooth(record.history["val_accuracy"])
    return math.log2(1 + next(at for at, one in enumerate(accuracies) if one >= max(accuracies) - NEAR))


def kept(probe: str) -> Callable[[RunRecord], float]:
    """Reads how much of its accuracy a network keeps on moved test images, in points of its accuracy on them unmoved.

    Args:
        probe: as in ``RunSpec.probes``: "shift 4".
    """
    name = f"accuracy_{probe.replace(' ', '_')}"
    return lambda record: 100 * record.test[name] / record.test["accuracy"]


def _kept_score(probe: str) -> RunScore:
    fields = (f"test.accuracy_{probe.replace(' ', '_')}", TEST)
    return RunScore(f"accuracy kept ({probe})", POINTS, 1, kept(probe), fields)


TEST, SEEN_LOSS = "test.accuracy", f"test.loss_{TRAINING}"
PROBES = ("shift 2", "shift 4", "scale 0.75", "scale 1.25")
ERROR, REESTIMATED_ERROR = "test error", "test error, statistics re-estimated"
GAP = "gap between training and test accuracy"
REESTIMATED_LOSS, TRAINING_LOSS = "training loss, statistics re-estimated", "training loss"
EPOCHS = "epochs to the lowest validation loss"
EPOCHS_NEAR = "epochs to a point below the best validation accuracy"
SCORES: Mapping[str, RunScore] = {
    score.name: score
    for score in (
        RunScore(ERROR, POINTS, 2, test_error, (TEST,)),
        RunScore(REESTIMATED_ERROR, POINTS, 2, reestimated_error, ("test.accuracy_reestimated", TEST)),
        RunScore(GAP, POINTS, 2, gap, (f"test.accuracy_{TRAINING}", TEST)),
        RunScore(REESTIMATED_LOSS, NATS, 3, reestimated_training_loss, (f"{SEEN_LOSS}_reestimated", SEEN_LOSS)),
        RunScore(TRAINING_LOSS, NATS, 3, training_loss, (SEEN_LOSS,)),
        RunScore(EPOCHS, OCTAVES, 2, octaves_to_best, ("history.val_loss",), ends_before_best),
        RunScore(EPOCHS_NEAR, OCTAVES, 2, octaves_to_near_best, ("history.val_accuracy",)),
        *map(_kept_score, PROBES),
    )
}


def run_score(name: str) -> RunScore:
    """The score of that name; raises UsageError that lists the known ones."""
    if name not in SCORES:
        raise unknown("score of a run", name, SCORES)
    return SCORES[name]
