import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.runs import RunRecord, RunSpec, RunStore
from cnnrepro.runs.lease import ClaimLost
from cnnrepro.runs.record import sha256_of, write_record
from cnnrepro.runs.store import UnreadableRecord
from tests.runs.conftest import CURVES

SPEC = RunSpec(model="resnet20", dataset="mnist_5k")
HISTORY = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75], "val_loss": [2.0, 1.0], "val_accuracy": [0.25, 0.5]}


def record(key="a" * 16, **changes):
    values = {"status": "done", "spec": SPEC, "history": HISTORY, "test": {"accuracy": 0.5, "loss": 1.5, "images": 2}}
    return RunRecord(key=key, **(values | changes))


def test_a_record_comes_back_equal(store):
    written = store.put(record())
    assert written == record(files=written.files)
    assert store.get("a" * 16) == written
    assert store.records() == [written]


def test_the_name_of_a_new_store_is_on_the_disk_before_a_record_is(tmp_path, monkeypatch):
    """Without, a machine that loses power loses the store with all that is in it."""
    told, fsync = [], os.fsync

    def note_fsync(opened):
        told.append(str(Path(f"/proc/self/fd/{opened}").readlink()))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", note_fsync)
    with RunStore(tmp_path / "new" / "runs").claim("a" * 16):
        assert {str(tmp_path), str(tmp_path / "new"), str(tmp_path / "new" / "runs")} <= set(told)


def test_curves_and_predictions_are_read_by_pandas_in_one_call(store):
    predictions = pd.DataFrame({"label": [1, 2], "predicted": [1, 3], "confidence": [0.9, 0.8]})
    store.put(record(), predictions)
    curves = pd.read_csv(store.path("a" * 16) / "curves.csv")
    assert list(curves["epoch"]) == [1, 2]
    assert list(curves["val_accuracy"]) == [0.25, 0.5]
    pd.testing.assert_frame_equal(store.predictions("a" * 16), predictions)


def softmax_predictions(images):
    """Made up, in the types of a run: ten classes of which the network gets most right."""
    rng = np.random.default_rng(0)
    labels, logits = rng.integers(0, 10, images), 5 * rng.normal(size=(images, 10))
    logits[np.arange(images), labels] += 10
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    confidence = (shares / shares.sum(axis=1, keepdims=True)).max(axis=1).astype(np.float32)
    predicted = logits.argmax(axis=1).astype(np.int32)
    return pd.DataFrame({"label": labels.astype(np.int32), "predicted": predicted, "confidence": confidence})


def test_predictions_keep_their_types_and_4_decimals_in_two_thirds_of_the_space(store, tmp_path):
    predictions = softmax_predictions(10_000)
    store.put(record(), predictions)
    found = store.predictions("a" * 16)
    pd.testing.assert_frame_equal(found[["label", "predicted"]], predictions[["label", "predicted"]])
    assert found["confidence"].dtype == np.float32
    assert np.abs(found["confidence"] - predictions["confidence"]).max() < 1.01e-4
    assert len(np.unique(found["confidence"])) < 10_000
    predictions.to_parquet(tmp_path / "before.parquet", index=False)
    written, before = store.path("a" * 16) / "predictions.parquet", tmp_path / "before.parquet"
    assert written.stat().st_size < 2 / 3 * before.stat().st_size
    once = written.read_bytes()
    store.put(record(), found)  # as a run that is trained again for its weights does
    assert written.read_bytes() == once


def test_a_written_confidence_is_1_for_certainty_alone(store):
    confidence = np.array([1, 0.99999, 0.99991, 0.99986, 0.12345678], np.float32)
    store.put(record(), pd.DataFrame({"label": 0, "predicted": 1, "confidence": confidence}))
    expected = np.array([1, 0.9999, 0.9999, 0.9999, 0.1235], np.float32)
    np.testing.assert_array_equal(store.predictions("a" * 16)["confidence"], expected)


def test_predictions_that_an_earlier_version_wrote_are_read_as_they_are(store):
    predictions = softmax_predictions(20)
    store.put(record(), predictions)
    path = store.path("a" * 16) / "predictions.parquet"
    predictions.to_parquet(path, index=False)
    write_record(path.with_name("record.json"), record(files={path.name: sha256_of(path)}))
    pd.testing.assert_frame_equal(store.predictions("a" * 16), predictions)


def test_an_empty_or_missing_store_has_no_records(store):
    assert store.records() == []
    assert store.get("f" * 16) is None


def reworded(text, **changes):
    """A record with some fields changed as by a stranger, in a format that has no checksum."""
    values = {name: value for name, value in json.loads(text).items() if name not in ("checksum", "files")}
    return json.dumps(values | {"format": 1} | changes)


DAMAGE = {
    "torn": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "no object": lambda text: "[1, 2]",
    "unknown status": lambda text: text.replace('"status": "done"', '"status": "perhaps"'),
    "missing field": lambda text: text.replace('"wall_seconds"', '"well_seconds"'),
    "nested too deeply": lambda text: "[" * 200_000,
    "a spec that is none": lambda text: reworded(text, spec=[]),
    "curves that are none": lambda text: reworded(text, history={"loss": 5}),
    "no curves": lambda text: reworded(text, history=5),
    "files that are none": lambda text: reworded(text, files=5),
    "another run": lambda text: text.replace("a" * 16, "b" * 16),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_named_and_only_training_sets_it_aside(store, damage):
    store.put(record())
    path = store.path("a" * 16) / "record.json"
    path.write_text(DAMAGE[damage](path.read_text()))
    said = []
    assert store.records(unreadable=said.append) == []
    assert len(said) == 1 and str(path) in said[0]
    assert path.exists()
    store.get_whole("a" * 16)
    assert store.get("a" * 16) is None
    assert (store.path("a" * 16) / "record.damaged.json").exists()
    assert "set aside" in store.log_path("a" * 16).read_text()


def test_a_record_of_another_version_is_named_and_kept(store):
    store.put(record())
    path = store.path("a" * 16) / "record.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 99'))
    said = []
    assert store.records(unreadable=said.append) == []
    assert "Received: format 99" in said[0]
    with pytest.raises(UnreadableRecord):
        store.get_whole("a" * 16)
    assert path.exists()


def test_a_record_of_format_1_is_read_and_rewritten_as_format_2(store, root):
    given = next((root / "reports" / "alexnet_vs_resnet").glob("*/records/*/record.json"))
    values = json.loads(given.read_text()) | {"format": 1}
    values = {name: value for name, value in values.items() if name not in ("files", "checksum")}  # as it was then
    values["history"] = {name: values["history"][name] for name in CURVES}
    folder = store.path(values["key"])
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(values))
    found = store.get(values["key"])
    assert (found.status, found.test["accuracy"], found.files) == ("done", values["test"]["accuracy"], {})
    assert found.unverified
    store.put(found)
    assert not store.get(values["key"]).unverified
    again = json.loads((folder / "record.json").read_text())
    assert again["format"] == 2 and len(again["checksum"]) == 64
    assert store.get(found.key).with_(files={}) == found


def test_one_changed_digit_is_noticed(store):
    store.put(record())
    path = store.path("a" * 16) / "record.json"
    path.write_text(path.read_text().replace('"accuracy": 0.5', '"accuracy": 0.9'))
    with pytest.raises(UnreadableRecord, match="its checksum does not fit"):
        store.get("a" * 16)


def test_ends_of_lines_that_git_changed_do_no_harm(store):
    written = store.put(record())
    path = store.path("a" * 16) / "record.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert store.get("a" * 16) == written


@pytest.mark.parametrize("name", ["curves.csv", "predictions.parquet"])
@pytest.mark.parametrize("harm", ["cut", "gone", "a folder"])
def test_a_damaged_file_beside_a_record_sets_the_record_aside(store, name, harm):
    predictions = pd.DataFrame({"label": [1, 2], "predicted": [1, 3], "confidence": [0.9, 0.8]})
    written = store.put(record(), predictions)
    path = store.path("a" * 16) / name
    content = path.read_bytes()
    path.unlink()
    if harm != "gone":
        path.write_bytes(content[:-3]) if harm == "cut" else path.mkdir()
    assert store.damaged_files(written) == [name]
    if name == "predictions.parquet":
        with pytest.raises(UnreadableRecord, match="is missing or damaged"):
            store.predictions("a" * 16)
    store.get_whole("a" * 16)
    assert store.get("a" * 16) is None
    assert name in store.log_path("a" * 16).read_text()


def test_a_key_may_be_shortened_while_it_is_unique(store):
    first, second = "abcd1" + "0" * 11, "abcd2" + "0" * 11
    store.put(record(first))
    store.put(record(second))
    assert store.find("abcd1").key == first
    with pytest.raises(UsageError, match=rf"several runs \({first}, {second}\)"):
        store.find("abcd")
    with pytest.raises(UsageError, match="No run in .* begins with 'eeee'"):
        store.find("eeee")


@pytest.mark.parametrize("prefix", ["", "abc", "..", "../victim", "/", "*", "ABCD", "abcd1" + "0" * 12])
def test_what_is_no_key_names_no_run_and_no_folder(store, prefix):
    store.put(record("abcd1" + "0" * 11))
    with pytest.raises(UsageError, match="Name a run by its key"):
        store.find(prefix)
    with pytest.raises(UsageError, match="has 16 hexadecimal digits"):
        store.remove(prefix)
    assert len(store.records()) == 1


def test_a_record_that_names_another_folder_is_not_followed(store, tmp_path):
    (tmp_path / "victim").mkdir()
    store.put(record())
    path = store.path("a" * 16) / "record.json"
    write_record(path, record("../victim"))
    with pytest.raises(UnreadableRecord, match="names another run"):
        store.find("aaaa")
    store.remove(store.key_of("aaaa"))
    assert store.keys() == []
    assert (tmp_path / "victim").is_dir()


def test_a_run_that_is_claimed_is_not_removed(store):
    store.put(record("c" * 16, status="running"))
    with store.claim("c" * 16):
        assert store.is_claimed("c" * 16)
        with pytest.raises(UsageError, match="is being trained now"):
            store.remove("c" * 16)
    assert not store.is_claimed("c" * 16)
    store.remove("c" * 16)
    assert store.records() == []


@pytest.mark.parametrize("next_file", ["predictions.parquet", "curves.csv", "record.json"])
def test_a_process_whose_run_was_taken_over_writes_nothing(store, next_file):
    """Stopped before it writes a file, and woken up when another has finished the run."""
    store.put(record())
    folder = store.path("a" * 16)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def check():
        raise ClaimLost("taken over")

    predictions = pd.DataFrame({"label": [1]}) if next_file == "predictions.parquet" else None
    history = {"loss": [1.0]} if next_file == "curves.csv" else {}
    with pytest.raises(ClaimLost):
        store.put(record(wall_seconds=99.0, history=history), predictions, check=check)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_numbers_come_back_to_the_last_bit_and_nan_as_nan(store):
    random = np.random.default_rng(0)
    curve = [float(value) for value in random.standard_normal(1000) * 10.0 ** random.integers(-300, 300, 1000)]
    store.put(record(history={"loss": [*curve, float("nan"), float("inf")]}))
    found = store.get("a" * 16).history["loss"]
    assert found[:1000] == curve
    assert math.isnan(found[1000]) and found[1001] == float("inf")
    store.put(record(history={"loss": curve}))
    assert store.get("a" * 16).history["loss"] == curve


def test_a_record_is_json_for_every_program_and_one_from_when_it_was_not_still_reads(store, monkeypatch):
    file = store.path("a" * 16) / "record.json"
    store.put(record(history={"loss": [float("nan"), 1.0]}))
    assert json.loads(file.read_bytes(), parse_constant=pytest.fail)["history"]["loss"] == ["NaN", 1.0]
    monkeypatch.setattr("cnnrepro.runs.record.json_text", json.dumps)
    store.put(record(history={"loss": [float("nan"), 1.0]}))
    assert b"NaN," in file.read_bytes()
    assert math.isnan(store.get("a" * 16).history["loss"][0])


@pytest.mark.parametrize(
    "images, size, epochs, told",
    [
        (48, 64, 5, "make 1 step an epoch, 5 in all: so few are no training"),
        (160, 16, 4, "make 10 steps an epoch, 40 in all"),
        (161, 16, 5, ""),
        (3500, 64, 1, ""),
    ],
)
def test_so_few_steps_that_they_are_no_training_are_remarked_on(images, size, epochs, told):
    spec = RunSpec("lenet5", "mnist_5k", batch_size=size, epochs=epochs)
    remark = record(spec=spec, history={"loss": [1.0] * epochs}, data={"sizes": {"train": images}}).remark()
    assert told in remark and bool(told) == bool(remark)
