"""A short measurement: how many images a second a network trains on, on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.recipes.catalogue import Recipe

if TYPE_CHECKING:
    import keras

STEPS = 5  # timed one by one, after two that compile and warm up; the median is taken


def measure_throughput(build: Callable[[], keras.Model], recipe: Recipe, batch: int, precision: str) -> float:
    """Images a second in training on random images, in memory: the network alone, without reading or augmenting.

    Args:
        build: makes the network.
        recipe: what its optimizer is made by.
        batch: images a step.
        precision: the number format.
    """
    from cnnrepro import engine
    from cnnrepro.engine import keras
    from cnnrepro.recipes.optimizers import make_optimizer

    with engine.policy_kept():
        keras.config.set_dtype_policy(precision)
        network = build()
        network.compile(
            optimizer=make_optimizer(recipe),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=engine.backend() == "jax",
        )
        random = np.random.default_rng(0)
        images = random.standard_normal((batch, *network.input_shape[1:]), np.float32)
        labels = random.integers(0, network.output_shape[-1], batch)
        seconds = []
        for _ in range(2 + STEPS):
            began = time.perf_counter()
            float(network.train_on_batch(images, labels))  # as a number on the host, so that the step is over
            seconds.append(time.perf_counter() - began)
    return batch / statistics.median(seconds[2:])
