"""The test of a run: its test split, read once, from one view of every image and from ten."""

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


def test(run: ResolvedRun, model: keras.Model, network: keras.Model) -> tuple[dict[str, float], pd.DataFrame]:
    """The test split, read once: scores, and for every image the label, the predicted class and its probability.

    Where the pipeline asks for ten views, their scores come beside those of the one in the centre, under names that
    begin with ``ten_crop_``; the predictions are then those of the ten. All sums are in float64.
    """
    import pandas as pd

    labels = run.splits.examples["test"].labels
    logits = model.predict(run.feed.batches("test", run.spec.batch_size), verbose=0)
    likely, found = softmax(logits), {**scores(logits, labels), "images": len(labels)}
    if run.feed.pipeline.views > 1:
        viewer = run.feed.viewing(network)
        size = max(1, run.spec.batch_size // run.feed.pipeline.views)
        views = viewer.predict(run.feed.stored("test", size), verbose=0)  # (N, views, classes)
        likely = average_probabilities(np.swapaxes(views, 0, 1))
        found |= {f"ten_crop_{name}": value for name, value in scores_of_probabilities(likely, labels).items()}
    for name in ("loss", "ten_crop_loss"):
        if not math.isfinite(found.get(name, 0.0)):
            raise DivergedError(f"the test's {name.replace('_', ' ')} is {found[name]}.")
    frame = pd.DataFrame(
        {
            "label": labels.astype(np.int32),
            "predicted": likely.argmax(axis=1).astype(np.int32),
            "confidence": likely.max(axis=1).astype(np.float32),
        }
    )
    return found, frame
