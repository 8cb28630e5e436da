"""Faults of a batch on one machine: killed, stopped and starved processes. Real processes, real signals."""

import signal
import time

import pytest

from cnnrepro.training import RunStore
from tests.faults.conftest import assert_clean, results, wait_for

pytestmark = pytest.mark.slow


def test_the_batch_is_killed_in_mid_epoch(batch, ends_as_undisturbed):
    first = batch()
    wait_for(first.training)
    assert len(first.workers()) == 2
    first.kill()
    ends_as_undisturbed()


def test_a_worker_is_killed_in_mid_epoch(batch, undisturbed, tmp_path):
    one = batch()
    wait_for(one.training)
    one.workers()[0].kill()
    status, _, err = one.end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs")
    assert max(record.sessions for record in RunStore(tmp_path / "runs").records()) == 2


def test_a_worker_is_stopped(batch, undisturbed, tmp_path):
    one = batch(environment={"CNNREPRO_STALE_SECONDS": "5"})
    wait_for(one.training)
    stopped = one.workers()[0]
    stopped.send_signal(signal.SIGSTOP)
    status, _, err = one.end()
    assert status == 0, err
    assert not stopped.is_running()
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs")


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_batch_at_a_checkpoint(batch, ends_as_undisturbed, tmp_path, number, status):
    one = batch()
    wait_for(one.training)
    one.process.send_signal(number)
    ended, outcomes, err = one.end()
    assert (ended, outcomes) == (status, None)
    assert "stopping after this epoch" in err
    assert "interrupted; the same command goes on" in err
    store = RunStore(tmp_path / "runs")
    logs = [store.log_path(record.key).read_text() for record in store.records() if record.status == "running"]
    assert logs and all("stopped after a checkpoint, as asked" in log for log in logs)
    ends_as_undisturbed()


def test_a_second_signal_stops_at_once(batch, ends_as_undisturbed):
    one = batch(spec={"batch_size": 4})  # epochs of many seconds
    wait_for(lambda: [process for process in one.workers() if process.cpu_times().user > 4])
    one.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    one.process.send_signal(signal.SIGINT)
    assert one.end(seconds=20)[0] == 130


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


def test_two_batches_on_one_store_share_the_work(batch, undisturbed, tmp_path):
    both = [batch(), batch()]
    ends = [one.end() for one in both]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs")
    store = RunStore(tmp_path / "runs")
    for record in store.records():
        assert record.sessions == 1
        assert store.log_path(record.key).read_text().count("session") == 1


def test_a_thousand_runs_in_one_batch(batch, tmp_path):
    one = batch(seeds=[0, 1] * 500, spec={"epochs": 1, "train_images": 64, "batch_size": 32})
    status, outcomes, _ = one.end()
    assert status == 0
    assert len(outcomes) == 1000
    statuses = [told["status"] for told in outcomes]
    assert statuses.count("trained") == 2 and statuses.count("found") == 998
    assert_clean(tmp_path / "runs")
