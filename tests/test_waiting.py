"""Waiting for a lock: silent at first, then said, with an end."""

import threading

import pytest
from filelock import FileLock, Timeout

from cnnrepro import waiting
from cnnrepro.errors import WorkFailed
from cnnrepro.waiting import held_lock


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(waiting, "SILENT", 0.05)


def test_a_free_lock_is_held_without_a_word(tmp_path, capsys):
    with held_lock(tmp_path / ".lock", "works", limit=1), pytest.raises(Timeout):
        FileLock(tmp_path / ".lock").acquire(timeout=0)
    FileLock(tmp_path / ".lock").acquire(timeout=0)
    assert capsys.readouterr().err == ""


def test_whoever_waits_says_for_what_and_goes_on(tmp_path, capsys):
    other = FileLock(tmp_path / ".lock", thread_local=False)
    other.acquire()
    threading.Timer(0.3, other.release).start()
    with held_lock(tmp_path / ".lock", "decodes pictures", limit=60):
        pass
    assert capsys.readouterr().err == "Another process decodes pictures; waiting for it, 60 s at most.\n"


def test_a_holder_that_never_ends_is_named(tmp_path):
    waits = held_lock(tmp_path / ".lock", "decodes pictures", limit=0.1)
    said = r"decodes pictures, and has held .*\.lock"
    with FileLock(tmp_path / ".lock"), pytest.raises(WorkFailed, match=said), waits:
        pass


def test_a_file_system_without_locks_stops_nobody(tmp_path, monkeypatch):
    def no_locks(self, timeout=None):
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", no_locks)
    with held_lock(tmp_path / ".lock", "works", limit=1):
        pass
