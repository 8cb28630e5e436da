"""Lines to standard error that nothing depends on: when nobody reads them any more, the work goes on."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

STANDARD_ERROR = 2


def say_line(text: str, stream: IO[str] | None = None) -> None:
    """A line to a stream, by default standard error; nowhere where that is closed or its reader is gone.

    An ssh connection that drops and ``2>&1 | head`` leave a pipe without a reader. It is put out of the way then, or
    what is left in Python's buffer would spoil the exit status.
    """
    stream = stream or sys.stderr
    if stream is None:
        return
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        if stream is sys.stderr:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, STANDARD_ERROR)
            os.close(nowhere)


@contextlib.contextmanager
def held_stderr() -> Iterator[list[str]]:
    """Hold back what is written to file descriptor 2, by C libraries too; its lines are in the list at the end."""
    lines: list[str] = []
    try:
        sys.stderr.flush()
        saved = os.dup(STANDARD_ERROR)
    except (OSError, ValueError, AttributeError):  # no standard error to hold (a daemon, pythonw)
        yield lines
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), STANDARD_ERROR)
        try:
            yield lines
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
            os.dup2(saved, STANDARD_ERROR)
            os.close(saved)
            held.seek(0)
            lines += held.read().decode(errors="replace").splitlines()
