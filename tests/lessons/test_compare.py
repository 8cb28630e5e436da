"""Comparisons on made-up records: what is decided, when it ends, and what is said of it."""

from itertools import cycle, islice

import numpy as np
import pandas as pd
import pytest

from cnnrepro.errors import RunFailed
from cnnrepro.experiments.compare import RATES
from cnnrepro.experiments.results import Results
from cnnrepro.lessons import compare
from cnnrepro.lessons.compare.words import sentence
from cnnrepro.runs import RunRecord, RunStore, run_key

IMAGES = 1000
ASKED = {
    **{"networks": ["lenet5_modern", "resnet20"], "dataset": "mnist_5k", "seeds": list(range(20)), "options": ""},
    **{"metric": "accuracy", "margin": 1.0, "looks": [5, 10, 20], "tune": False, "epochs": 1},
}
NOISE = (0.0, 0.002, -0.001, 0.001, -0.002)


class Having:
    """Gives records with the accuracies that are wanted, by model and learning rate."""

    def __init__(self, folder, accuracy):
        self.store, self.accuracy, self.calls = RunStore(folder), accuracy, []

    def __call__(self, arms):
        self.calls.append([(arm.label, len(arm.specs)) for arm in arms])
        return Results(tuple(arms), tuple(tuple(map(self.record, arm.specs)) for arm in arms), self.store)

    def record(self, spec):
        accuracy = self.accuracy(spec)
        if accuracy is None:
            raise RunFailed("it diverged", final=True)
        right = round(accuracy * IMAGES)
        key = run_key(spec, fingerprint="f", precision="float32", backend="tensorflow")
        history = {name: [1 - accuracy] for name in ("loss", "val_loss")}
        history |= {name: [accuracy] for name in ("accuracy", "val_accuracy")}
        history |= {"learning_rate": [spec.learning_rate or 0.001], "images_per_second": [100.0]}
        record = RunRecord(
            *(key, "done", spec),
            history=history,
            test={"accuracy": right / IMAGES, "loss": 1 - accuracy, "images": IMAGES},
            data={"sizes": {"train": 3500}, "fingerprint": "f"},
        )
        labels = np.arange(IMAGES) % 10
        predicted = np.where(np.arange(IMAGES) < right, labels, (labels + 1) % 10)
        self.store.put(record, pd.DataFrame({"label": labels, "predicted": predicted, "confidence": 1.0}))
        return self.store.get(key)


def by_model(lenet, resnet, noise=NOISE):
    """Accuracies by seed: a mean for each network, and noise that is not shared."""
    spread = list(islice(cycle(noise), 40))
    return lambda spec: (
        {"lenet5_modern": lenet, "resnet20": resnet}[spec.model]
        + (spread[spec.seed] if spec.model == "resnet20" else 0.0)
    )


def made(tmp_path, accuracy, **changes):
    having = Having(tmp_path / "runs", accuracy)
    return compare.compare(having, **ASKED | changes), having


def test_a_clear_difference_ends_at_the_first_look(tmp_path):
    found, having = made(tmp_path, by_model(0.90, 0.95))
    assert found.n == 5 and len(having.calls) == 1
    assert found.pairs[0].decision.verdict == "worse"
    assert found.pairs[0].decision.level == pytest.approx(0.05 / 3)
    assert (compare.word(found), found.pairs[0].chance) == ("better", 0.0)
    assert compare.answer(found).startswith(
        "ResNet-20 is better than LeNet-5 (modern): its test accuracy is 5.00 points higher (98.3 % interval 4."
    )


def test_a_difference_that_does_not_matter_is_equivalent(tmp_path):
    found, _ = made(tmp_path, by_model(0.95, 0.951))
    assert compare.word(found) == "equivalent"
    assert "a difference matters from 1 point on" in compare.answer(found)


def test_what_is_open_goes_on_to_the_last_look_and_says_how_many_seeds_it_would_take(tmp_path):
    found, having = made(tmp_path, by_model(0.95, 0.955, noise=(0.05, -0.05, 0.04, -0.04)))
    assert [calls[0][1] for calls in having.calls] == [5, 10, 20]
    assert (found.n, compare.word(found)) == (20, "undecided")
    assert (
        f"over {found.pairs[0].decision.seeds_needed:,} new seeds would decide it four times in five"
        in compare.answer(found)
    )


def test_fewer_than_five_seeds_decide_nothing(tmp_path):
    found, _ = made(tmp_path, by_model(0.5, 0.9), seeds=[0, 1], looks=[0])
    assert compare.word(found) == "undecided"
    assert "It takes at least 5 seeds, and here are 2." in compare.answer(found)
    assert found.to_dict()["pairs"][0]["interval"] is None


@pytest.mark.parametrize("metric, difference", [("accuracy", -5.0), ("error", 5.0), ("loss", 0.05)])
def test_a_difference_has_the_sign_of_its_metric_and_the_verdict_that_of_better(tmp_path, metric, difference):
    found, _ = made(tmp_path, by_model(0.90, 0.95), metric=metric, margin=0.0)
    (pair,) = found.to_dict()["pairs"]
    assert pair["difference"] == pytest.approx(difference, abs=1e-6)
    assert pair["interval"][0] < difference < pair["interval"][1]
    assert pair["verdict"] == "worse"
    assert compare.answer(found).startswith("ResNet-20 is better")


def test_json_has_what_the_issue_of_a_script_needs(tmp_path):
    said = made(tmp_path, by_model(0.90, 0.95))[0].to_dict()
    assert said.keys() >= {"arms", "metric", "n", "pairs"}
    assert said["arms"][0].keys() >= {"label", "model", "scores"}
    assert len(said["arms"][1]["scores"]) == said["n"] == 5
    assert said["pairs"][0].keys() >= {"a", "b", "difference", "interval", "margin", "verdict"}


def test_three_networks_are_judged_in_pairs_with_one_answer(tmp_path):
    networks = ["lenet5_modern", "resnet20", "alexnet_small"]
    levels = {"lenet5_modern": 0.8, "resnet20": 0.9, "alexnet_small": 0.95}
    noise = {name: place for place, name in enumerate(networks)}
    found, _ = made(
        tmp_path, lambda spec: levels[spec.model] + noise[spec.model] * NOISE[spec.seed % 5], networks=networks
    )
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1), (0, 2), (1, 2)]
    assert compare.answer(found) == "AlexNet (small) is better than each of the others."
    assert len({pair.decision.level for pair in found.pairs}) == 3  # Holm's steps


# The search


def test_the_best_rate_on_validation_images_is_taken_for_each_network(tmp_path):
    best = {"lenet5_modern": RATES[0], "resnet20": RATES[2]}
    found, _ = made(
        tmp_path, lambda spec: 0.9 + 0.05 * (spec.learning_rate == best[spec.model]) + NOISE[spec.seed % 5], tune=True
    )
    taken = {pilot.arm: pilot.rate for pilot in found.pilots if pilot.chosen}
    assert taken == {0: RATES[0], 1: RATES[2]}
    assert [records[0].spec.learning_rate for records in found.results.records] == list(taken.values())
    assert not {spec.seed for arm in found.results.arms for spec in arm.specs} & {100, 101}


def test_a_rate_at_which_a_network_diverges_is_not_taken(tmp_path):
    found, _ = made(
        tmp_path, lambda spec: None if spec.learning_rate == RATES[2] else 0.9 + NOISE[spec.seed % 5], tune=True
    )
    assert [row[2] for row in compare.pilot_rows(found)][2::3] == ["diverged"] * 2
    with pytest.raises(RunFailed, match="diverged at every learning rate of the search"):
        made(tmp_path / "2", lambda spec: None, tune=True)


# By image


def test_images_that_one_side_alone_reads_rightly(tmp_path):
    found, _ = made(tmp_path, by_model(0.90, 0.95, noise=(0.0,)))
    first, second = compare.told_apart(found)
    assert (first.count, first.places) == (0, [])
    assert (second.label, second.count, len(second.places)) == ("ResNet-20", 50, 12)
    assert second.words[0] == f"{found.n}/{found.n}, 0/{found.n}"
    assert all(900 <= place < 950 for place in second.places)


def test_errors_by_class_are_means_over_seeds(tmp_path):
    found, _ = made(tmp_path, by_model(0.90, 0.95, noise=(0.0,)))
    (_, lenet), (_, resnet) = compare.errors_by_class(found, 10)
    assert lenet == pytest.approx([0.1] * 10) and resnet == pytest.approx([0.05] * 10)


def test_every_row_of_the_tables_fits_its_columns(tmp_path):
    found, _ = made(tmp_path, by_model(0.90, 0.95))
    assert all(len(row) == len(compare.PAIR_COLUMNS) for row in compare.pair_rows(found))
    assert all(len(row) == len(compare.SCORE_COLUMNS) for row in compare.score_rows(found))
    assert all(len(row) == len(compare.seed_columns(found)) for row in compare.seed_rows(found))
    assert compare.seed_rows(found)[1][0] == 1
    assert (
        dict(compare.beforehand(found))["looks"]
        == "after 5, 10, 20 seeds; each look has 1.67 % of the level; stopped after 5"
    )
    assert sentence(found, found.pairs[0]) == compare.answer(found)
