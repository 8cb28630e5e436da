"""A comparison: its runs, look by look until it is decided, and what each pair of networks comes to."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.claims.decisions import UNDECIDED, Decision, chance_to_win, decide_all, share_of_the_test_set
from cnnrepro.errors import RunFailed
from cnnrepro.experiments import compare as arms_of
from cnnrepro.experiments.results import Arm, Results, collect

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

POINTS = 100  # of accuracy and error
OF_RECORD = {"accuracy": ("accuracy", POINTS), "error": ("top1_error", POINTS), "loss": ("loss", 1)}


@dataclass(frozen=True)
class Pair:
    """Two networks of a comparison.

    Args:
        first, second: their places among the arms.
        decision: what the seeds say of them; its figures are in points (or nats), where more is better for the first.
        chance: that a new run of the first scores better than a new one of the second.
        test_share: which share of the variance of the mean difference comes from too few test images.
    """

    first: int
    second: int
    decision: Decision
    chance: float
    test_share: float


@dataclass(frozen=True)
class Pilot:
    """A rate of the search for the learning rate: its validation accuracy, mean over the pilot seeds.

    Args:
        arm: the network's place.
        rate: the learning rate.
        accuracy, loss: on validation images after the last epoch; −∞ and ∞ where a run diverged.
        chosen: whether the network is trained with it.
    """

    arm: int
    rate: float
    accuracy: float
    loss: float
    chosen: bool = False


@dataclass(frozen=True)
class Comparison:
    """A comparison that has been made.

    Args:
        results: the runs.
        metric: "accuracy", "error" or "loss", on the test images.
        margin: the smallest difference that matters, in points (or nats).
        looks: numbers of seeds after which was looked, as planned.
        pairs: each two networks.
        pilots: the search for the learning rates; empty where there was none.
        page: where its page lies; None before it is drawn.
    """

    results: Results
    metric: str
    margin: float
    looks: tuple[int, ...]
    pairs: tuple[Pair, ...]
    pilots: tuple[Pilot, ...] = ()
    page: Path | None = None

    @property
    def n(self) -> int:
        """Seeds an arm."""
        return len(self.results.records[0])

    @property
    def decided(self) -> bool:
        """Whether each pair is."""
        return all(pair.decision.verdict != UNDECIDED for pair in self.pairs)

    @property
    def sign(self) -> int:
        """1 where more of the metric is better, −1 where less is."""
        return 1 if self.metric == "accuracy" else -1

    def scores(self, arm: int) -> list[float]:
        """The metric of an arm, one a seed, in points (or nats)."""
        return _scores(self.results.records[arm], self.metric)

    def to_dict(self) -> dict:
        """Plain values for JSON; a difference is the first's metric minus the second's."""
        return {
            "arms": [
                {
                    "label": arm.label,
                    "model": arm.specs[0].model_name(),
                    "options": dict(arm.specs[0].options),
                    "learning_rate": records[0].history["learning_rate"][0],
                    "parameters": records[0].parameters,
                    "keys": [record.key for record in records],
                    "scores": self.scores(place),
                }
                for place, (arm, records) in enumerate(zip(self.results.arms, self.results.records, strict=True))
            ],
            "metric": self.metric,
            "unit": arms_of.METRICS[self.metric],
            "n": self.n,
            "looks": list(self.looks),
            "pairs": [self._pair_dict(pair) for pair in self.pairs],
            **({"page": str(self.page)} if self.page else {}),
        }

    def _pair_dict(self, pair: Pair) -> dict:
        found = pair.decision
        ends = sorted((self.sign * found.low, self.sign * found.high))
        labels = self.results.labels
        return {
            "a": labels[pair.first],
            "b": labels[pair.second],
            "difference": self.sign * found.mean,
            "interval": None if math.isnan(found.low) else ends,
            "level": found.level,
            "margin": self.margin,
            "verdict": found.verdict,
            "chance": pair.chance,
            "seeds_needed": found.seeds_needed,
        }


def compare(
    have: Callable[[Sequence[Arm]], Results] = collect,
    *,
    networks: Sequence[str],
    dataset: str,
    seeds: Sequence[int],
    options: str,
    metric: str,
    margin: float,
    looks: Sequence[int],
    tune: bool,
    **fields: object,
) -> Comparison:
    """Train what is missing, look by look, until each pair is decided or all seeds are had.

    Args:
        have: gives the records of arms; trains what is missing.
        networks, dataset, seeds, options, **fields: as for ``experiments.compare.all_specs``.
        metric: "accuracy", "error" or "loss", on the test images.
        margin: the smallest difference that matters; 0 for the one of the data set.
        looks: after how many seeds one looks; [0] looks after all of them.
        tune: choose each network's learning rate first, on validation images and other seeds.

    Raises:
        UsageError: a value that is not allowed.
        RunFailed: a run failed.
    """
    arms_of.check(dataset=dataset, seeds=seeds, looks=looks, metric=metric, margin=margin, tune=tune)
    shared = {"networks": networks, "dataset": dataset, "options": options, **fields}
    pilots = _search(have, shared) if tune else ()
    rates = [pilot.rate for pilot in pilots if pilot.chosen]
    specs = arms_of.all_specs(seeds=seeds, rates=rates, **shared)
    margin = margin or arms_of.margin_of(dataset, metric)
    looks = arms_of.planned(looks, seeds)
    for look in looks:
        results = have([Arm(label, own[:look]) for label, own in specs.items()])
        made = Comparison(results, metric, margin, looks, _pairs(results, metric, margin, len(looks)), pilots)
        if made.decided:
            break
    return made


def _search(have: Callable[[Sequence[Arm]], Results], shared: dict) -> tuple[Pilot, ...]:
    """The same small search for every network; the highest validation accuracy wins, of equal ones the lower loss."""
    count = len(shared["networks"])
    arms = arms_of.search(**shared)
    with contextlib.suppress(RunFailed):  # a rate at which a network diverges is one that is not chosen
        have(arms)
    pilots = []
    for place in range(count):
        own = [_pilot(have, place, rate, arms[at * count + place]) for at, rate in enumerate(arms_of.RATES)]
        best = max(own, key=lambda pilot: (pilot.accuracy, -pilot.loss))
        if best.accuracy < 0:
            raise RunFailed(f"{arms[place].specs[0].title()} diverged at every learning rate of the search.")
        pilots += [replace(one, chosen=one is best) for one in own]
    return tuple(pilots)


def _pilot(have: Callable[[Sequence[Arm]], Results], place: int, rate: float, arm: Arm) -> Pilot:
    try:
        (records,) = have([arm]).records
    except RunFailed:
        return Pilot(place, rate, -math.inf, math.inf)
    means = (float(np.mean([record.history[name][-1] for record in records])) for name in ("val_accuracy", "val_loss"))
    return Pilot(place, rate, *means)


def _scores(records: Sequence[RunRecord], metric: str) -> list[float]:
    name, scale = OF_RECORD[metric]
    return [scale * (1 - record.test["accuracy"] if name == "top1_error" else record.test[name]) for record in records]


def _pairs(results: Results, metric: str, margin: float, looks: int) -> tuple[Pair, ...]:
    sign = 1 if metric == "accuracy" else -1
    scores = [[sign * score for score in _scores(records, metric)] for records in results.records]
    places = list(combinations(range(len(scores)), 2))
    decisions = decide_all([(scores[one], scores[other]) for one, other in places], margin, looks=looks)
    rights = [_rights(results, arm) for arm in range(len(scores))]
    return tuple(
        Pair(
            *(one, other, decision, chance_to_win(scores[one], scores[other])),
            share_of_the_test_set(rights[one], rights[other]) if len(scores[one]) > 1 else math.nan,
        )
        for (one, other), decision in zip(places, decisions, strict=True)
    )


def _rights(results: Results, arm: int) -> np.ndarray:
    """(seeds, images), whether each run of an arm gets each test image right."""
    return np.stack([results.right(arm, seed) for seed in range(len(results.records[arm]))])
