"""One arm of benchmarks/training.py in a process of its own; prints JSON in its last line.

    python benchmarks/training_arm.py ARM JOB_FILE

ARM is a name of ``ARMS``; what is to be done stands in the file (see ``Job``). Everything computes on the processor.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

    from cnnrepro.data import Splits
    from cnnrepro.runs import RunSpec

MEMORY_DISK = Path("/dev/shm")  # where there is one: checkpoints of 700 MB shall not keep the disk busy
PRODUCT = 2048  # rows and columns of the matrices
PRODUCTS = 8  # of which the fastest counts
RATE = 1e-3  # of Adam
# Where losses are compared. Adam's first steps are as long for a gradient that is rounding as for any other: with 0.001
# AlexNet's loss went from 19 to 234 in a step, and PyTorch's was 3 % from ours behind it.
CHECKED_RATE = 1e-5
# Keras adds Adam's epsilon where PyTorch does up to a factor that goes to 1; both have Keras's 1e-7.
EPSILON = 1e-7
# Of the first weights where losses are compared: with the smaller ones of some papers the logits are nought to
# rounding, and any network that ends in as many classes has the same first loss.
SENSITIVE = (("kernel_initializer", "he_normal"),)


@dataclass(frozen=True)
class Job:
    """What an arm is asked for.

    Args:
        model, dataset, classes, batch: of the row.
        precision: "float32" or "mixed_bfloat16".
        images: a file of images (N, H, W, C) uint8, labels, and mean and std of each channel on the scale 0 … 1.
        epochs: that are timed, after one that is not.
        steps: whose losses are told in place of a speed, without dropout; 0 for the speed.
        weights: a file that ours writes its first weights to, and the others read; of losses alone.
        product: tell the speed of a matrix product instead.
    """

    model: str = ""
    dataset: str = ""
    classes: int = 0
    batch: int = 0
    precision: str = "float32"
    images: str = ""
    epochs: int = 2
    steps: int = 0
    weights: str = ""
    product: bool = False

    @classmethod
    def read(cls, path: Path) -> Job:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @property
    def rate(self) -> float:
        """Of Adam."""
        return CHECKED_RATE if self.steps else RATE

    def standardised(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, H, W, C) float32 and labels (N,) int64, as a network takes them."""
        with np.load(self.images) as held:
            pixels = (held["images"] / 255 - held["mean"]) / held["std"]
            return pixels.astype(np.float32), held["labels"]


def best(product: Callable[[], Any]) -> dict:
    """FLOP/s of a product of two square matrices, the fastest of several."""
    product()
    seconds = []
    for _ in range(PRODUCTS):
        began = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - began)
    return {"flops": 2 * PRODUCT**3 / min(seconds)}


def told_losses(step: Callable[[int], float], count: int, parameters: int) -> dict:
    return {"losses": [step(number) for number in range(count)], "parameters": parameters}


def told_speed(images: int, seconds: list[float], loss: float) -> dict:
    """Images/s of each epoch but the first; ends the process where the loss is no number."""
    if not math.isfinite(loss):
        raise SystemExit(f"The loss became {loss}; a speed of such a training means nothing.")
    return {"images_per_second": [images / one for one in seconds[1:]]}


# ours and Keras ------------------------------------------------------------------------------------------------------


def splits_of(job: Job) -> Splits:
    """The images as a data set in memory, with a few of them for validation and test."""
    from cnnrepro import data
    from cnnrepro.data.labelled_images import Examples

    with np.load(job.images) as held:
        everything = Examples(held["images"], held["labels"])
        mean, std = (tuple(float(value) for value in held[name]) for name in ("mean", "std"))
    few = everything.at(np.arange(8))
    examples = {"train": everything, "validation": few, "test": few}
    return data.Splits(job.dataset, data.info(job.dataset), examples, "benchmark", mean, std)


def spec_of(job: Job, splits: Splits) -> RunSpec:
    """The run of a job."""
    from cnnrepro import data
    from cnnrepro.runs import RunSpec

    return RunSpec(
        model=job.model,
        dataset=job.dataset,
        pipeline="plain",
        epochs=1 + job.epochs,
        batch_size=job.batch,
        learning_rate=job.rate,
        precision=job.precision,
        canvas=splits.canvas[0] if data.info(job.dataset).kind == "pictures" else None,
        options=SENSITIVE if job.steps else (),
    )


def ours(job: Job) -> dict:
    """Through ``cnnrepro.train``: spec, pipeline, training, checkpoint and record."""
    from cnnrepro.training.loop import find_or_train

    splits = splits_of(job)
    spec = spec_of(job, splits)
    if job.steps:
        return losses_of_ours(spec, splits, job)
    place = MEMORY_DISK if os.access(MEMORY_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as runs:
        record = find_or_train(spec, splits=splits, runs=runs)
    return {"images_per_second": record.history["images_per_second"][1:]}


def losses_of_ours(spec, splits: Splits, job: Job) -> dict:
    """The first losses of the model that a run compiles, on the batches that a run is fed."""
    from cnnrepro.training.epoch import compiled_model, numeric_mode
    from cnnrepro.training.resolve import resolve

    run = resolve(spec, splits)
    with numeric_mode(run):
        compiled = compiled_model(run)
        model, network = compiled.model, compiled.network
        keras_without_dropout(network)
        named = {f"{layer.name}/{weight.name}": weight for layer in network.layers for weight in layer.weights}
        np.savez(job.weights, **{name: np.asarray(weight) for name, weight in named.items()})
        batches = iter(run.feed.batches("train", job.batch))
        return told_losses(lambda _: keras_step(model, *next(batches)), job.steps, network.count_params())


def keras_step(model: keras.Model, images, labels) -> float:
    model.reset_metrics()  # else it is the mean of the steps so far
    return float(model.train_on_batch(images, labels, return_dict=True)["loss"])


def keras_without_dropout(model: keras.Model) -> None:
    from cnnrepro.engine import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


def plain(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A layer of Keras's own in place of ours; on TensorFlow its response normalisation, which Keras lacks."""
    from cnnrepro.engine import backend, keras
    from cnnrepro.layers import LocalResponseNormalization

    if isinstance(layer, LocalResponseNormalization) and backend() == "tensorflow":
        import tensorflow as tf

        arguments = {"depth_radius": 2, "bias": layer.k, "alpha": layer.alpha, "beta": layer.beta}
        return keras.layers.Lambda(
            lambda x: tf.cast(tf.nn.local_response_normalization(tf.cast(x, tf.float32), **arguments), x.dtype),
            name=layer.name,
            dtype=layer.dtype_policy,
        )
    kind = next(one for one in type(layer).__mro__ if one.__module__.startswith("keras."))
    if kind is keras.layers.Layer:  # the shortcut without weights, for which Keras has no layer either
        kind = type(layer)
    return kind.from_config(layer.get_config())


def plain_keras(job: Job) -> dict:
    """``fit`` on arrays in memory, of a network of Keras's own layers, as tutorials have it."""
    from cnnrepro import models
    from cnnrepro.engine import keras

    images, labels = job.standardised()
    keras.config.set_dtype_policy(job.precision)
    keras.utils.set_random_seed(0)
    built = models.build(job.model, images.shape[1:], job.classes)
    cloned = keras.models.clone_model(built, clone_function=plain)
    model = keras.Model(cloned.inputs, cloned.outputs)  # auxiliary logits are outputs beside the answer
    heads = len(model.outputs) - 1
    targets = [labels] * (1 + heads) if heads else labels
    one = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    many = {"loss": [one] * (1 + heads), "loss_weights": [1.0, *[0.3] * heads]} if heads else {"loss": one}
    metrics = [["accuracy"], *[[]] * heads] if heads else ["accuracy"]
    model.compile(keras.optimizers.Adam(job.rate), **many, metrics=metrics)
    if job.steps:
        keras_without_dropout(model)
        with np.load(job.weights) as held:
            for layer in model.layers:
                for weight in layer.weights:
                    weight.assign(held[f"{layer.name}/{weight.name}"])

        def step(number: int) -> float:
            part = slice(number * job.batch, (number + 1) * job.batch)
            labels_now = [labels[part]] * (1 + heads) if heads else labels[part]
            return keras_step(model, images[part], labels_now)

        return told_losses(step, job.steps, model.count_params())
    seconds: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.began)

    told = model.fit(images, targets, batch_size=job.batch, epochs=1 + job.epochs, callbacks=[Clock()], verbose=0)
    return told_speed(len(images), seconds, told.history["loss"][-1])


def keras_product(job: Job) -> dict:
    """With TensorFlow."""
    import tensorflow as tf

    numbers = tf.cast(tf.random.normal((PRODUCT, PRODUCT)), job.precision.removeprefix("mixed_"))
    return best(lambda: tf.matmul(numbers, numbers)[0, 0].numpy())


# PyTorch -------------------------------------------------------------------------------------------------------------


def torch_arm(job: Job, compiled: bool) -> dict:
    """A training loop over tensors in memory: channels last, autocast, fused Adam."""
    import torch
    import torch_networks

    images, labels = map(torch.from_numpy, job.standardised())
    torch.manual_seed(0)
    network = torch_networks.network(job.model, job.classes).train()
    if job.steps:
        with np.load(job.weights) as held:
            torch_networks.load(torch_networks.without_dropout(network), held)
    model = torch.compile(network) if compiled else network
    optimizer = torch.optim.Adam(network.parameters(), lr=job.rate, eps=EPSILON, fused=True)
    reduced = job.precision == "mixed_bfloat16"

    def step(chosen: torch.Tensor) -> torch.Tensor:
        batch = images[chosen].permute(0, 3, 1, 2)  # (N, C, H, W), channels last
        with torch.autocast("cpu", torch.bfloat16) if reduced else nullcontext():
            loss = torch_networks.loss(model(batch), labels[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    if job.steps:
        everything = torch.arange(len(images)).split(job.batch)
        counted = sum(value.numel() for name, value in network.state_dict().items() if "num_batches" not in name)
        return told_losses(lambda number: float(step(everything[number])), job.steps, counted)
    seconds = []
    for _ in range(1 + job.epochs):
        began = time.perf_counter()
        for chosen in torch.randperm(len(images)).split(job.batch):
            loss = step(chosen)
        last = float(loss)
        seconds.append(time.perf_counter() - began)
    return told_speed(len(images), seconds, last)


def torch_product(job: Job) -> dict:
    import torch

    numbers = torch.randn(PRODUCT, PRODUCT).to(getattr(torch, job.precision.removeprefix("mixed_")))
    return best(lambda: numbers @ numbers)


@dataclass(frozen=True)
class Arm:
    """A way to train.

    Args:
        title: for a table.
        work: measures a job.
        needs: the distribution that must be installed for it.
        backend: of Keras.
        product: the matrix product of the same library, where it has one that is measured.
    """

    title: str
    work: Callable[[Job], dict]
    needs: str
    backend: str = "tensorflow"
    product: Callable[[Job], dict] | None = None


ARMS: dict[str, Arm] = {
    "ours": Arm("cnnrepro.train", ours, "keras", product=keras_product),
    "keras": Arm("Keras fit", plain_keras, "keras"),
    "torch": Arm("PyTorch", lambda job: torch_arm(job, False), "torch", product=torch_product),
    "torch-compiled": Arm("PyTorch, torch.compile", lambda job: torch_arm(job, True), "torch"),
    "keras-jax": Arm("Keras on JAX", plain_keras, "jax", backend="jax"),
}


def main(name: str, job_file: str) -> None:
    """Do the job and print what was found."""
    arm, job = ARMS[name], Job.read(Path(job_file))
    os.environ |= {"KERAS_BACKEND": arm.backend, "CNNREPRO_PROGRESS": "none", "CUDA_VISIBLE_DEVICES": ""}
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    found = arm.product(job) if job.product else arm.work(job)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
