"""Which classes and which test images tell the networks of a comparison apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cnnrepro.lessons.compare.comparison import Comparison

MOST_SHOWN = 12  # pictures a side


def errors_by_class(made: Comparison, classes: int) -> list[tuple[str, list[float]]]:
    """For each network the share of the test images of each class that is read wrongly, mean over seeds."""
    found = []
    for label, counts in made.results.confusion(classes).items():
        totals = np.maximum(counts.sum(axis=1), 1)
        found.append((label, (1 - np.diag(counts) / totals).tolist()))
    return found


@dataclass(frozen=True)
class Split:
    """Test images that one side gets right and the other wrong.

    Args:
        number: from 1, for the name of a figure.
        label, against: the side that gets them right, and the other.
        places: of the images in the test split, those that most of its seeds get right and most of the other's wrong.
        words: for each, how many seeds of either side get it right.
        count: how many there are in all; the clearest are in ``places``.
    """

    number: int
    label: str
    against: str
    places: list[int]
    words: list[str]
    count: int


def told_apart(made: Comparison) -> list[Split]:
    """The images that most seeds of one network get right and most of another wrong, the clearest first.

    Of more than two networks the first is held against each of the others.
    """
    rights = [_seeds_right(made, arm) for arm in range(len(made.results.arms))]
    labels, found = made.results.labels, []
    for other in range(1, len(labels)):
        for one, two in ((0, other), (other, 0)):
            found.append(_split(len(found) + 1, labels[one], labels[two], rights[one], rights[two], made.n))
    return found


def _seeds_right(made: Comparison, arm: int) -> np.ndarray:
    """How many runs of a network get each test image right."""
    return np.sum([made.results.right(arm, seed) for seed in range(made.n)], axis=0)


def _split(number: int, label: str, against: str, own: np.ndarray, other: np.ndarray, seeds: int) -> Split:
    apart = np.flatnonzero((2 * own > seeds) & (2 * other < seeds))
    order = apart[np.argsort(other[apart] - own[apart], kind="stable")]
    shown = order[:MOST_SHOWN]
    return Split(
        number, label, against, shown.tolist(), [f"{own[at]}/{seeds}, {other[at]}/{seeds}" for at in shown], len(order)
    )
