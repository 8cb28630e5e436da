"""Random numbers for data: permutations and stratified draws that stay the same for ever.

NumPy promises that the raw 64-bit output of a bit generator never changes, and promises no such thing of
``Generator.permutation``. A split must not move when NumPy is updated, so a permutation here is the order in which raw
numbers sort.
"""

from __future__ import annotations

import numpy as np


def permutation(count: int, *entropy: int) -> np.ndarray:
    """The numbers 0 … count - 1 in an order that depends on ``count`` and ``entropy`` alone.

    Args:
        count: how many numbers.
        entropy: the seed, as one or several integers from 0 up, (seed, epoch) for instance.

    Returns:
        (count,) int64.
    """
    raw = np.random.PCG64(np.random.SeedSequence(entropy)).random_raw(count)
    return np.argsort(raw, kind="stable").astype(np.int64)


def apportion(counts: np.ndarray, size: int) -> np.ndarray:
    """How many of ``size`` draws fall to each class, by largest remainder.

    Every class gets its exact share ``size * count / total`` rounded down; what is then left goes, one each, to the
    classes with the largest fractions, and to the lower label where fractions are equal. Whole numbers throughout,
    so no rounding error decides.

    Args:
        counts: (classes,) images of each class.
        size: from 0 to the sum of the counts.

    Returns:
        (classes,) int64 with sum ``size``, each within 1 of the exact share.
    """
    counts = np.asarray(counts, dtype=np.int64)
    total = int(counts.sum())
    if not 0 <= size <= total:
        raise ValueError(f"size must be from 0 to {total}. Received: {size}")
    if total == 0:
        return counts
    shares, fractions = np.divmod(size * counts, total)
    first = np.argsort(-fractions, kind="stable")[: size - int(shares.sum())]
    shares[first] += 1
    return shares


def stratified_draw(labels: np.ndarray, size: int, *entropy: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``size`` examples in which every class has its share, and return them apart from the rest.

    ``apportion`` says how many come from a class, ``permutation(images of the class, *entropy, label)`` which. A larger
    draw with the same entropy therefore contains the smaller one, but for at most one image a class.

    Args:
        labels: (N,) integers.
        size: how many to draw, from 0 to N.
        entropy: the seed, as for ``permutation``.

    Returns:
        The drawn positions (size,) and the remaining ones (N - size,), int64, each ascending.
    """
    classes, counts = np.unique(labels, return_counts=True)
    drawn = np.zeros(len(labels), dtype=bool)
    for label, count, share in zip(classes, counts, apportion(counts, size), strict=True):
        members = np.flatnonzero(labels == label)  # (count,)
        drawn[members[permutation(count, *entropy, int(label))[:share]]] = True
    return np.flatnonzero(drawn), np.flatnonzero(~drawn)
