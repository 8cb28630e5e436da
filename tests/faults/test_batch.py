"""Faults of a batch on one machine: killed, stopped and starved processes. Real processes, real signals."""

import os
import signal
import time

import pytest

from cnnrepro.runs import RunSpec, RunStore
from cnnrepro.training.resolve import resolve
from tests.faults.conftest import BARE, ODD_NAMES, assert_clean, first_of, results, wait_for

pytestmark = pytest.mark.slow


def test_the_batch_is_killed_in_mid_epoch(batch, ends_as_undisturbed):
    first = batch()
    wait_for(first.training)
    assert len(first.workers()) == 2
    first.kill()
    ends_as_undisturbed()


def test_a_worker_is_killed_in_mid_epoch(batch, undisturbed, tmp_path, temporary):
    one = batch()
    wait_for(one.training)
    one.workers()[0].kill()
    status, _, err = one.end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)
    assert max(record.sessions for record in RunStore(tmp_path / "runs").records()) == 2


def test_a_worker_is_stopped(batch, undisturbed, tmp_path, temporary):
    one = batch(environment={"CNNREPRO_STALE_SECONDS": "5"})
    wait_for(one.training)
    stopped = one.workers()[0]
    stopped.send_signal(signal.SIGSTOP)
    status, _, err = one.end()
    assert status == 0, err
    assert not stopped.is_running()
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)


SIGINT = (signal.SIGINT, 130)
SIGTERM_TOO = pytest.param(signal.SIGTERM, 143, marks=pytest.mark.soak)
WRITES = {
    "a checkpoint": {"how": "kill", "file": "checkpoint.npz", "bytes": 100_000, "nth": 2},
    "a record": {"how": "kill", "file": "record.json", "bytes": 300, "nth": 3},
    "the move of a checkpoint": {"how": "move", "file": "checkpoint.npz", "nth": 2},
}


@pytest.mark.parametrize("moment", first_of(WRITES))
def test_a_worker_is_killed_while_it_writes(moment, batch, undisturbed, tmp_path, temporary):
    here = tmp_path / "here"
    status, _, err = batch(fault=WRITES[moment] | {"once": str(here)}).end()
    assert here.exists() and status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)
    assert max(record.sessions for record in RunStore(tmp_path / "runs").records()) == 2


FULL = {"how": "full", "file": "checkpoint.npz", "bytes": 100_000, "nth": 2}


def test_a_disk_that_is_full_fails_a_run_and_it_goes_on_later(batch, ends_as_undisturbed, tmp_path):
    status, outcomes, err = batch(fault=FULL | {"once": str(tmp_path / "here")}).end()
    assert status == 1, err
    assert sorted(one["status"] for one in outcomes) == ["failed", "trained", "trained"]
    (told,) = (one["told"] for one in outcomes if one["status"] == "failed")
    assert "File too large" in told and "Its log: " in told
    ends_as_undisturbed()


def test_a_run_that_met_an_error_is_tried_again(batch, undisturbed, tmp_path, temporary):
    status, outcomes, err = batch(fault=FULL | {"once": str(tmp_path / "here")}, retry=1).end()
    assert status == 0, err
    assert "File too large" in err and err.count("It is tried again.") == 1
    assert [one["status"] for one in outcomes] == ["trained"] * 3
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)


def test_a_clock_that_is_set_forward(batch, undisturbed, tmp_path, temporary):
    """By ten years, for the batch and its workers: none of them is taken for dead."""
    later = tmp_path / "later"
    one = batch(fault={"how": "later", "file": str(later)}, environment={"CNNREPRO_STALE_SECONDS": "5"})
    wait_for(one.training)
    later.touch()
    status, _, err = one.end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)
    records = RunStore(tmp_path / "runs").records()
    assert [record.sessions for record in records] == [1] * len(records)


def test_an_odd_path_and_a_bare_environment(ends_as_undisturbed, tmp_path):
    ends_as_undisturbed(runs=tmp_path / ODD_NAMES["quotes"] / ODD_NAMES["unicode"], without=BARE)


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_batch_at_a_checkpoint(batch, ends_as_undisturbed, tmp_path, number, status):
    """To all its processes, as a terminal sends Ctrl-C and as services are ended."""
    one = batch()
    wait_for(one.training)
    os.killpg(one.process.pid, number)
    ended, outcomes, err = one.end()
    assert (ended, outcomes) == (status, None)
    assert "stopping after this epoch" in err
    assert "interrupted; the same command goes on" in err
    store = RunStore(tmp_path / "runs")
    logs = [store.log_path(record.key).read_text() for record in store.records() if record.status == "running"]
    assert logs and all("stopped after a checkpoint, as asked" in log for log in logs)
    ends_as_undisturbed()


def test_a_signal_while_a_worker_is_stopped(batch, ends_as_undisturbed):
    one = batch(environment={"CNNREPRO_STALE_SECONDS": "5"})
    wait_for(one.training)
    one.workers()[0].send_signal(signal.SIGSTOP)
    one.process.send_signal(signal.SIGINT)
    status, _, err = one.end(seconds=90)
    assert status == 130, err
    assert "was lost" not in err
    ends_as_undisturbed()


@pytest.mark.parametrize("number, status", [SIGINT, SIGTERM_TOO])
def test_a_second_signal_stops_at_once(batch, tmp_path, temporary, number, status):
    options = {"spec": {"batch_size": 4, "epochs": 1}, "seeds": [0, 1]}  # epochs of many seconds
    one = batch(**options)
    wait_for(lambda: [process for process in one.workers() if process.cpu_times().user > 4])
    one.process.send_signal(number)
    time.sleep(0.5)
    one.process.send_signal(number)
    assert one.end(seconds=20)[0] == status
    for folder in (tmp_path / "runs", tmp_path / "undisturbed"):
        assert batch(runs=folder, **options).end()[0] == 0
        assert_clean(folder, temporary)
    assert results(tmp_path / "runs") == results(tmp_path / "undisturbed")


def test_a_batch_that_waits_for_anothers_run_can_be_stopped(batch, tmp_path):
    long = {"spec": {"epochs": 1000}, "seeds": [0], "jobs": 1}
    first = batch(**long)
    wait_for(first.training)
    second = batch(**long)
    wait_for(lambda: second.process.stderr.readline().endswith("another process trains it\n"))
    second.process.send_signal(signal.SIGINT)
    assert second.end(seconds=30)[0] == 130
    assert first.process.poll() is None
    first.kill()


def test_nobody_reads_what_it_says_any_more(batch, undisturbed, tmp_path, temporary):
    """As when a connection drops: the work goes on, and ends with the right status."""
    one = batch()
    one.process.stderr.close()
    one.process.stderr = None
    status, outcomes, _ = one.end()
    assert (status, [told["status"] for told in outcomes]) == (0, ["trained"] * 3)
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)


def test_out_of_memory_takes_the_greedy_run_alone(batch, undisturbed, tmp_path):
    greedy = {"7": {"model": "alexnet_small", "options": {"dense_units": 16384}, "recipe": "sgd"}}  # weights of 1 GB
    status, outcomes, err = batch(memory=2 * 2**30, seeds=[0, 7, 1, 2], special=greedy).end()
    assert status == 1, err
    assert [one["status"] for one in outcomes] == ["trained", "failed", "trained", "trained"], outcomes
    assert "its worker died again and again; out of memory is the usual cause" in outcomes[1]["told"]
    assert results(tmp_path / "runs") == undisturbed


def test_a_loss_that_leaves_the_numbers_fails_its_run_alone(batch, undisturbed, tmp_path):
    wild = {"7": {"recipe": "sgd", "learning_rate": 1e30}}
    status, outcomes, err = batch(seeds=[7, 0, 1, 2], special=wild, retry=3).end()
    assert status == 1
    assert [one["status"] for one in outcomes] == ["failed", "trained", "trained", "trained"]
    assert "the loss became" in outcomes[0]["told"] and "Its log: " in outcomes[0]["told"]
    assert "It is tried again" not in err
    assert results(tmp_path / "runs") == undisturbed


def test_fail_fast_ends_the_batch_with_the_first_failure(batch, tmp_path):
    wild = {"7": {"recipe": "sgd", "learning_rate": 1e30}}
    status, outcomes, _ = batch(seeds=[7, *range(20)], special=wild, fail_fast=True, jobs=1).end()
    assert status == 1
    statuses = [one["status"] for one in outcomes]
    assert statuses[0] == "failed" and statuses.count("stopped") >= 15


def test_two_batches_on_one_store_share_the_work(batch, undisturbed, tmp_path, temporary):
    both = [batch(), batch()]
    ends = [one.end() for one in both]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)
    store = RunStore(tmp_path / "runs")
    for record in store.records():
        assert record.sessions == 1
        assert store.log_path(record.key).read_text().count("session") == 1


def test_what_another_process_trains_is_left_for_later(batch, tmp_path, temporary):
    """So that two batches with the same list share the work, and neither trails the other."""
    usual = {"model": "lenet5_modern", "dataset": "mnist_5k", "train_images": 1600, "batch_size": 16}
    key = resolve(RunSpec(**usual, epochs=1, precision="float32", seed=0)).key
    store = RunStore(tmp_path / "runs")
    with store.claim(key):
        one = batch(jobs=1, spec={"epochs": 1})
        wait_for(lambda: [record.status for record in store.records()] == ["done"] * 2)
        assert store.get(key) is None
    status, outcomes, err = one.end()
    assert (status, [told["status"] for told in outcomes]) == (0, ["trained"] * 3), err
    assert store.get(key).status == "done"
    assert_clean(tmp_path / "runs", temporary)


def test_a_thousand_runs_in_one_batch(batch, tmp_path, temporary):
    one = batch(seeds=[0, 1] * 500, spec={"epochs": 1, "train_images": 64, "batch_size": 32})
    status, outcomes, _ = one.end()
    assert status == 0
    assert len(outcomes) == 1000
    statuses = [told["status"] for told in outcomes]
    assert statuses.count("trained") == 2 and statuses.count("found") == 998
    assert_clean(tmp_path / "runs", temporary)
