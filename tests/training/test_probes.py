"""Probes: a trained network's test on moved digits, against a computation by hand on the kept weights."""

import math

import keras
import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.data.pipelines.probes import Probe
from cnnrepro.errors import RunFailed
from cnnrepro.training import final_evaluation, train
from cnnrepro.training.loop import find_or_train
from tests.training.test_loop import curves

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
