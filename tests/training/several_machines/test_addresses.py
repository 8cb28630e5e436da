"""Where the workers of a run are read from: addresses, Kubernetes, and what JAX detects."""

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.training.several_machines.addresses import Workers, find_number, find_workers, is_here

SLURM = {
    "SLURM_JOB_ID": "4012345",
    "SLURM_NTASKS": "3",
    "SLURM_PROCID": "2",
    "SLURM_STEP_NODELIST": "gpu[09-10],login",
    "SLURM_LOCALID": "0",
}
PODS = {"JOB_COMPLETION_INDEX": "1", "CNNREPRO_WORKERS": "3", "CNNREPRO_WORKERS_HOST": "train-{}.train"}


@pytest.fixture
def environment(monkeypatch):
    """Set variables, on top of an environment without a cluster."""

    def put(values):
        for name in (*SLURM, *PODS, "CNNREPRO_WORKERS_PORT", "JAX_COORDINATOR_ADDRESS", "KUBERNETES_SERVICE_HOST"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def test_addresses():
    workers = find_workers("10.0.0.1:4000, node-2:4001,[fe80::1]:4002", 1)
    assert workers.addresses == ["10.0.0.1:4000", "node-2:4001", "[fe80::1]:4002"]
    assert (workers.number, workers.count, workers.coordinator) == (1, 3, "10.0.0.1:4000")
    assert workers.name(2) == "worker 2 of 3 ([fe80::1]:4002)"


@pytest.mark.parametrize("text", ["host", "host:", ":80", "host:0", "host:70000", "a b:80", "fe80::1:80", "h:1,,k:2"])
def test_what_is_no_address(text):
    with pytest.raises(UsageError, match="--workers takes HOST:PORT"):
        find_workers(f"10.0.0.1:4000,{text}", 0)


@pytest.mark.parametrize(
    "text, number, sentence",
    [
        ("10.0.0.1:4000", 0, "for one machine alone leave it out"),
        ("a:1,b:1,a:1", 0, "an address twice"),
        ("a:1,b:1", 2, "--worker must be from 0 to 1. Received: 2"),
        ("a:1,b:1", -1, "--worker must be from 0 to 1"),
        ("auto", 0, "leave --worker out"),
        ("auto", None, "finds neither a Slurm step .* nor a Kubernetes Job"),
    ],
)
def test_what_cannot_be(environment, text, number, sentence):
    environment({})
    with pytest.raises(UsageError, match=sentence):
        find_workers(text, number)


def test_the_number_follows_from_the_addresses():
    addresses = ["node1:4000", "node2:4000", "node3:4000"]
    assert find_number(addresses, here={"node2"}.__contains__) == 1
    with pytest.raises(UsageError, match="none of --workers is on this machine; say --worker N, from 0 to 2"):
        find_number(addresses, here=lambda host: False)
    with pytest.raises(UsageError, match="workers 0, 1, 2 are all on this machine"):
        find_number(addresses, here=lambda host: True)
    assert is_here("127.0.0.1")
    assert not is_here("192.0.2.1")  # for documentation: nobody has it


def test_slurm(environment):
    """JAX's detection has no public name: this fails where it changes."""
    environment(SLURM)
    workers = find_workers("auto", None)
    assert (workers.coordinator, workers.count, workers.number) == (f"gpu09:{61440 + 4012345 % 4096}", 3, 2)
    assert workers.name(1) == "worker 1 of 3"
    environment(SLURM | {"JAX_COORDINATOR_ADDRESS": "gpu09-ib:4000"})
    assert find_workers("auto", None).coordinator == "gpu09-ib:4000"
    environment(SLURM | {"SLURM_LOCALID": "1"})
    with pytest.raises(UsageError, match="one process a node.*--ntasks-per-node=1. Received: process 1 of this node"):
        find_workers("auto", None)
    environment(SLURM | {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"})
    with pytest.raises(UsageError, match="at least two"):
        find_workers("auto", None)


def test_kubernetes(environment):
    environment(PODS)
    workers = find_workers("auto", None)
    assert workers.addresses == [f"train-{pod}.train:29400" for pod in range(3)]
    assert workers.number == 1
    environment(PODS | {"CNNREPRO_WORKERS_PORT": "4000"})
    assert find_workers("auto", None).coordinator == "train-0.train:4000"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"CNNREPRO_WORKERS": ""}, "needs CNNREPRO_WORKERS"),
        ({"CNNREPRO_WORKERS": "1", "JOB_COMPLETION_INDEX": "0"}, "at least two"),
        ({"CNNREPRO_WORKERS_HOST": "train"}, "such as train-{}.train"),
        ({"CNNREPRO_WORKERS_PORT": "no"}, "needs CNNREPRO_WORKERS"),
        ({"JOB_COMPLETION_INDEX": "3"}, "--worker must be from 0 to 2. Received: 3"),
    ],
)
def test_kubernetes_that_does_not_fit(environment, changes, sentence):
    environment(PODS | changes)
    with pytest.raises(UsageError, match=sentence):
        find_workers("auto", None)


def test_worker_0_listens_at_its_address_where_that_is_its_own():
    assert Workers(("127.0.0.1:29400", "10.0.0.2:29400"), 2, 0).listening == "127.0.0.1:29400"
    assert Workers(("[::1]:29400", "10.0.0.2:29400"), 2, 0).listening in ("[::1]:29400", None)  # without IPv6
    assert Workers(("203.0.113.7:29400", "10.0.0.2:29400"), 2, 0).listening is None  # of nobody, by RFC 5737
