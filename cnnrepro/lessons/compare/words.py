"""What a page says of a comparison: its question, its answer in a word and a number, and the tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnnrepro.claims.decisions import BETTER, EQUIVALENT, UNDECIDED, WORSE
from cnnrepro.claims.paired_statistics import FEWEST, signed
from cnnrepro.experiments.compare import METRICS

if TYPE_CHECKING:
    from cnnrepro.lessons.compare.comparison import Comparison, Pair

SHORT = {"percentage points": "points", "nats": "nats"}
SEVERAL = "no single answer"
WORDS = {"accuracy": "test accuracy", "error": "test error", "loss": "test loss"}


def unit(made: Comparison) -> str:
    """The unit of a difference, in short."""
    return SHORT[METRICS[made.metric]]


def digits(made: Comparison) -> int:
    """Decimals of a difference."""
    return 3 if made.metric == "loss" else 2


def question(made: Comparison) -> str:
    """What was asked."""
    labels = made.results.labels
    names = f"{', '.join(labels[:-1])} or {labels[-1]}"
    return f"Which has the better {WORDS[made.metric]}, {names}? On {made.results.basis()}."


def word(made: Comparison) -> str:
    """The answer in a word: "better", "equivalent" or "undecided"."""
    if len(made.pairs) == 1:
        verdict = made.pairs[0].decision.verdict
        return BETTER if verdict == WORSE else verdict
    if any(_ahead_of_all(made, place) for place in range(len(made.results.arms))):
        return BETTER
    words = {pair.decision.verdict for pair in made.pairs}
    return words.pop() if words in ({EQUIVALENT}, {UNDECIDED}) else UNDECIDED if UNDECIDED in words else SEVERAL


def answer(made: Comparison) -> str:
    """The answer in a sentence that begins with its word."""
    if len(made.pairs) == 1:
        return sentence(made, made.pairs[0])
    labels = made.results.labels
    best = [place for place in range(len(labels)) if _ahead_of_all(made, place)]
    if best:
        return f"{labels[best[0]]} is better than each of the others."
    open_pairs = sum(pair.decision.verdict == UNDECIDED for pair in made.pairs)
    if open_pairs:
        return f"Undecided: of {len(made.pairs)} pairs, {open_pairs} are; the table says which."
    return "None is better than each of the others; the table has the pairs."


def _ahead_of_all(made: Comparison, place: int) -> bool:
    own = [pair for pair in made.pairs if place in (pair.first, pair.second)]
    return all(pair.decision.verdict == (BETTER if pair.first == place else WORSE) for pair in own)


def sentence(made: Comparison, pair: Pair) -> str:
    """What is decided of two networks, with the difference and its interval."""
    found, labels = pair.decision, made.results.labels
    first, second = labels[pair.first], labels[pair.second]
    if found.verdict == EQUIVALENT:
        return (
            f"Equivalent: {first} and {second} differ by {_difference(made, pair)}, less than the "
            f"{made.margin:g} {unit(made)} that matter."
        )
    if found.verdict in (BETTER, WORSE):
        ahead, behind = (first, second) if found.verdict == BETTER else (second, first)
        return f"{ahead} is better than {behind}: {_difference(made, pair)}."
    return f"Undecided between {first} and {second}: {_difference(made, pair)}. {_more(pair)}"


def _more(pair: Pair) -> str:
    found = pair.decision
    if found.n < FEWEST:
        return f"It takes at least {FEWEST} seeds, and here are {found.n}."
    if found.sd == 0:
        return "All seeds differ by the same, which says nothing of how much others would."
    if found.seeds_needed is None:
        return "At this mean and spread no number of seeds up to 10,000 would decide it."
    return f"At this mean and spread some {found.seeds_needed:,} seeds would decide it."


def _difference(made: Comparison, pair: Pair) -> str:
    """The difference of the first from the second, in the metric's own sign, with its interval."""
    found, places = pair.decision, digits(made)
    text = f"{signed(made.sign * found.mean, places)} {unit(made)} of {WORDS[made.metric]}"
    if math.isnan(found.low):
        return f"{text} (n = {found.n})"
    low, high = sorted((made.sign * found.low, made.sign * found.high))
    return (
        f"{text} ({percent(1 - found.level)} interval {signed(low, places)} to {signed(high, places)}, n = {found.n})"
    )


def percent(share: float) -> str:
    """A level of confidence as people write it: "95 %", "98.3 %"."""
    return f"{100 * share:.3g} %"


def metric_name(made: Comparison) -> str:
    """The metric, for a figure's title."""
    name = WORDS[made.metric]
    return name[0].upper() + name[1:]


def verdict(made: Comparison, pair: Pair) -> str:
    """What is decided of two networks, as "AlexNet better"."""
    labels, word_ = made.results.labels, pair.decision.verdict
    if word_ in (BETTER, WORSE):
        return f"{labels[pair.first if word_ == BETTER else pair.second]} better"
    return word_


PAIR_COLUMNS = (
    "first",
    "second",
    "difference",
    "interval",
    "verdict",
    "new run of the first is ahead",
    "test set’s share",
)


def pair_rows(made: Comparison) -> list[tuple]:
    """One row a pair."""
    labels, places = made.results.labels, digits(made)
    rows = []
    for pair in made.pairs:
        found = pair.decision
        low, high = sorted((made.sign * found.low, made.sign * found.high))
        interval = (
            "–"
            if math.isnan(found.low)
            else f"{signed(low, places)} to {signed(high, places)} ({percent(1 - found.level)})"
        )
        share = "–" if math.isnan(pair.test_share) else f"{pair.test_share:.0%}"
        rows.append(
            (
                *(labels[pair.first], labels[pair.second], signed(made.sign * found.mean, places)),
                *(interval, verdict(made, pair), f"{pair.chance:.0%}", share),
            )
        )
    return rows


SCORE_COLUMNS = ("network", "n", "mean", "s.d.", "worst", "best", "learning rate")


def score_rows(made: Comparison) -> list[tuple]:
    """One row a network: its scores."""
    rows = []
    for place, label in enumerate(made.results.labels):
        scores = made.scores(place)
        mean = sum(scores) / len(scores)
        sd = math.sqrt(sum((one - mean) ** 2 for one in scores) / (len(scores) - 1)) if len(scores) > 1 else math.nan
        ends = sorted(scores, reverse=made.sign < 0)
        shown = [
            f"{value:.{digits(made)}f}" if not math.isnan(value) else "–" for value in (mean, sd, ends[0], ends[-1])
        ]
        rate = made.results.records[place][0].history["learning_rate"][0]
        rows.append((label, len(scores), *shown, f"{rate:g}"))
    return rows


COST_COLUMNS = ("network", "parameters", "multiply-adds", "activations, training", "training images/s", "seconds a run")


def cost_rows(made: Comparison) -> Iterator[tuple]:
    """One row a network: what it costs."""
    from cnnrepro import anatomy

    for arm, records in zip(made.results.arms, made.results.records, strict=True):
        totals = anatomy.trace(arm.model()).totals
        speeds = sorted(max(record.history["images_per_second"]) for record in records)
        seconds = sorted(record.wall_seconds for record in records)
        size = totals.training_bytes
        yield (
            arm.label,
            f"{totals.parameters:,}",
            totals.spelled_multiply_adds(),
            f"{size / 1e6:,.2f} MB an image" if isinstance(size, int) else str(size),
            f"{speeds[len(speeds) // 2]:,.0f}",
            f"{seconds[len(seconds) // 2]:,.1f}",
        )


PILOT_COLUMNS = ("network", "learning rate", "validation accuracy", "validation loss", "taken")


def pilot_rows(made: Comparison) -> list[tuple]:
    """One row a network and rate of the search."""
    labels = made.results.labels
    return [
        (
            labels[pilot.arm],
            f"{pilot.rate:g}",
            f"{pilot.accuracy:.2%}" if pilot.accuracy >= 0 else "diverged",
            f"{pilot.loss:.3f}" if pilot.accuracy >= 0 else "–",
            "yes" if pilot.chosen else "",
        )
        for pilot in made.pilots
    ]


def beforehand(made: Comparison) -> list[tuple[str, str]]:
    """What was decided before the runs, row by row."""
    looks = ", ".join(map(str, made.looks))
    each = "" if len(made.looks) == 1 else f"; each look has {percent(0.05 / len(made.looks))} of the level"
    several = f", shared by Holm's steps among {len(made.pairs)} pairs" if len(made.pairs) > 1 else ""
    return [
        ("metric", f"{WORDS[made.metric]}, read once, after the last epoch"),
        ("smallest difference that matters", f"{made.margin:g} {unit(made)}"),
        ("level", f"5 % over all{several}"),
        ("looks", f"after {looks} seeds{each}; stopped after {made.n}"),
        ("better", "the interval of the mean paired difference lies on one side of zero"),
        ("equivalent", f"it lies within ±{made.margin:g} {unit(made)}"),
        ("undecided", "neither"),
        ("learning rate", _rates(made)),
    ]


def _rates(made: Comparison) -> str:
    if made.pilots:
        return "chosen for each network by the same search on validation images, with other seeds"
    return "as the recipe or the call says; not chosen for each network, so one may suit one of them better"
