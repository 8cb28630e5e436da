"""Work in a thread of its own: what it makes, how it fails, and interrupts."""

import contextvars
import inspect
import signal
import threading
import time

import pytest

from cnnrepro.experiments.own_stack import on_own_stack


def interrupt_soon(seconds=0.3):
    """Ctrl-C, as a kernel gets it."""
    threading.Timer(seconds, signal.raise_signal, [signal.SIGINT]).start()


def work_until(ended, seconds=20.0):
    """Lines of Python, for long enough."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < seconds:
            time.sleep(0.01)
    finally:
        ended.append(threading.current_thread())


def test_what_was_made_comes_back():
    assert on_own_stack(lambda: None) is None
    assert on_own_stack(lambda: 3) == 3


def test_the_stack_is_empty():
    assert len(on_own_stack(inspect.stack)) < 8 < len(inspect.stack())


def test_its_errors_are_raised_here():
    def fail():
        raise LookupError("not there")

    with pytest.raises(LookupError, match="not there") as caught:
        on_own_stack(fail)
    assert "fail" in [entry.name for entry in caught.traceback]


def test_it_sees_the_context_of_the_caller():
    name = contextvars.ContextVar("name")
    name.set("cell")
    assert on_own_stack(name.get) == "cell"


def test_an_interrupt_ends_the_work_and_is_raised_here():
    ended = []
    interrupt_soon()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        on_own_stack(lambda: work_until(ended))
    assert time.monotonic() - began < 10
    assert len(ended) == 1
    ended[0].join(5)
    assert not ended[0].is_alive()


def test_an_interrupt_that_the_work_deals_with_is_no_error():
    def work():
        try:
            work_until([])
        except KeyboardInterrupt:
            return "cleaned up"

    interrupt_soon()
    assert on_own_stack(work) == "cleaned up"
