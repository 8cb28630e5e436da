"""Files and folders that are whole or absent: written beside their place, brought to the disk, then moved."""

from __future__ import annotations

import contextlib
import errno
import glob
import itertools
import json
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from filelock import FileLock, Timeout

from cnnrepro.machine import running_id

MAKER = ".maker"  # the lock in a temporary folder


class FileState(NamedTuple):
    """What a file system says of a file; where all of it is equal, nobody has written to the file.

    A program can set the time of the last change of the content, not that of the last change of any kind; and what is
    put in a file's place has another inode.
    """

    size: int
    modified: int  # ns; of the content
    changed: int  # ns; on Windows when it was made
    inode: int


def file_state(status: os.stat_result) -> FileState:
    """The state of a file, from what ``stat`` gives."""
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def write_whole(
    path: Path, write: Callable[[IO[bytes]], object], *, before_move: Callable[[], object] | None = None
) -> None:
    """Write a file so that a reader sees the old one or the new one, and never half of either.

    Args:
        path: where the file goes; its folder must exist.
        write: called with the open temporary file.
        before_move: called when the new file is whole and on the disk, just before it takes its place.

    Raises:
        OSError: as the disk says (full, read-only); nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if before_move:
            before_move()
        temporary.replace(path)
        bring_names_to_disk(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def bring_names_to_disk(folder: Path) -> None:
    """Bring to the disk which files a folder has, and its own name: without, a move may be lost with the power.

    Where a file system knows no such thing, as Windows and some network disks, nothing is done.
    """
    for each in (folder, folder.parent):
        _bring_to_disk(each)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, and bring their names to the disk, as ``bring_names_to_disk``.

    Without, all that is later written into a new folder may be lost with the power, whatever is done to the files.
    """
    folder = folder.absolute()
    missing = list(itertools.takewhile(lambda each: not each.is_dir(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        _bring_to_disk(each.parent)


def _bring_to_disk(folder: Path) -> None:
    """Bring to the disk which names a folder has."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def write_text(path: Path, text: str) -> None:
    """``write_whole`` for a text."""
    write_whole(path, lambda file: file.write(text.encode("utf-8")))


def read_regular(path: Path, most: int, *, links: bool = True) -> bytes:
    """What a file holds, and never a pipe, which may wait for ever for somebody to write, or a device without an end.

    Args:
        path: the file, or a link to it.
        most: bytes that it may have.
        links: whether it may be a link.

    Raises:
        OSError: it cannot be opened, is no regular file, or is larger.
    """
    with _regular(path, links=links) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes; at most {most:,} are read", str(path))
        return file.read(size)


def copy_regular(path: Path, to: Path) -> None:
    """Copy a file that is no link, whatever may stand in its place meanwhile; raises OSError as ``read_regular``."""
    with _regular(path, links=False) as file, to.open("wb") as copy:
        shutil.copyfileobj(file, copy)


@contextlib.contextmanager
def _regular(path: Path, *, links: bool) -> Iterator[IO[bytes]]:
    """A regular file, open for reading."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # only Unix, only Windows has it
    opened = os.open(path, flags | (0 if links else getattr(os, "O_NOFOLLOW", 0)))
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        with os.fdopen(opened, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(opened)


def json_text(value: object, **options: object) -> str:
    """A value as JSON, which knows no NaN and no infinity: they become the texts "NaN", "Infinity" and "-Infinity".

    Python's ``float`` and pandas read those back. Whatever people and other programs read is written by this; a key is
    hashed, and a checkpoint kept, from the form that Python gives.

    Args:
        value: plain values, and what ``default`` makes plain.
        options: of ``json.dumps``.
    """
    try:
        return json.dumps(value, allow_nan=False, **options)
    except ValueError:
        finite = json.loads(json.dumps(value, **options), parse_constant=str)
        return json.dumps(finite, allow_nan=False, **options)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed writer left in a folder; only its sole writer may call this."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_beside(parent: Path, prefix: str) -> Iterator[Path]:
    """A temporary folder, for what is moved from it into ``parent``; those that killed processes left are removed.

    Its maker holds a lock in it as long as it lives, which is how others know that it is not left over. Only its owner
    may look into it.

    Args:
        parent: an existing folder, on the disk that the result goes to.
        prefix: of its name; begins with a dot where people look into ``parent``.
    """
    own = f"{prefix}{running_id()[:6]}-"  # a lock may not reach other machines, so theirs are left to them
    for leftover in parent.glob(f"{glob.escape(own)}*"):
        _remove_if_left(leftover)
    while True:
        folder = parent / f"{own}{uuid.uuid4().hex[:8]}"
        folder.mkdir(mode=0o700)
        lock = FileLock(folder / MAKER, thread_local=False)
        with contextlib.suppress(Timeout, FileNotFoundError, FileExistsError):  # others look, and remove
            lock.acquire(timeout=0)
            if (folder / MAKER).is_file():
                break
            lock.release()  # another took the folder for left over, between the two lines above
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def is_being_made(folder: Path) -> bool:
    """Whether a living process works in a temporary folder: it holds the lock in it."""
    if not (folder / MAKER).is_file():
        return False
    try:
        with FileLock(folder / MAKER, timeout=0):
            return False
    except Timeout:
        return True


def _remove_if_left(folder: Path) -> None:
    """Remove a temporary folder whose maker is dead; one that lives may be removing it at this moment."""
    with contextlib.suppress(Timeout, OSError):
        if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()):
            return  # in a folder that all may write to, somebody else's
        with FileLock(folder / MAKER, timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
