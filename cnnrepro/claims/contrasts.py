"""Judges the contrasts of a study: is the number above zero, below it, or nowhere that matters?

A contrast claims that a number v, one a seed, is

    more        holds where the interval of its mean lies above 0 and the mean is at least the margin δ;
                does not hold where the interval lies below δ: nothing that matters is there
    less        the same with the signs turned
    the same    holds where the interval lies within ±δ; does not hold where it lies beyond δ on one side

and is undecided otherwise. So "minimal" is a claim that has to be shown, and more seeds make no true claim fail. A word
is false where it says "holds" of a number on the wrong side of 0, or beyond ±δ where the same is claimed, and where it
says "does not hold" of one that is δ or more, or within ±δ. Its chance is at most 5 % for all of a statement together:

- each part of a statement has an equal share of the 5 %;
- of a part, the contrasts of the statement as it stands are judged by Holm's steps, the clearest first;
- those under conditions are judged after them, by Holm's steps at the same level, and only where all of those as it
  stands are decided; else they are not judged (fixed sequence: Maurer, Hothorn and Lehmacher 1995).

A part that is left undecided may have a second round with new seeds alone. Its contrasts, of the statement as it stands
or of a condition, take the place of those of the first round and are judged by the same rules and at the same level; so
the chance of a false word is at most 5 % in each round, and 10 % in both.

Sources: Student 1908; Schuirmann 1987; Holm 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cnnrepro.claims.decisions import LEVEL, by_holms_steps, new_seeds_for
from cnnrepro.claims.paired_statistics import paired_difference
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, NOT_JUDGED, UNDECIDED
from cnnrepro.experiments.results import Results
from cnnrepro.experiments.run_scores import run_score
from cnnrepro.experiments.study import LESS, SAME, Contrast


class Seen(NamedTuple):
    """A contrast with what the runs gave.

    Args:
        contrast: what was claimed.
        values: its number less its target, one a seed.
        bounds: how many of its runs ended before what the score asks for was seen.
    """

    contrast: Contrast
    values: Sequence[float]
    bounds: int = 0


@dataclass(frozen=True)
class Judged:
    """A contrast with what the runs say of it.

    Args:
        contrast: what was claimed.
        values: the number less its target, one a seed.
        mean, sd: of the values.
        low, high: the interval of the mean by which it was judged, at ``1 - level``; NaN for fewer than five seeds, and
            where all values are equal.
        level: that of the whole, divided by the number of parts and by Holm's step.
        word: holds, does not hold or undecided; of a condition whose turn did not come, not judged.
        seeds_needed: of an undecided one, how many new seeds would decide it four times in five if mean and spread are
            those seen; None where it is decided, where they say nothing yet, and beyond 10,000.
        bounds: how many runs ended before what the score asks for was seen, so that their number is only a bound; a
            contrast with such runs is undecided.
        superseded: whether a second round has taken its place, so that nothing rests on it.
    """

    contrast: Contrast
    values: tuple[float, ...]
    mean: float
    sd: float
    low: float
    high: float
    level: float
    word: str
    seeds_needed: int | None = None
    bounds: int = 0
    superseded: bool = False

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.values)

    @property
    def has_interval(self) -> bool:
        """Whether the seeds say how much their mean varies: they are enough, and not all alike."""
        return not math.isnan(self.low)


def values_of(contrast: Contrast, results: Results) -> tuple[float, ...]:
    """The number of each seed that all arms of a contrast have, in the order of the seeds, less its target."""
    read = run_score(contrast.score).read
    by_label = dict(zip(results.labels, results.records, strict=True))
    every = zip(*(by_label[label] for label in contrast.weights), strict=False)  # arms may have fewer seeds
    weights = contrast.weights.values()
    return tuple(
        sum(weight * read(record) for weight, record in zip(weights, records, strict=True)) - contrast.target
        for records in every
    )


def bounds_of(contrast: Contrast, results: Results, n: int) -> int:
    """How many of its runs of the first ``n`` seeds ended before what its score asks for was seen."""
    is_bound = run_score(contrast.score).is_bound
    by_label = dict(zip(results.labels, results.records, strict=True))
    return sum(is_bound(record) for label in contrast.weights for record in by_label[label][:n])


def see(contrast: Contrast, results: Results) -> Seen:
    """What the runs give of a contrast."""
    values = values_of(contrast, results)
    return Seen(contrast, values, bounds_of(contrast, results, len(values)))


def judge(contrast: Contrast, values: Sequence[float], bounds: int = 0, *, level: float = LEVEL) -> Judged:
    """What the values say of a contrast.

    Args:
        contrast: what is claimed.
        values: the number less its target, one a seed.
        bounds: how many of them are only bounds, which leaves the contrast undecided.
        level: of the interval.
    """
    found = paired_difference(values, np.zeros(len(values)))
    low, high = found.interval(level)
    word = UNDECIDED if bounds else _word(contrast, found.mean, low, high)
    needed = None
    if word == UNDECIDED and found.has_interval and not bounds:
        needed = new_seeds_for(_room(contrast, found.mean), found.sd, level)
    return Judged(contrast, tuple(values), found.mean, found.sd, low, high, level, word, needed, bounds)


def judge_rounds(pairs: Sequence[Seen], level: float = LEVEL) -> list[Judged]:
    """Judge the contrasts of a statement that decide: those of the first round, then with those of the second.

    Args:
        pairs: the contrasts with their values.
        level: of all together, in each round.

    Returns:
        One each. Those in whose place a second round has come have the word that they had in the first.
    """
    replaced = {_place(pair.contrast) for pair in pairs if pair.contrast.second}
    if not replaced:
        return judge_in_order(pairs, level)
    first = [at for at, pair in enumerate(pairs) if not pair.contrast.second]
    last = [at for at, pair in enumerate(pairs) if pair.contrast.second or _place(pair.contrast) not in replaced]
    found = {
        at: replace(one, superseded=True)
        for at, one in zip(first, judge_in_order([pairs[at] for at in first], level), strict=True)
    }
    found |= zip(last, judge_in_order([pairs[at] for at in last], level), strict=True)
    return [found[at] for at in range(len(pairs))]


def _place(contrast: Contrast) -> tuple[int, str]:
    return contrast.part, contrast.condition


def judge_in_order(pairs: Sequence[Seen], level: float = LEVEL) -> list[Judged]:
    """Judge the contrasts of a round: part by part, the statement as it stands before its conditions.

    Args:
        pairs: the contrasts with their values.
        level: of all together.
    """
    parts = {contrast.part for contrast, *_ in pairs}
    found: dict[int, Judged] = {}
    for part in parts:
        own = [at for at, (contrast, *_) in enumerate(pairs) if contrast.part == part]
        stands = [at for at in own if not pairs[at][0].condition]
        tried = [at for at in own if pairs[at][0].condition]
        found |= _judged(pairs, stands, level / len(parts))
        reached = all(found[at].word != UNDECIDED for at in stands)
        conditions = _judged(pairs, tried, level / len(parts))
        found |= conditions if reached else {at: replace(one, word=NOT_JUDGED) for at, one in conditions.items()}
    return [found[at] for at in range(len(pairs))]


def _judged(pairs: Sequence[Seen], places: Sequence[int], level: float) -> dict[int, Judged]:
    return dict(zip(places, judge_all([pairs[at] for at in places], level), strict=True))


def judge_all(pairs: Sequence[Seen], level: float = LEVEL) -> list[Judged]:
    """Judge several contrasts with their values by Holm's steps, at a level of all together; in their order."""
    return by_holms_steps(
        pairs,
        lambda pair: _clearness(*pair),
        lambda pair, own: judge(*pair, level=own),
        lambda found: found.word != UNDECIDED,
        level,
    )


def _word(contrast: Contrast, mean: float, low: float, high: float) -> str:
    if math.isnan(low):
        return UNDECIDED
    margin = contrast.margin
    if contrast.claim == SAME:
        if -margin < low and high < margin:
            return HOLDS
        return DOES_NOT_HOLD if low >= margin or high <= -margin else UNDECIDED
    if contrast.claim == LESS:
        mean, low, high = -mean, -high, -low
    if low > 0 and mean >= margin:
        return HOLDS
    return DOES_NOT_HOLD if high < margin else UNDECIDED


def _room(contrast: Contrast, mean: float) -> float:
    """How far the mean is from the nearest place at which a word would change, on the side of the likelier word."""
    margin = contrast.margin
    if contrast.claim == SAME:
        return abs(margin - abs(mean))
    mean = -mean if contrast.claim == LESS else mean
    return mean if mean >= margin else margin - mean


def _clearness(contrast: Contrast, values: Sequence[float], bounds: int = 0) -> float:
    """The smallest level at which a contrast is decided; the smaller, the clearer."""
    from scipy import stats

    found = paired_difference(values, np.zeros(len(values)))
    if bounds or not found.has_interval:
        return math.inf
    away = _room(contrast, found.mean) / (found.sd / math.sqrt(found.n))
    return 2 * float(stats.t.sf(away, found.n - 1))
