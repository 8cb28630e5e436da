"""Records beside pages count as had, and are never written."""

import shutil

import pandas as pd
import pytest

from cnnrepro import paths
from cnnrepro.experiments.results import Arm, collect
from cnnrepro.runs import RunRecord, RunSpec, RunStore, run_key
from cnnrepro.runs.committed import Committed
from cnnrepro.runs.store import RECORD
from cnnrepro.training import loop

SPEC = RunSpec(model="lenet5_modern", dataset="mnist", seed=3)


@pytest.fixture
def reports(tmp_path):
    """A page with the record of one run, of a machine that computes in bfloat16, and no data here."""
    key = run_key(SPEC, fingerprint="f", precision="mixed_bfloat16", backend="tensorflow")
    record = RunRecord(
        *(key, "done", SPEC),
        precision="mixed_bfloat16",
        test={"accuracy": 0.5, "loss": 1.0, "images": 2},
        data={"fingerprint": "f", "sizes": {"train": 2}},
    )
    predictions = pd.DataFrame({"label": [0, 1], "predicted": [0, 0], "confidence": 1.0})
    RunStore(tmp_path / "reports" / "some" / "page" / "records").put(record, predictions)
    return tmp_path / "reports"


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_beside_a_page_is_not_trained_again(reports, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "find_or_train", lambda *_, **__: pytest.fail("it was trained"))
    before = content(reports)
    with paths.environment(CNNREPRO_COMMITTED=str(reports)):
        results = collect([Arm("a", (SPEC,))], tmp_path / "runs")
    assert results.records[0][0].test["accuracy"] == 0.5
    assert list(results.predictions(0)["predicted"]) == [0, 0]
    assert content(reports) == before and not (tmp_path / "runs").exists()


def test_a_record_of_one_s_own_comes_first(reports, tmp_path):
    (path,) = reports.glob(f"*/*/records/*/{RECORD}")
    store = RunStore(tmp_path / "runs", Committed(reports))
    assert store.place(path.parent.name) == path.parent
    shutil.copytree(path.parent, tmp_path / "runs" / path.parent.name)
    assert store.place(path.parent.name) == tmp_path / "runs" / path.parent.name


@pytest.mark.parametrize("text", ["{}", "", None])
def test_what_cannot_be_read_counts_as_not_there(reports, text):
    (path,) = reports.glob(f"*/*/records/*/{RECORD}")
    path.write_text(path.read_text().replace('"done"', '"failed"') if text is None else text)
    assert Committed(reports).find(SPEC) is None
    assert Committed(None).find(SPEC) is None


def test_records_that_today_s_code_would_not_write_are_not_taken(reports, monkeypatch):
    monkeypatch.setattr("cnnrepro.runs.keys.TRAINING_VERSION", 99)
    assert Committed(reports).find(SPEC) is None
