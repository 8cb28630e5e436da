"""What the garbage collector is told to leave alone, and that it is as before where it should be."""

import gc
import subprocess
import sys

import pytest

from cnnrepro import garbage_collection


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
