"""Images moved and rescaled within their frame, in NumPy: pure functions of a batch (N, S, S, C).

What comes in from outside an image is its background, a value a channel: that of the frame.
"""

from __future__ import annotations

import numpy as np


def shifted(images: np.ndarray, down: int, right: int, background: np.ndarray) -> np.ndarray:
    """Images moved by whole pixels.

    Args:
        images: (N, S, S, C).
        down: pixels, less than S; up where below 0.
        right: likewise; to the left where below 0.
        background: (C,), what fills the vacated border.

    Returns:
        (N, S, S, C), of the images' type.
    """
    moved = np.empty_like(images)
    moved[...] = background
    (rows, from_rows), (columns, from_columns) = (_overlap(images.shape[1], by) for by in (down, right))
    moved[:, rows, columns] = images[:, from_rows, from_columns]
    return moved


def scaled(images: np.ndarray, share: float, background: np.ndarray) -> np.ndarray:
    """Images brought to a share of their size about the middle of the frame, by linear interpolation along each side.

    Where they shrink, what is interpolated is averaged over as many pixels as come to one, so that no stroke is lost
    between two samples (Pillow's ``BILINEAR`` does the same).

    Args:
        images: (N, S, S, C).
        share: above 0; above 1 they grow.
        background: (C,), what an image is surrounded by.

    Returns:
        (N, S, S, C), of the images' type.
    """
    weights = _weights(images.shape[1], share).astype(images.dtype)
    drawn = np.einsum("ij,njkc,lk->nilc", weights, images - background, weights, optimize=True)
    return drawn + background


def _overlap(size: int, by: int) -> tuple[slice, slice]:
    """Along a side: which pixels of a moved image come out of the image, and which of the image they are."""
    return slice(max(0, by), size + min(0, by)), slice(max(0, -by), size - max(0, by))


def _weights(size: int, share: float) -> np.ndarray:
    """What each pixel of the result, in rows, takes of each of the image along a side; (size, size) float64.

    A pixel at the distance d from the place that is shown counts 1 - d / width. All weights of a row sum to 1, with
    those of pixels outside the image, which are background and have no column.
    """
    middle, width = (size - 1) / 2, max(1.0, 1 / share)
    places = (middle + (np.arange(size) - middle) / share)[:, None]
    reach = int(np.ceil(width))
    around = np.floor(places) + np.arange(-reach, reach + 2)

    def count(pixels: np.ndarray) -> np.ndarray:
        return np.maximum(0, 1 - np.abs(places - pixels) / width)

    return count(np.arange(size)[None]) / count(around).sum(axis=1, keepdims=True)
