"""What a page says of a comparison: its question, its answer in a word and a number, and the tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnnrepro.claims.decisions import BETTER, EQUIVALENT, UNDECIDED, WORSE
from cnnrepro.claims.paired_statistics import FEWEST, signed
from cnnrepro.claims.verdict import capital
from cnnrepro.experiments.compare import METRICS, is_letter_of_pattern

if TYPE_CHECKING:
    from cnnrepro.lessons.compare.comparison import Comparison, Pair

SHORT = {"percentage points": "points", "nats": "nats"}
SEVERAL = "no single answer"
MUCH = 2.0  # times the parameters, from which on the question says so
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
    return (
        f"Which has the better {WORDS[made.metric]}, {names}? On {made.results.basis()}.{_patterns(made)}{_sizes(made)}"
    )


def _patterns(made: Comparison) -> str:
    """What the networks are that go by a letter."""
    texts = [(arm.label, arm.specs[0].model_name()) for arm in made.results.arms if is_letter_of_pattern(arm.label)]
    return "".join(f" {capital(label)} is {model.replace('->', '→')}." for label, model in texts)


def _sizes(made: Comparison) -> str:
    """Of two networks, that they differ much in size."""
    counts = [records[0].parameters for records in made.results.records]
    if len(counts) != 2 or max(counts) < MUCH * min(counts):
        return ""
    large, small = (made.results.labels[counts.index(one)] for one in (max(counts), min(counts)))
    return f" They are no equals: {large} has {max(counts) / min(counts):.1f} times the parameters of {small}."


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
    mean, metric = made.sign * found.mean, WORDS[made.metric]
    if found.verdict in (BETTER, WORSE):
        ahead, behind, turn = (first, second, 1) if found.verdict == BETTER else (second, first, -1)
        by = f"{_apart(made, turn * mean)}{_interval(made, pair, turn)}"
        return f"{ahead} is better than {behind}: its {metric} is {by}."
    apart = f"{first} has a {metric} {_apart(made, mean)} than {second}{_interval(made, pair)}"
    if found.verdict == EQUIVALENT:
        return f"Equivalent: {apart}, and a difference matters from {_amount(made, made.margin)} on."
    return f"Undecided: {apart}. {_more(pair)}"


def _more(pair: Pair) -> str:
    found = pair.decision
    if found.n < FEWEST:
        return f"It takes at least {FEWEST} seeds, and here are {found.n}."
    if found.sd == 0:
        return "All seeds differ by the same, which says nothing of how much others would."
    if found.seeds_needed is None:
        return "If the true mean and spread are those seen here, no number of new seeds up to 10,000 would decide it."
    return (
        f"If the true mean and spread are those seen here, a comparison over {found.seeds_needed:,} new seeds would "
        "decide it four times in five."
    )


def _interval(made: Comparison, pair: Pair, turn: int = 1) -> str:
    """The interval of a difference and its n, in brackets, in the metric's own sense; ``turn`` -1 turns the sides."""
    found, places = pair.decision, digits(made)
    if math.isnan(found.low):
        return f" (n = {found.n})"
    low, high = sorted((turn * made.sign * found.low, turn * made.sign * found.high))
    if low * high > 0:
        ends = f"{min(abs(low), abs(high)):.{places}f} to {max(abs(low), abs(high)):.{places}f} {_sense(low)}"
    else:
        ends = f"{abs(low):.{places}f} lower to {abs(high):.{places}f} higher"
    return f" ({percent(1 - found.level)} interval {ends}, n = {found.n})"


def _apart(made: Comparison, difference: float) -> str:
    return f"{_amount(made, abs(difference), digits(made))} {_sense(difference)}"


def _sense(difference: float) -> str:
    return "lower" if difference < 0 else "higher"


def _amount(made: Comparison, value: float, places: int | None = None) -> str:
    """A difference with its unit: "1 point", "1.36 points"."""
    text = f"{value:g}" if places is None else f"{value:.{places}f}"
    return f"{text} {unit(made).removesuffix('s') if text == '1' else unit(made)}"


def percent(share: float) -> str:
    """A level of confidence as people write it: "95 %", "98.3 %"."""
    return f"{100 * share:.3g} %"


def metric_name(made: Comparison) -> str:
    """The metric, for a figure's title."""
    name = WORDS[made.metric]
    return capital(name)


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
    "first ahead, all pairings",
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


def seed_columns(made: Comparison) -> tuple[str, ...]:
    """The heads of ``seed_rows``."""
    return ("seed", *made.results.labels, *(["difference"] if len(made.results.labels) == 2 else []))


def seed_rows(made: Comparison) -> list[tuple]:
    """One row a seed: every network's score, and of two their difference."""
    places, rows = digits(made), []
    columns = [made.scores(place) for place in range(len(made.results.labels))]
    for record, scores in zip(made.results.records[0], zip(*columns, strict=True), strict=True):
        difference = (signed(scores[0] - scores[1], places),) if len(scores) == 2 else ()
        rows.append((record.spec.seed, *(f"{score:.{places}f}" for score in scores), *difference))
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
        ("smallest difference that matters", _amount(made, made.margin)),
        ("level", f"5 % over all{several}"),
        ("looks", f"after {looks} seeds{each}; stopped after {made.n}"),
        ("equivalent", f"the interval of the mean paired difference lies within ±{_amount(made, made.margin)}"),
        ("better", "it does not lie within that, and lies on one side of zero"),
        ("undecided", "neither of the two"),
        ("learning rate", _rates(made)),
    ]


def _rates(made: Comparison) -> str:
    if made.pilots:
        return "chosen for each network by the same search on validation images, with other seeds"
    return "as the recipe or the call says; not chosen for each network, so one may suit one of them better"
