"""The network of a run, the mode it computes in, an epoch of training, and its weights on disk.

What is bit-exact: with ``deterministic`` on, the same spec gives the same curve on the same machine, also when it was
interrupted and resumed. Another processor, another number of threads or other library versions agree to rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import data, models
from cnnrepro.files import folder_beside, write_whole
from cnnrepro.recipes.catalogue import recipe
from cnnrepro.recipes.schedules import learning_rates
from cnnrepro.runs.store import WEIGHTS
from cnnrepro.training import kept_model
from cnnrepro.training.callback import DivergedError, make_callback
from cnnrepro.training.devices import SINGLE_DEVICE, SingleDevice
from cnnrepro.training.kept_model import CompiledModel
from cnnrepro.training.progress import Progress
from cnnrepro.training.resolve import ResolvedRun
from cnnrepro.training.steps_at_once import steps_at_once

if TYPE_CHECKING:
    import keras

    from cnnrepro.training.evaluations import Evaluations

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


@contextmanager
def numeric_mode(run: ResolvedRun) -> Iterator[None]:
    """Set the seeds, determinism and number format of a run; the format is put back afterwards."""
    from cnnrepro import engine
    from cnnrepro.engine import keras

    # Keras seeds TensorFlow under every backend; loaded here it is quiet, and under JAX it keeps off the GPUs.
    data.load_tensorflow()
    with engine.policy_kept():
        # clear_session also forgets the dtype policy, so the policy comes after it.
        engine.begin_session(run.spec.seed, keep_kernels=kept_model.is_for(run))
        if run.spec.deterministic:
            engine.make_deterministic()
        keras.config.set_dtype_policy(run.precision)
        with engine.own_seeds(run.spec.seed):
            yield


def build(run: ResolvedRun) -> keras.Model:
    """The network of a run, from augmented images to logits, with initial weights."""
    spec, shape = run.spec, run.feed.input_shape
    if spec.network:
        return models.own_network.make(spec.model, shape, run.classes, expected=spec.network, **dict(spec.options))
    return models.build(spec.model, shape, run.classes, **dict(spec.options))


def compiled_model(run: ResolvedRun) -> CompiledModel:
    """The model of a run as it is before the first step: a fresh one, or the kept one, given its state."""
    fresh, kept = _fresh_model(run), kept_model.take(run)
    if kept is None:
        return fresh
    kept.take_state_of(fresh)
    return kept


def _fresh_model(run: ResolvedRun) -> CompiledModel:
    """A model with initial weights, compiled, its optimizer built."""
    from cnnrepro import engine
    from cnnrepro.recipes.losses import make_loss, make_metrics
    from cnnrepro.recipes.optimizers import make_optimizer

    chosen = recipe(run.spec.recipe)
    network = build(run)
    model = run.feed.headed(network)
    # On a CPU XLA's steps are slower here (AlexNet 133 against 186 images/s); JAX knows no other way.
    jit_compile = run.backend == "jax"
    model.compile(
        optimizer=engine.on_one_replica(make_optimizer(chosen, run.spec.learning_rate)),
        loss=make_loss(chosen),
        metrics=make_metrics(chosen),
        jit_compile=jit_compile,
        steps_per_execution=steps_at_once(run),
    )
    model.optimizer.build(model.trainable_variables)
    return CompiledModel(model, network, jit_compile)


def epoch_rates(run: ResolvedRun, epoch: int, history: Mapping[str, list[float]]) -> list[tuple[int, float]]:
    """The learning rates of an epoch, as (step of the epoch from which on, rate); the first is for step 0.

    They follow from the recipe and the history alone, so a run that is resumed has those of one that was left alone.
    """
    chosen = recipe(run.spec.recipe)
    base = chosen.learning_rate if run.spec.learning_rate is None else run.spec.learning_rate
    return learning_rates(chosen.schedule, base, epoch, history, run.steps, run.spec.epochs)


def train_epoch(
    run: ResolvedRun,
    model: keras.Model,
    validation,
    epoch: int,
    history: Mapping[str, list[float]],
    progress: Progress,
    devices: SingleDevice = SINGLE_DEVICE,
    evaluations: Evaluations | None = None,
) -> dict[str, float]:
    """One pass over the training split and one over the validation split.

    Returns:
        The values of the curves: loss and val_loss (nats), accuracy and val_accuracy (0 to 1), learning_rate (of the
        last step), seconds (validation included), images_per_second (of training), and what ``Evaluations`` measures.
    """
    sizes, batch_size = run.splits.sizes, run.spec.batch_size
    (_, first_rate), *later_rates = rates = epoch_rates(run, epoch, history)
    model.optimizer.learning_rate = first_rate
    callback = make_callback(run, epoch, dict(later_rates), progress, devices, evaluations)
    began = time.monotonic()
    training = run.feed.batches("train", batch_size, seed=run.spec.seed, epoch=epoch)
    with devices.detecting_lost_workers():
        model.fit(
            devices.global_batches(training, sizes["train"], batch_size),
            initial_epoch=epoch,
            epochs=epoch + 1,
            steps_per_epoch=devices.batch_count(sizes["train"], batch_size),
            validation_data=devices.global_batches(validation, sizes["validation"], batch_size),
            validation_steps=devices.batch_count(sizes["validation"], batch_size),
            callbacks=[callback],
            shuffle=False,  # tf.data has shuffled
            verbose=0,
        )
    measured = {name: float(values[-1]) for name, values in model.history.history.items()}
    for name, value in measured.items():
        if not math.isfinite(value):
            raise DivergedError(f"{name} became {value} in epoch {epoch + 1}.")
    # Of smoothed labels the plain cross-entropy is kept, which compares with other recipes' and with the test's.
    plain = {f"{split}loss": measured.get(f"{split}cross_entropy", measured[f"{split}loss"]) for split in ("", "val_")}
    seconds = time.monotonic() - began
    values = {name: (measured | plain)[name] for name in METRICS}
    return {
        **values,
        **(evaluations.after_epoch(epoch, validation, values) if evaluations else {}),
        "learning_rate": rates[-1][1],
        "seconds": seconds,
        "images_per_second": sizes["train"] / callback.training_seconds,
        "first_step_seconds": callback.first_step_seconds,
    }


def save_weights(folder: Path, model: keras.Model, check: Callable[[], object]) -> None:
    """Write the model whole, as .keras; ``check`` is called before it takes its place, and may raise."""
    with folder_beside(folder, ".weights-") as temporary:
        saved = temporary / WEIGHTS
        model.save(saved)
        write_whole(folder / WEIGHTS, lambda file: file.write(saved.read_bytes()), before_move=check)
