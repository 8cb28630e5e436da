"""Training on photographs: from files to a record, wherever and however the pictures are made."""

import csv
import re

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.errors import RunFailed, WorkFailed
from cnnrepro.runs import RunSpec
from cnnrepro.runs.store import RunStore
from cnnrepro.training import loop, train
from cnnrepro.training.loop import find_or_train
from cnnrepro.training.resolve import resolve
from tests import noise_pictures

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def curves(record):
    return {name: list(record.history[name]) for name in CURVES}


@pytest.fixture
def folder(tmp_path):
    return noise_pictures.write(tmp_path / "pictures", 20)


@pytest.fixture
def spec(folder):
    def make(**changes):
        base = {
            "model": "lenet5_modern",
            "dataset": f"folder:{folder}",
            "recipe": "sgd",
            "pipeline": "alexnet-2012",
            "canvas": 32,
            "epochs": 2,
            "batch_size": 8,
            "learning_rate": 1e-4,
            "precision": "float32",
        }
        return RunSpec(**(base | changes))

    return make


@pytest.mark.parametrize(
    "pipeline",
    ["alexnet-2012", *(pytest.param(name, marks=pytest.mark.soak) for name in ("googlenet-2014", "resnet-cifar-2015"))],
)
def test_placement_and_cache_change_no_number(spec, tmp_path, pipeline):
    ways = [("cpu", "disk"), ("step", "none"), ("cpu", "memory")]
    records = [
        find_or_train(spec(pipeline=pipeline, epochs=1), runs=tmp_path / cache, placement=place, cache=cache)
        for place, cache in ways
    ]
    assert len({record.key for record in records}) == 1
    for record, (place, _) in zip(records, ways, strict=True):
        for name in CURVES:
            np.testing.assert_allclose(
                record.history[name], records[0].history[name], rtol=1e-4, atol=1e-6, err_msg=place
            )
        assert record.data["input"]["placement"] == place


def test_it_learns_and_the_record_says_what_went_in(spec, tmp_path):
    record = train(spec(epochs=8, learning_rate=1e-3), runs=tmp_path / "runs")
    assert record.test["accuracy"] == 1.0
    assert record.test["ten_crop_top1_error"] == 0.0
    assert "top5_error" not in record.test  # two classes
    network_input = record.data["input"]
    assert network_input["pipeline"]["name"] == "alexnet-2012"
    assert (network_input["size"], network_input["canvas"], network_input["views"]) == (28, [32, 32, 3], 10)
    splits = data.load(record.spec.dataset, canvas=32, pictures=tmp_path / "runs" / "pictures")
    assert network_input["statistics"] == data.statistics_of(splits).fingerprint
    assert record.sentence().endswith("on 4 images")


def test_a_run_that_stops_between_epochs_goes_on_with_the_same_pictures(spec, tmp_path, monkeypatch):
    whole = train(spec(), runs=tmp_path / "whole")
    real, seen = loop.train_epoch, []

    def interrupted(run, model, validation, epoch, *rest):
        seen.append(epoch)
        if seen == [0, 1]:
            raise KeyboardInterrupt
        return real(run, model, validation, epoch, *rest)

    monkeypatch.setattr(loop, "train_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(spec(), runs=tmp_path / "stopped")
    resumed = train(spec(), runs=tmp_path / "stopped")
    assert seen == [0, 1, 1]
    assert resumed.sessions == 2
    assert curves(resumed) == curves(whole)
    assert resumed.test == whole.test


def test_a_bad_picture_stops_the_run_or_is_left_out_and_counted(spec, folder, tmp_path):
    (folder / "red" / "torn.png").write_bytes((folder / "red" / "00.png").read_bytes()[:400])
    (folder / "blue" / "empty.jpg").touch()
    with pytest.raises(
        WorkFailed, match=r"2 of 42 pictures .*blue/empty.jpg is empty \(0 bytes\); red/torn.png is trunc"
    ):
        train(spec(), runs=tmp_path / "runs")
    assert RunStore(tmp_path / "runs").records() == []
    record = train(spec(on_error="skip", epochs=1), runs=tmp_path / "runs")
    assert record.data["skipped"] == 2
    assert [picture["picture"] for picture in record.data["skipped_pictures"]] == ["blue/empty.jpg", "red/torn.png"]
    assert sum(record.data["sizes"].values()) == 40


def replace_a_picture(folder, kept):
    (folder / "red" / "03.png").write_bytes((folder / "blue" / "03.png").read_bytes())
    return r"The picture red/03.png of .* has other bytes now: "


def remove_a_picture(folder, kept):
    (folder / "blue" / "05.png").unlink()
    return r"The picture blue/05.png of .* cannot be read any more \(No such file or directory\): "


def cut_the_pixels(folder, kept):
    (pixels,) = kept.rglob("pictures.npy")
    with pixels.open("r+b") as file:
        file.truncate(5000)
    return r"The pictures' cached form '.*pictures.npy' was cut short while it was in use; "


@pytest.mark.parametrize(
    "cache, change", [("none", replace_a_picture), ("none", remove_a_picture), ("disk", cut_the_pixels)]
)
def test_what_changes_while_it_is_trained_on_ends_the_run(spec, folder, tmp_path, monkeypatch, cache, change):
    real, expected = loop.train_epoch, []

    def changing(run, model, validation, epoch, *rest):
        if epoch == 1 and not expected:
            expected.append(change(folder, tmp_path / "runs"))
        return real(run, model, validation, epoch, *rest)

    monkeypatch.setattr(loop, "train_epoch", changing)
    with pytest.raises(RunFailed, match="failed: The picture") as raised:
        train(spec(), runs=tmp_path / "runs", cache=cache)
    assert str(raised.value).count("\n") == 0
    (record,) = RunStore(tmp_path / "runs").records()
    assert (record.status, record.failure["kind"]) == ("failed", "error")
    assert re.match(expected[0], record.failure["reason"])
    again = train(spec(), runs=tmp_path / "runs", cache=cache)
    assert again.status == "done"
    assert (again.key == record.key) == (cache == "disk")  # other pictures, another run


def test_where_a_folder_lies_decides_nothing(spec, folder, tmp_path):
    moved = tmp_path / "elsewhere"
    first = resolve(spec(), runs=tmp_path / "runs").key
    folder.rename(moved)
    assert resolve(spec(dataset=f"folder:{moved}"), runs=tmp_path / "runs").key == first
    (moved / "red" / "00.png").unlink()
    assert resolve(spec(dataset=f"folder:{moved}"), runs=tmp_path / "runs").key != first


@pytest.mark.soak
def test_a_run_on_small_images_goes_through_the_same_stages(tmp_path):
    spec = RunSpec(
        model="lenet5_modern",
        dataset="mnist_5k",
        pipeline="alexnet-2012",
        epochs=1,
        train_images=256,
        precision="float32",
    )
    records = [find_or_train(spec, runs=tmp_path / place, placement=place) for place in ("cpu", "step")]
    assert records[0].data["input"]["size"] == 24  # 7/8 of 28, down to a multiple of 4
    for name in CURVES:
        assert records[0].history[name] == pytest.approx(records[1].history[name], rel=1e-5)
    assert records[0].test["ten_crop_top5_error"] <= records[0].test["ten_crop_top1_error"]


@pytest.mark.soak
def test_alexnet_at_224_on_real_photographs_in_both_placements(photographs, tmp_path):
    """One epoch over 125 pictures of ImageNet; their classes are made up: one of each is no training set."""
    table = tmp_path / "pictures.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        rows.writerows([path, f"class {number % 5}"] for number, path in enumerate(photographs))
    spec = RunSpec(
        model="alexnet_one_tower",
        dataset=f"folder:{table}",
        recipe="alexnet-2012",
        epochs=1,
        batch_size=25,
        precision="float32",
    )
    records = [find_or_train(spec, runs=tmp_path / place, placement=place) for place in ("cpu", "step")]
    assert sum(records[0].data["sizes"].values()) == 125
    assert records[0].data["input"]["size"] == 224
    assert curves(records[0]) == curves(records[1])  # equal to the bit: one definition, the same numbers drawn
    assert records[0].test == records[1].test
