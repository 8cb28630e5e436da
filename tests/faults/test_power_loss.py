"""A training on a machine that loses power, at every operation on files: whatever the disk then holds, it goes on."""

import json
import os
import shutil
import sys
import time

import numpy as np
import pytest

from cnnrepro.models import MODELS
from cnnrepro.runs import RunSpec, RunStore
from cnnrepro.runs.verify import OK, UNFINISHED, verify
from cnnrepro.training import train
from tests import tiny
from tests.faults.conftest import assert_clean, results
from tests.faults.power import Trace, after, look, pending, states_after_a_loss, write_out

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(sys.platform != "linux", reason="the trace asks /proc which file is brought to the disk"),
]


@pytest.fixture(scope="module")
def spec():
    tiny.register()
    yield RunSpec(**tiny.TINY)
    del MODELS[tiny.NAME]


@pytest.fixture(scope="module")
def traced(spec, tmp_path_factory):
    """An undisturbed training: the folder in which its store lies, and what was done there."""
    place = tmp_path_factory.mktemp("traced")
    trace = Trace(place)
    with trace.active():
        train(spec, runs=place / "runs")
    assert_clean(place / "runs")
    return place, trace.operations


def test_the_trace_is_complete(traced):
    place, operations = traced
    assert after(operations) == look(place)
    assert {one.kind for one in operations} == {
        "mkdir", "rmdir", "create", "write", "rename", "unlink", "fsync", "fsync folder"
    }  # fmt: skip


def test_no_file_is_moved_before_its_bytes_are_on_the_disk(traced):
    _, operations = traced
    moves = [place for place, one in enumerate(operations) if one.kind == "rename"]
    assert len(moves) >= 10
    for place in moves:
        writes = [operations[each] for each in pending(operations[:place])]
        assert operations[place].file not in [one.file for one in writes if one.kind == "write"], operations[place].to


def promised(operations, record):
    """After each operation, how many records write_whole has been through with, so that they are taken to be safe."""
    moved, counts = 0, [0]
    for place, one in enumerate(operations):
        moved += one.kind == "rename" and one.to == record
        before = operations[place - 1] if place else one
        forced = one.kind == before.kind == "fsync folder" and before.path == os.path.dirname(record)  # noqa: PTH120
        counts.append(moved if forced else counts[-1])
    return counts


def all_states(operations, record):
    """Each state that a power loss may leave, once, with the number of the records that must be in it."""
    seen = {}
    for count, least in enumerate(promised(operations, record)):
        for state in states_after_a_loss(operations[:count]):
            known = frozenset(state.items())
            seen[known] = max(seen.get(known, 0), least)
    return [(dict(known), least) for known, least in seen.items()]


def epochs_kept(folder):
    """Epochs of the newest checkpoint."""
    epochs = [0]
    for name in ("checkpoint.npz", "checkpoint.previous.npz"):
        if (folder / name).is_file():
            with np.load(folder / name) as file:
                epochs.append(len(json.loads(str(file["about"]))["history"]["loss"]))
    return max(epochs)


def test_every_state_that_a_power_loss_may_leave_is_recovered_from(spec, traced, tmp_path, temporary, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda opened: None)  # here the power stays, and disks are slow
    place, operations = traced
    expected, began = results(place / "runs"), time.monotonic()
    (key,) = expected
    final = RunStore(place / "runs").get(key)
    name = f"runs/{key}/record.json"
    written = [after(operations[: number + 1])[name] for number, one in enumerate(operations) if one.to == name]
    states = all_states(operations, name)
    to_train, finished = {}, []
    for state, least in states:
        assert state.get(name) in (written[least - 1 :] if least else [None, *written]), "what was reported is lost"
        runs = tmp_path / "state" / "runs"
        write_out(state, runs.parent)
        store = RunStore(runs)
        found = verify(store)
        assert {one.state for one in found} <= {OK, UNFINISHED}, found  # nothing is torn under its own name
        record = store.get(key)
        if record and record.has_ended:
            assert [one.state for one in found] == [OK], found
            assert record == final
            finished.append(state)
        else:
            with store.claim(key):  # whatever is left of the lock and the owner
                assert store.get_whole(key) == record
            assert epochs_kept(store.path(key)) >= (record.epochs_done if record else 0)
            own = {path.rpartition("/")[2]: data for path, data in state.items()}
            kept = ("record.json", "curves.csv", "predictions.parquet", "checkpoint.npz", "checkpoint.previous.npz")
            to_train.setdefault(tuple(own.get(each) for each in kept), []).append(state)
        shutil.rmtree(runs.parent)
    assert finished and len(to_train) > 10
    chosen = [max(group, key=len) for group in to_train.values()]  # those with the most left behind
    for number, state in enumerate([*chosen, max(finished, key=len)]):
        folder = tmp_path / str(number)
        write_out(state, folder)
        train(spec, runs=folder / "runs")
        assert results(folder / "runs") == expected
        assert [one.state for one in verify(RunStore(folder / "runs"))] == [OK]
        if number < len(chosen):
            assert_clean(folder / "runs", temporary)
        shutil.rmtree(folder)
    print(
        f"{len(operations)} operations, {len(states)} states: {len(finished)} with the finished record, "
        f"{len(chosen)} trainings for the others; {time.monotonic() - began:.0f} s"
    )
