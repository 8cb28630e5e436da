"""The further curves: training images in evaluation mode, and validation under other batch-norm statistics."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.splits import standardise, subset
from cnnrepro.training import evaluations as evaluations_module
from cnnrepro.training import loop, train
from cnnrepro.training.epoch import compiled_model, numeric_mode
from cnnrepro.training.evaluations import Evaluations
from cnnrepro.training.resolve import resolve
from tests.training.test_loop import curves, interrupt

WAYS = ("unstarted", "reestimated")


def cross_entropy(model, images, labels):
    logits = np.asarray(model.predict(images, verbose=0), np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    log_likelihood = logits[np.arange(len(labels)), labels] - np.log(np.exp(logits).sum(axis=-1))
    return -log_likelihood.mean(), (logits.argmax(axis=-1) == labels).mean()


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    """A run, and its network as it was after the last epoch."""
    folder = tmp_path_factory.mktemp("runs")
    record = train(tiny(train_images=96), runs=folder, keep_weights=True)
    run = resolve(record.spec)
    with numeric_mode(run):
        compiled = compiled_model(run)
    compiled.network.steps_per_execution = 1  # for predict, which was traced so
    compiled.network.load_weights(folder / record.key / "weights.keras")
    return record, run, compiled


def test_the_images_that_were_seen_are_judged_in_evaluation_mode(trained):
    record, run, compiled = trained
    examples = run.splits.examples["train"]
    part = examples.at(subset(examples.labels, 4))  # a twentieth of 96
    loss, accuracy = cross_entropy(compiled.network, standardise(part.images, run.splits), part.labels)
    assert record.history["seen_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert record.history["seen_accuracy"][-1] == pytest.approx(accuracy)


def moved(network, mean, variance):
    """The network with other statistics in its one batch norm."""
    norm = network.get_layer("norm1")
    before = [weight.numpy() for weight in (norm.moving_mean, norm.moving_variance)]
    norm.moving_mean.assign(mean)
    norm.moving_variance.assign(variance)
    return before


@pytest.mark.parametrize("way", WAYS)
def test_validation_is_judged_by_other_statistics_of_the_same_weights(trained, way):
    record, run, compiled = trained
    network, norm = compiled.network, compiled.network.get_layer("norm1")
    mean, variance = norm.moving_mean.numpy().astype(np.float64), norm.moving_variance.numpy().astype(np.float64)
    if way == "unstarted":
        left = norm.momentum ** (2 * 3)  # 2 epochs of 3 steps; the start is 0 and 1
        statistics = mean / (1 - left), (variance - left) / (1 - left)
    else:
        examples = run.splits.examples["train"]
        part = examples.at(subset(examples.labels, 64))  # a tenth of 96 would be less than two batches of 32
        before = keras.Model(network.input, network.get_layer("conv1").output)
        maps = before.predict(standardise(part.images, run.splits), verbose=0).astype(np.float64)
        each = [maps[:32], maps[32:]]
        statistics = [np.mean([of(one, axis=(0, 1, 2)) for one in each], axis=0) for of in (np.mean, np.var)]
    kept = moved(network, *statistics)
    images, labels = data.arrays(run.splits, "validation")
    loss, accuracy = cross_entropy(network, standardise(images, run.splits), labels)
    moved(network, *kept)
    assert record.history[f"val_loss_{way}"][-1] == pytest.approx(loss, rel=1e-3)
    assert record.history[f"val_accuracy_{way}"][-1] == pytest.approx(accuracy, abs=0.003)
    assert record.history[f"val_loss_{way}"] != record.history["val_loss"]


@pytest.fixture(scope="module")
def with_momenta(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("momenta")
    return train(tiny(train_images=96, momenta=(0.5,)), runs=folder), folder


def test_one_training_is_judged_by_the_averages_of_other_momenta(with_momenta, tiny, tmp_path, monkeypatch):
    """As if it had had them: a network of that momentum has the same weights, and those averages."""
    from cnnrepro.models import MODELS
    from tests import tiny as network

    def with_half(input_shape, classes):
        model = network.build(input_shape, classes)
        model.get_layer("norm1").momentum = 0.5
        return model

    record, _ = with_momenta
    monkeypatch.setitem(MODELS, "tiny", replace(MODELS["tiny"], builder=with_half, version=99))
    other = train(tiny(train_images=96), runs=tmp_path)
    for name in ("loss", "accuracy"):
        expected = pytest.approx(other.history[f"val_{name}"], rel=1e-3)
        assert record.history[f"val_{name}_momentum_0.5"] == expected
        assert record.test[f"{name}_momentum_0.5"] == pytest.approx(other.test[name], rel=1e-3)
    assert record.history["loss"] == other.history["loss"]


def test_averages_of_other_momenta_survive_an_interruption(with_momenta, tiny, tmp_path):
    record, _ = with_momenta
    interrupt(tiny(train_images=96, momenta=(0.5,)), tmp_path)
    resumed = train(tiny(train_images=96, momenta=(0.5,)), runs=tmp_path)
    times = ("seconds", "images_per_second", "first_step_seconds")
    assert {k: v for k, v in resumed.history.items() if k not in times} == {
        k: v for k, v in record.history.items() if k not in times
    }
    assert resumed.test == record.test


def test_the_trained_network_can_keep_the_reestimated_statistics(trained, tiny, tmp_path):
    record, _, compiled = trained
    kept = train(tiny(train_images=96, evaluate="reestimated"), runs=tmp_path, keep_weights=True)
    assert kept.key != record.key and curves(kept) == curves(record)
    assert kept.test["accuracy"] == pytest.approx(record.test["accuracy_reestimated"], abs=0.002)
    weights = keras.models.load_model(tmp_path / kept.key / "weights.keras")
    before = compiled.network.get_layer("norm1").moving_variance.numpy()
    assert not np.allclose(weights.get_layer("norm1").moving_variance, before)
    assert np.array_equal(weights.get_layer("conv1").kernel, compiled.network.get_layer("conv1").kernel)


def test_how_far_the_averages_lag_is_told(trained):
    record, _, _ = trained
    assert all(value > 0 for name in ("lag_mean", "lag_variance") for value in record.history[name])


def test_nothing_of_a_run_is_changed_by_looking(trained, tiny, tmp_path, monkeypatch):
    record, _, _ = trained
    monkeypatch.setattr(loop, "Evaluations", lambda *_: None)
    plain = train(tiny(train_images=96), runs=tmp_path)
    assert curves(plain) == curves(record)
    assert plain.test == {name: record.test[name] for name in plain.test}
    assert "seen_loss" not in plain.history


def test_an_average_that_has_forgotten_its_start_is_not_measured_twice(trained, monkeypatch):
    _, run, compiled = trained
    monkeypatch.setattr(evaluations_module, "FORGOTTEN", 1.0)
    measured = {"val_loss": 1.25, "val_accuracy": 0.5}
    found = Evaluations(run, compiled).after_epoch(1, run.feed.batches("validation", 32), measured)
    assert (found["val_loss_unstarted"], found["val_accuracy_unstarted"]) == (1.25, 0.5)
    assert found["val_loss_reestimated"] != 1.25


def test_a_network_without_batch_norm_has_the_images_it_saw_alone(tiny, tmp_path):
    record = train(tiny(model="lenet5_modern", epochs=1, options=()), runs=tmp_path)
    assert [name for name in record.history if name.startswith(("seen", "val"))] == [
        *("val_loss", "val_accuracy", "seen_loss", "seen_accuracy")
    ]
