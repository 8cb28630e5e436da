"""How many things tf.data does at once: fixed numbers in place of ``tf.data.AUTOTUNE``.

AUTOTUNE looks for such numbers in a thread of its own, which sleeps for 10 ms, 20 ms, 40 ms and so on; and an iterator
that ends waits for that thread to wake up. Measured on 2 cores with TensorFlow 2.21: an epoch of 1,012 photographs took
1.58 s to its last batch, and another 0.97 s until the loop went on. With the numbers below it takes 1.4 s and ends.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnnrepro.data import lazy

if TYPE_CHECKING:
    import tensorflow as tf

PREFETCHED = 2  # batches that are ready before they are asked for

_MOST_BATCHES = 8  # at work at once, whatever the cores: 128 pictures of 224 x 224 in float32 take 77 MB


def pictures_at_once() -> int:
    """Pictures that are read and decoded side by side: two a core, since some wait for the disk."""
    return 2 * (os.cpu_count() or 1)


def batches_at_once() -> int:
    """Batches that are put together side by side."""
    return min(os.cpu_count() or 1, _MOST_BATCHES)


def steady(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The data set with some batches ready beforehand, and without AUTOTUNE's thread."""
    options = lazy.tensorflow().data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(PREFETCHED).with_options(options)
