"""Models without memory for their weights: they leave nothing behind, and keep the number format that is set.

And what TensorFlow says of itself.
"""

import subprocess
import sys
import threading

import pytest

from cnnrepro.engine import keras, without_weights


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


@pytest.mark.parametrize("interactive", [False, True])
def test_tensorflow_keeps_its_warnings_to_itself(interactive):
    """In a notebook, which it knows by sys.ps1, it would write them into the cell."""
    code = "import cnnrepro.engine, logging; print(logging.getLogger('tensorflow').getEffectiveLevel())"
    if interactive:
        code = f"import sys; sys.ps1 = '>>> '; {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) >= 40
