"""Pictures to look at: of each class, as the network gets them, and those whose answers were least sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data import Splits
from cnnrepro.experiments.results import Arm
from cnnrepro.lessons.photographs import stretched, thumbnails
from cnnrepro.training.resolve import resolve

if TYPE_CHECKING:
    import pandas as pd


def sample(splits: Splits, count: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Training images, the classes by turns, and their labels."""
    labels = splits.examples["train"].labels
    turn = np.zeros(len(labels))
    for label in np.unique(labels):  # the first of a class, the middle one, and so on: neighbours often look alike
        members = np.flatnonzero(labels == label)
        turn[members] = (np.arange(len(members)) * 0.618034) % 1  # Weyl's sequence: any first few are spread out
    chosen = np.lexsort((labels, turn))[:count]
    return thumbnails(np.asarray(splits.examples["train"].images[chosen])), labels[chosen]


def seen(arm: Arm, splits: Splits, count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The first images of the first epoch as the network gets them, stretched to 0 … 255, and their labels."""
    feed = resolve(arm.specs[0], splits, placement="cpu").feed
    images, labels = next(iter(feed.batches("train", min(count, splits.sizes["train"]), seed=arm.specs[0].seed)))
    return thumbnails(stretched(np.asarray(images))), np.asarray(labels)


def least_sure(predictions: pd.DataFrame, splits: Splits, count: int = 10) -> tuple[np.ndarray, list[str]]:
    """The test images whose answer had the lowest probability, right or wrong, the least sure first.

    Beside them that answer in words: "china? 71 %", or "flower? 52 %, is china" for a wrong one.
    """
    names = splits.info.classes
    rows = predictions.sort_values("confidence", kind="stable")[:count]
    answers = [
        f"{names[row.predicted]}? {_percent(row.confidence)}"
        + ("" if row.label == row.predicted else f", is {names[row.label]}")
        for row in rows.itertuples()
    ]
    return thumbnails(np.asarray(splits.examples["test"].images[rows.index.to_numpy()])), answers


def _percent(probability: float) -> str:
    """A probability in percent; near certainty rounded down, so that 100 % is kept for it."""
    spelled = f"{math.floor(1e4 * probability) / 100:.2f}" if probability > 0.99 else f"{100 * probability:.0f}"
    return f"{spelled}\N{NO-BREAK SPACE}%"
