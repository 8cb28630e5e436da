"""What sliding a classifier costs, counted and measured: one pass of the converted network against crops."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy
from cnnrepro.engine import keras
from cnnrepro.lessons.network_outputs import outputs


@dataclass(frozen=True)
class SlidingCost:
    """What a square image costs in one pass and in crops."""

    side: int  # pixels
    positions: int  # how many crops there are
    one_pass: int  # multiply-adds
    by_crops: int
    seconds_one_pass: tuple[float, ...] = ()  # measured, one value a repetition; empty where nothing was timed
    seconds_by_crops: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """Multiply-adds of the crops over those of one pass."""
        return self.by_crops / self.one_pass

    @property
    def speed_ups(self) -> tuple[float, ...]:
        """Time of the crops over that of one pass, repetition by repetition."""
        return tuple(b / a for a, b in zip(self.seconds_one_pass, self.seconds_by_crops, strict=True))

    def row(self) -> tuple[object, ...]:
        """Cells: image, crops, multiply-adds and their ratio, times in milliseconds and their ratio."""
        times = [[1000 * seconds for seconds in way] for way in (self.seconds_one_pass, self.seconds_by_crops)]
        return (
            f"{self.side}×{self.side}",
            self.positions,
            self.one_pass,
            self.by_crops,
            f"{self.ratio:.2f}",
            *(_spell(way) for way in (*times, self.speed_ups)),
        )


def _spell(values: Sequence[float]) -> str:
    """Median and range: "8.3 (7.9 to 9.4)"; "–" without values."""
    if not values:
        return "–"
    return f"{np.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def costs(model: keras.Model, network: keras.Model, sides: Sequence[int], *, repeats: int = 0) -> list[SlidingCost]:
    """Count the multiply-adds of one pass and of crops on square images, and time both where asked.

    Timed is the network alone: crops are cut beforehand and run in batches. The two take turns, and which of them is
    first alternates, so that whatever else the machine does meets both. One round before is not counted.
    """
    size, channels = model.input_shape[1:3], model.input_shape[3]
    (stride, _), crop = anatomy.effective_stride(network, size), anatomy.trace(model).totals.multiply_adds
    measured = []
    for side in sides:
        image = np.random.default_rng(side).normal(size=(side, side, channels)).astype(np.float32)
        parts = anatomy.crops(image, size, stride)
        once = anatomy.trace(network, image.shape).totals.multiply_adds
        seconds = _take_turns(lambda x=image[None]: outputs(network, x), lambda x=parts: outputs(model, x), repeats)
        measured.append(SlidingCost(side, len(parts), once, crop * len(parts), *seconds))
    return measured


def _take_turns(first: Callable, second: Callable, rounds: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of two calls in alternation, after one round that is not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1 if rounds else 0):
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            (first, second)[which]()
            taken[which].append(time.perf_counter() - began)
    return tuple(taken[0][1:]), tuple(taken[1][1:])


def limit(model: keras.Model, network: keras.Model, side: int = 400) -> float:
    """The ratio of multiply-adds that ever larger images come near.

    One position more in both directions costs one pass a fixed number of multiply-adds: with n positions a side the
    count is a·n² + b·n + c, whose second difference is 2a. The crops take a fixed number each.
    """
    size, channels = model.input_shape[1:3], model.input_shape[3]
    stride, _ = anatomy.effective_stride(network, size)
    sides = (side, side + stride, side + 2 * stride)
    low, middle, high = (anatomy.trace(network, (n, n, channels)).totals.multiply_adds for n in sides)
    return anatomy.trace(model).totals.multiply_adds / ((high - 2 * middle + low) / 2)
