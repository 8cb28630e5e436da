"""Keras and TensorFlow, imported quietly and in one place.

TensorFlow greets from C++ before any of its log levels is read, so the greeting is caught where it is written: on
file descriptor 2, while the import runs. If the import fails, what was caught is shown.

Every module of the package that needs Keras says ``from cnnrepro.engine import keras``. TensorFlow itself belongs to
``cnnrepro.data`` (tf.data); here it is touched only for op determinism, and for kernels that Keras has no name for.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TypeVar

from cnnrepro import machine
from cnnrepro.errors import UsageError
from cnnrepro.stderr import held_stderr, say_line

Made = TypeVar("Made")

SET_APART = ("keras", "tensorflow")  # from the garbage collector, once they are loaded


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what is written to file descriptor 2; show it after all if the block raises."""
    said: list[str] = []
    try:
        with held_stderr() as said:
            yield
    except BaseException:
        for line in said:
            say_line(line)
        raise


@contextlib.contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Make many objects that stay without a look at them; then it is as before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def import_quietly(name: str) -> ModuleType:
    """Import a module of the TensorFlow family without its start-up noise, and for good.

    The garbage collector does not go through the half a million objects that TensorFlow and Keras bring, neither while
    they are made (Keras is there after 3.2 s instead of 4.2), nor from then on (at the end of the process alone that
    takes 1.2 s), nor through what else is in memory when one of them is first loaded: such an object still goes when
    nothing refers to it, one that is part of a circle stays. (Under JAX, TensorFlow comes with the first data: models
    that somebody has made by then keep their memory when they are dropped.)
    """
    if name in sys.modules:
        return sys.modules[name]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors and worse; what matters is raised as well
    with quiet_stderr(), garbage_collection_paused():
        module = importlib.import_module(name)
        if name in SET_APART:
            gc.freeze()
    # TensorFlow warns that functions are traced again and again: each run has a network of its own. In a notebook its
    # import sets the level, so this comes after it.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return module


def _import_keras() -> ModuleType:
    """Keras; raises UsageError where the backend that KERAS_BACKEND names cannot be had."""
    try:
        module = import_quietly("keras")
        if module.backend.backend() == "tensorflow":
            # TensorFlow looks for GPUs when it first needs a device, and reports the lack of a driver as an error.
            tf = import_quietly("tensorflow")
            with quiet_stderr():
                tf.config.list_physical_devices()
        return module
    except (ImportError, ValueError) as error:
        chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
        raise UsageError(
            f"Keras cannot be loaded with the backend {chosen!r} ({error}); install it, or set KERAS_BACKEND to "
            f"tensorflow or jax."
        ) from error


keras = _import_keras()


def backend() -> str:
    """The Keras backend in use: "tensorflow" (the default), "jax" or "torch"."""
    return keras.backend.backend()


def gpus() -> list[str]:
    """The GPUs that the backend computes on, as Keras names them ("gpu:0"); none where it uses the processor."""
    return [device for device in keras.distribution.list_devices() if device.startswith("gpu")]


def make_deterministic() -> None:
    """From here on, the same operations on the same machine give the same bits.

    On TensorFlow this switches op determinism on for the rest of the process (it cannot be undone); on JAX on a CPU
    nothing is needed. Measured on 2 CPU cores the training speed of both networks is unchanged by it.
    """
    if backend() == "tensorflow":
        tf = import_quietly("tensorflow")
        tf.config.experimental.enable_op_determinism()


def on_processor() -> dict[str, object]:
    """How TensorFlow computes on the processor, which moves the last bits of numbers: oneDNN, and how many threads.

    Under another backend that is how images are augmented.
    """
    threads = import_quietly("tensorflow").config.threading
    with quiet_stderr():  # asked for the first time, it looks for GPUs
        inside, across = threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads()
    return {
        "onednn": _has_onednn(),
        "intraop_threads": inside or _threads("TF_NUM_INTRAOP_THREADS"),
        "interop_threads": across or _threads("TF_NUM_INTEROP_THREADS"),
    }


def _has_onednn() -> bool | None:
    """Whether TensorFlow uses oneDNN's kernels; None where it does not tell, for which it has no public name."""
    try:
        return bool(importlib.import_module("tensorflow.python.util._pywrap_util_port").IsMklEnabled())
    except (ImportError, AttributeError):
        return None


def _threads(variable: str) -> int:
    """The threads that TensorFlow takes where no call has said how many: the variable's, or one a core."""
    given = os.environ.get(variable, "").strip()
    return int(given) if given.isdecimal() and int(given) else len(machine.cores())


def tensorflow_kernels() -> ModuleType | None:
    """TensorFlow's operations that Keras has no name for; None under other backends."""
    return import_quietly("tensorflow").raw_ops if backend() == "tensorflow" else None


def save_as(own: type, keras_s: type) -> None:
    """Let objects of a class of ours be saved as those of the class of Keras's that they only compute faster.

    So a file of such a model is one that every Keras reads, and a model's configuration says nothing of how it is
    computed.

    Args:
        own: a class whose arguments, weights and numbers are those of the other.
        keras_s: the class of Keras's that it is derived from.
    """
    names = importlib.import_module("keras.src.api_export").REGISTERED_OBJS_TO_NAMES
    names[own] = names[keras_s]


def on_one_replica(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """An optimiser that does not sum its gradients over replicas, of which there is one.

    On TensorFlow that sum, of one number, is an operation with a gradient of its own, and TensorFlow keeps those for
    ever: with them the graph of every network that was trained, 10 MB and a longer garbage collection a run. The
    gradients are the same bits without it.
    """
    if hasattr(optimizer, "_all_reduce_sum_gradients"):
        optimizer._all_reduce_sum_gradients = list
    return optimizer


def begin_session(seed: int, keep_kernels: bool) -> None:
    """Clear Keras's session and seed the random generators.

    Both make TensorFlow drop the kernels of all that is traced; to set them up again makes the first step of a
    ResNet-20 one of 3.0 s of processor time in place of 0.4.

    Args:
        seed: of Python's, NumPy's and TensorFlow's generators. A network draws from none of them: the seeds of its
            weights and its dropout are those of ``own_seeds``.
        keep_kernels: only forget the names of layers and what nothing refers to.
    """
    if keep_kernels:
        importlib.import_module("keras.src.utils.naming").reset_uids()
        gc.collect()
    else:
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)


@contextlib.contextmanager
def policy_kept() -> Iterator[None]:
    """Put the number format of new layers back at the end.

    It belongs to the thread, and is forgotten in all threads where one clears Keras's session.
    """
    before = keras.config.dtype_policy()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def own_seeds(seed: int) -> Iterator[None]:
    """Let Keras draw the seeds of initial weights and dropout from a generator that nobody else draws from.

    It takes them from Python's global one, which every thread of the process shares: Dask's workers draw from it while
    they start, and the same run came out with other weights. The numbers are those of ``random.seed(seed)``.

    Args:
        seed: of the generator.
    """
    generators = importlib.import_module("keras.src.random.seed_generator")
    before = generators.python_random
    generators.python_random = random.Random(seed)
    try:
        yield
    finally:
        generators.python_random = before


def without_weights(make: Callable[[], Made]) -> Made:
    """What a function makes, with weights that have shapes and no values: for counting and drawing, not for numbers.

    It is made in a thread of its own. Keras keeps a list of the variables that wait for their values, one a thread, and
    would fill in all of them when the next network is built or trained: for an outlined VGG-16, 550 MB.

    Args:
        make: makes a model.
    """
    policy = keras.config.dtype_policy()  # it, too, belongs to the thread

    def outlined() -> Made:
        keras.config.set_dtype_policy(policy)
        with keras.StatelessScope(initialize_variables=False):
            return make()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(outlined).result()


LONGEST_REASON = 400  # characters; Keras puts whole configurations into its errors


def reason_of(error: Exception) -> str:
    """The line of one of Keras's long errors that says what was wrong; its beginning where the line is long."""
    reason = _telling_line(error)
    if len(reason) <= LONGEST_REASON:
        return reason
    return f"{reason[:LONGEST_REASON]} … ({len(reason) - LONGEST_REASON:,} more characters)"


def _telling_line(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    inner = [line.partition(":")[2].strip() for line in lines if line.startswith("Exception encountered:")]
    if inner and inner[0]:
        return inner[0]
    own = [line for line in lines if not line.startswith(("Exception encountered when calling", "Arguments received"))]
    return (own or lines or [type(error).__name__])[0]
