"""Is one side better than another, by how much, and is it sure: the rule of a comparison over seeds.

The sides share seeds; what is judged is their mean paired difference d with its interval. The margin δ is the smallest
difference that matters to whoever asks:

    better       the interval lies above zero (worse: below)
    equivalent   the interval lies within ±δ; also where it lies above zero, for then the difference does not matter
    undecided    neither; with the number of new seeds that would decide it at the mean and spread that were seen

Where looks are planned (after 5, 10 and 20 seeds), the level is divided by their number, so that the chance to see a
difference where there is none stays below it however often one looks; several pairs are judged by Holm's steps.

Sources: Student 1908; Schuirmann 1987 (two one-sided tests); Holm 1979; Bonferroni's inequality for the looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from cnnrepro.claims.paired_statistics import FEWEST, paired_difference
from cnnrepro.errors import UsageError, brief

LEVEL = 0.05  # chance of finding a difference where there is none, of all looks and pairs together
BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"
POWER = 0.8  # of the number of seeds that is named
MOST_SEEDS = 10_000
Asked, Answer = TypeVar("Asked"), TypeVar("Answer")


@dataclass(frozen=True)
class Decision:
    """What a comparison of two sides says.

    Args:
        verdict: "better", "worse" (the first side), "equivalent" or "undecided".
        n: pairs of runs.
        mean, sd: of the differences, first side minus second, where more is better.
        low, high: the interval by which it was decided, at ``1 - level``; NaN for fewer than five pairs.
        margin: the smallest difference that matters.
        level: the level of this interval: that of the whole divided by looks and, for several pairs, by Holm's step.
        p: two-sided p of the paired t test, not divided; NaN like the interval.
        seeds_needed: how many new ones would decide it four times in five, were the mean and spread that were seen the
            true ones; None where it is decided, where they say nothing yet, and beyond ``MOST_SEEDS``.
    """

    verdict: str
    n: int
    mean: float
    sd: float
    low: float
    high: float
    margin: float
    level: float
    p: float
    seeds_needed: int | None = None


def decide(
    first: Sequence[float], second: Sequence[float], margin: float, *, looks: int = 1, level: float = LEVEL
) -> Decision:
    """Judge two sides.

    Args:
        first, second: a score a seed, more is better, in the same order of seeds.
        margin: the smallest difference that matters, in the scores' unit.
        looks: how often one looks, this time included.
        level: chance of finding a difference where there is none, of all looks together.

    Raises:
        UsageError: a margin of zero or below.
        ValueError: no score, or not as many on both sides.
    """
    if not margin > 0:
        raise UsageError(f"margin must be above 0: the smallest difference that matters. Received: {brief(margin)}")
    pairs, level = paired_difference(first, second), level / looks
    n, mean, sd, (low, high) = pairs.n, pairs.mean, pairs.sd, pairs.interval(level)
    verdict = _verdict(low, high, margin)
    needed = None
    if verdict == UNDECIDED and pairs.has_interval:
        needed = new_seeds_for(max(abs(mean), margin - abs(mean)), sd, level)
    return Decision(verdict, n, mean, sd, low, high, margin, level, pairs.p, needed)


def _verdict(low: float, high: float, margin: float) -> str:
    if math.isnan(low):
        return UNDECIDED
    if -margin < low and high < margin:
        return EQUIVALENT
    if low > 0:
        return BETTER
    return WORSE if high < 0 else UNDECIDED


def decide_all(
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]], margin: float, *, looks: int = 1, level: float = LEVEL
) -> list[Decision]:
    """Judge several pairs of sides by Holm's steps.

    Args:
        pairs: the scores of both sides of each, as ``decide`` takes them.
        margin, looks: as there.
        level: chance of finding any difference where there is none, of all pairs and looks together.

    Returns:
        One for each pair, in their order.

    Raises:
        UsageError, ValueError: as ``decide``.
    """
    return by_holms_steps(
        pairs,
        lambda pair: _clearness(pair, margin),
        lambda pair, own: decide(*pair, margin, looks=looks, level=own),
        lambda found: found.verdict != UNDECIDED,
        level,
    )


def by_holms_steps(
    asked: Sequence[Asked],
    clearness: Callable[[Asked], float],
    judge: Callable[[Asked, float], Answer],
    is_decided: Callable[[Answer], bool],
    level: float,
) -> list[Answer]:
    """Judge several things at one level together.

    The clearest is judged at the level over their number, the next at that over one fewer, and so on; from the first
    that is not decided on, all are judged at its level.

    Args:
        asked: what is judged.
        clearness: the smallest level at which one is decided: the smaller, the clearer.
        judge: what is said of one at a level.
        is_decided: whether that decides it.
        level: of all together.
    """
    found: dict[int, Answer] = {}
    remaining = len(asked)
    for at in sorted(range(len(asked)), key=lambda at: clearness(asked[at])):
        found[at] = judge(asked[at], level / remaining)
        if is_decided(found[at]) and remaining > 1:
            remaining -= 1
    return [found[at] for at in range(len(asked))]


def _clearness(pair: tuple[Sequence[float], Sequence[float]], margin: float) -> float:
    """The smallest level at which a pair is decided: its p, or that of equivalence; the smaller, the clearer."""
    from scipy import stats

    pairs = paired_difference(*pair)
    if not pairs.has_interval:
        return math.inf
    error = pairs.sd / math.sqrt(pairs.n)
    # Of an interval at 1 − level both ends must lie inside, so that of one side counts twice.
    equivalence = 2 * float(stats.t.sf((margin - abs(pairs.mean)) / error, pairs.n - 1))
    return min(pairs.p, equivalence)


def power(difference: float, sd: float, n: int, *, level: float = LEVEL) -> float:
    """The chance that n pairs show a true difference: that their interval lies on its side of zero.

    Args:
        difference: the true mean difference.
        sd: standard deviation of the differences.
        n: pairs, at least two.
        level: of the interval.

    Returns:
        From 0 to 1.
    """
    from scipy import stats

    critical = stats.t.ppf(1 - level / 2, n - 1)
    return float(stats.nct.sf(critical, n - 1, abs(difference) / sd * math.sqrt(n)))


def seeds_for(difference: float, sd: float, *, level: float = LEVEL, power_wanted: float = POWER) -> int | None:
    """The fewest pairs that show a true difference with that power; None beyond ``MOST_SEEDS``."""
    return _fewest(lambda n: power(difference, sd, n, level=level) >= power_wanted)


def new_seeds_for(room: float, sd: float, level: float = LEVEL) -> int | None:
    """The fewest new pairs that decide it with ``POWER`` if what was seen is true; None beyond ``MOST_SEEDS``.

    Args:
        room: how far the mean lies from the value that the interval has to leave out.
        sd: standard deviation of the differences.
        level: of the interval.
    """
    from scipy import stats

    def enough(n: int) -> bool:
        away = stats.t.ppf(1 - level / 2, n - 1) + stats.t.ppf(POWER, n - 1)
        return float(away) * sd / math.sqrt(n) < room

    return _fewest(enough)


def _fewest(enough) -> int | None:
    """The smallest number from ``FEWEST`` on that is enough, of a condition that holds for all larger ones."""
    if not enough(MOST_SEEDS):
        return None
    low, high = FEWEST - 1, MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def chance_to_win(first: Sequence[float], second: Sequence[float]) -> float:
    """The chance that a new run of the first side has the higher score than a new one of the second; a tie is half.

    The share of all pairs of a run here and a run there (Mann and Whitney 1947).
    """
    one, other = np.asarray(first, dtype=np.float64)[:, None], np.asarray(second, dtype=np.float64)[None, :]
    return float(((one > other) + 0.5 * (one == other)).mean())


def share_of_the_test_set(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Which share of the variance of the mean difference comes from too few test images, rather than too few seeds.

    Args:
        first_right, second_right: (seeds, images) bool, whether a run got an image right.

    Returns:
        From 0 to 1: the variance over images of the mean difference of an image, over itself and that over seeds.
    """
    return share_of_images(np.asarray(first_right, dtype=np.float64) - np.asarray(second_right, dtype=np.float64))


def share_of_images(differences: np.ndarray) -> float:
    """Share of the variance due to images, from the differences (seeds, images), at least two of each.

    The mean of an image over few seeds varies by their chance too, which more seeds lessen: it is taken off, as in an
    analysis of variance with two random factors.
    """
    seeds, images = differences.shape
    of_images, of_seeds = differences.mean(axis=0), differences.mean(axis=1)
    rest = differences - of_images - of_seeds[:, None] + differences.mean()
    chance = float((rest**2).sum()) / ((seeds - 1) * (images - 1)) / seeds
    over_images = max(0.0, of_images.var(ddof=1) - chance) / images
    over_seeds = of_seeds.var(ddof=1) / seeds
    whole = over_images + over_seeds
    return float(over_images / whole) if whole else 0.0
