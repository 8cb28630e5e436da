"""Paired tests: of two sides over the same seeds (t test), and of two classifiers on the same images (McNemar)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
FEWEST = 5  # pairs for an interval or a p value; fewer make a spread that is itself a guess


@dataclass(frozen=True)
class PairedDifference:
    """Differences of two sides that share a seed each.

    Args:
        n: number of pairs.
        mean: mean difference, first side minus second.
        sd: sample standard deviation of the differences (n − 1 in the denominator); NaN for one pair.
        low, high: 95 % confidence interval of the mean by Student's t with n − 1 degrees of freedom; NaN for fewer than
            ``FEWEST`` pairs, and where all differences are equal: accuracies on 500 images come in steps, so equal
            differences are no sign of certainty.
        p: two-sided p of the paired t test; NaN likewise.
        values: the differences, pair by pair.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float
    p: float
    values: tuple[float, ...]

    @property
    def has_interval(self) -> bool:
        """Whether the pairs say how much their mean varies."""
        return not math.isnan(self.low)

    def interval(self, level: float) -> tuple[float, float]:
        """The interval of the mean at ``1 - level``; NaN where there is none."""
        if not self.has_interval:
            return math.nan, math.nan
        from scipy import stats

        half = float(stats.t.ppf(1 - level / 2, self.n - 1)) * self.sd / math.sqrt(self.n)
        return self.mean - half, self.mean + half

    def brief(self, scale: float = 1.0, digits: int = 2) -> str:
        """The mean, with its interval where there is one: "+1.20 (−0.30 to +2.70)"."""
        text = signed(self.mean * scale, digits)
        if not self.has_interval:
            return text
        return f"{text} ({signed(self.low * scale, digits)} to {signed(self.high * scale, digits)})"

    def sentence(self, scale: float = 1.0, unit: str = "", digits: int = 2) -> str:
        """As people read it: "+1.20 points (95 % interval [−0.30, +2.70], paired t, n = 6, p = 0.09)"."""
        text = f"{signed(self.mean * scale, digits)}{unit}"
        if self.n < 2:
            return f"{text} (one seed)"
        if self.n < FEWEST:
            return f"{text} on average (seed by seed {', '.join(signed(one * scale, digits) for one in self.values)})"
        if not self.has_interval:
            return f"{text} (n = {self.n}, all differences equal, so no interval)"
        interval = f"[{signed(self.low * scale, digits)}, {signed(self.high * scale, digits)}]"
        return f"{text} (95 % interval {interval}, paired t, n = {self.n}, p = {self.p:.2g})"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, the minus as typographers have it; zero is positive.

    What would be rounded to zero has one or two digits more: an end of an interval lies on one side of zero, or on it.
    """
    digits = next((more for more in range(digits, digits + 3) if round(value, more)), digits)
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def paired_difference(first: Sequence[float], second: Sequence[float]) -> PairedDifference:
    """The paired difference of two equally long sequences, ``first - second``.

    Raises:
        ValueError: no values, or different numbers of them.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape or first.size == 0:
        raise ValueError(
            f"Both sides need one value a seed, at least one. Received: {first.size} and {second.size} values"
        )
    differences = first - second
    n, mean, values = len(differences), float(differences.mean()), tuple(differences.tolist())
    sd = float(differences.std(ddof=1)) if n > 1 else math.nan
    if sd <= 1e-12 * max(abs(mean), 1.0):  # equal but for rounding
        sd = 0.0
    if n < FEWEST or sd == 0:
        return PairedDifference(n, mean, sd, math.nan, math.nan, math.nan, values)
    from scipy import stats

    test = stats.ttest_rel(first, second)
    low, high = test.confidence_interval(CONFIDENCE)
    return PairedDifference(n, mean, sd, float(low), float(high), float(test.pvalue), values)


@dataclass(frozen=True)
class McNemar:
    """Two classifiers on the same images: how many only the first gets right, how many only the second; exact p."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first_right: Sequence[bool], second_right: Sequence[bool]) -> McNemar:
    """McNemar's exact test: are the images on which two classifiers disagree split evenly between them?

    Source: McNemar 1947; Dietterich 1998, "Approximate Statistical Tests", section 3.1.

    Args:
        first_right, second_right: whether each reads an image rightly, the images in the same order.

    Raises:
        ValueError: different numbers of images.
    """
    first, second = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if first.shape != second.shape:
        raise ValueError(f"Both sides must judge the same images. Received: {first.size} and {second.size} images")
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    from scipy import stats

    disagree = only_first + only_second
    p = float(stats.binomtest(only_first, disagree, 0.5).pvalue) if disagree else 1.0
    return McNemar(only_first, only_second, p)
