"""Probes: a trained network's test on moved digits and on training images, against a computation by hand."""

import math

import keras
import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.data.pipelines.probes import Probe
from cnnrepro.data.splits import subset
from cnnrepro.errors import RunFailed
from cnnrepro.training import evaluations, final_evaluation, train
from cnnrepro.training.loop import find_or_train
from tests.training.test_loop import curves, interrupt

FRAMED = {"epochs": 1, "pipeline": "framed-digits"}
PROBES = ("shift 2", "scale 0.75")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def record(tiny, folder):
    return train(tiny(**FRAMED, probes=PROBES), runs=folder, keep_weights=True)


def by_hand(digits, probe):
    """The moved digits (N, 28, 28, 1) uint8 in their frame, standardised nowhere: of a shift all four after another."""
    if probe == "shift 2":
        borders = [((4, 8), (6, 6)), ((8, 4), (6, 6)), ((6, 6), (4, 8)), ((6, 6), (8, 4))]
        return np.concatenate([np.pad(digits, ((0, 0), *border, (0, 0))) for border in borders]).astype(float)
    framed = np.pad(digits[..., 0], ((0, 0), (6, 6), (6, 6))).astype(np.float32)
    small = [Image.fromarray(one).resize((30, 30), Image.Resampling.BILINEAR) for one in framed]
    return np.pad(np.stack(small), ((0, 0), (5, 5), (5, 5)))[..., None].astype(float)


@pytest.mark.parametrize("probe", PROBES)
def test_the_scores_of_a_probe_are_the_networks_on_moved_digits(record, folder, probe):
    model = keras.models.load_model(folder / record.key / "weights.keras")
    splits = data.load("mnist_5k", train_images=96)
    digits, labels = data.arrays(splits, "test")
    images = by_hand(digits, probe)
    labels = np.tile(labels, len(images) // len(labels))
    logits = model.predict((images / 255 - splits.mean[0]) / splits.std[0], verbose=0).astype(float)
    cross_entropy = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]
    suffix = probe.replace(" ", "_")
    assert record.test[f"accuracy_{suffix}"] == pytest.approx((logits.argmax(1) == labels).mean(), abs=1e-9)
    assert record.test[f"loss_{suffix}"] == pytest.approx(cross_entropy.mean(), rel=1e-4)
    assert record.test[f"loss_{suffix}"] != pytest.approx(record.test["loss"], rel=1e-3)


def test_probes_change_nothing_else_and_a_run_without_them_has_none(record, tiny, tmp_path, monkeypatch):
    def moved(*_):
        raise AssertionError("a run without probes moves no image")

    monkeypatch.setattr(Probe, "moved", moved)
    plain = train(tiny(**FRAMED), runs=tmp_path)
    assert plain.key != record.key and "probes" not in plain.spec.to_dict()
    assert curves(plain) == curves(record)
    further = {f"{name}_{suffix}" for name in ("accuracy", "loss") for suffix in ("shift_2", "scale_0.75")}
    assert record.test.keys() - plain.test.keys() == further
    assert plain.test == {name: record.test[name] for name in plain.test}


def test_augmentation_in_the_step_has_the_same_probes(record, tiny, tmp_path):
    inside = find_or_train(record.spec, runs=tmp_path, placement="step")
    assert inside.key == record.key
    assert inside.test == pytest.approx(record.test, rel=1e-3)


def test_a_loss_of_a_probe_that_is_no_number_ends_the_run_as_any(record, tmp_path, monkeypatch):
    monkeypatch.setattr(final_evaluation, "scores_of_probes", lambda *_: {"loss_shift_2": math.nan})
    with pytest.raises(RunFailed, match="the test's loss shift 2 is nan"):
        train(record.spec, runs=tmp_path)


# Training images. A limit of 50 for 10,000, and images that are not equal to one another, or it would not show.

SEEN = {"pipeline": "shifted-digits", "probes": ("training",), "momenta": (0.5,)}
OF_TRAINING = {
    f"{name}_training{way}"
    for name in ("accuracy", "loss")
    for way in ("", "_unstarted", "_reestimated", "_momentum_0.5")
}


@pytest.fixture
def fifty(monkeypatch):
    monkeypatch.setattr(evaluations, "TRAINING_MOST", 50)


def scored(model, images, labels):
    logits = model.predict(images, verbose=0).astype(float)
    cross_entropy = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]
    return {"accuracy": (logits.argmax(1) == labels).mean(), "loss": cross_entropy.mean()}


@pytest.mark.parametrize("most", [50, 10_000])
def test_training_images_are_read_without_augmentation_in_evaluation_mode(tiny, tmp_path, monkeypatch, most):
    assert evaluations.TRAINING_MOST == 10_000
    monkeypatch.setattr(evaluations, "TRAINING_MOST", most)
    record = train(tiny(**SEEN), runs=tmp_path, keep_weights=True)
    model = keras.models.load_model(tmp_path / record.key / "weights.keras")
    splits = data.load("mnist_5k", train_images=96)
    images, labels = data.arrays(splits, "train")
    read = subset(labels, min(most, len(labels)))  # every class with its share
    images, labels = ((images / 255 - splits.mean[0]) / splits.std[0])[read], labels[read]
    expected = scored(model, images, labels)
    assert record.test["accuracy_training"] == pytest.approx(expected["accuracy"], abs=1e-9)
    assert record.test["loss_training"] == pytest.approx(expected["loss"], rel=1e-4)
    norm, left = model.get_layer("norm1"), 0.99 ** (2 * 3)  # 2 epochs of 3 steps; the start is 0 and 1
    norm.moving_mean.assign(norm.moving_mean / (1 - left))
    norm.moving_variance.assign((norm.moving_variance - left) / (1 - left))
    expected = scored(model, images, labels)
    assert record.test["accuracy_training_unstarted"] == pytest.approx(expected["accuracy"], abs=1e-6)
    assert record.test["loss_training_unstarted"] == pytest.approx(expected["loss"], rel=1e-3)
    assert {name for name in record.test if "training" in name} == OF_TRAINING
    assert len({record.test[f"loss{end}"] for end in ("", "_training", "_reestimated", "_training_reestimated")}) == 4


def test_reading_training_images_changes_nothing_else(tiny, tmp_path, fifty, monkeypatch):
    probed = train(tiny(**SEEN), runs=tmp_path)

    def read(*_):
        raise AssertionError("a run without the probe reads none")

    monkeypatch.setattr(evaluations, "positions_of_probe", read)
    monkeypatch.setattr(final_evaluation, "positions_of_probe", read)
    plain = train(tiny(**{**SEEN, "probes": ()}), runs=tmp_path)
    assert plain.key != probed.key and curves(plain) == curves(probed)
    assert {name: value for name, value in probed.test.items() if name not in OF_TRAINING} == plain.test


def test_training_images_are_the_same_where_the_step_augments(tiny, tmp_path, fifty):
    outside, inside = (
        find_or_train(tiny(**SEEN), runs=tmp_path / placement, placement=placement) for placement in ("cpu", "step")
    )
    assert inside.test == pytest.approx(outside.test, rel=1e-3)


def test_a_resumed_run_reads_the_training_images_as_an_undisturbed_one(tiny, tmp_path, fifty):
    undisturbed = train(tiny(**SEEN), runs=tmp_path / "undisturbed")
    interrupt(tiny(**SEEN), tmp_path / "interrupted")
    assert train(tiny(**SEEN), runs=tmp_path / "interrupted").test == undisturbed.test


def test_a_network_kept_with_reestimated_statistics_reads_them_with_those_alone(tiny, tmp_path, fifty):
    both = train(tiny(**SEEN), runs=tmp_path)
    kept = train(tiny(**SEEN, evaluate="reestimated"), runs=tmp_path)
    assert {name for name in kept.test if "training" in name} == {"accuracy_training", "loss_training"}
    assert kept.test["loss_training"] == pytest.approx(both.test["loss_training_reestimated"], rel=1e-3)


def test_a_network_without_batch_norm_reads_training_images_in_one_way(tiny, tmp_path, fifty):
    record = train(tiny(model="lenet5_modern", options=(), epochs=1, probes=("training",)), runs=tmp_path)
    assert {name for name in record.test if "training" in name} == {"accuracy_training", "loss_training"}
