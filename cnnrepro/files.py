"""Files that are whole or absent: written beside their place, brought to the disk, then moved."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO


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
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """``write_whole`` for a text."""
    write_whole(path, lambda file: file.write(text.encode("utf-8")))


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed writer left in a folder; only its sole writer may call this."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)
