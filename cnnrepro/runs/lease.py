"""Who trains a run: a lock that the system frees when its holder dies, and a sign of life for the holders it forgets.

The lock is the system's (``flock``): it ends with its process, however that ends. Two things are beyond it. A process
that is stopped (SIGSTOP, a suspended machine) holds its lock for ever; and some network file systems keep locks to one
machine. So the holder also keeps an *owner* file, which it touches again and again. Who waits watches whether the file
changes: for CNNREPRO_STALE_SECONDS of its own, monotonic clock, so that no clock that jumps and no two clocks that
differ can mislead it. Then it takes over, and the former holder, should it go on, finds another's token and writes
nothing more.

Not ``filelock.SoftFileLease`` (4.2), which takes over by RENAME_EXCHANGE: where a file system has none (NFS, SMB, FUSE;
tried on bindfs) the claim of a killed process would hold for ever.
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

BEATS = 6  # signs of life in CNNREPRO_STALE_SECONDS: five may be missed
POLL_SECONDS = 0.1


class ClaimLost(Exception):
    """Another process took the run over, because this one gave no sign of life."""


class Claim:
    """The right to write into a run's folder.

    Args:
        folder: the run's; it must exist.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._owner = folder / OWNER
        self._lock = FileLock(folder / LOCK, thread_local=False)
        self._token = uuid.uuid4().hex
        self._ended = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, daemon=True, name="cnnrepro-owner")

    def acquire(
        self, waiting: Callable[[], object] = lambda: None, check_stop: Callable[[], object] = lambda: None
    ) -> None:
        """Take the claim; while another process lives and holds it, wait.

        Args:
            waiting: called once if it has to wait; may raise.
            check_stop: called again and again while it waits; may raise, and ends the waiting so.
        """
        watch, first = _Watch(self._owner), True
        while not self._try(watch.is_silent()):
            if watch.is_silent():  # still: another waiter may just have taken it over
                self._break_lock()
            if first:
                waiting()
                first = False
            check_stop()
            time.sleep(POLL_SECONDS)

    def acquire_now(self) -> bool:
        """Take the claim if no living process holds it; False, at once, where one does."""
        return not is_held(self._folder) and self._try(silent=True)

    def _try(self, silent: bool) -> bool:
        """Take the claim if the lock is free and its owner silent, or of this machine, whose locks are known here."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        try:
            owner = _read(self._owner)
            if not silent and owner is not None and owner.get("machine") != machine.running_id():
                self._lock.release()
                return False
            about = {"token": self._token, "machine": machine.running_id(), "process": os.getpid()}
            write_text(self._owner, json.dumps(about) + "\n")
        except OSError:
            self._lock.release()
            raise
        self._heartbeat.start()
        return True

    def _break_lock(self) -> None:
        """Put the lock file of a silent holder out of the way; what it holds is then no longer what others ask for."""
        aside = self._folder / f".{LOCK}.{self._token[:8]}.tmp"
        with contextlib.suppress(FileNotFoundError):  # another waiter was quicker
            (self._folder / LOCK).replace(aside)
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
        owner = _read(self._owner)
        return owner is not None and owner.get("token") == self._token

    def check(self) -> None:
        """Raise ClaimLost where another process has taken the run over."""
        if not self.holds():
            raise ClaimLost(f"Another process took over {self._folder.name}, as this one was stopped for long.")

    def release(self) -> None:
        """Give the run free."""
        self._ended.set()
        self._heartbeat.join()
        with contextlib.suppress(OSError):  # what is left of it is silent, and has no lock
            if self.holds():
                self._owner.unlink(missing_ok=True)
        self._lock.release()


class _Watch:
    """Watches an owner file for change, by this process's own monotonic clock."""

    def __init__(self, owner: Path):
        self._owner = owner
        self._seen: tuple[int, int] | None = None
        self._since = time.monotonic()

    def is_silent(self) -> bool:
        """Whether there is an owner and nothing of its file changed for ``stale_seconds``."""
        try:
            status = self._owner.stat()
            now = (status.st_mtime_ns, status.st_ino)
        except OSError:
            now = None
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return now is not None and time.monotonic() - self._since >= stale_seconds()


def _read(owner: Path) -> dict | None:
    """What an owner file says; None where there is none, or one that says nothing. OSError as the disk says."""
    try:
        values = json.loads(owner.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def is_held(folder: Path) -> bool:
    """Whether a living process holds the claim on a run's folder.

    One of another machine counts as living until it was silent for ten times CNNREPRO_STALE_SECONDS, by the clocks of
    both.
    """
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            owner = _read(folder / OWNER)
            if owner is None or owner.get("machine") == machine.running_id():
                return False  # its lock would be seen here
            return time.time() - (folder / OWNER).stat().st_mtime < 10 * stale_seconds()
    except Timeout:
        return True
    except OSError:  # a store that may only be read: nobody here can be training it
        return False
