"""Where the workers of a run are read from: addresses, Slurm, Kubernetes."""

import socket

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.training.workers.addresses import (
    Address,
    Workers,
    expand_nodes,
    find,
    find_number,
    is_here,
    parse_address,
)

SLURM = {"SLURM_JOB_ID": "4012345", "SLURM_NTASKS": "3", "SLURM_PROCID": "2", "SLURM_JOB_NODELIST": "gpu[09-10],login"}
PODS = {"JOB_COMPLETION_INDEX": "1", "CNNREPRO_WORKERS": "3", "CNNREPRO_WORKERS_HOST": "train-{}.train"}


def test_addresses():
    found = find("10.0.0.1:4000, node-2:4001,[fe80::1]:4002", 1, {})
    assert [str(one) for one in found.addresses] == ["10.0.0.1:4000", "node-2:4001", "[fe80::1]:4002"]
    assert (found.number, len(found), found.coordinator) == (1, 3, Address("10.0.0.1", 4000))
    assert found.name(2) == "worker 2 of 3 ([fe80::1]:4002)"
    assert Workers.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("text", ["host", "host:", ":80", "host:0", "host:70000", "a b:80", "fe80::1:80", "h:1,,k:2"])
def test_what_is_no_address(text):
    with pytest.raises(UsageError, match="--workers takes HOST:PORT"):
        find(f"10.0.0.1:4000,{text}", 0, {})


@pytest.mark.parametrize(
    "text, number, sentence",
    [
        ("10.0.0.1:4000", 0, "for one machine alone leave it out"),
        ("a:1,b:1,a:1", 0, "an address twice"),
        ("a:1,b:1", 2, "--worker must be from 0 to 1, one for each address. Received: 2"),
        ("a:1,b:1", -1, "--worker must be from 0 to 1"),
        ("auto", 0, "leave --worker out"),
        ("auto", None, "neither is here"),
    ],
)
def test_what_cannot_be(text, number, sentence):
    with pytest.raises(UsageError, match=sentence):
        find(text, number, {})


def test_the_number_follows_from_the_addresses():
    addresses = [parse_address(one) for one in ("node1:4000", "node2:4000", "node3:4000")]
    assert find_number(addresses, here={"node2"}.__contains__) == 1
    with pytest.raises(UsageError, match="none of --workers is on this machine; say --worker N, from 0 to 2"):
        find_number(addresses, here=lambda host: False)
    with pytest.raises(UsageError, match="workers 0, 1, 2 are all on this machine"):
        find_number(addresses, here=lambda host: True)


def test_this_machine_knows_itself():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        assert is_here("127.0.0.1")
    assert not is_here("192.0.2.1")  # for documentation: nobody has it


@pytest.mark.parametrize(
    "text, names",
    [
        ("node1", ["node1"]),
        ("node[1-3]", ["node1", "node2", "node3"]),
        ("node[01-03,7],login", ["node01", "node02", "node03", "node7", "login"]),
        ("a,b[098-101]-ib", ["a", "b098-ib", "b099-ib", "b100-ib", "b101-ib"]),
        ("rack[1-2]n[1,3]", ["rack1n1", "rack1n3", "rack2n1", "rack2n3"]),
    ],
)
def test_a_slurm_list(text, names):
    assert expand_nodes(text) == names


@pytest.mark.parametrize(
    "text", ["", "node[", "node[]", "node[3-1]", "node[1-]", "a,,b", "node[1-2", "a b", "node[a-b]"]
)
def test_what_is_no_slurm_list(text):
    with pytest.raises(UsageError, match="A list of Slurm nodes"):
        expand_nodes(text)


def test_slurm():
    found = find("auto", None, SLURM)
    assert [one.host for one in found.addresses] == ["gpu09", "gpu10", "login"]
    assert {one.port for one in found.addresses} == {15_000 + 2345}
    assert found.number == 2
    step = SLURM | {"SLURM_STEP_NODELIST": "gpu[09-10]", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}
    assert [one.host for one in find("auto", None, step).addresses] == ["gpu09", "gpu10"]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"SLURM_NTASKS": "6"}, "one Slurm task a node.*--ntasks-per-node=1. Received: 6 tasks on 3 nodes"),
        ({"SLURM_NTASKS": "1", "SLURM_JOB_NODELIST": "a", "SLURM_PROCID": "0"}, "at least two nodes"),
        ({"SLURM_PROCID": "3"}, "SLURM_PROCID must be this task's number: a whole number from 0 to 2. Received: '3'"),
        ({"SLURM_JOB_ID": ""}, "SLURM_JOB_ID must be"),
        ({"SLURM_JOB_NODELIST": ""}, "A list of Slurm nodes"),
    ],
)
def test_slurm_that_does_not_fit(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        find("auto", None, SLURM | changes)


def test_kubernetes():
    found = find("auto", None, PODS)
    assert [str(one) for one in found.addresses] == [f"train-{pod}.train:29400" for pod in range(3)]
    assert found.number == 1
    assert find("auto", None, PODS | {"CNNREPRO_WORKERS_PORT": "4000"}).coordinator.port == 4000


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"CNNREPRO_WORKERS": ""}, "CNNREPRO_WORKERS must be the number of pods.*of at least 2. Received: ''"),
        ({"CNNREPRO_WORKERS": "two"}, "CNNREPRO_WORKERS must be"),
        ({"CNNREPRO_WORKERS_HOST": "train"}, "CNNREPRO_WORKERS_HOST, .*such as train-{}.train. Received: 'train'"),
        ({"CNNREPRO_WORKERS_PORT": "99999"}, "CNNREPRO_WORKERS_PORT must be a port"),
        ({"JOB_COMPLETION_INDEX": "3"}, "JOB_COMPLETION_INDEX must be this pod's index: a whole number from 0 to 2"),
    ],
)
def test_kubernetes_that_does_not_fit(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        find("auto", None, PODS | changes)
