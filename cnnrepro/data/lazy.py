"""TensorFlow and tensorflow-datasets, imported on first use: the only door to them in this package."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import ModuleType


def tensorflow() -> ModuleType:
    """TensorFlow. Where Keras runs on another backend, it only feeds data and leaves the GPUs alone.

    Otherwise it would claim nearly all memory of a GPU that JAX or PyTorch is about to train on.
    """
    from cnnrepro import engine

    tf = engine.import_quietly("tensorflow")
    if engine.backend() != "tensorflow":
        # RuntimeError: TensorFlow is already running, so it is too late, and somebody's choice. Quiet, because looking
        # for GPUs where there is no driver is reported as an error.
        with contextlib.suppress(RuntimeError), engine.quiet_stderr():
            tf.config.set_visible_devices([], "GPU")
    return tf


def tensorflow_datasets() -> ModuleType:
    """tensorflow-datasets, after TensorFlow."""
    from cnnrepro import engine

    tensorflow()
    return engine.import_quietly("tensorflow_datasets")


def as_written(function: Callable) -> Callable:
    """A function for tf.data as it is written, which AutoGraph need not translate.

    AutoGraph writes each translation into a file for temporary files; those of a killed process stay there.
    """
    return tensorflow().autograph.experimental.do_not_convert(function)
