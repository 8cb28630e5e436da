"""One run over several workers: the numbers of one process, to rounding. Real processes on this machine, on JAX."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.faults.conftest import wait_for
from tests.together import COMMAND, arguments, assert_equal_to_rounding, free_port, start

pytestmark = pytest.mark.slow

# Dropout and batch norm are what a network cut into parts gets wrong first: masks and statistics are of whole batches.
FEWER_OR_MORE = [
    (2, 1, signal.SIGTERM, 143),
    pytest.param(1, 2, signal.SIGINT, 130, marks=pytest.mark.soak),
]
NETWORKS = {
    "alexnet_small": arguments("alexnet_small", more=["-o", "dense_units=64"]),
    "resnet20": arguments("resnet20"),
}

# Batch norm makes more of rounding, in a batch of 5 most of all: moving the initial weights by 1e-7 of their size moves
# ResNet-20's validation loss by up to 1e-4 an epoch, in one process. Statistics of half a batch would move all by 1e-2.
ROOM = {"alexnet_small": {}, "resnet20": {"scored": 1e-3, "images": 4}}


def finished(machines):
    """The record of a run that all workers ended with; all but the first have kept nothing."""
    ends = [machine.end() for machine in machines]
    assert [status for status, _, _ in ends] == [0] * len(ends), ends
    assert len({out for _, out, _ in ends}) == 1
    assert all(machine.record() is None for machine in machines[1:])
    return machines[0].record()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The record of one process, by the command's arguments."""
    known = {}

    def find(given):
        if tuple(given) not in known:
            known[tuple(given)] = finished(start(tmp_path_factory.mktemp("alone"), given, workers=1))
        return known[tuple(given)]

    return find


@pytest.mark.parametrize("name", NETWORKS)
def test_two_workers_have_the_curves_of_one(alone, tmp_path, name):
    machines = start(tmp_path, NETWORKS[name])
    record = finished(machines)
    one = alone(NETWORKS[name])
    assert (record.key, record.spec) == (one.key, one.spec)
    assert record.machine["workers"] == record.machine["devices"] == 2
    assert "workers" not in one.machine
    assert_equal_to_rounding(record, one, **ROOM[name])


def test_two_devices_of_one_process_have_the_curves_of_one(alone, tmp_path):
    given = NETWORKS["alexnet_small"]
    two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    record = finished(start(tmp_path, [*given, "--workers", "local"], workers=1, environment=two))
    assert (record.machine["workers"], record.machine["devices"]) == (1, 2)
    assert_equal_to_rounding(record, alone(given))


@pytest.mark.soak
def test_augmentation_and_three_workers(alone, tmp_path):
    given = arguments(images=100, batch=30, more=["--pipeline", "alexnet-2012", "--placement", "step"])
    assert_equal_to_rounding(finished(start(tmp_path, given, workers=3)), alone(given))


@pytest.mark.parametrize("before, after, number, status", FEWER_OR_MORE)
def test_a_signal_to_any_worker_stops_all_and_another_number_goes_on(alone, tmp_path, before, after, number, status):
    given = arguments(epochs=4, batch=12)
    machines = start(tmp_path, given, workers=before)
    wait_for(lambda: machines[0].epochs() >= 1, 300)
    machines[-1].process.send_signal(number)
    ends = [machine.end() for machine in machines]
    assert [found for found, _, _ in ends] == [status] * before, ends
    assert all("the same command goes on" in err for _, _, err in ends)
    done = machines[0].epochs()
    assert 1 <= done < 4
    assert machines[0].record().status == "running"
    assert "stopped after a checkpoint, as asked" in machines[0].log()
    record = finished(start(tmp_path, given, workers=after))
    assert record.sessions == 2
    assert record.machine.get("workers", 1) == after
    assert_equal_to_rounding(record, alone(given))


def test_a_finished_run_is_found(tmp_path):
    given = arguments(epochs=1)
    first = finished(start(tmp_path, given, workers=1))
    assert finished(start(tmp_path, given)) == first


def test_a_run_that_diverges_ends_everywhere(tmp_path):
    machines = start(tmp_path, arguments(more=["--learning-rate", "1e30"]))
    ends = [machine.end() for machine in machines]
    assert [status for status, _, _ in ends] == [1, 1], ends
    assert "failed: the loss became nan" in ends[0][2], ends
    assert not any("Traceback" in err for _, _, err in ends), ends
    assert machines[0].record().failure["kind"] == "diverged"


def test_workers_that_mean_different_runs(tmp_path):
    ends = [one.end() for one in start(tmp_path, arguments(), own={1: ["--seed", "1"]})]
    assert [status for status, _, _ in ends] == [2, 2]
    assert all("Worker 1 of 2 (127.0.0.1:1) is about to train something else" in err for _, _, err in ends)
    assert all("seed 1 there, seed 0 at worker 0" in err for _, _, err in ends)
    assert not list(tmp_path.rglob("*.json"))


def test_a_worker_whose_data_are_missing_says_so_everywhere(tmp_path):
    here = tmp_path / "pictures"
    for split in ("train", "validation", "test"):
        for name in "ab":
            (here / split / name).mkdir(parents=True)
    given = arguments("lenet5_modern", batch=2, images=2)
    given[given.index("mnist_5k")] = f"folder:{here}"
    ends = [one.end() for one in start(tmp_path, given)]
    assert all(status in (1, 2) for status, _, _ in ends), ends
    assert all(str(here) in err for _, _, err in ends)


def refused(more, environment):
    done = subprocess.run(
        [sys.executable, *COMMAND, "train", *arguments(), *more],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 2
    return done.stderr


@pytest.mark.parametrize(
    "more, environment, sentence",
    [
        (["--workers", "a:1,b:1", "--worker", "0"], {"KERAS_BACKEND": "tensorflow"}, "set KERAS_BACKEND=jax"),
        (["--workers", "local"], {"KERAS_BACKEND": "tensorflow"}, "set KERAS_BACKEND=jax"),
        (["--workers", "a:1"], {"KERAS_BACKEND": "jax"}, "for one machine alone leave it out"),
        (
            ["--workers", "a:1,b:1,c:1", "--worker", "1"],
            {"KERAS_BACKEND": "jax"},
            "a --batch-size that is a multiple of 3",
        ),
        (["--worker", "1"], {"KERAS_BACKEND": "jax"}, "--worker says which one of --workers"),
        (["--workers", "auto"], {"KERAS_BACKEND": "jax"}, "a Kubernetes indexed Job"),
    ],
)
def test_what_cannot_be(more, environment, sentence):
    assert sentence in refused(more, environment)


def test_pods_of_a_job(tmp_path):
    given, port = [*arguments(epochs=1), "--workers", "auto"], free_port()
    pods = [
        start(
            tmp_path / str(index),
            [*given, "--json"],
            workers=1,
            environment={
                "JOB_COMPLETION_INDEX": str(index),
                "CNNREPRO_WORKERS": "2",
                "CNNREPRO_WORKERS_HOST": "127.0.0.{}",  # 127.0.0.0 is this machine too
                "CNNREPRO_WORKERS_PORT": str(port),
            },
        )[0]
        for index in range(2)
    ]
    ends = [pod.end() for pod in pods]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert json.loads(ends[0][1]) == json.loads(ends[1][1])
