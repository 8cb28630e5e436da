"""How a training is asked to stop: at the next checkpoint, or at once.

The first Ctrl-C (SIGINT), SIGTERM or SIGHUP (the terminal was closed, or its connection lost) is a request: the epoch
that runs is finished and its checkpoint written. The second stops at once; the epoch is lost, and nothing else.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from cnnrepro.stderr import say_line

SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


def heeded() -> list[signal.Signals]:
    """The signals to handle: all of ``SIGNALS``, without SIGHUP where it is ignored already (nohup)."""
    return [one for one in SIGNALS if one.name != "SIGHUP" or signal.getsignal(one) != signal.SIG_IGN]


class Stopped(KeyboardInterrupt):
    """The training stopped where it was asked to: after a checkpoint. Its argument is the signal that asked."""


class StopRequest:
    """A request that whoever trains looks at after each checkpoint.

    ``signal`` is the number of the one that asked, or 0.

    Args:
        quiet: tell nobody that it was asked for; whoever passes the signals on does.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._requested = threading.Event()
        self._deferring = 0
        self.signal = 0

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._requested.is_set()

    def request(self) -> None:
        """Ask for a stop at the next checkpoint."""
        self._requested.set()

    def raise_if_requested(self) -> None:
        """Raise Stopped where a stop was asked for."""
        if self.requested:
            raise Stopped(self.signal or signal.SIGINT)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """While the block runs a signal is only a request; outside of it there is nothing to wait for."""
        self._deferring += 1
        try:
            yield
        finally:
            self._deferring -= 1

    def handle_signal(self, number: int, frame: FrameType | None = None) -> None:
        """The signal handler."""
        first, self.signal = not self.requested, number
        self.request()
        if not (first and self._deferring):
            raise KeyboardInterrupt(number)
        if not self._quiet:
            say_line("\ncnnrepro: stopping after this epoch; once more stops at once.")


@contextlib.contextmanager
def request_on_signals() -> Iterator[StopRequest]:
    """A request that the signals make while the block runs; in the main thread, elsewhere nobody makes it."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.handle_signal) for number in heeded()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
