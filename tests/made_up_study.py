"""The study of dropout with made-up records: what a page shows of a study, without a training."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from cnnrepro.experiments.results import Results
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import RATES, SEARCH

NUMBER = 40
# Gap in points and epoch of the lowest validation loss; a seed moves the gap by a tenth.
SCORED = {
    "no dropout": (20, 4),
    "dropout 0.5": (10, 8),
    "dropout 0.2": (15, 6),
    "64 units, no dropout": (12, 5),
    "64 units, dropout 0.5": (12, 11),
}


def record(label, spec):
    """A run: 60 % on the test images, and a gap above that on the training images; in the search the rate decides."""
    name, _, rate = label.removeprefix(f"{SEARCH}: ").partition(", rate ")
    gap, best = SCORED[name]
    epochs = range(1, 13)
    history = {
        "loss": [1.0] * 12,
        "seen_loss": [2.0 / epoch for epoch in epochs],
        "seen_accuracy": [0.5] * 12,
        "val_loss": [1.0 + abs(epoch - best) / 10 for epoch in epochs],
        "val_accuracy": [0.5] * 11 + [0.55 + 0.1 * (RATES.index(float(rate)) == 1) if rate else 0.6],
        "images_per_second": [100.0] * 12,
    }
    seen = 0.6 + gap / 100 + spec.seed % 2 / 1000 * (best - 3)
    test = {"accuracy": 0.6, "loss": 1.2, "accuracy_training": seen, "loss_training": 0.5}
    own = {"history": history, "epochs_done": 12, "test": test, "wall_seconds": 30.0}
    canvas = [28, 28, 1] if spec.dataset == "mnist_5k" else [32, 32, 3]
    data = {"sizes": {"train": 500}, "input": {"size": canvas[0], "canvas": canvas}}
    return SimpleNamespace(spec=spec, key=f"{label} {spec.seed}", precision="float32", data=data, **own)


class _Results(Results):
    """Results with predictions: seed by seed and arm by arm another image is read wrongly."""

    def predictions(self, arm, seed=0):
        label = np.arange(10)
        return pd.DataFrame({"label": label, "predicted": np.where(label == (arm + seed) % 10, -1, label)})


def results(full=False, seeds=6):
    """The results of the study; its search only where all is as decided beforehand."""
    design = DESIGNS["dropout"]
    arms = design.make(full=full, seeds=seeds, epochs=0, train_images=0, precision="float32")
    return of(arms)


def of(arms):
    """The results of these arms."""
    return _Results(arms, tuple(tuple(record(arm.label, spec) for spec in arm.specs) for arm in arms), store=None)


def not_tested(statement):
    """A statement whose study has not been run yet."""
    return replace(
        statement, verdict="", parts=tuple(replace(part, verdict="not tested yet") for part in statement.parts)
    )
