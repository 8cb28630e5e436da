"""Faults of a batch on one machine: killed, stopped and starved processes. Real processes, real signals."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from cnnrepro.runs import RunStore
from tests.faults.conftest import BARE, ODD_NAMES, SEEDS, assert_clean, results, spec, wait_for

pytestmark = pytest.mark.slow

WILD = spec(7, recipe="sgd", learning_rate=1e30)  # its loss leaves the numbers
SILENCE = {"CNNREPRO_STALE_SECONDS": "5"}


def test_a_batch_that_is_interrupted_and_then_killed_goes_on(batch, ends_as_undisturbed, tmp_path):
    """In a folder with an odd name and an environment that is nearly empty."""
    runs = tmp_path / ODD_NAMES["quotes"] / ODD_NAMES["unicode"]
    first = batch(runs, without=BARE)
    wait_for(first.training)
    assert "MALLOC_TRIM_THRESHOLD_" not in first.workers()[0].environ()  # Dask's would make each step longer
    blocked = re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{first.workers()[0].pid}/status").read_text())[1]
    assert int(blocked, 16) & 1 << signal.SIGINT - 1  # when a worker ends is for the batch to say
    os.killpg(first.process.pid, signal.SIGINT)  # to all its processes, as a terminal sends Ctrl-C
    status, outcomes, err = first.end()
    assert (status, outcomes) == (130, None)
    assert "stopping after this epoch" in err and "interrupted; the same command goes on" in err
    (record,) = RunStore(runs).records()
    assert "stopped after a checkpoint, as asked" in RunStore(runs).log_path(record.key).read_text()
    second = batch(runs, without=BARE)
    wait_for(lambda: second.training(record.epochs_done + 1))
    second.kill()
    ends_as_undisturbed(runs, without=BARE)


def test_lost_workers_are_replaced_and_a_run_that_fails_keeps_no_other(batch, undisturbed, tmp_path):
    """The worker is killed, the next one is stopped, and the loss of a run leaves the numbers."""
    runs = tmp_path / "runs"
    specs = [WILD, *(spec(seed) for seed in SEEDS)]
    one = batch(specs=specs, retry=3, environment=SILENCE)
    wait_for(one.training)
    (first,) = one.workers()
    first.kill()
    stopped = wait_for(lambda: [worker for worker in one.workers() if worker != first and one.training(2)])[0]
    stopped.send_signal(signal.SIGSTOP)
    status, outcomes, err = one.end()
    assert status == 1, err
    assert [outcome["status"] for outcome in outcomes] == ["failed", "trained", "trained"]
    assert "the loss became" in outcomes[0]["message"] and "Its log: " in outcomes[0]["message"]
    assert "It is tried again" not in err
    assert not stopped.is_running()
    assert results(runs) == undisturbed
    assert max(record.sessions for record in RunStore(runs).records()) == 3


WRITES = {
    "a checkpoint": {"how": "kill", "file": "checkpoint.npz", "bytes": 100_000, "nth": 2},
    "a record": {"how": "kill", "file": "record.json", "bytes": 300, "nth": 3},
    "the move of a checkpoint": {"how": "move", "file": "checkpoint.npz", "nth": 2},
}


@pytest.mark.soak
@pytest.mark.parametrize("moment", WRITES)
def test_a_worker_is_killed_while_it_writes(moment, batch, undisturbed, tmp_path, temporary):
    here = tmp_path / "here"
    status, _, err = batch(fault=WRITES[moment] | {"once": str(here)}).end()
    assert here.exists() and status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)
    assert max(record.sessions for record in RunStore(tmp_path / "runs").records()) == 2


FULL = {"how": "full", "file": "checkpoint.npz", "bytes": 100_000, "nth": 2}


@pytest.mark.soak
@pytest.mark.parametrize("retry", [0, 1])
def test_a_disk_that_is_full_fails_a_run_until_it_is_tried_again(retry, batch, ends_as_undisturbed, tmp_path):
    status, outcomes, err = batch(fault=FULL | {"once": str(tmp_path / "here")}, retry=retry).end()
    assert status == 1 - retry, err
    assert sorted(outcome["status"] for outcome in outcomes) == ["trained" if retry else "failed", "trained"]
    assert "File too large" in err and "Its log: " in err and err.count("It is tried again.") == retry
    ends_as_undisturbed()


@pytest.mark.soak
def test_sigterm_to_all_processes_stops_at_a_checkpoint(batch, ends_as_undisturbed):
    one = batch(jobs=2)
    wait_for(one.training)
    os.killpg(one.process.pid, signal.SIGTERM)  # as services are ended
    status, outcomes, err = one.end()
    assert (status, outcomes) == (143, None)
    assert "interrupted; the same command goes on" in err
    ends_as_undisturbed()


@pytest.mark.soak
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_stops_at_once(batch, tmp_path, temporary, number, status):
    specs = [spec(seed, batch_size=1, train_images=3500, epochs=1) for seed in SEEDS]  # epochs of many seconds
    one = batch(specs=specs, jobs=2)
    wait_for(lambda: [process for process in one.workers() if process.cpu_times().user > 8])
    one.process.send_signal(number)
    time.sleep(0.5)
    one.process.send_signal(number)
    assert one.end(seconds=30)[0] == status
    assert list(temporary.iterdir()) == []


@pytest.mark.soak
def test_a_signal_while_a_worker_is_stopped(batch, ends_as_undisturbed):
    one = batch(jobs=2, environment=SILENCE)
    wait_for(one.training)
    one.workers()[0].send_signal(signal.SIGSTOP)
    one.process.send_signal(signal.SIGINT)
    status, _, err = one.end(seconds=90)
    assert status == 130, err
    assert "was lost" not in err
    ends_as_undisturbed()


@pytest.mark.soak
def test_a_batch_that_waits_for_anothers_run_can_be_stopped(batch):
    specs = [spec(0, epochs=1000)]
    first = batch(specs=specs)
    wait_for(first.training)
    second = batch(specs=specs)
    wait_for(lambda: second.process.stderr.readline().endswith("another process trains it\n"))
    second.process.send_signal(signal.SIGINT)
    assert second.end(seconds=30)[0] == 130
    assert first.process.poll() is None
    first.kill()


@pytest.mark.soak
def test_two_batches_on_one_store_train_each_run_once(batch, undisturbed, tmp_path, temporary):
    both = [batch(), batch()]
    ends = [one.end() for one in both]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)
    assert [record.sessions for record in RunStore(tmp_path / "runs").records()] == [1] * len(SEEDS)


@pytest.mark.soak
def test_nobody_reads_what_it_says_any_more(batch, undisturbed, tmp_path, temporary):
    """As when a connection drops: the work goes on, and ends with the right status."""
    one = batch()
    one.process.stderr.close()
    one.process.stderr = None
    status, outcomes, _ = one.end()
    assert (status, [outcome["status"] for outcome in outcomes]) == (0, ["trained"] * len(SEEDS))
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs", temporary)


@pytest.mark.soak
def test_out_of_memory_takes_the_greedy_run_alone(batch, undisturbed, tmp_path):
    greedy = spec(7, model="alexnet_small", options={"dense_units": 16384}, recipe="sgd")  # weights of 1 GB
    specs = [spec(0), greedy, spec(1)]
    status, outcomes, err = batch(specs=specs, jobs=2, memory=2 * 2**30).end()
    assert status == 1, err
    assert [outcome["status"] for outcome in outcomes] == ["trained", "failed", "trained"], outcomes
    assert "its worker died again and again; out of memory is the usual cause" in outcomes[1]["message"]
    assert results(tmp_path / "runs") == undisturbed


@pytest.mark.soak
def test_two_hundred_runs_in_one_batch(batch, tmp_path, temporary):
    specs = [spec(seed, epochs=1, train_images=64, batch_size=32) for seed in range(200)]
    status, outcomes, _ = batch(specs=specs, jobs=2).end(seconds=1200)
    assert (status, len(outcomes)) == (0, 200)
    assert_clean(tmp_path / "runs", temporary)
