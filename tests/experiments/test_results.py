"""Results of records that training might have written; nothing is trained here."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cnnrepro.errors import RunFailed
from cnnrepro.experiments import results as results_module
from cnnrepro.experiments.results import Arm, Results, runs_of, train_with_retries
from cnnrepro.runs import RunRecord, RunSpec, RunStore

LENET, RESNET = "lenet5_modern", "resnet20"


def arm(label, model, seeds=(0, 1), keep_weights=False):
    return Arm(
        label, tuple(RunSpec(model=model, dataset="mnist_5k", seed=seed, epochs=2) for seed in seeds), keep_weights
    )


@pytest.fixture
def results(tmp_path):
    """Two arms of two seeds; the accuracies say which arm, seed and epoch they are of: 0.arm-seed-epoch."""
    arms, store = (arm("A", LENET), arm("B", RESNET)), RunStore(tmp_path)
    predictions = pd.DataFrame({"label": [0, 0, 1], "predicted": [0, 1, 1], "confidence": [0.5, 0.5, 0.5]})

    def record(number, spec):
        history = {
            "loss": [2.0, 1.0],
            "val_loss": [4.0, 3.0],
            "val_accuracy": [number / 10 + spec.seed / 100 + epoch / 1000 for epoch in (1, 2)],
            "images_per_second": [10.0, 20.0],
        }
        scores = {"accuracy": number / 10 + spec.seed / 100, "loss": 0.5, "images": 3}
        data = {"sizes": {"train": 3500}}
        key = f"{number}{spec.seed}".zfill(16)
        return store.put(RunRecord(key, "done", spec, history, scores, data=data, wall_seconds=7.0), predictions)

    records = tuple(tuple(record(number, spec) for spec in own.specs) for number, own in enumerate(arms))
    return Results(arms, records, store)


def test_seeds_come_first_and_arms_second_there_and_back():
    order = [(spec.model, spec.seed) for spec in runs_of([arm("A", LENET), arm("B", RESNET)])]
    assert order == [(LENET, 0), (RESNET, 0), (RESNET, 1), (LENET, 1)]


def test_a_run_of_two_experiments_comes_once_with_its_weights_if_one_wants_them():
    kept = runs_of([arm("A", LENET)], [arm("again", LENET, seeds=(1, 2), keep_weights=True)])
    assert {spec.seed: weights for spec, weights in kept.items()} == {0: False, 1: True, 2: True}


def test_curves_have_a_row_an_arm_seed_and_epoch_counted_from_1(results):
    curves = results.curves()
    assert list(curves["epoch"]) == [1, 2] * 4
    chosen = curves[(curves["arm"] == "B") & (curves["seed"] == 1) & (curves["epoch"] == 2)]
    assert chosen["val_accuracy"].tolist() == [pytest.approx(0.112)]


def test_scores_are_those_after_the_last_epoch(results):
    scores = results.scores().set_index(["arm", "seed"]).loc[("B", 1)]
    assert scores["val_accuracy"] == pytest.approx(0.112) and scores["test_accuracy"] == pytest.approx(0.11)
    assert (scores["val_loss"], scores["test_loss"]) == (3.0, 0.5)
    assert (scores["wall_seconds"], scores["images_per_second"]) == (7.0, 20.0)


def test_rows_of_a_confusion_matrix_are_the_true_classes_and_it_is_of_all_seeds(results):
    assert set(results.confusion(2)) == {"A", "B"}
    assert np.array_equal(results.confusion(2)["A"], [[2, 2], [0, 2]])


def test_which_images_were_right_can_be_all_that_is_kept_of_a_run(results):
    assert list(results.right(1, 1)) == [True, False, True]
    record = results.records[1][1]
    results.store.put(record, pd.DataFrame({"right": [False, True, True]}))
    assert list(results.right(1, 1)) == [False, True, True]


def test_what_results_rest_on_is_said_in_a_line(results):
    assert results.basis() == "mnist_5k (3,500 training images), 2 epochs, 2 seeds, adam"


@pytest.mark.parametrize("final, retry, attempts", [(False, 2, 3), (False, 0, 1), (True, 2, 1)])
def test_a_run_that_met_an_error_is_tried_again_and_one_that_diverged_is_not(final, retry, attempts, monkeypatch):
    tried = []

    def fail(spec, **options):
        tried.append(spec)
        raise RunFailed("it failed", final=final)

    monkeypatch.setattr(results_module, "find_or_train", fail)
    reasons = []
    loaded = SimpleNamespace(runs=None, splits=lambda spec: None)
    with pytest.raises(RunFailed):
        train_with_retries(arm("A", LENET).specs[0], loaded, retry=retry, on_retry=reasons.append)
    assert (len(tried), len(reasons)) == (attempts, attempts - 1)
