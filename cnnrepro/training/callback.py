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

    from cnnrepro.training.resolve import ResolvedRun


class DivergedError(Exception):
    """The loss left the finite numbers."""


def make_callback(
    run: ResolvedRun, epoch: int, later_rates: Mapping[int, float], progress: Progress, devices: SingleDevice
) -> keras.callbacks.Callback:
    """A callback that shows progress, takes the time, changes the learning rate and ends a run that diverges."""
    from cnnrepro.engine import keras

    size, images, steps = run.spec.batch_size, run.splits.sizes["train"], run.steps

    class EpochCallback(keras.callbacks.Callback):
        training_seconds = first_step_seconds = math.nan

        def on_epoch_begin(self, _epoch, logs=None):
            devices.replicate(self.model)
            self.began = time.monotonic()

        def on_train_batch_begin(self, batch, logs=None):
            if batch in later_rates:
                if run.backend == "jax":
                    self.model.jax_state_sync()  # JAX's step holds the variables; this hands them back
                self.model.optimizer.learning_rate = later_rates[batch]
                devices.replicate(self.model)

        def on_test_batch_begin(self, batch, logs=None):
            if batch == 0:  # Keras has just set the metrics back
                devices.replicate(self.model)

        def on_train_batch_end(self, batch, logs=None):
            loss = float(logs["loss"])
            if not math.isfinite(loss):
                raise DivergedError(
                    f"the loss became {loss} at step {batch + 1} of epoch {epoch + 1} "
                    f"(step {epoch * steps + batch + 1} of the run)."
                )
            self.training_seconds = time.monotonic() - self.began
            if batch == 0:
                self.first_step_seconds = self.training_seconds
            batch_images = min(size, images - batch * size)
            progress.batch(epoch + 1, batch_images, {"loss": loss, "accuracy": float(logs["accuracy"])})

    return EpochCallback()
