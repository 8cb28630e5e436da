"""A run of ours as a side of the race, timed: ``python -m …ours '{"spec": …}'``. Its times alone are kept."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping

from cnnrepro.lessons.fast_mnist.lap import Lap
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec


def train(spec: Mapping[str, object], seed: int) -> Lap:
    """Train a run, of which a spec as plain values is given, with another seed."""
    from cnnrepro.training.loop import find_or_train
    from cnnrepro.training.resolve import load

    began = time.perf_counter()
    chosen = RunSpec.from_dict({**spec, "seed": seed})
    splits = load(chosen)
    loaded = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as runs:
        return lap_of(find_or_train(chosen, runs=runs, splits=splits, track=()), loaded)


def training_seconds(record: RunRecord) -> float:
    """All training steps of a run, without validation."""
    return sum(record.data["sizes"]["train"] / rate for rate in record.history["images_per_second"])


def lap_of(record: RunRecord, load_seconds: float = 0.0) -> Lap:
    """The times that a record holds."""
    return Lap(
        side="fast-mnist",
        seed=record.spec.seed,
        load_seconds=load_seconds,
        # None in records that were made before it was measured: the first step then counts as any other.
        first_step_seconds=record.history.get("first_step_seconds", [0.0])[0],
        training_seconds=training_seconds(record),
        fit_seconds=sum(record.history["seconds"]),
        val_accuracy=record.history["val_accuracy"],
        epoch_seconds=record.history["seconds"],
        test_accuracy=record.test["accuracy"],
        versions={"keras": record.versions["keras"], "backend": record.backend, "precision": record.precision},
    )


if __name__ == "__main__":
    os.environ["CNNREPRO_PROGRESS"] = "none"
    asked = json.loads(sys.argv[1])
    train(asked["spec"], asked["seed"]).write(asked["to"])
