"""A batch on a Dask cluster that runs already, and the loss of that cluster."""

import json
import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest
from distributed import LocalCluster

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runner.batch import BatchOptions
from cnnrepro.runner.fan_out import fan_out
from cnnrepro.runs import RunSpec
from cnnrepro.training.stop import Stopped, StopRequest
from tests.faults.conftest import (
    SEEDS,
    assert_clean,
    gone,
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


class Processes:
    """`dask scheduler` and `dask worker`, as people start them on machines of a cluster."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.folder.mkdir()

    def _start(self, *words):
        environment = {**os.environ, "CNNREPRO_PROGRESS": "none", "TMPDIR": str(self.folder)}
        log = (self.folder / f"log{len(self.processes)}.txt").open("w")
        self.processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=on_one_core,
            )
        )
        return self.processes[-1]

    def start(self, workers=2):
        place = self.folder / f"scheduler{len(self.processes)}.json"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place)
        )
        wait_for(place.is_file)
        self.address = json.loads(place.read_text())["address"]
        logs = [self.folder / f"log{len(self.processes) + number}.txt" for number in range(workers)]
        for number in range(workers):
            self.add_worker(f"w{number}")
        wait_for(lambda: all("Registered to" in log.read_text() for log in logs))
        return self

    def add_worker(self, name):
        self._start(
            "dask_worker", self.address, "--nthreads", "1", "--name", name, "--no-dashboard", "--death-timeout", "20"
        )

    def family(self):
        found = []
        for one in self.processes:
            try:
                process = psutil.Process(one.pid)
                found += [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        return found

    def kill_workers(self):
        for process in self.family():
            if process.pid != self.scheduler.pid:
                process.kill()

    def end(self):
        for process in self.family():
            process.kill()
        for one in self.processes:
            one.wait()


@pytest.fixture
def processes(tmp_path):
    made = Processes(tmp_path / "cluster").start()
    yield made
    made.end()


@pytest.mark.soak
def test_the_scheduler_is_killed(processes, batch, ends_as_undisturbed):
    one = batch(scheduler=processes.address)
    wait_for(one.training)
    workers = processes.family()[1:]
    processes.scheduler.kill()
    status, outcomes, err = one.end(seconds=90)
    assert (status, outcomes) == (1, None)
    assert f"The Dask scheduler at {processes.address} was lost with 2 runs open" in err
    gone(workers, seconds=90)
    processes.start()
    ends_as_undisturbed(scheduler=processes.address)


@pytest.mark.soak
def test_all_workers_are_lost_and_others_come(processes, batch, undisturbed, tmp_path):
    one = batch(scheduler=processes.address)
    wait_for(one.training)
    processes.kill_workers()
    processes.add_worker("another")
    status, _, err = one.end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs")


@pytest.mark.soak
def test_a_batch_without_workers_can_be_stopped(processes, batch):
    one = batch(scheduler=processes.address)
    wait_for(one.training)
    processes.kill_workers()
    one.process.send_signal(signal.SIGTERM)
    status, _, err = one.end(seconds=60)
    assert status == 143, err
