"""Hiding a part of an image, place by place, to see what a classifier's answer depends on.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (arXiv:1311.2901, 2013; ECCV 2014), section
4.2. They slide a grey square over photographs; here it is a square of the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro import data
from cnnrepro.data import Splits, standardise
from cnnrepro.engine import keras
from cnnrepro.lessons.network_outputs import outputs
from cnnrepro.training.scores import softmax

BACKGROUND = 0  # the pixel value around the strokes, as in the data
INK = 64  # pixels above a quarter of full black count as stroke
STILL = "still right"
AS_MUCH = 0.8  # of the ink that the worst place hides: few places hide exactly as much
LITTLE = 0.05  # a drop of less than five points


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What hiding a square of an image does to the probability of its class."""

    image: np.ndarray  # (H, W, C) uint8
    label: int  # its class
    probability: float  # of that class, nothing hidden
    drops: np.ndarray  # (rows, columns), how much lower the probability is with the square at that place
    answers: np.ndarray  # (rows, columns), the class that the network then answers
    ink: np.ndarray  # (rows, columns), the share of the image's strokes that the square hides

    @property
    def worst(self) -> tuple[int, int]:
        """The place of the largest drop."""
        return tuple(int(place) for place in np.unravel_index(self.drops.argmax(), self.drops.shape))

    def answer(self, names: Sequence[str]) -> str:
        """What the network answers with the square at the place of the largest drop."""
        answer = int(self.answers[self.worst])
        return STILL if answer == self.label else names[answer]

    def words(self, names: Sequence[str]) -> str:
        """The class, the largest drop in percentage points, and what the network answers there."""
        answer = self.answer(names)
        read = answer if answer == STILL else f"read as {answer}"
        return f"{names[self.label]}: −{100 * self.drops.max():.0f}, {read}"

    @property
    def drop_of_as_much_ink(self) -> float:
        """The median drop over all places that hide nearly as much as the worst place does, or more (``AS_MUCH``)."""
        return float(np.median(self.drops[self.ink >= AS_MUCH * self.ink[self.worst]]))

    @property
    def little(self) -> float:
        """The share of places with a drop below ``LITTLE`` among those that hide any stroke; NaN where none does."""
        hides = self.ink > 0
        return float((self.drops[hides] < LITTLE).mean()) if hides.any() else float("nan")

    def row(self, names: Sequence[str]) -> tuple[str, ...]:
        """Cells: class, probability, drop, answer there, ink there, drop of as much ink, little, other answers."""
        return (
            names[self.label],
            f"{100 * self.probability:.1f} %",
            f"{100 * self.drops.max():.0f}",
            self.answer(names),
            f"{100 * self.ink[self.worst]:.0f} %",
            f"{100 * self.drop_of_as_much_ink:.0f}",
            f"{100 * self.little:.0f} %",
            f"{(self.answers != self.label).sum()} of {self.answers.size}",
        )


def occlude(model: keras.Model, image: np.ndarray, label: int, splits: Splits, *, side: int) -> Occlusion:
    """Slide a square of background over an image (H, W, C) uint8, pixel by pixel, and ask for its class each time."""
    rows, columns = (length - side + 1 for length in image.shape[:2])
    hidden = np.broadcast_to(image, (rows, columns, *image.shape)).copy()
    for row, column in np.ndindex(rows, columns):
        hidden[row, column, row : row + side, column : column + side] = BACKGROUND
    shown = np.concatenate([image[None], hidden.reshape(-1, *image.shape)])
    probabilities = softmax(outputs(model, standardise(shown, splits))[0])
    strokes = int((image.max(axis=-1) >= INK).sum())
    left = (hidden.max(axis=-1) >= INK).sum(axis=(2, 3))
    return Occlusion(
        image=image,
        label=int(label),
        probability=float(probabilities[0, label]),
        drops=(probabilities[0, label] - probabilities[1:, label]).reshape(rows, columns),
        answers=probabilities[1:].argmax(axis=-1).reshape(rows, columns),
        ink=(strokes - left) / max(strokes, 1),
    )


def recognised(model: keras.Model, splits: Splits) -> dict[int, int]:
    """The first test image of each class that the network gets right: its position by class; a class may be absent."""
    images, labels = data.arrays(splits, "test")
    answers = outputs(model, standardise(images, splits))[0].argmax(axis=-1)
    right = answers == labels
    return {int(c): int(np.flatnonzero(right & (labels == c))[0]) for c in np.unique(labels[right])}


def occlusions(model: keras.Model, splits: Splits, *, side: int) -> list[Occlusion]:
    """``occlude`` for one recognised test image of every class."""
    images, _ = data.arrays(splits, "test")
    return [occlude(model, images[at], label, splits, side=side) for label, at in recognised(model, splits).items()]
