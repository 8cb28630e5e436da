"""Rows of the tables: the answer, the ablations and the race. Means come with their 95 % interval by Student's t."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from cnnrepro.claims.paired_statistics import CONFIDENCE, FEWEST, paired_difference, signed
from cnnrepro.experiments.fast_mnist import target
from cnnrepro.experiments.results import Results
from cnnrepro.lessons.fast_mnist.lap import Lap
from cnnrepro.lessons.fast_mnist.ours import lap_of

Row = tuple[str, ...]

# The same four for every side, from the narrowest to the widest.
MEASURES = {
    "training, its first step apart": lambda lap: lap.steady_seconds,
    "training": lambda lap: lap.training_seconds,
    "training and validation (fit)": lambda lap: lap.fit_seconds,
    "the whole process": lambda lap: lap.process_seconds,
}


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean by Student's t; NaN for fewer than ``FEWEST`` values, and for equal ones."""
    if len(values) < FEWEST or np.ptp(values) == 0:
        return math.nan, math.nan
    from scipy import stats

    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, np.mean(values), stats.sem(values))
    return float(low), float(high)


def share_interval(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share by Clopper and Pearson."""
    from scipy import stats

    interval = stats.binomtest(count, of).proportion_ci(CONFIDENCE, method="exact")
    return float(interval.low), float(interval.high)


def _spelled(values: Sequence[float], digits: int, scale: float = 1.0, unit: str = "") -> Row:
    """Mean, spread, interval and n of values as cells."""
    array = scale * np.asarray(values, dtype=np.float64)
    low, high = mean_interval(array)
    spread = f"{array.std(ddof=1):.{digits}f}{unit}" if len(array) > 1 else "–"
    interval = "–" if math.isnan(low) else f"{low:.{digits}f} to {high:.{digits}f}{unit}"
    return f"{array.mean():.{digits}f}{unit}", spread, interval, f"{len(array):,}"


def mean_spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation: "4.52 ± 0.12"; of one value, that value."""
    mean, spread, *_ = _spelled(values, 2)
    return f"{mean} ± {spread}" if len(values) > 1 else mean


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def accuracies(results: Results, arm: int = 0) -> list[float]:
    """The test accuracy of each run of an arm."""
    return [record.test["accuracy"] for record in results.records[arm]]


def seconds(results: Results, arm: int = 0) -> list[float]:
    """Seconds of training of each run of an arm, the first step apart."""
    return [lap_of(record).steady_seconds for record in results.records[arm]]


def answer_rows(results: Results) -> list[Row]:
    """(what, mean, standard deviation, 95 % interval, n) of the recipe's runs."""
    laps = [lap_of(record) for record in results.records[0]]
    wanted = target(results.records[0][0].spec.dataset)
    found = accuracies(results)
    reached = sum(accuracy >= wanted for accuracy in found)
    low, high = share_interval(reached, len(found))
    parts = {name: measure for name, measure in MEASURES.items() if name != "the whole process"}
    return [
        ("test accuracy", *_spelled(found, 3, 100, " %")),
        (
            f"runs that reach {_percent(wanted)}",
            _percent(reached / len(found)),
            "–",
            f"{100 * low:.0f} to {100 * high:.0f} %",
            f"{len(found):,}",
        ),
        *((f"seconds: {name}", *_spelled([measure(lap) for lap in laps], 2)) for name, measure in parts.items()),
    ]


def word(results: Results) -> str:
    """Whether the mark is reached: undecided where the interval of the mean holds it, and with too few runs for one."""
    found = accuracies(results)
    wanted, (low, high) = target(results.records[0][0].spec.dataset), mean_interval(found)
    if low < wanted <= high or len(found) < FEWEST:
        return "undecided"
    return "reached" if np.mean(found) >= wanted else "not reached"


def answer(results: Results) -> str:
    """The answer in a sentence."""
    found, taken = accuracies(results), seconds(results)
    wanted = target(results.records[0][0].spec.dataset)
    low, high = mean_interval(found)
    sure = "" if math.isnan(low) else f" (95 % interval {100 * low:.3f} to {100 * high:.3f} %)"
    mean = "reached" if np.mean(found) >= wanted else "not reached"
    if word(results) == "undecided":
        mean += (
            " on the mean, which " + ("its interval leaves" if len(found) >= FEWEST else "so few runs leave") + " open"
        )
    times = mean_interval(taken)
    between = "" if math.isnan(times[0]) else f" (95 % interval {times[0]:.2f} to {times[1]:.2f})"
    return (
        f"After {np.mean(taken):.2f} seconds of training, its first step apart{between}, the test accuracy is "
        f"{100 * np.mean(found):.3f} % on average over n = {len(found)} runs{sure}; {_percent(wanted)} is {mean}."
    )


def ablation_rows(results: Results) -> list[Row]:
    """(arm, n, test accuracy, less than the recipe's and its interval, seconds, times the recipe's) of every arm.

    Each arm is set against the recipe's runs of the same seeds; where the recipe has more, these have a row too.
    """
    rows, recipe = [], (accuracies(results), seconds(results))
    for n in sorted({len(records) for records in results.records}, reverse=True):
        accuracy, took = (np.mean(values[:n]) for values in recipe)
        label = results.labels[0] + (f", seeds of the {n} runs below" if rows else "")
        rows.append((label, f"{n:,}", f"{100 * accuracy:.2f} %", "", f"{took:.2f}", ""))
    for arm, label in enumerate(results.labels[1:], start=1):
        own, taken = accuracies(results, arm), seconds(results, arm)
        accuracy = f"{100 * np.mean(own):.2f} %"
        difference = paired_difference(own, recipe[0][: len(own)])
        effect = signed(100 * difference.mean)
        if difference.has_interval:
            effect += f" ({signed(100 * difference.low)} to {signed(100 * difference.high)})"
        ratios = np.log(taken) - np.log(recipe[1][: len(taken)])
        rows.append((label, f"{len(own):,}", accuracy, effect, f"{np.mean(taken):.2f}", _times(ratios)))
    return rows


def _times(logarithms: Sequence[float]) -> str:
    """The geometric mean of ratios, with its interval where there are enough of them."""
    low, high = mean_interval(logarithms)
    interval = "" if math.isnan(low) else f" ({math.exp(low):.2f} to {math.exp(high):.2f})"
    return f"{math.exp(np.mean(logarithms)):.2f}{interval}"


def by_side(laps: Sequence[Lap]) -> dict[str, list[Lap]]:
    """The laps of each side, in the order of their seeds."""
    return {side: [lap for lap in laps if lap.side == side] for side in dict.fromkeys(lap.side for lap in laps)}


def race_rows(laps: Sequence[Lap]) -> list[Row]:
    """(seconds of what, then each side's mean ± standard deviation, then each other side's over the first's)."""
    sides = by_side(laps)
    ours, *others = sides.values()
    rows = []
    for name, measure in MEASURES.items():
        taken = {side: [measure(lap) for lap in own] for side, own in sides.items()}
        means = [mean_spread(values) for values in taken.values()]
        own = np.log([measure(lap) for lap in ours])
        times = [_times(np.log([measure(lap) for lap in each]) - own) for each in others]
        rows.append((name, *means, *times))
    return rows


def race_columns(laps: Sequence[Lap]) -> Row:
    """The headings of ``race_rows``."""
    first, *others = by_side(laps)
    return ("seconds of", first, *others, *(f"{other} over {first}" for other in others))


def target_rows(laps: Sequence[Lap], dataset: str) -> list[Row]:
    """(side, n, epochs, test accuracy, runs at the target, seconds of fit until validation first shows it) of each."""
    wanted, rows = target(dataset), []
    for side, own in by_side(laps).items():
        until = [lap.seconds_until(wanted) for lap in own]
        seen = [seconds for seconds in until if seconds is not None]
        first = f"{np.mean(seen):.1f} in {len(seen)} of {len(own)}" if seen else f"never in {len(own)}"
        found = [lap.test_accuracy for lap in own]
        reached = sum(accuracy >= wanted for accuracy in found)
        accuracy = f"{100 * np.mean(found):.2f} %"
        rows.append((side, f"{len(own)}", f"{len(own[0].epoch_seconds)}", accuracy, f"{reached} of {len(own)}", first))
    return rows


def lap_rows(laps: Sequence[Lap]) -> list[Row]:
    """(seed, side, seconds of reading the data, of the first step, of the four measures, test accuracy, versions)."""
    return [
        (
            f"{lap.seed}",
            lap.side,
            *(f"{taken:.2f}" for taken in (lap.load_seconds, lap.first_step_seconds)),
            *(f"{measure(lap):.2f}" for measure in MEASURES.values()),
            f"{lap.test_accuracy:.2%}",
            ", ".join(f"{name} {version}" for name, version in lap.versions.items()),
        )
        for lap in laps
    ]


def race_seconds(laps: Sequence[Lap]) -> Mapping[str, list[float]]:
    """Seconds of ``fit`` of every lap, by side, for the figure."""
    return {side: [lap.fit_seconds for lap in own] for side, own in by_side(laps).items()}


def missing_rows(missing: Sequence[str]) -> list[Row]:
    """(what is not in the race, and why)."""
    return [(side, "torch is not installed here") for side in missing]
