"""What ``cnnrepro.train`` costs beside a bare ``model.fit`` on the same network, data and recipe.

    python benchmarks/training.py [--repeats 7] [--json FILE]

Each repeat trains both sides in turn, in one process, each in one epoch after a warm-up epoch: images per second of
training alone. Ours adds the check for a loss that is not finite, progress, and the shuffled, standardised tf.data
pipeline; the peer is Keras's fit on arrays that were standardised before. A ratio above 1 means ours is ahead.
"""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial

import typer
from side_by_side import JsonFile, Pair, Repeats, report

os.environ["CNNREPRO_PROGRESS"] = "none"

IMAGES = {"alexnet_small": 768, "resnet20": 2_048}
BATCH = 128


def ours(model: str, precision: str) -> float:
    """Images/s of the second epoch of a run."""
    from cnnrepro.runs import RunSpec
    from cnnrepro.training import train

    spec = RunSpec(
        model=model, dataset="mnist_5k", epochs=2, batch_size=BATCH, train_images=IMAGES[model], precision=precision
    )
    with tempfile.TemporaryDirectory() as runs:
        return train(spec, runs=runs).history["images_per_second"][1]


def bare(model: str, precision: str) -> float:
    """Images/s of the second epoch of Keras's fit on arrays."""
    from cnnrepro import data, models
    from cnnrepro.engine import keras

    splits = data.load("mnist_5k", train_images=IMAGES[model])
    images, labels = data.arrays(splits, "train")
    images = ((images / 255 - splits.mean[0]) / splits.std[0]).astype("float32")
    keras.backend.clear_session()
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(0)
    network = models.build(model, splits.info.input_shape)
    network.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"], jit_compile=False
    )
    network.fit(images, labels, batch_size=BATCH, verbose=0)
    began = time.monotonic()
    network.fit(images, labels, batch_size=BATCH, verbose=0)
    seconds = time.monotonic() - began
    keras.config.set_dtype_policy("float32")
    return len(images) / seconds


def main(repeats: Repeats = 7, json_file: JsonFile = None) -> None:
    """Measure and print."""
    from cnnrepro import engine, machine

    engine.make_deterministic()
    precision = "mixed_bfloat16" if machine.describe().cpu_bfloat16 else "float32"
    pairs = (
        Pair(
            f"{model}, training images/s",
            "keras.Model.fit on arrays",
            partial(ours, model, precision),
            partial(bare, model, precision),
        )
        for model in IMAGES
    )
    report(pairs, repeats, json_file, precision=precision)


if __name__ == "__main__":
    typer.run(main)
