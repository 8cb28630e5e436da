"""The test split of a run, read once: from one view of every image, or from ten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.training.callback import DivergedError
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
    begin with ``ten_crop_``; the predictions are then those of the ten. All sums are in float64.
    """
    import pandas as pd

    labels = run.splits.examples["test"].labels
    # Keras would write one graph out for each number of batches that are predicted at once.
    at_once, model.steps_per_execution = model.steps_per_execution, 1
    logits = model.predict(run.feed.batches("test", run.spec.batch_size), verbose=0)
    model.steps_per_execution = at_once
    probabilities, test_scores = softmax(logits), {**scores(logits, labels), "images": len(labels)}
    if run.feed.pipeline.views > 1:
        viewer = run.feed.viewing(network)
        size = max(1, run.spec.batch_size // run.feed.pipeline.views)
        views = viewer.predict(run.feed.stored("test", size), verbose=0)  # (N, views, classes)
        probabilities = average_probabilities(np.swapaxes(views, 0, 1))
        ten_crop = scores_of_probabilities(probabilities, labels)
        test_scores |= {f"ten_crop_{name}": value for name, value in ten_crop.items()}
    for name in ("loss", "ten_crop_loss"):
        if not math.isfinite(test_scores.get(name, 0.0)):
            raise DivergedError(f"the test's {name.replace('_', ' ')} is {test_scores[name]}.")
    frame = pd.DataFrame(
        {
            "label": labels.astype(np.int32),
            "predicted": probabilities.argmax(axis=1).astype(np.int32),
            "confidence": probabilities.max(axis=1).astype(np.float32),
        }
    )
    return test_scores, frame
