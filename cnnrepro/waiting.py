"""Waiting for another process that holds a lock: silent for two seconds, then said, and not for ever."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from cnnrepro.errors import WorkFailed
from cnnrepro.stderr import say_line

SILENT = 2.0  # seconds


@contextlib.contextmanager
def held_lock(path: Path, what: str, *, limit: float) -> Iterator[None]:
    """Hold a lock for as long as a block runs. The file stays: removing it would let two processes hold two locks.

    Where the folder's file system knows no locks, as some network disks do, all go on without.

    Args:
        path: of the lock's file, in a folder that is there.
        what: what another that holds it does, such as "decodes the pictures of 'holiday'".
        limit: seconds to wait.

    Raises:
        WorkFailed: another held it all the time.
    """
    lock = FileLock(path, thread_local=False)
    with contextlib.suppress(NotImplementedError):
        try:
            lock.acquire(timeout=min(SILENT, limit))
        except Timeout:
            say_line(f"Another process {what}; waiting for it, {_spelled(limit)} at most.")
            try:
                lock.acquire(timeout=limit)
            except Timeout as error:
                raise WorkFailed(
                    f"Another process {what}, and has held {str(path)!r} for {_spelled(limit)}. End it (it may be "
                    "stopped), or give the command again later."
                ) from error
    try:
        yield
    finally:
        lock.release()


def _spelled(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
