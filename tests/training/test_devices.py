"""One run on several devices and workers: the numbers of one process, to rounding; what all workers must agree on.

That two workers' curves are those of one process, also after one was lost, is in ``tests/faults/test_worker_lost.py``.
"""

import json
import signal
from types import SimpleNamespace

import pytest

from cnnrepro.data.pipelines.feeding import BatchShare
from cnnrepro.errors import UsageError
from cnnrepro.runs import RunSpec
from cnnrepro.training.devices import DeviceGroup
from cnnrepro.training.stop import Stopped, StopRequest
from tests.faults.conftest import wait_for
from tests.together import QUICK, arguments, assert_equal_to_rounding, finished, free_port, start


class Others:
    """Messages of three workers, of which the others say what this one says, but for some changes by worker."""

    number, count = 0, 3

    def __init__(self, changes):
        self.changes = changes

    def gather(self, value):
        return [
            value | self.changes.get(number, {}) if isinstance(value, dict) else self.changes.get(number, value)
            for number in range(self.count)
        ]


@pytest.fixture
def group():
    def make(changes=None):
        return DeviceGroup(Others(changes or {}))

    return make


def resolved(**spec):
    spec = RunSpec(**{"model": "lenet5_modern", "dataset": "folder:/a", "batch_size": 6} | spec)
    splits, feed = SimpleNamespace(fingerprint="0" * 64), SimpleNamespace(placement="cpu")
    return SimpleNamespace(spec=spec, splits=splits, feed=feed, precision="float32", key="00")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"dataset": "mnist_5k"},
        {"jax version": "0.0"},
        {"data fingerprint": "1"},
        {"number format": "mixed_bfloat16"},
        {"placement": "step"},
        {"devices": 2},
        {"key": "11"},
    ],
)
def test_a_worker_that_means_another_run_is_named_with_what_differs(group, changes):
    (name, value), *_ = changes.items()
    with pytest.raises(UsageError, match=f"^Worker 2 of 3 has {name} {value!r} where worker 0 has "):
        group({2: changes}).verify_same_run(resolved())


def test_workers_that_mean_the_same_run(group):
    group().verify_same_run(resolved())  # a folder of pictures may lie elsewhere


def test_a_batch_that_the_devices_cannot_divide_is_refused(group):
    devices = group()
    devices.share = BatchShare(0, 3, 3)
    devices.verify_same_run(resolved())
    with pytest.raises(UsageError, match="give a --batch-size that is a multiple of 3"):
        devices.verify_same_run(resolved(batch_size=7))


@pytest.mark.parametrize(
    "option, asked", [("--evaluate", {"evaluate": "reestimated"}), ("--momenta", {"momenta": [0.9]})]
)
def test_other_ways_to_judge_batch_norm_are_refused(group, option, asked):
    with pytest.raises(UsageError, match=f"train on one device, without --workers. Received: {option}$"):
        group().verify_same_run(resolved(model="resnet20", **asked))


def test_whoever_is_asked_to_stop_stops_all(group):
    group({1: 0, 2: 0}).raise_if_stopped(StopRequest())
    with pytest.raises(Stopped) as error:
        group({1: int(signal.SIGTERM), 2: 0}).raise_if_stopped(StopRequest())
    assert error.value.args == (signal.SIGTERM,)


# Batch norm makes more of rounding, in a batch of 5 most of all: moving the initial weights by 1e-7 of their size moves
# ResNet-20's validation loss by up to 1e-4 an epoch, in one process. Statistics of half a batch would move all by 1e-2.
ROOM = {"alexnet_small": {}, "resnet20": {"scored": 1e-3, "images": 4}}
NETWORKS = {
    "alexnet_small": arguments("alexnet_small", more=["-o", "dense_units=64"]),
    "resnet20": arguments("resnet20"),
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The record of one process, by the command's arguments."""
    known = {}

    def find(given):
        if tuple(given) not in known:
            known[tuple(given)] = finished(start(tmp_path_factory.mktemp("alone"), given, workers=1))
        return known[tuple(given)]

    return find


@pytest.mark.soak
@pytest.mark.parametrize("name", NETWORKS)
def test_two_workers_have_the_curves_of_one(alone, tmp_path, name):
    record, one = finished(start(tmp_path, NETWORKS[name])), alone(NETWORKS[name])
    assert (record.key, record.spec) == (one.key, one.spec)
    assert record.machine["workers"] == record.machine["devices"] == 2
    assert_equal_to_rounding(record, one, **ROOM[name])


@pytest.mark.soak
def test_two_devices_of_one_process_have_the_curves_of_one(alone, tmp_path):
    given = NETWORKS["alexnet_small"]
    two = {"XLA_FLAGS": f"{QUICK['XLA_FLAGS']} --xla_force_host_platform_device_count=2"}
    record = finished(start(tmp_path, [*given, "--workers", "local"], workers=1, environment=two))
    assert (record.machine["workers"], record.machine["devices"]) == (1, 2)
    assert_equal_to_rounding(record, alone(given))


@pytest.mark.soak
def test_augmentation_and_three_workers(alone, tmp_path):
    given = arguments(images=100, batch=30, more=["--pipeline", "alexnet-2012", "--placement", "step"])
    assert_equal_to_rounding(finished(start(tmp_path, given, workers=3)), alone(given))


@pytest.mark.soak
@pytest.mark.parametrize("before, after, number, status", [(2, 1, signal.SIGTERM, 143), (1, 2, signal.SIGINT, 130)])
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


@pytest.mark.soak
def test_a_finished_run_is_found(tmp_path):
    given = arguments(epochs=1)
    first = finished(start(tmp_path, given, workers=1))
    assert finished(start(tmp_path, given)) == first


@pytest.mark.soak
def test_a_run_that_diverges_ends_everywhere(tmp_path):
    machines = start(tmp_path, arguments(more=["--learning-rate", "1e30"]))
    ends = [machine.end() for machine in machines]
    assert [status for status, _, _ in ends] == [1, 1], ends
    assert all("failed: the loss became nan" in err for _, _, err in ends), ends
    assert machines[0].record().failure["kind"] == "diverged"


@pytest.mark.soak
def test_workers_that_mean_different_runs(tmp_path):
    ends = [machine.end() for machine in start(tmp_path, arguments(), own={1: ["--seed", "1"]})]
    assert [status for status, _, _ in ends] == [2, 2]
    assert all("Worker 1 of 2 has seed 1 where worker 0 has 0" in err for _, _, err in ends)
    assert not list(tmp_path.rglob("record.json"))


@pytest.mark.soak
def test_a_worker_whose_data_are_missing_says_so(tmp_path):
    machines = start(tmp_path, arguments(), own={1: ["--dataset", f"folder:{tmp_path / 'pictures'}"]})
    ends = [machine.end() for machine in machines]
    assert [status for status, _, _ in ends] == [1, 2], ends
    assert "lost worker 1 of 2" in ends[0][2]
    assert str(tmp_path / "pictures") in ends[1][2]


@pytest.mark.soak
def test_pods_of_a_job(tmp_path):
    given, port = [*arguments(epochs=1), "--workers", "auto", "--json"], free_port()
    job = {"CNNREPRO_WORKERS": "2", "CNNREPRO_WORKERS_PORT": str(port)}
    job |= {"CNNREPRO_WORKERS_HOST": "127.0.0.{}"}  # 127.0.0.0 is this machine too
    pods = [
        start(tmp_path / str(index), given, workers=1, environment=job | {"JOB_COMPLETION_INDEX": str(index)})[0]
        for index in range(2)
    ]
    ends = [pod.end() for pod in pods]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert json.loads(ends[0][1]) == json.loads(ends[1][1])


@pytest.mark.soak
def test_tasks_of_a_slurm_step(tmp_path):
    given = [*arguments(epochs=1), "--workers", "auto"]
    step = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "SLURM_STEP_NODELIST": "localhost,node2", "SLURM_LOCALID": "0"}
    tasks = [
        start(tmp_path / str(task), given, workers=1, environment=step | {"SLURM_PROCID": str(task)})[0]
        for task in range(2)
    ]
    ends = [task.end() for task in tasks]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert tasks[0].record().machine["workers"] == 2
