"""What the garbage collector is told to leave alone, and that it is as before where it should be."""

import gc
import subprocess
import sys

import pytest

from cnnrepro import garbage_collection


@pytest.fixture
def nothing_apart():
    """Nothing is set apart in this process; what was is again afterwards."""
    apart = gc.get_freeze_count()
    gc.unfreeze()
    yield
    gc.unfreeze()
    if apart:
        gc.freeze()


class Circle:
    """Refers to itself, so only the collector can remove it."""

    alive = 0

    def __init__(self):
        self.itself = self
        Circle.alive += 1

    def __del__(self):
        Circle.alive -= 1


@pytest.mark.parametrize("enabled", [True, False])
def test_a_pause_ends_as_it_began(enabled):
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), garbage_collection.paused():
            assert not gc.isenabled()
            raise ZeroDivisionError
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_what_is_set_apart_meanwhile_is_looked_at_afterwards(nothing_apart):
    with garbage_collection.paused():  # the looks are those that are asked for here
        Circle()
        with garbage_collection.set_apart_meanwhile():
            gc.collect()
            assert Circle.alive == 1
            Circle()
            gc.collect()
            assert Circle.alive == 1  # the second one went
        gc.collect()
        assert Circle.alive == 0


def test_what_somebody_set_apart_stays_so(nothing_apart):
    garbage_collection.set_apart()
    with garbage_collection.set_apart_meanwhile():
        assert gc.get_freeze_count()
    assert gc.get_freeze_count()


LOOK = "import gc; print(gc.get_freeze_count(), gc.isenabled())"


@pytest.mark.parametrize(
    ("before", "apart"), [("", True), ("import keras", False)], ids=["by the engine", "by somebody before it"]
)
def test_libraries_are_set_apart_by_whoever_loads_them(before, apart):
    """Models that somebody made with Keras before must go when they are dropped; they are full of circles.

    That is so with Keras on TensorFlow; for JAX see ``import_quietly``.
    """
    code = f"{before}\nimport cnnrepro.engine\n{LOOK}"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert (int(told[0]) > 100_000) == apart
    assert told[1] == "True"
