"""``train``: turns a spec into a record.

What is bit-exact: with ``deterministic`` on, the same spec gives the same curve on the same machine, also when it was
interrupted and resumed. Another processor, another number of threads or other library versions agree to rounding.
"""

from __future__ import annotations

import math
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data, machine, models, paths
from cnnrepro.errors import RunFailed
from cnnrepro.training import checkpoint, provenance
from cnnrepro.training.files import remove_leftovers, write_whole
from cnnrepro.training.progress import Progress, make_progress
from cnnrepro.training.recipes import make_optimizer, recipe
from cnnrepro.training.record import DIVERGED, DONE, ERROR, FAILED, RUNNING, RunRecord
from cnnrepro.training.spec import RunSpec, run_key
from cnnrepro.training.store import WEIGHTS, RunStore

if TYPE_CHECKING:
    import keras
    import pandas as pd

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


class _DivergedError(Exception):
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
    return "mixed_bfloat16" if machine.describe().bfloat16 else "float32"


def resolve(spec: RunSpec) -> ResolvedRun:
    """Load the data of a spec and find its key."""
    from cnnrepro import engine

    models.check_initializer(spec.model, dict(spec.options))
    splits = data.load(spec.dataset, train_images=spec.train_images)
    precision = resolve_precision(spec.precision)
    key = run_key(spec, fingerprint=splits.fingerprint, precision=precision, backend=engine.backend())
    return ResolvedRun(spec, splits, precision, engine.backend(), key)


def train(
    spec: RunSpec,
    *,
    runs: Path | str | None = None,
    progress: Progress | None = None,
    keep_weights: bool = False,
) -> RunRecord:
    """The record of a run: loaded where the store has it, else trained, resumed at the last epoch where one was done.

    Args:
        spec: the run.
        runs: folder of the store; by default ``cnnrepro.paths.runs_dir()``.
        progress: where to show it; by default what fits (terminal, Jupyter, log).
        keep_weights: write ``weights.keras`` beside the record. A run that is already done without them is trained
            again.

    Raises:
        UsageError: a store that cannot be written.
        RunFailed: the loss diverged, or an error stopped the run; names the run and its log.
        WorkFailed: the data set is not here and cannot be had.
    """
    run = resolve(spec)
    store = RunStore(Path(runs) if runs else paths.runs_dir())
    record = store.get(run.key)
    if not _is_finished(record, store, keep_weights):
        paths.require_writable(store.folder, "--runs")
        with store.claim(run.key):
            record = store.get(run.key)  # another process may have trained it while this one waited
            if not _is_finished(record, store, keep_weights):
                record = _train_claimed(run, store, progress or make_progress(), keep_weights)
    if record.status == FAILED:
        raise RunFailed(f"Run {run.key} ({spec.title()}) failed: {record.failure['reason']} "
                         f"Its log: {store.log_path(run.key)}")  # fmt: skip
    return record


def _is_finished(record: RunRecord | None, store: RunStore, keep_weights: bool) -> bool:
    """Whether nothing is left to train. A run that diverged is a result; one that met an error is tried again."""
    if record is None or record.status == RUNNING:
        return False
    if record.status == FAILED:
        return record.failure["kind"] == DIVERGED
    return not keep_weights or (store.path(record.key) / WEIGHTS).is_file()


def _train_claimed(run: ResolvedRun, store: RunStore, progress: Progress, keep_weights: bool) -> RunRecord:
    """Train while holding the run's lock; every way it can end leaves a record or the state to resume from."""
    remove_leftovers(store.path(run.key))
    record = _first_record(run, store.get(run.key))
    try:
        store.put(record)
        store.log(run.key, f"session {record.sessions} begins: {run.spec.title()}, {run.precision}, {run.backend}")
        with _numeric_mode(run):
            return _train(run, store, record, progress, keep_weights)
    except KeyboardInterrupt:
        store.log(run.key, "interrupted; the same command resumes it")
        raise
    except Exception as error:
        return _record_error(run, store, error)
    finally:
        progress.stop()


def _record_error(run: ResolvedRun, store: RunStore, error: Exception) -> RunRecord:
    """Keep what stopped a run: in its record and log where they can be written, and in the exception where not."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, OSError) and error.strerror:
        reason = f"{error.strerror} ({error.filename or store.path(run.key)})."
    try:
        store.log(run.key, f"failed: {reason}\n{traceback.format_exc()}")
        record = (store.get(run.key) or _first_record(run, None)).with_(
            status=FAILED, failure={"kind": ERROR, "reason": reason}
        )
        store.put(record)
        return record
    except OSError as second:
        raise RunFailed(
            f"Run {run.key} ({run.spec.title()}) failed and its record could not be written: {reason} "
            f"Free some space or name another folder with --runs; the same command resumes the run."
        ) from second


def _first_record(run: ResolvedRun, earlier: RunRecord | None) -> RunRecord:
    """The record of a run that begins, or of one that goes on."""
    splits = run.splits
    return RunRecord(
        key=run.key,
        status=RUNNING,
        spec=run.spec,
        history=earlier.history if earlier else {},
        precision=run.precision,
        backend=run.backend,
        data={
            "name": splits.name,
            "fingerprint": splits.fingerprint,
            "sizes": dict(splits.sizes),
            "mean": list(splits.mean),
            "std": list(splits.std),
        },
        versions=provenance.versions(),
        machine=machine.describe().to_dict(),
        commit=provenance.commit(),
        started=earlier.started if earlier else datetime.now(UTC).isoformat(timespec="seconds"),
        wall_seconds=earlier.wall_seconds if earlier else 0.0,
        sessions=earlier.sessions + 1 if earlier else 1,
    )


@contextmanager
def _numeric_mode(run: ResolvedRun) -> Iterator[None]:
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


def _compiled_model(run: ResolvedRun) -> tuple[keras.Model, bool]:
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


def _train(run: ResolvedRun, store: RunStore, record: RunRecord, progress: Progress, keep_weights: bool) -> RunRecord:
    """The epochs that are left, then the test split, once."""
    session_began, spec, folder = time.monotonic(), run.spec, store.path(run.key)
    model, jit_compile = _compiled_model(run)
    resumed = checkpoint.restore(folder, model)
    history = resumed.history if resumed else {}
    earlier_seconds = resumed.seconds if resumed else 0.0
    record = record.with_(history=history, parameters=model.count_params(), jit_compile=jit_compile)

    def elapsed() -> float:
        return earlier_seconds + time.monotonic() - session_began

    images, done = run.splits.sizes["train"], resumed.epoch if resumed else 0
    progress.start(spec.title(), epochs=spec.epochs, images=images, done=done)
    validation = data.batches(run.splits, "validation", spec.batch_size)
    try:
        for epoch in range(done, spec.epochs):
            measured = _train_epoch(run, model, validation, epoch, progress)
            history = {name: [*history.get(name, ()), value] for name, value in measured.items()}
            checkpoint.save(folder, model, checkpoint.Checkpoint(history, elapsed()))
            record = record.with_(history=history, wall_seconds=elapsed())
            store.put(record)
            scores = {name: measured[name] for name in METRICS}
            spelled = ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
            store.log(run.key, f"epoch {epoch + 1}/{spec.epochs}: {spelled}")
            progress.epoch(epoch + 1, scores)
        test, predictions = _test(run, model)
    except _DivergedError as error:
        record = record.with_(status=FAILED, failure={"kind": DIVERGED, "reason": str(error)}, wall_seconds=elapsed())
        store.log(run.key, f"failed: {error}")
        store.put(record)
        checkpoint.remove(folder)
        return record
    if keep_weights:
        _save_weights(folder, model)
    record = record.with_(status=DONE, test=test, wall_seconds=elapsed())
    store.put(record, predictions)
    store.log(run.key, f"done: test accuracy {test['accuracy']:.4f}, test loss {test['loss']:.4f}")
    checkpoint.remove(folder)
    return record


def _train_epoch(run: ResolvedRun, model: keras.Model, validation, epoch: int, progress: Progress) -> dict[str, float]:
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
            raise _DivergedError(f"{name} became {value} in epoch {epoch + 1}.")
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
                raise _DivergedError(
                    f"the loss became {loss} at step {batch + 1} of epoch {epoch + 1} "
                    f"(step {epoch * steps + batch + 1} of the run)."
                )
            self.training_seconds = time.monotonic() - self.began
            seen = min(size, images - batch * size)
            progress.batch(epoch + 1, seen, {"loss": loss, "accuracy": float(logs["accuracy"])})

    return Watch()


def _test(run: ResolvedRun, model: keras.Model) -> tuple[dict[str, float], pd.DataFrame]:
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
        raise _DivergedError(f"the test loss is {loss}.")
    frame = pd.DataFrame(
        {
            "label": labels.astype(np.int32),
            "predicted": predicted.astype(np.int32),
            "confidence": np.exp(log_probabilities.max(axis=1)).astype(np.float32),
        }
    )
    return {"accuracy": float((predicted == labels).mean()), "loss": loss, "images": len(labels)}, frame


def _save_weights(folder: Path, model: keras.Model) -> None:
    """Write the model whole, as .keras."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".weights-") as temporary:
        saved = Path(temporary) / WEIGHTS
        model.save(saved)
        write_whole(folder / WEIGHTS, lambda file: file.write(saved.read_bytes()))
