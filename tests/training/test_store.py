import json
import multiprocessing

import pandas as pd
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.training import RunRecord, RunSpec, RunStore

SPEC = RunSpec(model="resnet20", dataset="mnist_5k")
HISTORY = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75], "val_loss": [2.0, 1.0], "val_accuracy": [0.25, 0.5]}


def record(key="a" * 16, **changes):
    values = {"status": "done", "spec": SPEC, "history": HISTORY, "test": {"accuracy": 0.5, "loss": 1.5, "images": 2}}
    return RunRecord(key=key, **(values | changes))


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def test_a_record_comes_back_equal(store):
    store.put(record())
    assert store.get("a" * 16) == record()
    assert store.records() == [record()]


def test_curves_and_predictions_are_read_by_pandas_in_one_call(store):
    predictions = pd.DataFrame({"label": [1, 2], "predicted": [1, 3], "confidence": [0.9, 0.8]})
    store.put(record(), predictions)
    curves = pd.read_csv(store.path("a" * 16) / "curves.csv")
    assert list(curves["epoch"]) == [1, 2]
    assert list(curves["val_accuracy"]) == [0.25, 0.5]
    pd.testing.assert_frame_equal(store.predictions("a" * 16), predictions)


def test_an_empty_or_missing_store_has_no_records(store):
    assert store.records() == []
    assert store.get("nothing") is None


def test_no_temporary_file_is_left(store):
    store.put(record())
    store.put(record(status="failed", failure={"kind": "error", "reason": "x"}))
    assert {path.name for path in store.path("a" * 16).iterdir()} == {"record.json", "curves.csv"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"format": 1', '"format": 99'),
        lambda text: text.replace('"status": "done"', '"status": "perhaps"'),
        lambda text: text.replace('"resnet20"', '"resnet21"'),
        lambda text: text.replace('"wall_seconds"', '"well_seconds"'),
        lambda text: "[1, 2]",
    ],
)
def test_a_damaged_record_is_set_aside_and_said(store, damage):
    store.put(record())
    path = store.path("a" * 16) / "record.json"
    path.write_text(damage(path.read_text()))
    assert store.records() == []
    assert (store.path("a" * 16) / "record.damaged.json").exists()
    assert "could not be read" in store.log_path("a" * 16).read_text()


def test_a_key_may_be_shortened_while_it_is_unique(store):
    store.put(record("abc1"))
    store.put(record("abd2"))
    assert store.find("abc").key == "abc1"
    with pytest.raises(UsageError, match=r"several runs \(abc1, abd2\)"):
        store.find("ab")
    with pytest.raises(UsageError, match="No run in .* begins with 'x'"):
        store.find("x")


def _hold(folder, held, release):
    with RunStore(folder).claim("k"):
        held.set()
        release.wait(30)


def test_a_claim_is_seen_by_others_and_ends_with_its_process(store):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(store.folder, held, release))
    holder.start()
    assert held.wait(60)
    store.put(record("k", status="running"))
    assert store.is_claimed("k")
    with pytest.raises(UsageError, match="is being trained now"):
        store.remove("k")
    holder.kill()  # no chance to clean up: the system frees the lock
    holder.join()
    assert not store.is_claimed("k")
    store.remove("k")
    assert store.records() == []


def test_records_are_json_that_anyone_can_read(store):
    store.put(record())
    plain = json.loads((store.path("a" * 16) / "record.json").read_text())
    assert plain["format"] == 1
    assert plain["spec"]["options"] == dict(SPEC.options)
