"""The numbers of a run: its data and number format on this machine, its network, an epoch, the test.

What is bit-exact: with ``deterministic`` on, the same spec gives the same curve on the same machine, also when it was
interrupted and resumed. Another processor, another number of threads or other library versions agree to rounding.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data, machine, models
from cnnrepro.training.files import write_whole
from cnnrepro.training.progress import Progress
from cnnrepro.training.recipes import make_optimizer, recipe
from cnnrepro.training.spec import RunSpec, run_key
from cnnrepro.training.store import WEIGHTS

if TYPE_CHECKING:
    import keras
    import pandas as pd

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


class DivergedError(Exception):
    """The loss left the finite numbers."""


@dataclass(frozen=True)
class ResolvedRun:
    """A spec with all that this machine adds to it: its data, number format and key."""

    spec: RunSpec
    splits: data.Splits
    precision: str
    backend: str
    key: str


def resolve_precision(precision: str) -> str:
    """What "auto" comes to here: mixed bfloat16 where it is native, float32 elsewhere; other names as they are."""
    if precision != "auto":
        return precision
    return "mixed_bfloat16" if machine.describe().computes_bfloat16(on_gpu=on_gpu()) else "float32"


def on_gpu() -> bool:
    """Whether Keras's backend sees a GPU; that the driver lists one is not enough."""
    from cnnrepro import engine

    return bool(engine.gpus())


def resolve(spec: RunSpec, splits: data.Splits | None = None) -> ResolvedRun:
    """Load the data of a spec, unless they are given, and find its key."""
    from cnnrepro import engine

    models.check_initializer(spec.model, dict(spec.options))
    splits = splits or data.load(spec.dataset, train_images=spec.train_images)
    precision = resolve_precision(spec.precision)
    key = run_key(spec, fingerprint=splits.fingerprint, precision=precision, backend=engine.backend())
    return ResolvedRun(spec, splits, precision, engine.backend(), key)


@contextmanager
def numeric_mode(run: ResolvedRun) -> Iterator[None]:
    """Seeds, determinism and number format of a run; the format is put back afterwards."""
    from cnnrepro import engine
    from cnnrepro.engine import keras

    # Keras seeds TensorFlow under every backend; loaded here it is quiet, and under JAX it keeps off the GPUs.
    data.load_tensorflow()
    before = keras.config.dtype_policy()
    # clear_session also forgets the dtype policy, so the policy comes after it.
    keras.backend.clear_session()
    if run.spec.deterministic:
        engine.make_deterministic()
    keras.config.set_dtype_policy(run.precision)
    keras.utils.set_random_seed(run.spec.seed)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compiled_model(run: ResolvedRun) -> tuple[keras.Model, bool]:
    """The network of a run with fresh weights, its optimiser built; and whether XLA compiles its step."""
    from cnnrepro.engine import keras

    info = run.splits.info
    model = models.build(
        run.spec.model, input_shape=info.input_shape, classes=len(info.classes), **dict(run.spec.options)
    )
    # On a CPU XLA's steps are slower here (AlexNet 133 against 186 images/s); JAX knows no other way.
    jit_compile = run.backend == "jax"
    model.compile(
        optimizer=make_optimizer(recipe(run.spec.recipe), run.spec.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit_compile,
    )
    model.optimizer.build(model.trainable_variables)
    return model, jit_compile


def train_epoch(run: ResolvedRun, model: keras.Model, validation, epoch: int, progress: Progress) -> dict[str, float]:
    """One pass over the training split and one over the validation split; the means of what was seen."""
    images = run.splits.sizes["train"]
    watch = _watch(run, epoch, progress)
    began = time.monotonic()
    model.fit(
        data.batches(run.splits, "train", run.spec.batch_size, seed=run.spec.seed, epoch=epoch),
        initial_epoch=epoch,
        epochs=epoch + 1,
        validation_data=validation,
        callbacks=[watch],
        shuffle=False,  # tf.data has shuffled
        verbose=0,
    )
    measured = {name: float(values[-1]) for name, values in model.history.history.items()}
    for name, value in measured.items():
        if not math.isfinite(value):
            raise DivergedError(f"{name} became {value} in epoch {epoch + 1}.")
    return {
        **{name: measured[name] for name in METRICS},
        "learning_rate": float(model.optimizer.learning_rate),
        "seconds": time.monotonic() - began,
        "images_per_second": images / watch.training_seconds,
    }


def _watch(run: ResolvedRun, epoch: int, progress: Progress) -> keras.callbacks.Callback:
    """A callback that shows progress, takes the time and ends a run whose loss is not finite."""
    from cnnrepro.engine import keras

    size, images = run.spec.batch_size, run.splits.sizes["train"]
    steps = -(-images // size)

    class Watch(keras.callbacks.Callback):
        training_seconds = math.nan

        def on_epoch_begin(self, _epoch, logs=None):
            self.began = time.monotonic()

        def on_train_batch_end(self, batch, logs=None):
            loss = float(logs["loss"])
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss became {loss} at step {batch + 1} of epoch {epoch + 1} "
                    f"(step {epoch * steps + batch + 1} of the run)."
                )
            self.training_seconds = time.monotonic() - self.began
            seen = min(size, images - batch * size)
            progress.batch(epoch + 1, seen, {"loss": loss, "accuracy": float(logs["accuracy"])})

    return Watch()


def test(run: ResolvedRun, model: keras.Model) -> tuple[dict[str, float], pd.DataFrame]:
    """The test split, read once: scores, and for every image the label, the predicted class and its probability.

    Loss and accuracy are taken over all images in float64, so a smaller last batch weighs what it should.
    """
    import pandas as pd

    logits = model.predict(data.batches(run.splits, "test", run.spec.batch_size), verbose=0).astype(np.float64)
    _, labels = data.arrays(run.splits, "test")
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, classes)
    predicted = logits.argmax(axis=1)
    loss = float(-log_probabilities[np.arange(len(labels)), labels].mean())
    if not math.isfinite(loss):
        raise DivergedError(f"the test loss is {loss}.")
    frame = pd.DataFrame(
        {
            "label": labels.astype(np.int32),
            "predicted": predicted.astype(np.int32),
            "confidence": np.exp(log_probabilities.max(axis=1)).astype(np.float32),
        }
    )
    return {"accuracy": float((predicted == labels).mean()), "loss": loss, "images": len(labels)}, frame


def save_weights(folder: Path, model: keras.Model) -> None:
    """Write the model whole, as .keras."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".weights-") as temporary:
        saved = Path(temporary) / WEIGHTS
        model.save(saved)
        write_whole(folder / WEIGHTS, lambda file: file.write(saved.read_bytes()))
