"""The test split of a run, read once: one view of every image, or ten; and what probes are asked for.

A probe reads the test images moved, or training images in place of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data.pipelines.probes import TRAINING, Probe, moving
from cnnrepro.training.callback import DivergedError
from cnnrepro.training.evaluations import positions_of_probe, some_training_images
from cnnrepro.training.resolve import ResolvedRun
from cnnrepro.training.scores import average_probabilities, scores, scores_of_probabilities, softmax

if TYPE_CHECKING:
    import keras
    import pandas as pd


def evaluate_test_split(
    run: ResolvedRun, model: keras.Model, network: keras.Model
) -> tuple[dict[str, float], pd.DataFrame]:
    """Scores, and for every image the label, the predicted class and its probability.

    Where the pipeline asks for ten views, their scores come beside those of the one in the centre, under names that
    begin with ``ten_crop_``; the predictions are then those of the ten. The scores of probes come under names that end
    in theirs, ``accuracy_shift_4``. All sums are in float64.
    """
    import pandas as pd

    labels = run.splits.examples["test"].labels
    # Keras would write one graph out for each number of batches that are predicted at once.
    at_once, model.steps_per_execution = model.steps_per_execution, 1
    logits = model.predict(run.feed.batches("test", run.spec.batch_size), verbose=0)
    probed = scores_of_probes(run, model, network) if run.spec.probes else {}
    model.steps_per_execution = at_once
    probabilities, test_scores = softmax(logits), {**scores(logits, labels), "images": len(labels)}
    if run.feed.pipeline.views > 1:
        probabilities = probabilities_of_views(run, network)
        ten_crop = scores_of_probabilities(probabilities, labels)
        test_scores |= {f"ten_crop_{name}": value for name, value in ten_crop.items()}
    test_scores |= probed
    for name in (name for name in test_scores if "loss" in name):
        if not math.isfinite(test_scores[name]):
            raise DivergedError(f"the test's {name.replace('_', ' ')} is {test_scores[name]}.")
    frame = pd.DataFrame(
        {
            "label": labels.astype(np.int32),
            "predicted": probabilities.argmax(axis=1).astype(np.int32),
            "confidence": probabilities.max(axis=1).astype(np.float32),
        }
    )
    return test_scores, frame


def probabilities_of_views(run: ResolvedRun, network: keras.Model) -> np.ndarray:
    """What the views of each test image say together, (N, classes) float64."""
    viewer = run.feed.viewing(network)
    size = max(1, run.spec.batch_size // run.feed.pipeline.views)
    views = viewer.predict(run.feed.stored("test", size), verbose=0)  # (N, views, classes)
    return average_probabilities(np.swapaxes(views, 0, 1))


def scores_of_probes(run: ResolvedRun, model: keras.Model, network: keras.Model) -> dict[str, float]:
    """Accuracy and loss of each of the run's probes: ``accuracy_shift_4``, ``accuracy_training``.

    Args:
        run: the run.
        model: what was trained, compiled.
        network: from augmented images to logits: the model itself, or what lies behind its head.
    """
    probes, found = moving(run.spec.probes), {}
    if probes:
        found |= _scores_of_moved(run, model, network, probes)
    if TRAINING in run.spec.probes:
        positions = positions_of_probe(run)
        logits = model.predict(some_training_images(run, positions), verbose=0)
        found |= _named(scores(logits, run.splits.examples["train"].labels[positions]), TRAINING)
    return found


def _scores_of_moved(
    run: ResolvedRun, model: keras.Model, network: keras.Model, probes: list[Probe]
) -> dict[str, float]:
    """Accuracy and loss on test images that are moved, in NumPy."""
    network.jit_compile = model.jit_compile  # one that is not the model would choose anew, and round otherwise
    answers: list[list[np.ndarray]] = [[] for _ in probes]
    rights: list[list[np.ndarray]] = [[] for _ in probes]
    for images, labels in run.feed.taken("test", run.spec.batch_size):
        for place, one in enumerate(probes):
            for moved in one.moved(images, run.feed.background):
                answers[place].append(network.predict_on_batch(moved))
                rights[place].append(labels)
    found = {}
    for one, logits, labels in zip(probes, answers, rights, strict=True):
        values = scores(np.concatenate(logits), np.concatenate(labels))
        found |= _named(values, one.suffix)
    return found


def _named(values: Mapping[str, float], suffix: str) -> dict[str, float]:
    """Accuracy and loss as a record has them for a probe."""
    return {f"{name}_{suffix}": values[name] for name in ("accuracy", "loss")}
