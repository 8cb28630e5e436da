"""Work in a thread of its own: what it makes, how it fails, and interrupts."""

import contextlib
import contextvars
import inspect
import signal
import threading
import time
import weakref

import pytest

from cnnrepro import experiments, garbage_collection
from cnnrepro.engine import keras
from cnnrepro.experiments import results
from cnnrepro.experiments.own_stack import on_own_stack
from cnnrepro.training import progress


def interrupted(seconds=20.0):
    """Lines of Python for long enough, during which Ctrl-C comes as a kernel gets it."""
    threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        time.sleep(0.01)


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
    workers, before = [], signal.getsignal(signal.SIGINT)

    def work():
        workers.append(threading.current_thread())
        interrupted()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        on_own_stack(work)
    assert time.monotonic() - began < 15
    workers[0].join(5)
    assert not workers[0].is_alive()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_the_work_deals_with_is_no_error():
    def work():
        try:
            interrupted()
        except KeyboardInterrupt:
            return "cleaned up"

    assert on_own_stack(work) == "cleaned up"


def test_an_interrupt_as_the_work_ends_is_not_lost():
    def work():
        signal.raise_signal(signal.SIGINT)  # its handler runs in the main thread
        time.sleep(1.0)  # which is no line of Python, and the last thing that is done

    with pytest.raises(KeyboardInterrupt):
        on_own_stack(work)


def test_in_another_thread_than_the_main_one_it_works_as_well():
    found = []
    thread = threading.Thread(target=lambda: found.append(on_own_stack(lambda: 3)))
    thread.start()
    thread.join(10)
    assert found == [3]


def test_a_failure_that_was_dealt_with_keeps_nothing_in_memory():
    class Big:
        pass

    seen = []

    def fail():
        big = Big()
        seen.append(weakref.ref(big))
        raise LookupError

    with garbage_collection.paused():
        with contextlib.suppress(LookupError):
            on_own_stack(fail)
        assert seen[0]() is None


@pytest.mark.parametrize("notebook", [True, False])
def test_runs_of_a_notebook_are_collected_so(notebook, monkeypatch):
    threads = []

    def collect(arms, store):
        threads.append(threading.current_thread())
        keras.backend.clear_session()  # as a training does
        return arms, store

    monkeypatch.setattr(progress, "in_jupyter", lambda: notebook)
    monkeypatch.setattr(results, "collect", collect)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert experiments.collect((), "folder") == ((), "folder")
        kept = keras.config.dtype_policy().name
    finally:
        keras.config.set_dtype_policy("float32")
    assert (threads[0] is threading.main_thread()) != notebook
    assert not notebook or kept == "mixed_bfloat16"
