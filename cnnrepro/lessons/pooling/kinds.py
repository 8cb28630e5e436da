"""Pooling on small numbers and on a photograph: what is kept, what is thrown away, where the gradient goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.convolution import Array
from cnnrepro.anatomy.pooling import KINDS
from cnnrepro.errors import UsageError
from cnnrepro.lessons.photograph_maps import SOBEL, Map, balanced, filtered

IMAGE = np.array([[1, 3, 2, 0], [5, 4, 1, 1], [0, 2, 6, 0], [1, 1, 8, 0]])
# The 7 is the largest of two windows.
OVERLAPPED = np.array([[1, 0, 2, 1, 3], [0, 5, 7, 0, 1], [2, 1, 0, 2, 4], [1, 0, 3, 8, 1], [6, 1, 2, 1, 2]])

NAMES = {"max": "max", "average": "average", "l2": "L2"}


@dataclass(frozen=True)
class Pooling:
    """One map under one geometry of windows, forward and backward.

    Args:
        title: what it is.
        image: (H, W).
        window, stride: in cells.
        outputs: for each kind of pooling, (H', W').
        winners: how often each cell of the image is the largest of a window, (H, W).
        arriving: the gradient of the output, (H', W').
        to_input: for each kind, the gradient of the input, (H, W).
    """

    title: str
    image: Array
    window: int
    stride: int
    outputs: dict[str, Array]
    winners: Array
    arriving: Array
    to_input: dict[str, Array]


def pooling(image: Array, window: int, stride: int) -> Pooling:
    """A small map pooled, and the gradient 1, 2, 3, 4 … on its way back."""
    image = np.asarray(image, np.float64)
    given = image[None, :, :, None]
    outputs = {kind: pooled(image, window, stride, kind) for kind in KINDS}
    arriving = np.arange(1.0, outputs["max"].size + 1).reshape(outputs["max"].shape)

    def back(gradient: Array, kind: str) -> Array:
        found = anatomy.pooling_gradient(given, gradient[None, :, :, None], window, stride=stride, kind=kind)
        return found[0, :, :, 0]

    return Pooling(
        title=f"{window}x{window} windows, stride {stride}",
        image=image,
        window=window,
        stride=stride,
        outputs=outputs,
        winners=back(np.ones_like(arriving), "max"),
        arriving=arriving,
        to_input={kind: back(arriving, kind) for kind in KINDS},
    )


def small() -> Pooling:
    """2x2 windows side by side."""
    return pooling(IMAGE, 2, 2)


def overlapping() -> Pooling:
    """AlexNet's windows of 3x3 with stride 2."""
    return pooling(OVERLAPPED, 3, 2)


def pooled(image: Array, window: int, stride: int, kind: str) -> Array:
    """One map (H, W), or one in colour (H, W, C), pooled."""
    image = np.asarray(image)
    output = anatomy.pool(image.reshape(1, *image.shape[:2], -1), window, stride=stride, kind=kind).output[0]
    return output.reshape(*output.shape[:2], *image.shape[2:])


def shown(image: Array, window: int, stride: int, kind: str) -> Array:
    """The same to look at: L2 over √(cells of a window), so that it stays within 0 to 1."""
    return pooled(image, window, stride, kind) / (window if kind == "l2" else 1)


def side_by_side(image: Array, cells: int = 96) -> list[Map]:
    """A square out of the middle of a picture, pooled once: three kinds, with 2x2 windows and with 3x3 ones."""
    side = min(cells, *image.shape[:2])
    top, left = ((size - side) // 2 for size in image.shape[:2])
    part = image[top : top + side, left : left + side]
    made = []
    for window in (2, 3):
        size = anatomy.output_size(side, window, 2)
        made.append(Map(f"{side}x{side}, not pooled", part, "colour"))
        made += [
            Map(f"{NAMES[kind]}, {window}x{window}, stride 2: {size}x{size}", shown(part, window, 2, kind), "colour")
            for kind in KINDS
        ]
    return made


def repeated(image: Array, times: int = 4) -> list[Map]:
    """A picture pooled by 2 again and again: a row a kind, and a row in which every second pixel is simply left out."""
    ways = {NAMES[kind]: partial(shown, window=2, stride=2, kind=kind) for kind in KINDS}
    made = []
    for name, halve in (ways | {"subsampled": _every_second}).items():
        one = image
        for step in range(1, times + 1):
            one = halve(one)
            made.append(Map(f"{name}, {2**step} times smaller", one, "colour"))
    return made


def _every_second(image: Array) -> Array:
    """Subsampling: the first pixel of each 2x2 window that fits."""
    height, width = image.shape[:2]
    return image[: height // 2 * 2 : 2, : width // 2 * 2 : 2]


def discarded(sizes: Iterable[int], window: int, padding: str = "valid") -> list[float]:
    """The share of the values of a size x size map that is gone behind a pool with stride 2."""
    return [1 - (anatomy.output_size(size, window, 2, padding) / size) ** 2 for size in sizes]


@dataclass(frozen=True)
class Shifts:
    """How much a map changes when the picture moves: for each way of making it smaller, a change a shift.

    Args:
        factor: how many times smaller.
        shifts: pixels.
        changes: way -> ‖shifted − not shifted‖ / ‖not shifted‖, one a shift.
    """

    factor: int
    shifts: tuple[int, ...]
    changes: dict[str, tuple[float, ...]]


def edge_map(brightness: Array) -> Array:
    """What a layer hands to a pool: upright edges, then ReLU."""
    return np.maximum(filtered(brightness, balanced(SOBEL)), 0)


def shifted(features: Array, largest: int, halvings: Sequence[int] = (1, 3)) -> list[Shifts]:
    """Move a feature map to the left, pixel by pixel, and compare what is left of it after pooling.

    Nothing comes in from outside: all windows lie within the map.

    Args:
        features: (H, W).
        largest: of the shifts, in pixels; from 1 to a quarter of the map's width.
        halvings: how often it is made half as large.

    Raises:
        UsageError: a shift out of range.
    """
    most = features.shape[1] // 4
    if isinstance(largest, bool) or not isinstance(largest, int) or not 1 <= largest <= most:
        raise UsageError(
            f"largest_shift must be a whole number of pixels from 1 to {most}, a quarter of the map's width. "
            f"Received: {largest!r}"
        )
    width = (features.shape[1] - largest) // 2 ** max(halvings) * 2 ** max(halvings)
    moved = [features[:, start : start + width] for start in range(largest + 1)]
    ways = {"not made smaller": np.asarray, "subsampled": _every_second, **_halving_pools()}
    return [
        Shifts(
            2**times,
            tuple(range(largest + 1)),
            {name: _changes([_again(way, one, times) for one in moved]) for name, way in ways.items()},
        )
        for times in halvings
    ]


def _halving_pools() -> dict[str, Callable[[Array], Array]]:
    return {NAMES[kind]: partial(pooled, window=2, stride=2, kind=kind) for kind in KINDS}


def _again(way: Callable[[Array], Array], image: Array, times: int) -> Array:
    for _ in range(times):
        image = way(image)
    return image


def _changes(maps: Sequence[Array]) -> tuple[float, ...]:
    """Of each map, the difference to the first, as a share of the first, both as Euclidean norms."""
    return tuple(float(np.linalg.norm(one - maps[0]) / np.linalg.norm(maps[0])) for one in maps)
