"""The filters of the first layer before and after training: how far they moved, and how smooth they became."""

from __future__ import annotations

import numpy as np

from cnnrepro.engine import keras


def first_filters(model: keras.Model) -> np.ndarray:
    """The filters of the first convolution, (height, width, filters), for grey images."""
    kernel = keras.ops.convert_to_numpy(model.get_layer("conv1").kernel)  # (height, width, 1, filters)
    return kernel[:, :, 0]


def roughness(filters: np.ndarray) -> np.ndarray:
    """Geary's C of each filter: 1 on average where its weights stand in random order, below 1 where neighbours agree.

    The mean squared difference of neighbours (down and across), over twice the variance of the weights: a smooth
    gradient has a C near 0, a chessboard near 2. Geary, "The Contiguity Ratio and Statistical Mapping", The
    Incorporated Statistician 5(3), 1954. For filters (height, width, filters) it gives (filters,), NaN where all
    weights of a filter are equal.
    """
    filters = np.asarray(filters, np.float64)
    down, across = np.diff(filters, axis=0), np.diff(filters, axis=1)
    pairs = down[..., 0].size + across[..., 0].size
    squares = (down**2).sum((0, 1)) + (across**2).sum((0, 1))
    variance = filters.var(axis=(0, 1), ddof=1)
    return squares / pairs / (2 * np.where(variance > 0, variance, np.nan))


def changes(before: np.ndarray, after: np.ndarray) -> dict[str, np.ndarray]:
    """How far training moved filters (height, width, filters), and their roughness: by measure, a value a filter."""
    old, new = (np.asarray(filters, np.float64).reshape(-1, filters.shape[-1]) for filters in (before, after))
    lengths = np.linalg.norm(old, axis=0), np.linalg.norm(new, axis=0)
    return {
        "distance from the start, in lengths of the start": np.linalg.norm(new - old, axis=0) / lengths[0],
        "cosine with the start": (old * new).sum(0) / (lengths[0] * lengths[1]),
        "roughness (Geary’s C) before": roughness(before),
        "roughness (Geary’s C) after": roughness(after),
        "roughness (Geary’s C) of what was added": roughness(after - before),
    }


def change_rows(before: np.ndarray, after: np.ndarray) -> list[tuple[str, str, str]]:
    """Rows of (measure, mean and spread, range), and how many filters became smoother."""
    smoother = int((roughness(after) < roughness(before)).sum())
    rows = [
        (name, f"{values.mean():.2f} ± {values.std(ddof=1):.2f}", f"{values.min():.2f} to {values.max():.2f}")
        for name, values in changes(before, after).items()
    ]
    return [*rows, ("filters that became smoother", f"{smoother} of {before.shape[-1]}", "")]
