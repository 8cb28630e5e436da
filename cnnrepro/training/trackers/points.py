"""What trackers show of a run, read from its record: points by epoch, test scores, and the fields of its spec.

Nothing is counted while the run goes on. A tracker asks what its own store has already and adds the rest, so that a
run that was interrupted leaves no gap and no point twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from cnnrepro.runs.record import RunRecord

EPOCH_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "images_per_second")
MARK = "loss"  # the metric by which a tracker knows whether its store has an epoch
TEST_MARK = "test_loss"  # and the test

# Stores keep float32; two losses further apart than its rounding come from two trainings.
_ROUNDING = 1e-6


def epoch_points(record: RunRecord, epoch: int) -> dict[str, float]:
    """The values of an epoch, counted from 1, by metric."""
    return {name: record.history[name][epoch - 1] for name in EPOCH_METRICS if name in record.history}


def test_points(record: RunRecord) -> dict[str, float]:
    """The test scores, under names that begin with ``test_``; nothing before the test."""
    return {f"test_{name}": float(value) for name, value in (record.test or {}).items()}


def missing(record: RunRecord, written: Mapping[int, float]) -> list[int]:
    """The epochs of a record, from 1, that ``written`` lacks.

    Args:
        record: of the run.
        written: the losses that a tracker's store has, by epoch.
    """
    return [epoch for epoch in range(1, record.epochs_done + 1) if epoch not in written]


def first_difference(record: RunRecord, written: Mapping[int, float]) -> int | None:
    """The first epoch whose loss in a tracker's store is not the record's; None where all agree.

    They differ where a run was removed and trained again with other numbers: without ``deterministic``, or elsewhere.
    """
    losses = enumerate(record.history.get(MARK, ()), start=1)
    return next(
        (
            epoch
            for epoch, loss in losses
            if epoch in written and not math.isclose(loss, written[epoch], rel_tol=_ROUNDING)
        ),
        None,
    )


def fields(record: RunRecord) -> dict[str, object]:
    """The fields of the spec that have a value, an option of the model as ``options.NAME``."""
    return {name: value for name, value in record.spec.flat().items() if value is not None}


def marks(record: RunRecord) -> dict[str, str]:
    """What else names a run and the way it was computed: its key, commit, number format and backend."""
    found = {"key": record.key, "commit": record.commit, "precision": record.precision, "backend": record.backend}
    return {name: value for name, value in found.items() if value is not None}
