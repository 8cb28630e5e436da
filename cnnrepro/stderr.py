"""The standard streams: every line finds a place, and lines to standard error that nobody reads end no work."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import IO, Self

STANDARD_ERROR = 2
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr"}
QUIET_SECONDS = 2.0  # for so long nobody wonders
AGAIN_SECONDS = 60.0  # between two lines of a log about one step


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
    from cnnrepro.console import printable  # with typer, which takes a moment

    stream = stream or sys.stderr
    if stream is None:
        return
    try:
        print(printable(text), file=stream, flush=True)
    except UnicodeEncodeError:  # of a process that is none of the command line's
        print(printable(text).encode("ascii", "backslashreplace").decode(), file=stream, flush=True)
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


class Steps:
    """Says what a work that shows nothing else is doing, from the moment on at which somebody may wonder.

    Within ``with``: a line on standard error when a step has taken two seconds, and one a minute after that.

    Args:
        title: of the work, in front of each line.
        usual: seconds that it took the last time, where that is known.
        silent: say nothing.
    """

    def __init__(self, title: str, usual: float | None = None, silent: bool = False):
        self._title, self._silent = title, silent
        self._usual = f" ({spell_seconds(usual)} in all the last time)" if usual else ""
        self._step, self._told = "", True
        self._began = self._said = time.monotonic()
        self._ended = threading.Event()
        self._clock = threading.Thread(target=self._tell, name=f"steps of {title}", daemon=True)

    def __enter__(self) -> Self:
        if not self._silent:
            self._clock.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        if not self._silent:
            self._clock.join()

    def step(self, text: str) -> None:
        """Another step begins: "cell 3 of 12"."""
        self._step, self._began, self._told = text, time.monotonic(), False

    def show(self) -> None:
        """Say the step now: in what follows standard error may be held back."""
        if not self._silent:
            self._show(time.monotonic())

    def _tell(self) -> None:
        while not self._ended.wait(QUIET_SECONDS / 8):
            self._tick(time.monotonic())

    def _tick(self, now: float) -> None:
        silence = now - self._said
        if (silence >= QUIET_SECONDS and not self._told) or (silence >= AGAIN_SECONDS and self._step):
            self._show(now)

    def _show(self, now: float) -> None:
        self._said, self._told = now, True
        say_line(self._sentence(now))

    def _sentence(self, now: float) -> str:
        """Such as "dropout: cell 3 of 12, since 65 s (80 s in all the last time)"."""
        taken = now - self._began
        since = f", since {spell_seconds(taken)}" if taken >= AGAIN_SECONDS / 2 else ""
        return f"{self._title}: {self._step}{since}{self._usual}"


class LiveSteps(Steps):
    """The same as a line in a terminal that changes, and goes at the end."""

    def __enter__(self) -> Self:
        from rich.console import Console

        self._status = Console(stderr=True, highlight=False).status("")
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._status.stop()

    def _tick(self, now: float) -> None:
        if now - self._said >= QUIET_SECONDS and self._step:
            self._show(now)

    def _show(self, now: float) -> None:
        from rich.text import Text

        self._status.update(Text(self._sentence(now)))
        self._status.start()


def make_steps(title: str, usual: float | None = None, *, style: str | None = None, alone: bool = True) -> Steps:
    """What fits: a line that changes in a terminal, lines elsewhere, nothing where progress is not wanted.

    Args:
        title, usual: as for ``Steps``.
        style: that of progress, by default what CNNREPRO_PROGRESS names.
        alone: whether no other work is shown at the same time.
    """
    style = os.environ.get("CNNREPRO_PROGRESS") if style is None else style
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if terminal and alone and not style:
        return LiveSteps(title, usual)
    return Steps(title, usual, silent=style == "none")


def spell_seconds(seconds: float) -> str:
    """A time as people read it: "45 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
