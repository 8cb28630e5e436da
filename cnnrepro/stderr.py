"""The standard streams: every line finds a place, and lines to standard error that nobody reads end no work."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

STANDARD_ERROR = 2
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr"}


def prepare_streams() -> None:
    """Make the standard streams of this process fit for whatever is printed, and for the processes that it starts.

    One that is closed (``>&-``) goes nowhere: else the next file that is opened takes its number, and whatever prints
    writes into it, or a kernel finds its pipe closed. A character that a terminal's encoding has not is shown as
    Python does, \\u2013.
    """
    for number, name in STREAMS.items():
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
        elif number and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def go_nowhere(number: int) -> None:
    """Let a standard stream go nowhere whose reader is gone: what is left in its buffer would spoil the exit status."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def say_line(text: str, stream: IO[str] | None = None) -> None:
    """A line to a stream, by default standard error; nowhere where that is closed or its reader is gone.

    An ssh connection that drops and ``2>&1 | head`` leave a pipe without a reader, a terminal that is closed one that
    refuses, as a full disk does. It is put out of the way then.
    """
    stream = stream or sys.stderr
    if stream is None:
        return
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:  # of a process that is none of the command line's
        print(text.encode("ascii", "backslashreplace").decode(), file=stream, flush=True)
    except OSError:
        if stream is sys.stderr:
            go_nowhere(STANDARD_ERROR)


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
