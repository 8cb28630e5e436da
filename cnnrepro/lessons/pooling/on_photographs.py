"""Pooling on a photograph: what is left of it once and again, what is thrown away, and what a shift changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.convolution import Array
from cnnrepro.errors import UsageError, brief
from cnnrepro.lessons.photographs import SOBEL, Map, balanced, filtered
from cnnrepro.lessons.pooling.small_windows import NAMES, pooled


def shown(image: Array, window: int, stride: int, kind: str) -> Array:
    """A pooled picture to look at: L2 over √(cells of a window), so that it stays within 0 to 1."""
    return pooled(image, window, stride, kind) / (window if kind == "l2" else 1)


def side_by_side(image: Array, cells: int = 96) -> list[Map]:
    """A square out of the middle of a picture, pooled once: three kinds, with 2x2 windows and with 3x3 ones."""
    side = min(cells, *image.shape[:2])
    top, left = ((size - side) // 2 for size in image.shape[:2])
    part = image[top : top + side, left : left + side]
    maps = []
    for window in (2, 3):
        size = anatomy.output_size(side, window, 2)
        maps.append(Map(f"{side}x{side}, not pooled", part, "colour"))
        maps += [
            Map(f"{name}, {window}x{window}, stride 2: {size}x{size}", shown(part, window, 2, kind), "colour")
            for kind, name in NAMES.items()
        ]
    return maps


def repeated(image: Array, times: int = 4) -> list[Map]:
    """A picture pooled by 2 again and again: a row a kind, and a row in which every second pixel is simply left out."""
    return [
        Map(f"{name}, {2**step} times smaller", _again(halve, image, step), "colour")
        for name, halve in (_halvings(shown) | {"subsampled": _every_second}).items()
        for step in range(1, times + 1)
    ]


def discarded(sizes: Iterable[int], window: int, padding: str = "valid") -> list[float]:
    """The share of the values of a size x size map that is gone behind a pool with stride 2."""
    return [1 - (anatomy.output_size(size, window, 2, padding) / size) ** 2 for size in sizes]


@dataclass(frozen=True)
class Shifts:
    """How much a map changes when the picture moves, for each way of making it smaller."""

    factor: int  # how many times smaller
    shifts: tuple[int, ...]  # pixels
    changes: dict[str, tuple[float, ...]]  # way -> ‖shifted − not shifted‖ / ‖not shifted‖, one a shift


def edge_map(brightness: Array) -> Array:
    """What a layer hands to a pool: upright edges, then ReLU."""
    return np.maximum(filtered(brightness, balanced(SOBEL)), 0)


def changes_of_shifts(features: Array, largest: int, halvings: Sequence[int] = (1, 3)) -> list[Shifts]:
    """Move a feature map to the left, pixel by pixel, and compare what is left of it after so many halvings.

    Nothing comes in from outside: all windows lie within the map. Raises UsageError for a largest shift below 1 or
    above a quarter of the map's width.
    """
    most = features.shape[1] // 4
    if isinstance(largest, bool) or not isinstance(largest, int) or not 1 <= largest <= most:
        raise UsageError(
            f"largest_shift must be a whole number of pixels from 1 to {most}, a quarter of the map's width. "
            f"Received: {brief(largest)}"
        )
    width = (features.shape[1] - largest) // 2 ** max(halvings) * 2 ** max(halvings)
    moved = [features[:, start : start + width] for start in range(largest + 1)]
    ways = {"not made smaller": np.asarray, "subsampled": _every_second, **_halvings(pooled)}
    return [
        Shifts(
            2**times,
            tuple(range(largest + 1)),
            {name: _changes([_again(way, features, times) for features in moved]) for name, way in ways.items()},
        )
        for times in halvings
    ]


def _halvings(pool: Callable[..., Array]) -> dict[str, Callable[[Array], Array]]:
    """2x2 pools with stride 2, one a kind."""
    return {name: partial(pool, window=2, stride=2, kind=kind) for kind, name in NAMES.items()}


def _every_second(image: Array) -> Array:
    """Subsampling: the first pixel of each 2x2 window that fits."""
    height, width = image.shape[:2]
    return image[: height // 2 * 2 : 2, : width // 2 * 2 : 2]


def _again(way: Callable[[Array], Array], image: Array, times: int) -> Array:
    for _ in range(times):
        image = way(image)
    return image


def _changes(maps: Sequence[Array]) -> tuple[float, ...]:
    """Of each map, the difference to the first, as a share of the first, both as Euclidean norms."""
    return tuple(float(np.linalg.norm(moved - maps[0]) / np.linalg.norm(maps[0])) for moved in maps)
