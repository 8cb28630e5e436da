"""``cnnrepro runs export``."""

import errno
import os

import numpy as np
import pandas as pd
import pytest

from cnnrepro.runs.store import RECORD
from tests.calling import call
from tests.runs.conftest import CURVES


def test_an_export_has_a_row_a_run_oldest_first(capsys, put, tmp_path):
    put(seed=1, started="2026-01-02", versions={"keras": "3.13"})
    put(seed=0, started="2026-01-01", options={"batchnorm_momentum": 0.5})
    put(seed=2, started="2026-01-03", model="alexnet_small", status="running")
    for name in ("runs.csv", "runs.parquet"):
        status, out, err = call(capsys, "runs", "export", tmp_path / name)
        assert (status, err) == (0, "") and out.startswith(str(tmp_path / name))
    frame = pd.read_csv(tmp_path / "runs.csv")
    assert list(frame["seed"]) == [0, 1, 2]
    assert list(frame["status"]) == ["done", "done", "interrupted"]
    assert list(frame["option_batchnorm_momentum"][:2]) == [0.5, 0.9] and np.isnan(
        frame["option_batchnorm_momentum"][2]
    )
    assert list(frame["last_val_accuracy"]) == [0.5] * 3
    assert list(frame["test_accuracy"][:2]) == [0.5, 0.5] and np.isnan(frame["test_accuracy"][2])
    assert {"key", "precision", "precision_asked", "wall_seconds", "version_keras", "commit"} <= set(frame.columns)
    whole = pd.read_parquet(tmp_path / "runs.parquet")
    assert list(whole.columns) == list(frame.columns)
    assert list(whole["key"]) == list(frame["key"])
    assert pd.api.types.is_integer_dtype(whole["seed"]) and pd.api.types.is_float_dtype(whole["last_loss"])


def test_curves_have_a_row_an_epoch_to_the_last_bit(capsys, put, tmp_path):
    third = 1 / 3
    record = put(history=CURVES | {"loss": [third, third / 7]})
    call(capsys, "runs", "export", tmp_path / "curves.csv", "--curves")
    frame = pd.read_csv(tmp_path / "curves.csv")
    assert list(frame["epoch"]) == [1, 2] and set(frame["key"]) == {record.key}
    assert list(frame["loss"]) == [third, third / 7]
    assert list(frame.columns[:6]) == ["key", "model", "dataset", "recipe", "seed", "epoch"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_spreadsheet_runs_a_text_and_numbers_stay(start, capsys, put, tmp_path):
    text = f"{start}cmd|' /C calc'!A0"
    put(
        status="failed", failure={"kind": "error", "reason": text}, commit=text, wall_seconds=-1.5,
        machine={"cpu": text}, versions={text: text}, history=CURVES | {"loss": [-1.0, -2.5]},
    )  # fmt: skip
    call(capsys, "runs", "export", tmp_path / "runs.csv")
    frame = pd.read_csv(tmp_path / "runs.csv")
    assert frame["failure"][0] == frame["commit"][0] == frame["machine_cpu"][0] == f"'{text}"
    assert frame["wall_seconds"][0] == -1.5 and frame["last_loss"][0] == -2.5
    assert not [name for name in frame.columns if name.startswith(("=", "+", "-", "@", "\t", "\r"))]
    call(capsys, "runs", "export", tmp_path / "runs.parquet")
    assert pd.read_parquet(tmp_path / "runs.parquet")["failure"][0] == text


def test_a_name_whose_bytes_are_no_text_is_exported(capsys, put, tmp_path):
    put(machine={"cpu": "a\udcffb"})
    for name in ("runs.csv", "runs.parquet"):
        assert call(capsys, "runs", "export", tmp_path / name)[0] == 0
    assert pd.read_csv(tmp_path / "runs.csv")["machine_cpu"][0] == r"a\udcffb"


@pytest.mark.parametrize(
    "file, sentence",
    [
        ("runs.xlsx", "must end in .csv or .parquet"),
        ("runs", "must end in .csv or .parquet"),
        ("nowhere/runs.csv", "There is no folder"),
        ("folder.csv", "a folder"),
    ],
)
def test_a_place_for_no_table_is_a_wrong_call(file, sentence, capsys, put, tmp_path):
    put()
    (tmp_path / "folder.csv").mkdir()
    status, out, err = call(capsys, "runs", "export", tmp_path / file)
    assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1


def test_nothing_to_export_writes_nothing(capsys, put, tmp_path):
    assert "There are no runs in" in call(capsys, "runs", "export", tmp_path / "runs.csv")[2]
    put(status="running", history={})
    assert "There are no epochs in" in call(capsys, "runs", "export", tmp_path / "runs.csv", "--curves")[2]
    assert not (tmp_path / "runs.csv").exists()


def test_a_disk_that_is_full_leaves_the_earlier_table(capsys, put, tmp_path, monkeypatch):
    put()
    (tmp_path / "runs.csv").write_text("earlier")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, out, err = call(capsys, "runs", "export", tmp_path / "runs.csv")
    assert (status, out) == (1, "") and "could not be written: No space left on device" in err
    assert (tmp_path / "runs.csv").read_text() == "earlier"
    assert not list(tmp_path.glob(".*.tmp"))


def test_an_unreadable_record_is_named_and_the_others_exported(capsys, put, store, tmp_path):
    put()
    (store.path(put(seed=1).key) / RECORD).write_text("{")
    status, _, err = call(capsys, "runs", "export", tmp_path / "runs.csv")
    assert status == 0 and "cannot be read" in err
    assert len(pd.read_csv(tmp_path / "runs.csv")) == 1
