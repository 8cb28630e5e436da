"""Training AlexNet 2012 on a GPU, from the cached form: where the pictures are augmented, and what waits for what.

    KERAS_BACKEND=jax python benchmarks/accelerator.py [--batches 128,1024] [--repeats 7] [--json FILE]

Runs with KERAS_BACKEND tensorflow and jax, and on a processor too, with smaller defaults. The pictures are made up, as
what is in them makes no difference to the time; they lie in a file as the cached form does, 256 x 256 pixels in uint8.
For every batch size:

- the network alone: the same batch again and again, images/s of training;
- the head of the step against tf.data on the processor as the place of augmentation: images/s of training, both sides
  in turn in one process, a ratio above 1 means that the step is ahead;
- for both, the share of the time in which the loop waits for its next batch.

A measurement is the given number of steps after one that is not counted, each until its loss is on the host.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from side_by_side import JsonFile, Pair, Repeats, report

os.environ["CNNREPRO_PROGRESS"] = "none"

if TYPE_CHECKING:
    import keras

    from cnnrepro import data

CANVAS, CLASSES = 256, 1000
DEFAULT_BATCHES = {"gpu": (128, 1024), "cpu": (32,)}
DEFAULT_STEPS = {"gpu": 20, "cpu": 4}


@dataclass
class Side:
    """A placement that is trained with: how fast, and how long the loop waited.

    Args:
        feed: gives the batches.
        model: compiled, takes them.
        batch: images a step.
        steps: timed.
    """

    feed: data.Feed
    model: keras.Model
    batch: int
    steps: int
    waited: list[float] = field(default_factory=list)  # share of each measurement
    epoch: int = 0

    def images_per_second(self) -> float:
        """One measurement: an epoch with draws of its own."""
        self.epoch += 1
        waiting, began = 0.0, 0.0
        batches = iter(self.feed.batches("train", self.batch, seed=0, epoch=self.epoch))
        for step in range(self.steps + 1):
            asked = time.perf_counter()
            if step == 1:  # the first fills the pipeline
                began = asked
            images, labels = host(next(batches))
            waiting += (time.perf_counter() - asked) * bool(step)
            train(self.model, images, labels)
        seconds = time.perf_counter() - began
        self.waited.append(waiting / seconds)
        return self.batch * self.steps / seconds


def host(batch: tuple) -> tuple:
    """The tensors of tf.data as arrays that both backends take, without a copy."""
    images, labels = batch
    if isinstance(images, Mapping):
        return {name: value.numpy() for name, value in images.items()}, labels.numpy()
    return images.numpy(), labels.numpy()


def train(model: keras.Model, images: np.ndarray | dict, labels: np.ndarray) -> None:
    """One step, until its loss is a number here."""
    float(model.train_on_batch(images, labels))


def synthetic(folder: Path, count: int) -> data.Splits:
    """Made-up pictures in a file like that of the cached form: smooth colours and noise, 1,000 classes."""
    from cnnrepro.data import DatasetInfo, Examples, Splits
    from cnnrepro.data.folder.lazy_pictures import StoredPictures

    random = np.random.default_rng(0)
    ramp = np.linspace(0, 200, CANVAS, dtype=np.float32)
    smooth = np.stack([ramp[:, None] + 0 * ramp, ramp + 0 * ramp[:, None], (ramp[:, None] + ramp) / 2], axis=-1)
    path = folder / "pictures.npy"
    pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, CANVAS, CANVAS, 3))
    for picture in pixels:
        picture[:] = smooth + random.integers(0, 56, (CANVAS, CANVAS, 3))
    pixels.flush()
    labels = random.integers(0, CLASSES, count)
    everything = Examples(StoredPictures(path, np.arange(count)), labels)
    few = everything.at(np.arange(8))
    sizes = {"train": count, "validation": 8, "test": 8}
    names = tuple(f"class {number}" for number in range(CLASSES))
    info = DatasetInfo("made-up", "Made-up pictures", "random numbers", names, (CANVAS, CANVAS, 3), sizes, "", "")
    share = pixels[:64] / 255
    mean, std = share.mean(axis=(0, 1, 2)), share.std(axis=(0, 1, 2))
    examples = {"train": everything, "validation": few, "test": few}
    return Splits("made-up", info, examples, "made-up", tuple(mean.tolist()), tuple(std.tolist()))


def compiled(feed: data.Feed) -> keras.Model:
    """AlexNet as a run trains it, behind the augmentation where that is in the step."""
    from cnnrepro import engine, models
    from cnnrepro.engine import keras
    from cnnrepro.recipes.catalogue import recipe
    from cnnrepro.recipes.optimizers import make_optimizer

    keras.utils.set_random_seed(0)
    model = feed.headed(models.build("alexnet", feed.input_shape, CLASSES))
    model.compile(
        optimizer=make_optimizer(recipe("alexnet-2012"), 1e-4),  # a small rate: the labels are random
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=engine.backend() == "jax",
    )
    return model


def alone(feed: data.Feed, batch: int, steps: int, repeats: int) -> float:
    """Images/s of the network on one batch again and again, median."""
    model = compiled(feed)
    images, labels = host(next(iter(feed.batches("train", batch, seed=0))))
    found = []
    for repeat in range(repeats + 1):
        began = time.perf_counter()
        for _ in range(steps if repeat else 1):
            train(model, images, labels)
        found.append(batch * steps / (time.perf_counter() - began))
    return statistics.median(found[1:])


def placements(splits: data.Splits, batch: int, steps: int) -> dict[str, Side]:
    """Both places of augmentation, compiled; one measurement of each is not counted."""
    from cnnrepro import data

    sides = {}
    for placement in ("step", "cpu"):
        feed = data.Feed(splits, data.pipeline("alexnet-2012"), placement)
        sides[placement] = Side(feed, compiled(feed), batch, steps)
        sides[placement].images_per_second()
        sides[placement].waited.clear()
    return sides


def pairs(splits: data.Splits, sizes: Iterable[int], steps: int, found: dict[int, dict[str, Side]]) -> Iterator[Pair]:
    """A pair for each batch size; ``found`` keeps its sides."""
    for batch in sizes:
        found[batch] = placements(splits, batch, steps)
        row = f"alexnet at 224, batch {batch}, augmented in the step, images/s"
        sides = (side.images_per_second for side in found[batch].values())
        yield Pair(row, "in tf.data on the processor", *sides)


def main(
    batches: Annotated[str, typer.Option(help="Batch sizes, with commas; by default 128,1024 on a GPU, else 32.")] = "",
    steps: Annotated[int, typer.Option(min=0, help="Steps a measurement; 0: 20 on a GPU, else 4.")] = 0,
    repeats: Repeats = 7,
    precision: Annotated[str, typer.Option(help="The number format.")] = "mixed_bfloat16",
    json_file: JsonFile = None,
) -> None:
    """Measure and print."""
    from cnnrepro import data, engine
    from cnnrepro.engine import keras

    data.load_tensorflow()  # under JAX this keeps TensorFlow off the GPU
    place = "gpu" if engine.gpus() else "cpu"
    sizes = [int(word) for word in batches.split(",") if word] or list(DEFAULT_BATCHES[place])
    steps = steps or DEFAULT_STEPS[place]
    keras.config.set_dtype_policy(precision)
    print(
        f"Keras on {engine.backend()}, computing on {', '.join(engine.gpus()) or 'the processor'}; {steps} steps each"
    )
    with tempfile.TemporaryDirectory() as temporary:
        splits, found = synthetic(Path(temporary), max(sizes) * (steps + 1)), {}

        def waits_and_networks() -> list[dict]:
            rows = [row for batch, sides in found.items() for row in waits(batch, sides)]
            feed = data.Feed(splits, data.pipeline("alexnet-2012"))
            for batch in sizes:
                row = f"alexnet at 224, batch {batch}, the network alone, images/s"
                rows.append({"row": row, "ours": alone(feed, batch, steps, repeats)})
            for row in rows:
                print(f"{row['row']:74} {row['ours']:9.3g}")
            return rows

        measured = pairs(splits, sizes, steps, found)
        report(measured, repeats, json_file, precision=precision, more=waits_and_networks)


def waits(batch: int, sides: Mapping[str, Side]) -> list[dict]:
    """For each side the share of its time in which the loop waited for a batch, median."""
    where = {"step": "augmented in the step", "cpu": "augmented in tf.data"}
    return [
        {
            "row": f"alexnet at 224, batch {batch}, {where[placement]}, share of time waiting",
            "ours": statistics.median(side.waited),
        }
        for placement, side in sides.items()
    ]


if __name__ == "__main__":
    typer.run(main)
