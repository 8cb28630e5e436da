"""What Keras calls during an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnrepro.training.devices import SingleDevice
from cnnrepro.training.progress import Progress

if TYPE_CHECKING:
    import keras

    from cnnrepro.training.evaluations import Evaluations
    from cnnrepro.training.resolve import ResolvedRun


class DivergedError(Exception):
    """The loss left the finite numbers."""


def _steps(first: int, last: int) -> str:
    """Steps in words."""
    return f"step {first}" if first == last else f"steps {first} to {last}"


def make_callback(
    run: ResolvedRun,
    epoch: int,
    later_rates: Mapping[int, float],
    progress: Progress,
    devices: SingleDevice,
    evaluations: Evaluations | None = None,
) -> keras.callbacks.Callback:
    """A callback that shows progress, takes the time, changes the learning rate and ends a run that diverges."""
    from cnnrepro.engine import keras

    size, images, steps = run.spec.batch_size, run.splits.sizes["train"], run.steps

    class EpochCallback(keras.callbacks.Callback):
        training_seconds = first_step_seconds = math.nan
        begun = seen = 0  # the first of the steps that are at work; images of the epoch

        def on_epoch_begin(self, _epoch, logs=None):
            devices.replicate(self.model)
            self.began = time.monotonic()

        def on_train_batch_begin(self, batch, logs=None):
            self.begun = batch
            if batch in later_rates:
                if run.backend == "jax":
                    self.model.jax_state_sync()  # JAX's step holds the variables; this hands them back
                self.model.optimizer.learning_rate = later_rates[batch]
                devices.replicate(self.model)

        def on_test_batch_begin(self, batch, logs=None):
            if batch == 0:  # Keras has just set the metrics back
                devices.replicate(self.model)

        def on_train_batch_end(self, batch, logs=None):
            loss, last = float(logs["loss"]), min(batch, steps - 1)  # several steps may be taken at once
            if not math.isfinite(loss):
                before = epoch * steps
                raise DivergedError(
                    f"the loss became {loss} at {_steps(self.begun + 1, last + 1)} of epoch {epoch + 1} "
                    f"({_steps(before + self.begun + 1, before + last + 1)} of the run)."
                )
            self.training_seconds = time.monotonic() - self.began
            if self.begun == 0:
                self.first_step_seconds = self.training_seconds
            if evaluations and evaluations.needs_each_step:
                if run.backend == "jax":
                    self.model.jax_state_sync()
                evaluations.after_step()
            seen, self.seen = self.seen, min(size * (last + 1), images)
            progress.batch(epoch + 1, self.seen - seen, {"loss": loss, "accuracy": float(logs["accuracy"])})

    return EpochCallback()
