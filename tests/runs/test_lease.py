"""The claim on a run: real processes that live, die, are stopped and go on."""

import contextlib
import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.runs import lease, timeouts
from cnnrepro.runs.lease import Claim, ClaimLost

HOLD = """
import sys, time
from pathlib import Path
from cnnrepro.runs.lease import Claim, ClaimLost
claim = Claim(Path(sys.argv[1]))
claim.acquire()
print("held", flush=True)
sys.stdin.readline()
try:
    claim.check()
    print("mine", flush=True)
except ClaimLost as lost:
    print("lost", flush=True)
claim.release()
"""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setenv("CNNREPRO_STALE_SECONDS", "1")


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


def taken(folder, within=30):
    """The claim on a folder, where it can be had within some seconds."""
    claim = Claim(folder)
    thread = threading.Thread(target=claim.acquire, daemon=True)
    thread.start()
    thread.join(within)
    return None if thread.is_alive() else claim


def of_another_machine(folder):
    """An owner file as a process of another machine leaves it."""
    (folder / lease.OWNER).write_text(json.dumps({"token": "theirs", "machine": "another", "process": 1}))
    return folder / lease.OWNER


def test_a_living_holder_keeps_others_waiting_for_longer_than_a_stale_one(tmp_path, holder):
    assert taken(tmp_path, 1.6) is None
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "mine\n"


def test_a_killed_holder_is_followed_at_once(tmp_path, holder, monkeypatch):
    monkeypatch.setenv("CNNREPRO_STALE_SECONDS", "1000")
    holder.kill()
    holder.wait()
    taken(tmp_path).release()
    assert not (tmp_path / lease.OWNER).exists()


def test_a_stopped_holder_is_followed_and_writes_no_more(tmp_path, holder):
    holder.send_signal(signal.SIGSTOP)
    claim = taken(tmp_path)
    holder.send_signal(signal.SIGCONT)
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "lost\n"
    holder.wait()
    claim.check()  # the late one has taken nothing away
    claim.release()
    assert [path.name for path in tmp_path.iterdir()] == [lease.LOCK]


@contextlib.contextmanager
def touching(owner, *years):
    """Touch an owner file again and again, at times that are so many years off, as a clock that jumps would."""
    ended = threading.Event()

    def touch():
        for year in itertools.cycle(years):
            os.utime(owner, times=(time.time() + year * 3e7,) * 2)
            if ended.wait(0.05):
                return

    with ThreadPoolExecutor(1) as threads:
        threads.submit(touch)
        yield
        ended.set()


def test_a_clock_that_jumps_misleads_nobody(tmp_path, holder):
    with touching(tmp_path / lease.OWNER, -30, 80):
        assert taken(tmp_path, 1.6) is None


def test_a_sign_of_life_from_the_future_does_not_keep_a_dead_claim_alive(tmp_path):
    os.utime(of_another_machine(tmp_path), times=(time.time() + 3e8,) * 2)
    taken(tmp_path).release()


def test_a_holder_on_another_machine_is_seen_where_locks_do_not_reach(tmp_path):
    (tmp_path / lease.LOCK).touch()
    with touching(of_another_machine(tmp_path), 0):
        assert taken(tmp_path, 1.6) is None
        assert lease.is_held(tmp_path)


def test_a_claim_whose_owner_file_names_another_is_lost(tmp_path):
    claim = Claim(tmp_path)
    claim.acquire()
    of_another_machine(tmp_path)
    with pytest.raises(ClaimLost):
        claim.check()
    claim.release()
    assert (tmp_path / lease.OWNER).exists()


def test_many_that_ask_at_once_never_hold_it_together(tmp_path, monkeypatch):
    """Locks of one process exclude each other as those of several do."""
    monkeypatch.setenv("CNNREPRO_STALE_SECONDS", "60")
    number = tmp_path / "number"
    number.write_text("0")

    def count(_):
        for _ in range(8):
            claim = Claim(tmp_path)
            claim.acquire()
            before = int(number.read_text())
            time.sleep(0.001)
            number.write_text(str(before + 1))
            claim.release()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(count, range(6)))
    assert number.read_text() == "48"


def test_a_claim_for_now_is_had_or_refused_without_waiting(tmp_path, holder):
    assert not Claim(tmp_path).acquire_now()
    holder.kill()
    holder.wait()
    claim = Claim(tmp_path)
    assert claim.acquire_now() and claim.holds()
    assert not Claim(tmp_path).acquire_now()
    claim.release()
    assert not (tmp_path / lease.OWNER).exists()


def test_a_claim_for_now_leaves_a_holder_on_another_machine_alone_until_it_is_long_silent(tmp_path):
    (tmp_path / lease.LOCK).touch()
    owner = of_another_machine(tmp_path)
    assert not Claim(tmp_path).acquire_now()
    assert json.loads(owner.read_text())["token"] == "theirs"
    long_ago = time.time() - 60  # ten times what ``short`` says is 10 seconds
    os.utime(owner, (long_ago, long_ago))
    claim = Claim(tmp_path)
    assert claim.acquire_now()
    claim.release()


def test_a_disk_that_hiccups_does_not_end_the_signs_of_life(tmp_path, monkeypatch):
    claim = Claim(tmp_path)
    claim.acquire()
    reading, failed = lease._read, []

    def stale(path):
        if not failed:
            failed.append(path)
            raise OSError(errno.ESTALE, "Stale file handle")
        return reading(path)

    monkeypatch.setattr(lease, "_read", stale)
    before = claim._owner.stat().st_mtime_ns
    end = time.monotonic() + 30
    while not (failed and claim._owner.stat().st_mtime_ns > before):
        assert time.monotonic() < end
        time.sleep(0.05)
    claim.check()
    claim.release()


@pytest.mark.parametrize("text", ["abc", "0", "-1", "nan", "inf"])
def test_a_timeout_that_is_no_number_of_seconds_is_named(text, monkeypatch):
    for name, ask in {
        "CNNREPRO_STALE_SECONDS": timeouts.stale_seconds,
        "CNNREPRO_JOIN_SECONDS": timeouts.join_seconds,
        "CNNREPRO_HEARTBEAT_SECONDS": timeouts.heartbeat_seconds,
    }.items():
        monkeypatch.setenv(name, text)
        with pytest.raises(UsageError, match=f"{name} must be a number of seconds, at least 1. Received: '{text}'"):
            ask()
