"""Test images scattered over a larger empty image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro import data
from cnnrepro.data import Splits
from cnnrepro.errors import UsageError

BACKGROUND = 0  # the pixel value around the strokes, as in the data
LAYOUTS, PLACES = 100, 200  # how often a layout is begun anew, and how many places are tried for each


@dataclass(frozen=True, eq=False)
class Scattered:
    """Test images on a larger image."""

    image: np.ndarray  # (H, W, C) uint8, the larger one
    images: np.ndarray  # (n, h, w, C) uint8
    corners: tuple[tuple[int, int], ...]  # row and column of each image's upper left pixel
    labels: tuple[int, ...]  # the class of each


def scatter(splits: Splits, *, size: tuple[int, int], count: int, seed: int) -> Scattered:
    """Put test images of different classes on an empty image of that height and width; none overlaps another."""
    images, labels = data.arrays(splits, "test")
    height, width, channels = images.shape[1:]
    random = np.random.default_rng(seed)
    corners = _layout(random, size, (height, width), count)
    image = np.full((*size, channels), BACKGROUND, np.uint8)
    chosen = sorted(random.permutation(len(splits.info.classes))[:count].tolist())
    scattered = images[[random.choice(np.flatnonzero(labels == label)) for label in chosen]]
    for (row, column), pixels in zip(corners, scattered, strict=True):
        image[row : row + height, column : column + width] = pixels
    return Scattered(image, scattered, tuple(corners), tuple(chosen))


def _layout(
    random: np.random.Generator, size: tuple[int, int], crop: tuple[int, int], count: int
) -> list[tuple[int, int]]:
    """Corners of crops that do not overlap, drawn place by place; raises UsageError where there is no room."""
    for _ in range(LAYOUTS):  # the first crops may leave no room for the others: then from the start
        corners: list[tuple[int, int]] = []
        for row, column in random.integers(0, (size[0] - crop[0] + 1, size[1] - crop[1] + 1), (PLACES, 2)).tolist():
            if all(abs(row - top) >= crop[0] or abs(column - left) >= crop[1] for top, left in corners):
                corners.append((row, column))
            if len(corners) == count:
                return corners
    raise UsageError(f"There is no room for {count} images of {crop[0]}x{crop[1]}. Received: a canvas of {size}")
