"""What the flagship shows: the same weights under each way of judging batch norm, and what each pair comes to."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from cnnrepro.claims.checks.training_comparisons import all_pairs, words
from cnnrepro.experiments.alexnet_vs_resnet import SINGLE, WAYS, Pairing, pairings

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.experiments.results import Results

PAIR_COLUMNS = ("AlexNet", "ResNet", "its batch norm", "n", "shows the picture", "share", "accuracy", "loss", "verdict")


def first_pair(results: Results) -> Pairing:
    """The pair of the claim as it stands."""
    return pairings(results.labels)[0]


def judged(results: Results, pair: Pairing | None = None) -> pd.DataFrame:
    """Validation curves of an AlexNet, and of its ResNet once for each way of judging its batch norm.

    Args:
        results: the runs.
        pair: of arms; the claim's own by default.

    Returns:
        One row an arm, seed and epoch, with the columns ``val_accuracy`` and ``val_loss``.
    """
    import pandas as pd

    pair = pair or first_pair(results)
    curves = results.curves()
    alexnet = curves[curves["arm"] == pair.alexnet]
    parts = [alexnet[["arm", "seed", "epoch", "val_accuracy", "val_loss"]]]
    resnet = curves[curves["arm"] == pair.resnet]
    for way, ending in WAYS.items():
        if f"val_loss{ending}" in resnet and resnet[f"val_loss{ending}"].notna().all():
            columns = {f"val_{name}{ending}": f"val_{name}" for name in ("accuracy", "loss")}
            part = resnet[["arm", "seed", "epoch", *columns]].rename(columns=columns)
            parts.append(part.assign(arm=f"{pair.resnet}, {way}"))
    return pd.concat(parts, ignore_index=True)


def lags(results: Results) -> pd.DataFrame:
    """How far the moving averages of each ResNet are from re-estimated statistics, after every epoch."""
    curves = results.curves()
    names = {pair.resnet for pair in pairings(results.labels)}
    return curves[curves["arm"].isin(names)]


def pair_rows(results: Results) -> list[tuple]:
    """One row a pair of networks and way of judging: in how many seeds AlexNet is ahead, by how much, and the word."""
    rows, pairs = [], all_pairs(results)
    for pair, word in zip(pairs, words(pairs), strict=True):
        share = f"{pair.low:.0%} to {pair.high:.0%}"
        accuracy, loss = pair.accuracy, pair.loss
        rows.append(
            (
                *(pair.champion, pair.opponent, pair.way, pair.seeds, f"{pair.ahead} of {pair.seeds}", share),
                *(f"{100 * accuracy.mean:+.2f}{_interval(accuracy, 100)}", f"{loss.mean:+.3f}{_interval(loss, 1, 3)}"),
                word or "–",
            )
        )
    return rows


def _interval(difference, scale: float, digits: int = 2) -> str:
    if not difference.has_interval:
        return ""
    return f" ({scale * difference.low:+.{digits}f} to {scale * difference.high:+.{digits}f})"


TEST_COLUMNS = ("network", "its batch norm", "n", "test accuracy", "test loss")


def test_rows(results: Results) -> list[tuple]:
    """One row an arm and way: the test scores, which the claim's source most likely took for its validation."""
    rows = []
    for label, records in zip(results.labels, results.records, strict=True):
        for way, ending in WAYS.items():
            if all(f"accuracy{ending}" in record.test for record in records):
                scores = {name: [record.test[f"{name}{ending}"] for record in records] for name in ("accuracy", "loss")}
                spelled = (f"{_spread(scores['accuracy'], 100)} %", _spread(scores["loss"], 1, 3))
                rows.append((label, way if "ResNet" in label else "–", len(records), *spelled))
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
