"""What the tests of ``cnnrepro runs …`` share: the command, a store, and records that training might have written."""

import json

import numpy as np
import pandas as pd
import pytest

from cnnrepro.runs import RunRecord, RunSpec, RunStore, checkpoint, run_key
from cnnrepro.runs.store import RECORD

FINGERPRINT = "f" * 64
CURVES = {
    "loss": [1.0, 0.5],
    "accuracy": [0.5, 0.75],
    "val_loss": [2.0, 1.0],
    "val_accuracy": [0.25, 0.5],
    "learning_rate": [0.001, 0.001],
    "seconds": [1.5, 1.25],
    "images_per_second": [100.0, 120.0],
}


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def put(store):
    """Write a record with the key that its spec gives, as training would."""

    def make(status="done", history=CURVES, **changes):
        names = ("seed", "model", "epochs", "deterministic", "options", "recipe")
        spec = RunSpec(
            **{"model": "resnet20", "dataset": "mnist_5k", "epochs": 2}
            | {name: changes.pop(name) for name in names if name in changes}
        )
        given = {"precision": "float32", "backend": "tensorflow"}
        key = run_key(spec, fingerprint=FINGERPRINT, **given)
        values = {
            "data": {"fingerprint": FINGERPRINT, "sizes": {"train": 3500}},
            "started": f"2026-01-0{spec.seed + 1}",
        }
        values |= {"test": {"accuracy": 0.5, "loss": 1.5, "images": 2}} if status == "done" else {}
        predictions = pd.DataFrame({"label": [1, 2], "predicted": [1, 3], "confidence": [0.9, 0.8]})
        record = RunRecord(key=key, status=status, spec=spec, history=history, **given, **(values | changes))
        return store.put(record, predictions if status == "done" else None)

    return make


def make_old(store, key):
    """Write a record as format 1 had it, without checksums."""
    values = {name: value for name, value in store.get(key).to_dict().items() if name != "files"}
    (store.path(key) / RECORD).write_text(json.dumps(values | {"format": 1}))


def save_checkpoint(store, key, name=checkpoint.NAME):
    """A file as ``checkpoint.save`` writes it; the arrays do not matter here."""
    about = json.dumps({"history": {"loss": [1.0]}, "seconds": 1.0})
    np.savez(store.path(key) / name, about=np.array(about), weights=np.arange(100.0))
    return store.path(key) / name
