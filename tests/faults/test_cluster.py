"""A batch on a Dask cluster that runs already: processes joined by address, and the loss of their scheduler."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.faults.conftest import SEEDS, assert_clean, gone, results, wait_for

pytestmark = pytest.mark.slow


class Cluster:
    """`dask scheduler` and `dask worker`, as people start them on machines of a cluster."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []

    def _start(self, *words, **options):
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
                **options,
            )
        )
        return self.processes[-1]

    def start(self, workers=2, threads=1):
        place = self.folder / f"scheduler{len(self.processes)}.json"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place)
        )
        wait_for(place.is_file)
        self.address = json.loads(place.read_text())["address"]
        logs = [self.folder / f"log{len(self.processes) + number}.txt" for number in range(workers)]
        for number in range(workers):
            self.add_worker(f"w{number}", threads)
        wait_for(lambda: all("Registered to" in log.read_text() for log in logs))
        return self

    def add_worker(self, name, threads=1, **options):
        self._start(
            "dask_worker", self.address, "--nthreads", str(threads), "--name", name, "--no-dashboard",
            "--death-timeout", "20", **options,
        )  # fmt: skip

    def kill_workers(self):
        for process in self.family():
            if process.pid != self.scheduler.pid:
                process.kill()

    def family(self):
        found = []
        for one in self.processes:
            try:
                process = psutil.Process(one.pid)
                found += [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        return found

    def end(self):
        for process in self.family():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        for one in self.processes:
            one.wait()


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = Cluster(folder).start()
    yield made
    made.end()


def test_two_workers_joined_by_address_give_the_same_records(cluster, batch, undisturbed, tmp_path):
    status, outcomes, err = batch(scheduler=cluster.address).end()
    assert status == 0, err
    assert [one["status"] for one in outcomes] == ["trained"] * len(SEEDS)
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs")
    status, outcomes, err = batch(scheduler=cluster.address).end()  # the workers are warm now, and still there
    assert (status, [one["status"] for one in outcomes]) == (0, ["found"] * len(SEEDS))


def test_the_scheduler_is_killed(cluster, batch, ends_as_undisturbed):
    one = batch(scheduler=cluster.address)
    wait_for(one.training)
    workers = cluster.family()[1:]
    cluster.scheduler.kill()
    status, outcomes, err = one.end(seconds=90)
    assert (status, outcomes) == (1, None)
    assert f"The Dask scheduler at {cluster.address} was lost with 3 runs open" in err
    assert "the same command goes on" in err
    gone(workers, seconds=90)
    cluster.start()
    ends_as_undisturbed(scheduler=cluster.address)


def test_all_workers_are_lost_and_others_come(cluster, batch, undisturbed, tmp_path):
    one_core = set(sorted(os.sched_getaffinity(0))[:1])  # as each of the two had before
    one = batch(scheduler=cluster.address)
    wait_for(one.training)
    cluster.kill_workers()
    cluster.add_worker("another", preexec_fn=lambda: os.sched_setaffinity(0, one_core))
    status, _, err = one.end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_clean(tmp_path / "runs")


def test_a_batch_without_workers_can_be_stopped(cluster, batch):
    one = batch(scheduler=cluster.address)
    wait_for(one.training)
    cluster.kill_workers()
    one.process.send_signal(signal.SIGTERM)
    status, _, err = one.end(seconds=60)
    assert status == 143, err


def test_ctrl_c_leaves_the_cluster_to_others(cluster, batch, ends_as_undisturbed):
    one = batch(scheduler=cluster.address)
    wait_for(one.training)
    one.process.send_signal(signal.SIGINT)
    status, _, err = one.end()
    assert status == 130, err
    assert all(process.poll() is None for process in cluster.processes)
    ends_as_undisturbed(scheduler=cluster.address)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:x"])
def test_an_address_where_nobody_answers(address, batch):
    status, outcomes, err = batch(scheduler=address).end()
    assert (status, outcomes) == (2, None)
    assert f"No Dask scheduler answers at {address!r}" in err and "such as tcp://10.0.0.1:8786" in err


def test_workers_with_several_threads_are_refused(tmp_path, batch):
    cluster = Cluster(tmp_path).start(workers=1, threads=2)
    try:
        status, _, err = batch(scheduler=cluster.address).end()
        assert status == 2
        assert "has 2 threads, and a training needs a process of its own; start workers with" in err
    finally:
        cluster.end()
