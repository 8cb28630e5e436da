"""Who trains a run: a lock that the system frees when its holder dies, and a sign of life for the holders it forgets.

The lock is the system's (``flock``): it ends with its process, however that ends. Two things are beyond it. A process
that is stopped (SIGSTOP, a suspended machine) holds its lock for ever; and some network file systems keep locks to one
machine. So the holder also keeps an *owner* file, which it touches again and again. Who waits watches whether the file
changes: for STALE_SECONDS of its own, monotonic clock, so that no clock that jumps and no two clocks that differ can
mislead it. Then it takes over, and the former holder, should it go on, finds another's token and writes nothing more.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from cnnrepro import machine
from cnnrepro.files import write_text
from cnnrepro.runs.timeouts import stale_seconds

LOCK = "lock"
OWNER = "owner.json"

BEATS = 6  # signs of life in STALE_SECONDS: five may be missed
POLL_SECONDS = 0.1

Look = Callable[[], object]


class ClaimLost(Exception):
    """Another process took the run over, because this one gave no sign of life."""


class Claim:
    """The right to write into a run's folder.

    Args:
        folder: the run's; it must exist.
    """

    def __init__(self, folder: Path):
        self._owner = folder / OWNER
        self._path = folder / LOCK
        self._lock = FileLock(self._path, thread_local=False)
        self._token = uuid.uuid4().hex
        self._ended = threading.Event()
        self._beating: threading.Thread | None = None

    def acquire(self, waiting: Look | None = None, look: Look = lambda: None) -> None:
        """Take the lock; while another process lives and holds it, wait.

        Args:
            waiting: called once if it has to wait; may raise.
            look: called again and again while it waits; may raise, and ends the waiting so.
        """
        told, watch = False, _Watch(self._owner)
        while True:
            silent = watch.silent()
            if self._try(silent):
                break
            if silent and watch.silent():  # looked at again: another waiter may just have taken it over
                self._break()
            if waiting and not told:
                told = True
                waiting()
            look()
            time.sleep(POLL_SECONDS)
        self._begin()

    def acquire_now(self) -> bool:
        """Take the lock if no living process holds it; False, at once, where one does."""
        if is_held(self._path.parent) or not self._try(silent=True):
            return False
        self._begin()
        return True

    def _begin(self) -> None:
        """Give signs of life from now on."""
        self._beating = threading.Thread(target=self._beat, daemon=True, name="cnnrepro-owner")
        self._beating.start()

    def _try(self, silent: bool) -> bool:
        """Take the lock if it is free, unless a process of another machine lives that this machine's lock knows not."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        about = {"token": self._token, "machine": machine.running_id(), "process": os.getpid()}
        try:
            owner = read_owner(self._owner)
            if owner is not None and owner.get("machine") != machine.running_id() and not silent:
                self._lock.release()
                return False
            write_text(self._owner, json.dumps(about) + "\n")
        except OSError:
            self._lock.release()
            raise
        return True

    def _break(self) -> None:
        """Put the lock file of a silent holder out of the way; what it holds is then no longer what others ask for."""
        aside = self._path.with_name(f".{LOCK}.{self._token[:8]}.tmp")
        with contextlib.suppress(FileNotFoundError):  # another waiter was quicker
            self._path.replace(aside)
            aside.unlink()

    def _beat(self) -> None:
        """Touch the owner file until the claim ends or another takes it."""
        while not self._ended.wait(stale_seconds() / BEATS):
            with contextlib.suppress(OSError):  # a disk that hiccups: the next beat tries again
                if not self.holds():
                    return
                os.utime(self._owner)

    def holds(self) -> bool:
        """Whether the run is still this process's to write; OSError where the disk does not say."""
        owner = read_owner(self._owner)
        return owner is not None and owner.get("token") == self._token

    def check(self) -> None:
        """Raise ClaimLost where another process has taken the run over."""
        if not self.holds():
            raise ClaimLost(f"Another process took over {self._owner.parent.name}, as this one was stopped for long.")

    def release(self) -> None:
        """Give the run free."""
        self._ended.set()
        if self._beating is not None:
            self._beating.join()
        with contextlib.suppress(OSError):  # what is left of it is silent, and has no lock
            if self.holds():
                self._owner.unlink(missing_ok=True)
        self._lock.release()


class _Watch:
    """Whether an owner file has changed of late, by this process's own monotonic clock."""

    def __init__(self, owner: Path):
        self._owner = owner
        self._seen: object = None
        self._since = time.monotonic()

    def silent(self) -> bool:
        """Whether there is an owner and nothing of it changed for ``stale_seconds``."""
        try:
            told = self._owner.stat()
            now: object = (told.st_mtime_ns, told.st_ino)
        except OSError:
            now = None
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return now is not None and time.monotonic() - self._since >= stale_seconds()


def read_owner(path: Path) -> dict | None:
    """What an owner file says; None where there is none, or one that says nothing. OSError as the disk says."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_held(folder: Path) -> bool:
    """Whether a living process holds the claim on a run's folder.

    One of another machine counts as living until it was silent for ten times STALE_SECONDS, by the clocks of both.
    """
    path = folder / LOCK
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            owner = read_owner(folder / OWNER)
            age = time.time() - (folder / OWNER).stat().st_mtime if owner else 0.0
            return owner is not None and owner.get("machine") != machine.running_id() and age < 10 * stale_seconds()
    except Timeout:
        return True
    except OSError:  # a store that may only be read: nobody here can be training it
        return False
