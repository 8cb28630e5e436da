"""A batch on a Dask cluster that runs already, and the loss of that cluster."""

import json
import os
import subprocess
import sys
import threading

import pytest
from distributed import LocalCluster

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runner.batch_options import BatchOptions
from cnnrepro.runner.fan_out import fan_out
from cnnrepro.runs import RunSpec, RunStore
from cnnrepro.training.stop import Stopped, StopRequest
from tests.faults.conftest import (
    SEEDS,
    assert_clean,
    in_the_middle,
    on_one_core,
    results,
    spec,
    wait_for,
)

pytestmark = pytest.mark.slow

HERE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


@pytest.fixture(scope="module")
def cluster():
    """Two workers on one core; closed by the last test."""
    cores = os.sched_getaffinity(0)
    on_one_core()
    try:
        made = LocalCluster(n_workers=2, threads_per_worker=1, **HERE)
    finally:
        os.sched_setaffinity(0, cores)
    yield made
    made.close()


def train(address, runs, *specs, stop=None, **options):
    """The statuses of runs that are trained on a cluster."""
    weights_kept = {RunSpec(**values): False for values in specs}
    options = BatchOptions(scheduler=address, **options)
    outcomes = fan_out(weights_kept, options, runs=runs, stop=stop or StopRequest())
    return [outcome.status for outcome in outcomes.values()]


def in_mid_training(runs, act):
    """Act as soon as a run is in the middle of its training."""
    thread = threading.Thread(target=lambda: (wait_for(lambda: in_the_middle(runs)), act()))
    thread.start()
    return thread


def test_a_cluster_joined_by_address_gives_the_records_of_a_local_batch(cluster, undisturbed, tmp_path):
    address, runs, stop = cluster.scheduler_address, tmp_path / "runs", StopRequest()
    specs = [spec(seed) for seed in SEEDS]
    thread = in_mid_training(runs, stop.request)  # as Ctrl-C does
    with pytest.raises(Stopped):
        train(address, runs, *specs, stop=stop)
    thread.join()
    assert in_the_middle(runs)
    assert train(address, runs, *specs) == ["trained", "trained"]  # the workers are still there
    assert results(runs) == undisturbed
    assert_clean(runs)
    assert train(address, runs, *specs) == ["found", "found"]


def test_fail_fast_ends_the_batch_with_the_first_failure(cluster, tmp_path):
    wild = spec(7, recipe="sgd", learning_rate=1e30)
    specs = [wild, *(spec(seed, epochs=500) for seed in range(20))]
    statuses = train(cluster.scheduler_address, tmp_path / "runs", *specs, fail_fast=True)
    assert statuses == ["failed", *["stopped"] * 20]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:x"])
def test_an_address_where_nobody_answers(address, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnrepro.runner.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(UsageError, match=f"No Dask scheduler answers at '{address}'.*such as tcp://10.0.0.1:8786"):
        train(address, tmp_path / "runs", spec(0))


def test_workers_with_several_threads_are_refused(tmp_path):
    refusal = pytest.raises(UsageError, match="has 2 threads, and a training needs a process of its own; start workers")
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", **HERE) as threads, refusal:
        train(threads.scheduler_address, tmp_path / "runs", spec(0))


def test_a_scheduler_that_is_lost_ends_the_batch(cluster, tmp_path):
    thread = in_mid_training(tmp_path / "runs", cluster.close)
    with pytest.raises(
        WorkFailed, match="The Dask scheduler at tcp.* was lost with 1 runs open.*the same command goes"
    ):
        train(cluster.scheduler_address, tmp_path / "runs", spec(0, epochs=1000))
    thread.join()


@pytest.fixture
def own_cluster():
    with LocalCluster(n_workers=1, threads_per_worker=1, **HERE) as made:
        yield made


def lose_workers(cluster):
    cluster.scale(0)
    wait_for(lambda: not cluster.scheduler.workers)


@pytest.mark.soak
def test_all_workers_are_lost_and_others_come(own_cluster, tmp_path):
    thread = in_mid_training(tmp_path / "runs", lambda: (lose_workers(own_cluster), own_cluster.scale(2)))
    assert train(own_cluster.scheduler_address, tmp_path / "runs", spec(0, epochs=40)) == ["trained"]
    thread.join()
    (record,) = RunStore(tmp_path / "runs").records()
    assert record.sessions == 2
    assert_clean(tmp_path / "runs")


@pytest.mark.soak
def test_a_batch_without_workers_can_be_stopped(own_cluster, tmp_path):
    stop = StopRequest()
    thread = in_mid_training(tmp_path / "runs", lambda: (lose_workers(own_cluster), stop.request()))
    with pytest.raises(Stopped):
        train(own_cluster.scheduler_address, tmp_path / "runs", spec(0, epochs=1000), stop=stop)
    thread.join()


@pytest.mark.soak
def test_processes_as_people_start_them(batch, ends_as_undisturbed, tmp_path):
    """`dask scheduler` and `dask worker`; the scheduler is killed in the middle, and the worker ends by itself."""

    def start(*words):
        command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:], "--no-dashboard"]
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, preexec_fn=on_one_core
        )

    def start_both(name):
        scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", name)
        wait_for((tmp_path / name).is_file)
        address = json.loads((tmp_path / name).read_text())["address"]
        return address, scheduler, start("dask_worker", address, "--nthreads", "1", "--death-timeout", "20")

    address, scheduler, worker = start_both("first.json")
    try:
        one = batch(scheduler=address)
        wait_for(one.training)
        scheduler.kill()
        status, outcomes, err = one.end(seconds=90)
        assert (status, outcomes) == (1, None)
        assert f"The Dask scheduler at {address} was lost with 2 runs open" in err
        worker.wait(timeout=90)
        address, scheduler, worker = start_both("second.json")
        ends_as_undisturbed(scheduler=address)
    finally:
        worker.terminate()
        worker.wait()
        scheduler.kill()
        scheduler.wait()
