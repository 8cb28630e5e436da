"""What the flagship shows: the same weights under each way of judging batch norm, and what each pair comes to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnrepro.claims.checks.training_comparisons import (
    AHEAD,
    HeadToHead,
    ahead_fields,
    all_pairs,
    is_ahead_throughout,
    words,
)
from cnnrepro.claims.verdict import NOT_JUDGED
from cnnrepro.experiments.alexnet_vs_resnet import DECIDING, FALLING, SINGLE, WAYS, pairings
from cnnrepro.experiments.results import classes_of, network_of

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from cnnrepro.experiments.results import Results

PAIR_COLUMNS = (
    "AlexNet",
    "batch norm judged by",
    "AlexNet ahead throughout",
    "ResNet ahead throughout",
    "AlexNet ahead at the end",
    "accuracy difference",
    "loss difference",
)
# In this order in the picture, so that those that decide have the strongest colours.
DRAWN = (*DECIDING, *(way for way in WAYS if way not in DECIDING))


def judged(results: Results) -> pd.DataFrame:
    """Validation curves of each AlexNet, and of its ResNet once for each way of judging its batch norm.

    Returns:
        One row a pair of networks, way, seed and epoch, with the columns ``pair``, ``arm`` (the way), ``val_error`` and
        ``val_loss``; the pairs of the claim as it stands.
    """
    import pandas as pd

    curves, parts = results.curves(), []
    for pair in pairings(results.labels):
        if pair.condition:
            continue
        sides = [("AlexNet", pair.alexnet, "")] + [(f"ResNet, {way}", pair.resnet, WAYS[way]) for way in DRAWN]
        for name, arm, ending in sides:
            own = curves[curves["arm"] == arm]
            if f"val_loss{ending}" in own and own[f"val_loss{ending}"].notna().all():
                part = own[["seed", "epoch"]].assign(pair=f"{pair.alexnet}, {pair.resnet}", arm=name)
                error, loss = 1 - own[f"val_accuracy{ending}"], own[f"val_loss{ending}"]
                parts.append(part.assign(val_error=error, val_loss=loss))
    return pd.concat(parts, ignore_index=True)


def shares(results: Results) -> list[tuple]:
    """In how many seeds AlexNet is ahead throughout, for every pair of networks and way of judging.

    Returns:
        Rows of pair, way, count, number of seeds, the ends of the share's interval, the word, whether it was judged,
        and the same seed by seed with its runs.
    """
    pairs = all_pairs(results)
    return [
        (
            f"{pair.champion}, and {pair.opponent.removesuffix(f', {FALLING}')}",
            pair.way,
            pair.ahead,
            pair.seeds,
            pair.low,
            pair.high,
            word,
            word not in ("", NOT_JUDGED),
            _by_seed(pair, results),
        )
        for pair, word in zip(pairs, words(pairs), strict=True)
    ]


def _by_seed(pair: HeadToHead, results: Results) -> list[tuple]:
    """One row a seed: what is counted, 1 where AlexNet is ahead throughout, else 0, both runs, what is read of them."""
    by_label = dict(zip(results.labels, results.records, strict=True))
    what, fields = f"{pair.champion} ahead throughout, {pair.title}", ahead_fields(pair.way)
    return [
        (
            what,
            AHEAD,
            one.spec.seed,
            int(is_ahead_throughout(one, other, fields)),
            f"+1*{one.key} -1*{other.key}",
            " ".join(fields),
        )
        for one, other in zip(by_label[pair.champion], by_label[pair.opponent], strict=True)
    ]


def lags(results: Results) -> pd.DataFrame:
    """How far the moving averages of each ResNet are from re-estimated statistics, after every epoch."""
    curves = results.curves()
    names = {pair.resnet for pair in pairings(results.labels)}
    return curves[curves["arm"].isin(names)]


def seen(results: Results) -> pd.DataFrame:
    """The curves of the pairs of the claim as it stands."""
    curves = results.curves()
    pairs = [pair for pair in pairings(results.labels) if not pair.condition]
    return curves[curves["arm"].isin([label for pair in pairs for label in (pair.alexnet, pair.resnet)])]


def classes(results: Results) -> Sequence[str]:
    """The names of the classes."""
    return classes_of(results.records[0][0])


def confusions(results: Results) -> dict:
    """The confusion matrices of the first pair."""
    return results.of(_first_labels(results)).confusion(len(classes(results)))


def pair_rows(results: Results) -> list[tuple]:
    """One row a pair of networks and way of judging: in how many seeds either is ahead, and by how much."""
    return [
        (
            *(pair.champion, pair.way, f"{pair.ahead} of {pair.seeds}", pair.behind, pair.ahead_at_last),
            *(pair.accuracy.brief(100), pair.loss.brief(digits=3)),
        )
        for pair in all_pairs(results)
    ]


NETWORK_COLUMNS = ("network", "parameters", "multiply-adds", "images a step", "steps", "dropout")


def network_rows(results: Results) -> list[tuple]:
    """One row a network of the pairs that are compared: in what else they differ."""
    from cnnrepro import anatomy

    rows, named = [], {label for pair in pairings(results.labels) for label in (pair.alexnet, pair.resnet)}
    for arm, (record, *_) in zip(results.arms, results.records, strict=True):
        if arm.label in named:
            totals, spec = anatomy.trace(network_of(record)).totals, record.spec
            steps = -(-record.data["sizes"]["train"] // spec.batch_size) * spec.epochs
            sizes = (f"{totals.parameters:,}", totals.spelled_multiply_adds(), spec.batch_size, f"{steps:,}")
            rows.append((arm.label, *sizes, f"{dict(spec.options).get('dropout', 0):g}"))
    return rows


def first_networks(results: Results) -> list[tuple[str, keras.Model]]:
    """The networks of the first pair, AlexNet and its ResNet, with their labels."""
    first = results.of(_first_labels(results))
    return [(label, network_of(records[0])) for label, records in zip(first.labels, first.records, strict=True)]


def _first_labels(results: Results) -> list[str]:
    pair = pairings(results.labels)[0]
    return [pair.alexnet, pair.resnet]


TEST_COLUMNS = ("network", "its batch norm", "n", "test accuracy", "test loss")


def test_rows(results: Results) -> list[tuple]:
    """One row an arm and way: the test scores, which the claim's source most likely took for its validation."""
    rows = []
    for label, records in zip(results.labels, results.records, strict=True):
        for way, ending in WAYS.items():
            if all(f"accuracy{ending}" in record.test for record in records):
                scores = {name: [record.test[f"{name}{ending}"] for record in records] for name in ("accuracy", "loss")}
                spelled = (f"{_spread(scores['accuracy'], 100)} %", _spread(scores["loss"], 1, 3))
                rows.append((label, way if "ResNet" in label else "has none", len(records), *spelled))
    return rows


def _spread(values: list[float], scale: float, digits: int = 2) -> str:
    """Mean ± sample standard deviation."""
    mean = scale * statistics.mean(values)
    spread = f" ± {scale * statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean:.{digits}f}{spread}"


FORMAT_COLUMNS = ("network", "seed", "bfloat16, or as asked", "float32")


def format_rows(results: Results) -> list[tuple]:
    """One row a network that was also trained in float32: its last validation accuracy in both formats."""
    last = {
        label: (records[0].spec.seed, records[0].history["val_accuracy"][-1])
        for label, records in zip(results.labels, results.records, strict=True)
    }
    singles = [label for label in last if label.endswith(f", {SINGLE}")]
    return [
        (plain, last[single][0], f"{last[plain][1]:.2%}", f"{last[single][1]:.2%}")
        for single in singles
        if (plain := single.removesuffix(f", {SINGLE}")) in last
    ]
