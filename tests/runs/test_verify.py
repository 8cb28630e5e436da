"""``cnnrepro runs verify``."""

import json
import shutil

import pytest

from cnnrepro.runs import RunSpec
from cnnrepro.runs.record import write_record
from cnnrepro.runs.store import DAMAGED, RECORD
from cnnrepro.training import train
from tests.calling import call
from tests.runs.conftest import CURVES, make_old, save_checkpoint


def test_a_store_as_training_leaves_it_is_whole(capsys, tmp_path):
    spec = RunSpec(model="lenet5_modern", dataset="mnist_5k", epochs=1, batch_size=32, train_images=64)
    record = train(spec, keep_weights=True)
    status, out, err = call(capsys, "runs", "verify", "--json")
    (row,) = json.loads(out)
    assert (status, err) == (0, "")
    assert row == {"key": record.key, "run": spec.title(), "state": "ok", "found": [], "advice": ""}
    path = tmp_path / "runs" / record.key / "weights.keras"
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    status, out, err = call(capsys, "runs", "verify")
    assert status == 1 and "weights.keras is missing or not what was written." in out
    assert err == "cnnrepro: 1 of 1 runs is damaged.\n"


def harm_record(store, key):
    path = store.path(key) / RECORD
    path.write_text(path.read_text().replace('"accuracy": 0.5', '"accuracy": 0.9'))


def set_aside(store, key):
    (store.path(key) / RECORD).replace(store.path(key) / DAMAGED)


def call_it_old(store, key):
    """Which switches the checksum off, for a changed score."""
    harm_record(store, key)
    path = store.path(key) / RECORD
    path.write_text(path.read_text().replace('"format": 2', '"format": 1'))


def strip(store, key):
    """A record as training writes it, without all that a checksum needs."""
    values = store.get(key).to_dict()
    del values["files"]
    values["history"] = values["history"] | {"first_step_seconds": [1.0, 0.5]}
    (store.path(key) / RECORD).write_text(json.dumps(values | {"format": 1}))


def rename(store, key):
    """The record under a key that is another's."""
    (store.folder / "0123456789abcdef").mkdir()
    write_record(store.folder / "0123456789abcdef" / RECORD, store.get(key).with_(key="0123456789abcdef", files={}))
    shutil.rmtree(store.path(key))


def torn_checkpoint(store, key):
    path = save_checkpoint(store, key)
    path.write_bytes(path.read_bytes()[:-40])


def foreign_name(store, key):
    write_record(store.path(key) / RECORD, store.get(key).with_(files={"/dev/zero": "0" * 64}))


def newer(store, key):
    path = store.path(key) / RECORD
    path.write_text(path.read_text().replace('"format": 2', '"format": 99'))


HARM = {
    "a digit changed": (harm_record, "damaged", "its checksum does not fit"),
    "no JSON": (lambda store, key: (store.path(key) / RECORD).write_bytes(b"\xff"), "damaged", "cannot be read"),
    "a file is gone": (lambda store, key: (store.path(key) / "curves.csv").unlink(), "damaged", "curves.csv is miss"),
    "a file that is none of ours": (foreign_name, "damaged", "/dev/zero is missing or not"),
    "a checkpoint is torn": (torn_checkpoint, "damaged", "checkpoint.npz cannot be read to its end"),
    "set aside": (set_aside, "set aside", "Its record was damaged"),
    "of format 1": (make_old, "unverified", "Its format has no checksums"),
    "called one of format 1": (call_it_old, "damaged", "it says that it is of format 1, which had no checksum, files"),
    "that without its checksums": (strip, "damaged", "which had no curve first_step_seconds"),
    "another key": (rename, "old", "Today's code would give its spec and data the key"),
    "of a newer version": (newer, "foreign", "Received: format 99"),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
def test_what_is_not_as_it_was_written_is_told_with_what_to_do(harm, capsys, put, store):
    whole, key = put(seed=1), put().key
    do, state, sentence = HARM[harm]
    do(store, key)
    before = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file() and path.name != "lock"}
    status, out, err = call(capsys, "runs", "verify", "--json")
    rows = {row["key"]: row for row in json.loads(out)}
    other = next(row for row in rows.values() if row["key"] != whole.key)
    assert rows[whole.key]["state"] == "ok"
    assert other["state"] == state and any(sentence in one for one in other["found"]) and other["advice"]
    assert status == (1 if state == "damaged" else 0)
    assert ("damaged" in err) == (status == 1)
    after = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file() and path.name != "lock"}
    assert after == before
    if state != "set aside":
        assert json.loads(call(capsys, "runs", "verify", other["key"], "--json")[1]) == [other]
    assert sentence in " ".join(call(capsys, "runs", "verify")[1].split())


def test_unfinished_runs_are_told_apart(capsys, put, store):
    half = {name: values[:1] for name, values in CURVES.items()}
    going, left, lost = (put(seed=seed, status="running", history=half).key for seed in range(3))
    error = put(seed=3, status="failed", failure={"kind": "error", "reason": "OSError"}, history=half).key
    diverged = put(seed=4, status="failed", failure={"kind": "diverged", "reason": "nan"}, history=half).key
    save_checkpoint(store, left)
    (store.path(left) / "owner.json").write_text('{"token": "x", "machine": "y", "process": 1}')
    with store.claim(going):
        rows = {row["key"]: row for row in json.loads(call(capsys, "runs", "verify", "--json")[1])}
    assert rows[going]["state"] == "training"
    assert rows[left]["state"] == rows[lost]["state"] == rows[error]["state"] == "unfinished"
    assert "1 of 2 epochs are done." in rows[left]["found"]
    assert any("the process" in one.lower() and "died" in one for one in rows[left]["found"])
    assert "no checkpoint of them is here" in rows[lost]["found"][0]
    assert rows[diverged]["state"] == "ok" and "diverged" in rows[diverged]["found"][0]


def test_an_empty_store_is_whole(capsys):
    assert json.loads(call(capsys, "runs", "verify", "--json")[1]) == []
    assert "No runs in" in call(capsys, "runs", "verify")[1]
