"""The filters of the first layer before and after training: how far they moved, and how smooth they became."""

from __future__ import annotations

from dataclasses import dataclass

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
    Incorporated Statistician 5(3), 1954.

    Args:
        filters: (height, width, filters).

    Returns:
        (filters,); NaN for a filter whose weights are all equal.
    """
    filters = np.asarray(filters, np.float64)
    down, across = np.diff(filters, axis=0), np.diff(filters, axis=1)
    pairs = down[..., 0].size + across[..., 0].size
    squares = (down**2).sum((0, 1)) + (across**2).sum((0, 1))
    variance = filters.var(axis=(0, 1), ddof=1)
    return squares / pairs / (2 * np.where(variance > 0, variance, np.nan))


@dataclass(frozen=True, eq=False)
class Change:
    """How far training moved the first filters; an array with one value a filter for each measure."""

    distance: np.ndarray  # from its start, over the length of its start
    cosine: np.ndarray  # with its start
    rough_before: np.ndarray  # Geary's C
    rough_after: np.ndarray
    rough_added: np.ndarray  # of what training added to it

    def rows(self) -> list[tuple[str, str, str]]:
        """Rows of (measure, mean and spread, range)."""
        smoother = int((self.rough_after < self.rough_before).sum())
        return [
            ("distance from the start, in lengths of the start", *_spell(self.distance)),
            ("cosine with the start", *_spell(self.cosine)),
            ("roughness (Geary’s C) before", *_spell(self.rough_before)),
            ("roughness (Geary’s C) after", *_spell(self.rough_after)),
            ("roughness (Geary’s C) of what was added", *_spell(self.rough_added)),
            ("filters that became smoother", f"{smoother} of {len(self.rough_after)}", ""),
        ]


def _spell(values: np.ndarray) -> tuple[str, str]:
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}", f"{values.min():.2f} to {values.max():.2f}"


def change(before: np.ndarray, after: np.ndarray) -> Change:
    """Compare filters (height, width, filters) with what they were before training."""
    old, new = (np.asarray(filters, np.float64).reshape(-1, filters.shape[-1]) for filters in (before, after))
    lengths = np.linalg.norm(old, axis=0), np.linalg.norm(new, axis=0)
    return Change(
        distance=np.linalg.norm(new - old, axis=0) / lengths[0],
        cosine=(old * new).sum(0) / (lengths[0] * lengths[1]),
        rough_before=roughness(before),
        rough_after=roughness(after),
        rough_added=roughness(after - before),
    )
