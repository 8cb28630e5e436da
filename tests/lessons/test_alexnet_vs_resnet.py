"""The tables of the flagship, on made-up curves of two seeds."""

from types import SimpleNamespace

import pandas as pd
import pytest

from cnnrepro.experiments.alexnet_vs_resnet import WAYS
from cnnrepro.lessons import alexnet_vs_resnet as flagship

LABELS = ["small AlexNet", "ResNet-20", "ResNet-20, falling rate", "ResNet-20, float32"]


def record(label, seed):
    """AlexNet ends at 90 %; ResNet at 80 % as trained, and one point more for each other way."""
    ways = WAYS if "ResNet" in label else dict(list(WAYS.items())[:1])
    base = 0.8 if "ResNet" in label else 0.9
    history, test = {"lag_mean": [0.5, 0.4], "lag_variance": [1.0, 0.5]}, {}
    for extra, ending in enumerate(ways.values()):
        score = base + extra / 100 + seed / 1000
        history |= {f"val_accuracy{ending}": [score - 0.1, score], f"val_loss{ending}": [1.1 - score, 1 - score]}
        test |= {f"accuracy{ending}": score, f"loss{ending}": 1 - score}
    return SimpleNamespace(key=f"{label} {seed}", spec=SimpleNamespace(seed=seed), history=history, test=test)


@pytest.fixture
def results():
    records = [[record(label, seed) for seed in ((0,) if "float32" in label else (0, 1))] for label in LABELS]
    rows = [
        {"arm": label, "seed": own.spec.seed, "epoch": epoch + 1}
        | {name: values[epoch] for name, values in own.history.items()}
        for label, runs in zip(LABELS, records, strict=True)
        for own in runs
        for epoch in (0, 1)
    ]
    frame = pd.DataFrame(rows)
    return SimpleNamespace(labels=LABELS, records=records, curves=lambda: frame)


def test_the_curves_are_alexnets_and_one_resnets_in_each_way(results):
    table = flagship.judged(results)
    assert set(table["pair"]) == {"small AlexNet, ResNet-20"}
    assert list(dict.fromkeys(table["arm"])) == ["AlexNet", *(f"ResNet, {way}" for way in flagship.DRAWN)]
    last = table[(table["seed"] == 1) & (table["epoch"] == 2)].set_index("arm")["val_error"]
    assert last.tolist() == pytest.approx([0.099, 0.199, 0.169, 0.189, 0.179])
    assert len(table) == 5 * 2 * 2


def test_the_lags_are_those_of_the_resnets_in_pairs(results):
    assert set(flagship.lags(results)["arm"]) == {"ResNet-20"}  # the one at the falling rate has no AlexNet here


def test_every_way_of_every_pair_has_a_share_and_a_row(results):
    rows, shares = flagship.pair_rows(results), flagship.shares(results)
    assert [row[:3] for row in rows] == [("small AlexNet", way, "2 of 2") for way in WAYS]
    assert [row[3:5] for row in rows] == [(0, 2)] * 4
    assert all(len(row) == len(flagship.PAIR_COLUMNS) for row in rows)
    assert [row[5] for row in rows] == ["+10.00", "+9.00", "+8.00", "+7.00"]
    assert [row[6] for row in shares] == ["undecided", "", "", "not judged"]
    assert [row[:4] for row in shares] == [("small AlexNet, and ResNet-20", way, 2, 2) for way in WAYS]
    assert [row[7] for row in shares] == [True, False, False, False]
    assert [(seed[2], seed[3]) for seed in shares[0][-1]] == [(0, 1), (1, 1)]
    assert shares[3][-1][0] == (
        "small AlexNet ahead throughout, small AlexNet against ResNet-20 by re-estimated statistics",
        "ahead on both measures after every epoch",
        0,
        1,
        "+1*small AlexNet 0 -1*ResNet-20 0",
        "history.val_accuracy history.val_loss history.val_accuracy_reestimated history.val_loss_reestimated",
    )


def test_the_test_scores_are_mean_and_spread_by_way(results):
    rows = flagship.test_rows(results)
    assert rows[0] == ("small AlexNet", "has none", 2, "90.05 ± 0.07 %", "0.099 ± 0.001")
    assert rows[1] == ("ResNet-20", "Keras’s averages", 2, "80.05 ± 0.07 %", "0.199 ± 0.001")
    assert [row[:2] for row in rows[2:5]] == [("ResNet-20", way) for way in list(WAYS)[1:]]


def test_the_formats_stand_beside_each_other_for_the_seed_that_has_both(results):
    assert flagship.format_rows(results) == [("ResNet-20", 0, "80.00%", "80.00%")]
