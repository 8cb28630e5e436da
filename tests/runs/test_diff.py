"""``cnnrepro runs diff``."""

import json

import numpy as np

from cnnrepro.runs import RunStore
from cnnrepro.runs.store import RECORD
from tests.calling import call
from tests.runs.conftest import CURVES


def test_a_diff_names_what_differs_and_all_results(capsys, put):
    first = put(versions={"keras": "3.12"}, machine={"cpu": "A"}, commit="abc")
    second = put(seed=1, versions={"keras": "3.13"}, machine={"cpu": "A"}, commit="abc", wall_seconds=5.0)
    status, out, err = call(capsys, "runs", "diff", first.key[:8], second.key, "--json")
    found = json.loads(out)
    assert (status, err, found["first"], found["second"]) == (0, "", first.key, second.key)
    rows = {row["what"]: row for row in found["rows"]}
    assert (rows["seed"]["first"], rows["seed"]["second"]) == (0, 1)
    assert (rows["version of keras"]["first"], rows["version of keras"]["second"]) == ("3.12", "3.13")
    assert not {"model", "commit", "machine: cpu"} & set(rows)
    assert rows["wall seconds"]["change"] == 5.0
    assert {"epochs done", "last loss", "last val accuracy", "test accuracy"} <= set(rows)
    assert found["sentences"] == []
    shown = call(capsys, "runs", "diff", first.key, second.key)[1]
    assert all(what in shown for what in rows) and "3.13" in shown


THREADS = {"instruction_set": "AVX2", "onednn": True, "intraop_threads": 2, "interop_threads": 2, "settings": {}}


def test_a_diff_of_one_key_tells_what_computed_it(capsys, put, tmp_path):
    record = put(machine={"cpu": "A", "memory_gib": 8.0, **THREADS})
    other = RunStore(tmp_path / "other")
    both = ["runs", "diff", record.key, record.key, "--with", other.folder, "--json"]

    def told(**changes):
        other.put(record.with_(machine={"cpu": "A", "memory_gib": 16.0, **changes}))
        found = json.loads(call(capsys, *both)[1])
        rows = {row["what"]: (row["first"], row["second"]) for row in found["rows"] if row["kind"] == "computed by"}
        return rows, found["sentences"][0]

    rows, sentence = told(**THREADS)
    assert rows == {"machine: memory_gib": (8.0, 16.0)}
    assert sentence.startswith("All that decides the numbers is equal")
    settings = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_NUM_INTRAOP_THREADS": "1"}
    rows, sentence = told(**THREADS | {"onednn": False, "intraop_threads": 1, "settings": settings})
    assert rows["machine: onednn"] == (True, False) and rows["machine: intraop_threads"] == (2, 1)
    assert rows["setting: TF_ENABLE_ONEDNN_OPTS"] == ("not set", "0")
    assert "machine: interop_threads" not in rows
    assert "not equal in onednn, intraop_threads, setting: TF_ENABLE_ONEDNN_OPTS" in sentence
    rows, sentence = told()  # as records were before
    assert rows["machine: onednn"] == (True, "not recorded")
    assert "does not say: instruction_set, onednn, intraop_threads, interop_threads." in sentence


def test_a_diff_of_one_key_says_how_equal_the_numbers_are(capsys, put, store, tmp_path):
    record = put(machine=THREADS)
    other = RunStore(tmp_path / "other")
    other.put(record.with_(wall_seconds=9.0))
    both = ["runs", "diff", record.key, record.key, "--with", other.folder]
    out = call(capsys, *both)[1]
    assert "All that decides the numbers is equal" in out
    assert "The curves and the test scores are equal to the bit." in out
    other.put(record.with_(test={"accuracy": 0.75, "loss": 1.5, "images": 2}))
    assert "The curves are equal to the bit, the test scores are not." in call(capsys, *both)[1]
    other.put(record.with_(history=CURVES | {"val_loss": [2.0, np.nextafter(1.0, 2.0)]}))
    assert "val loss differs from epoch 2 on" in call(capsys, *both)[1]
    half = {name: values[:1] for name, values in CURVES.items()}
    other.put(record.with_(status="running", history=half, test=None))
    assert "equal to the bit in the 1 epochs that both have" in call(capsys, *both)[1]
    other.put(record.with_(status="running", history={}, test=None))
    assert "no epochs of both to compare" in call(capsys, *both)[1]


def test_equal_specs_under_two_keys_are_told_as_two_versions_of_the_code(capsys, put, store):
    record = put()
    store.put(record.with_(key="0123456789abcdef"))
    assert "the training code, the recipe or the model changed" in call(capsys, "runs", "diff", record.key, "0123")[1]


def test_records_that_were_published_can_be_compared(capsys, root):
    records = next((root / "reports" / "alexnet_vs_resnet").glob("*/records"))
    first, second = sorted(path.name for path in records.iterdir())[:2]
    rows = json.loads(call(capsys, "runs", "diff", first, second, "--runs", records, "--json")[1])["rows"]
    change = next(row for row in rows if row["what"] == "test accuracy")
    read = [json.loads((records / key / RECORD).read_text())["test"]["accuracy"] for key in (first, second)]
    assert change["change"] == read[1] - read[0]
