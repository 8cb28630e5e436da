"""TensorFlow and tf.data as this package uses them: imported on first use, with fixed parallelism."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

PREFETCHED = 2  # batches that are ready before they are asked for

_MOST_BATCHES = 8  # at work at once, whatever the cores: 128 pictures of 224 x 224 in float32 take 77 MB


def tensorflow() -> ModuleType:
    """TensorFlow. Where Keras runs on another backend, it only feeds data and leaves the GPUs alone.

    Otherwise it would claim nearly all memory of a GPU that JAX or PyTorch is about to train on.
    """
    from cnnrepro import engine  # which loads Keras

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


# Fixed numbers in place of tf.data.AUTOTUNE, which looks for them in a thread that sleeps for 10 ms, 20 ms, 40 ms and
# so on; an iterator that ends waits for that thread to wake up. Measured on 2 cores with TensorFlow 2.21: an epoch of
# 1,012 photographs took 1.58 s to its last batch, and another 0.97 s until the loop went on. With these it takes 1.4 s.


def pictures_at_once() -> int:
    """Pictures that are read and decoded side by side: two a core, since some wait for the disk."""
    return 2 * (os.cpu_count() or 1)


def batches_at_once() -> int:
    """Batches that are put together side by side."""
    return min(os.cpu_count() or 1, _MOST_BATCHES)


def in_batches(values: object, batch_size: int) -> tf.data.Dataset:
    """Arrays in memory cut into batches, the ragged last one included; call it with the CPU as device.

    Slices of the whole: ``Dataset.batch`` puts a batch together from single values, 0.3 ms for 128 positions.

    Args:
        values: arrays (N, …) of one length, in any nesting of tuples and mappings.
        batch_size: values a batch.
    """
    tf = tensorflow()
    held = tf.nest.map_structure(tf.constant, values)
    count = len(tf.nest.flatten(held)[0])

    def batch(number: tf.Tensor) -> object:
        first = number * batch_size
        return tf.nest.map_structure(lambda whole: whole[first : first + batch_size], held)

    return tf.data.Dataset.range(-(-count // batch_size)).map(as_written(batch))


def prefetched(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The data set with some batches ready beforehand, and without AUTOTUNE's thread."""
    options = tensorflow().data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(PREFETCHED).with_options(options)


def tensor_ops() -> SimpleNamespace:
    """TensorFlow's operations under the names that ``keras.ops`` has for them, for augmentation inside tf.data.

    tf.data computes with TensorFlow alone, and where Keras runs on JAX ``keras.ops`` cannot take its tensors. The
    functions in ``cnnrepro.layers.augmentation`` take either, so each is defined once; a test holds the results equal.
    """
    tf = tensorflow()
    return SimpleNamespace(
        arange=lambda stop, dtype="int32": tf.range(stop, dtype=dtype),
        cast=tf.cast,
        clip=tf.clip_by_value,
        cond=tf.cond,
        flip=lambda x, axis: tf.reverse(x, [axis]),
        floor=tf.floor,
        pad=tf.pad,
        reshape=tf.reshape,
        shape=tf.shape,
        slice=lambda x, start, shape: tf.slice(x, tf.stack(start), shape),
        stack=lambda parts, axis: tf.stack(parts, axis),
        take=lambda x, indices, axis: tf.gather(x, indices, axis=axis),
        tile=tf.tile,
        where=tf.where,
    )
