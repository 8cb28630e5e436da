"""A short measurement: how many images a second a network trains on, on this machine."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np

from cnnrepro import models
from cnnrepro.recipes.catalogue import recipe

_STEPS = 5  # timed one by one, after two that compile and warm up; the median is taken
_LARGEST_BATCH = 64  # images on a CPU: beyond it a step takes longer and an image does not


@dataclass(frozen=True)
class Throughput:
    """What was measured.

    Args:
        images_per_second: in training.
        batch: images a step.
        steps: that were timed.
        precision: the number format.
    """

    images_per_second: float
    batch: int
    steps: int
    precision: str


def measure(
    model: str,
    input_shape: tuple[int, int, int],
    classes: int,
    recipe_name: str,
    *,
    batch: int,
    precision: str,
    options: dict[str, object],
    on_gpu: bool,
) -> Throughput:
    """Train on random images for some steps, images in memory: the network alone, without reading or augmenting.

    Args:
        model, recipe_name, options: as in ``RunSpec``.
        input_shape, classes: of the network.
        batch: images a step; no more than 64 on a processor.
        precision: the number format.
        on_gpu: whether the backend computes on one.
    """
    from cnnrepro import engine
    from cnnrepro.engine import keras
    from cnnrepro.recipes.optimizers import make_optimizer

    batch = batch if on_gpu else min(batch, _LARGEST_BATCH)
    with engine.policy_kept():
        keras.config.set_dtype_policy(precision)
        network = models.build(model, input_shape, classes, **options)
        network.compile(
            optimizer=make_optimizer(recipe(recipe_name)),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=engine.backend() == "jax",
        )
        random = np.random.default_rng(0)
        images = random.standard_normal((batch, *input_shape), np.float32)
        labels = random.integers(0, classes, batch)
        seconds = []
        for _ in range(2 + _STEPS):
            began = time.perf_counter()
            float(network.train_on_batch(images, labels))  # as a number on the host, so that the step is over
            seconds.append(time.perf_counter() - began)
    return Throughput(batch / statistics.median(seconds[2:]), batch, _STEPS, precision)
