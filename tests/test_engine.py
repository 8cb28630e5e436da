"""Models without values of their weights, what the garbage collector leaves alone, and Keras's private names in use."""

import ast
import gc
import logging
import os
import subprocess
import sys
import threading

import pytest

from cnnrepro import machine
from cnnrepro.engine import garbage_collection_paused, keras, on_one_replica, own_seeds, without_weights


def small():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="dense")])


def test_weights_have_shapes_and_no_values():
    kernel = without_weights(small).get_layer("dense").kernel
    assert kernel.shape == (4, 3)
    assert kernel._value is None


def test_what_waits_for_values_is_forgotten():
    outlined = without_weights(small)
    built = small()
    assert built(keras.ops.ones((1, 4))).shape == (1, 3)
    with keras.StatelessScope():
        pass  # on leaving, Keras fills in what waits in this thread
    assert outlined.get_layer("dense").kernel._value is None


def test_the_number_format_is_that_of_the_caller():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert without_weights(small).get_layer("dense").compute_dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert without_weights(small).get_layer("dense").compute_dtype == "float32"


def test_no_thread_stays():
    before = threading.active_count()
    without_weights(small)
    assert threading.active_count() == before


def test_tensorflow_keeps_its_warnings_to_itself():
    """In a notebook too, which it knows by sys.ps1 and would write into."""
    code = (
        "import sys; sys.ps1 = '>>> '; import cnnrepro.engine, logging; "
        "print(logging.getLogger('tensorflow').getEffectiveLevel())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) >= logging.ERROR


# Names of Keras that are not public. Where one of them changes, what rests on it would be wrong without a word.


def test_keras_still_draws_its_seeds_where_own_seeds_puts_them():
    def kernel(seed):
        with own_seeds(seed):
            layer = keras.layers.Dense(3)
            layer.build((None, 4))
        return keras.ops.convert_to_numpy(layer.kernel)

    assert (kernel(1) == kernel(1)).all()
    assert (kernel(1) != kernel(2)).any()


def test_optimizers_still_sum_gradients_where_on_one_replica_replaces_it():
    optimizer = keras.optimizers.SGD(0.5)
    assert callable(optimizer._all_reduce_sum_gradients)
    variable = keras.Variable(1.0)
    on_one_replica(optimizer).apply([keras.ops.convert_to_tensor(1.0)], [variable])
    assert float(variable) == 0.5


@pytest.mark.parametrize("enabled", [True, False])
def test_a_pause_ends_as_it_began(enabled):
    was = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), garbage_collection_paused():
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
    counts = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert (int(counts[0]) > 100_000) == apart
    assert counts[1] == "True"


def test_how_tensorflow_computes_on_the_processor_is_told():
    code = "from cnnrepro import engine; print(engine.on_processor())"
    settings = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_NUM_INTRAOP_THREADS": "3", "TF_NUM_INTEROP_THREADS": ""}
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | settings, capture_output=True, text=True, check=True
    ).stdout
    told = ast.literal_eval(said)
    assert told == {"onednn": False, "intraop_threads": 3, "interop_threads": len(machine.cores())}
