"""The roll call: workers that come, that differ, that stay away; over real sockets of this machine."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.training.workers.addresses import Address, Workers
from cnnrepro.training.workers.roll_call import call
from tests.together import free_port


def everybody(count, port):
    addresses = (Address("127.0.0.1", port), *(Address("127.0.0.1", number) for number in range(1, count)))
    return [Workers(addresses, number) for number in range(count)]


def outcomes(workers, facts):
    """What ``call`` raised at each worker; None where it returned."""

    def one(place):
        try:
            return call(workers[place], facts[place], lambda sentence: None)
        except (UsageError, WorkFailed) as error:
            return error

    with ThreadPoolExecutor(len(workers)) as threads:
        return list(threads.map(one, range(len(workers))))


def test_all_come_and_say_the_same():
    assert outcomes(everybody(3, free_port()), [{"seed": 1}] * 3) == [None] * 3


def test_one_says_something_else():
    found = outcomes(everybody(3, free_port()), [{"seed": 1, "epochs": 2}, {"seed": 1, "epochs": 2}, {"seed": 2}])
    assert {type(one) for one in found} == {UsageError}
    assert {str(one) for one in found} == {
        "Worker 2 of 3 (127.0.0.1:2) is about to train something else than worker 0: seed 2, epochs None there, "
        "seed 1, epochs 2 at worker 0; give the same command everywhere, with the same versions."
    }


def test_one_does_not_come(monkeypatch):
    monkeypatch.setenv("CNNREPRO_JOIN_SECONDS", "1")
    zero, one, _ = everybody(3, free_port())
    found = outcomes([zero, one], [{}, {}])
    assert {type(error) for error in found} == {WorkFailed}
    assert {str(error).partition(";")[0] for error in found} == {"Worker 2 of 3 (127.0.0.1:2) did not come within 1 s"}


def test_the_coordinator_does_not_come(monkeypatch):
    monkeypatch.setenv("CNNREPRO_JOIN_SECONDS", "1")
    port = free_port()
    with pytest.raises(WorkFailed, match=rf"Worker 0 of 2 \(127.0.0.1:{port}\) cannot be reached"):
        call(everybody(2, port)[1], {}, lambda sentence: None)


def test_people_are_told_who_is_waited_for(monkeypatch):
    monkeypatch.setenv("CNNREPRO_JOIN_SECONDS", "4")
    told = []
    with pytest.raises(WorkFailed):
        call(everybody(3, free_port())[0], {}, told.append)
    assert told == ["waiting for worker 1 of 3 (127.0.0.1:1) and worker 2 of 3 (127.0.0.1:2)."]


def test_the_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(WorkFailed, match=rf"cannot listen on port {port} .*\(Address already in use\); give"):
            call(everybody(2, port)[0], {}, lambda sentence: None)


def test_two_say_that_they_are_the_same(monkeypatch):
    monkeypatch.setenv("CNNREPRO_JOIN_SECONDS", "5")
    zero, one, two = everybody(3, free_port())
    found = outcomes([zero, one, one], [{}] * 3)
    texts = sorted(str(error) for error in found)
    assert any("Two processes say that they are worker 1" in text for text in texts)
    assert any(f"{two.name(2)[1:]} did not come" in text for text in texts)


@pytest.mark.parametrize(
    "line", [b"", b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b'{"worker": 7, "facts": {}}\n', b"x" * 100_000]
)
def test_a_stranger_is_not_listened_to(line):
    port = free_port()

    def stranger():
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as spoken:
                    spoken.sendall(line)
                    return
            except OSError:
                continue

    workers = everybody(2, port)
    with ThreadPoolExecutor(3) as threads:
        zero = threads.submit(call, workers[0], {"seed": 1}, lambda sentence: None)
        threads.submit(stranger).result()
        one = threads.submit(call, workers[1], {"seed": 1}, lambda sentence: None)
        assert (zero.result(), one.result()) == (None, None)


def test_who_hangs_up_while_it_waits_is_waited_for_again():
    port = free_port()
    workers = everybody(3, port)
    with ThreadPoolExecutor(3) as threads:
        zero = threads.submit(call, workers[0], {}, lambda sentence: None)
        gone = None
        while gone is None:
            try:
                gone = socket.create_connection(("127.0.0.1", port), timeout=5)
            except ConnectionRefusedError:
                continue
        gone.sendall(json.dumps({"worker": 1, "facts": {"seed": 9}}).encode() + b"\n")
        gone.close()
        others = [threads.submit(call, one, {}, lambda sentence: None) for one in workers[1:]]
        assert [one.result() for one in (zero, *others)] == [None] * 3
