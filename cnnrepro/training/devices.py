"""One run on several devices: each has the whole network and a slice of every batch (data parallelism), on JAX.

What a device computes is one program over the global batch, which XLA divides: means of losses, batch statistics and
gradients are those of the whole batch, and a dropout mask is drawn for the whole batch. So the curves that Keras gives
are those of one process to rounding, whatever the number of workers, and the number is no part of a run's key. The
further curves of ``training.evaluations`` are measured on a single device only.

``keras.distribution.DataParallel`` does the same with one difference: it takes no batch that the devices cannot divide,
as the last one of an epoch may be, and each value given to a variable costs it a round of all workers. So the variables
(a copy on each device) and the batches (a slice on each) are laid out here, in the same way, and Keras's training step
is compiled for them as they are.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnrepro.data import FOLDER
from cnnrepro.data.pipelines.feeding import WHOLE_BATCHES, BatchShare
from cnnrepro.errors import UsageError
from cnnrepro.runs.keys import TRAINING_VERSION
from cnnrepro.runs.record import RunRecord
from cnnrepro.training.evaluations import REESTIMATED
from cnnrepro.training.provenance import versions
from cnnrepro.training.several_machines.messages import Messages, detecting_lost_workers
from cnnrepro.training.stop import Stopped, StopRequest

if TYPE_CHECKING:
    import keras

    from cnnrepro.training.resolve import ResolvedRun

SAME_VERSIONS = ("cnnrepro", "keras", "jax")  # at all workers of a run


class SingleDevice:
    """One process on one device, as nearly every run is: most methods have nothing to do."""

    chief = True
    share = WHOLE_BATCHES

    def with_batch_share(self, run: ResolvedRun) -> ResolvedRun:
        """The run, reading only this worker's part of each batch."""
        return run

    def verify_same_run(self, run: ResolvedRun) -> None:
        """Make sure that all workers mean the same run."""

    def broadcast_state(self, model: keras.Model, history: Mapping[str, list[float]]) -> None:
        """Give all workers the chief's variables."""

    def global_batches(self, dataset, images: int, batch_size: int):
        """Batches as the training step takes them, from those of this worker."""
        return dataset

    def batch_count(self, images: int, batch_size: int) -> int | None:
        """How many batches ``global_batches`` gives; None where Keras sees that itself."""
        return None

    def replicate(self, model: keras.Model) -> None:
        """Copy to every device the variables that were just given a value."""

    def gather(self, model: keras.Model) -> None:
        """Bring the variables to one device of this process, for what it does alone."""

    def detecting_lost_workers(self) -> contextlib.AbstractContextManager:
        """Inside the block, an error that a lost worker may cause waits for JAX, which ends this process then."""
        return contextlib.nullcontext()

    def raise_if_stopped(self, stop: StopRequest) -> None:
        """Raise Stopped where any worker was asked to stop."""
        stop.raise_if_requested()

    def finish(self, record: RunRecord) -> None:
        """Tell all workers that nothing is left to do."""

    def describe(self) -> dict[str, int]:
        """What a record's machine says of it."""
        return {}


SINGLE_DEVICE = SingleDevice()


class DeviceGroup(SingleDevice):
    """Several devices: of this machine, or of several workers.

    Args:
        messages: between the workers; None where this process is the only one.
    """

    def __init__(self, messages: Messages | None = None):
        import jax

        self._jax, self._messages = jax, messages
        number, self._count = (messages.number, messages.count) if messages else (0, 1)
        self.chief = number == 0
        self.share = BatchShare(number, self._count, jax.device_count())
        mesh = jax.sharding.Mesh(np.array(jax.devices()), ("batch",))  # the workers' devices in their order
        self._divided = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
        self._copied = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())

    def with_batch_share(self, run: ResolvedRun) -> ResolvedRun:
        """The run, reading only this worker's part of each batch."""
        # Batches in their order, or workers would put slices of different ones together.
        feed = replace(run.feed, share=self.share, deterministic=True)
        computed = {name: vars(run.feed)[name] for name in ("statistics", "constants") if name in vars(run.feed)}
        vars(feed).update(computed)  # they need a pass over the pictures
        return replace(run, feed=feed)

    def verify_same_run(self, run: ResolvedRun) -> None:
        """Make sure that all workers mean the same run, which several devices can train.

        Raises:
            UsageError: they mean different runs, a batch cannot be divided, or batch norm is to be judged otherwise.
        """
        devices = self.share.devices
        facts = self._messages.gather(self._facts(run)) if self._messages else []
        for number, own in enumerate(facts):
            for name, wanted in facts[0].items():
                if own.get(name) != wanted:
                    raise UsageError(
                        f"Worker {number} of {self._count} has {name} {own.get(name)!r} where worker 0 has {wanted!r}; "
                        f"give the same command on every machine, with the same versions, data and --precision."
                    )
        if run.spec.batch_size % devices:
            raise UsageError(
                f"A batch must be divisible among the {devices} devices; give a --batch-size that is a multiple of "
                f"{devices} (another batch size is another run), or another number of workers. Received: "
                f"{run.spec.batch_size} images a batch"
            )
        judged = {"--evaluate": run.spec.evaluate == REESTIMATED, "--momenta": bool(run.spec.momenta)}
        if asked := [option for option, given in judged.items() if given]:
            raise UsageError(
                "Several devices judge batch norm by the averages as trained alone; leave the option out, or train on "
                f"one device, without --workers. Received: {' and '.join(asked)}"
            )

    def _facts(self, run: ResolvedRun) -> dict[str, object]:
        """What must be the same at all workers, as plain values by name."""
        own = versions()
        return {
            **run.spec.to_dict(),
            # Pictures may lie elsewhere; what is in them is in the fingerprint.
            **({"dataset": FOLDER} if run.spec.dataset.startswith(FOLDER) else {}),
            **{f"{library} version": own.get(library) for library in SAME_VERSIONS},
            "training version": TRAINING_VERSION,
            "data fingerprint": run.splits.fingerprint[:16],
            "number format": run.precision,
            "placement": run.feed.placement,
            "devices": self._jax.local_device_count(),
            "key": run.key,
        }

    def broadcast_state(self, model: keras.Model, history: Mapping[str, list[float]]) -> None:
        """Give all workers the chief's variables; the chief tells the history that led to them."""
        if self._messages is None:
            return
        from jax.experimental import multihost_utils

        if self.chief:
            self._messages.send({"history": {name: list(values) for name, values in history.items()}})
        variables = _variables(model)
        with self.detecting_lost_workers():
            own = [np.asarray(variable.value) for variable in variables]
            values = multihost_utils.broadcast_one_to_all(own, self.chief)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def receive_from_chief(self) -> dict:
        """The chief's next message; for all other workers."""
        return self._messages.receive()

    def global_batches(self, dataset, images: int, batch_size: int) -> Iterator[Any]:
        """Global batches from what is read here; the last one may be the whole of it on every device.

        Args:
            dataset: what ``Feed.batches`` gives with ``share``.
            images: of all batches together.
            batch_size: of a global batch.
        """
        for step, batch in enumerate(dataset):
            size = min(batch_size, images - step * batch_size)
            layout = self._divided if self.share.is_divided(size) else self._copied

            def globally(part, layout=layout, size=size):
                own = np.asarray(part)
                return self._jax.make_array_from_process_local_data(layout, own, (size, *own.shape[1:]))

            yield self._jax.tree.map(globally, batch)

    def batch_count(self, images: int, batch_size: int) -> int | None:
        """How many batches ``global_batches`` gives: it is a generator, which does not say."""
        return -(-images // batch_size)

    def replicate(self, model: keras.Model) -> None:
        """Copy the variables that live on one device alone to all devices.

        Without it the step would be compiled once for them as they are, and again for what comes out of it.
        """
        for variable in _variables(model):
            if len(variable.value.sharding.device_set) < self.share.devices:
                own = np.asarray(variable.value)
                variable.assign(self._jax.make_array_from_callback(own.shape, self._copied, own.__getitem__))

    def gather(self, model: keras.Model) -> None:
        """Bring the variables to one device of this process, for what it does alone."""
        for variable in _variables(model):
            variable.assign(np.asarray(variable.value))

    def detecting_lost_workers(self) -> contextlib.AbstractContextManager:
        """Inside the block, an error that a lost worker may cause waits for JAX, which ends this process then."""
        return contextlib.nullcontext() if self._messages is None else detecting_lost_workers()

    def raise_if_stopped(self, stop: StopRequest) -> None:
        """Raise Stopped on all workers where one was asked to stop."""
        own = int(stop.signal or signal.SIGINT) if stop.requested else 0
        asked_by = max(self._messages.gather(own) if self._messages else [own])
        if asked_by:
            raise Stopped(asked_by)

    def finish(self, record: RunRecord) -> None:
        """Tell all workers that nothing is left to do."""
        if self._messages is not None and self.chief:
            self._messages.send({"record": record.to_dict()})

    def describe(self) -> dict[str, int]:
        """What a record's machine says of it."""
        return {"workers": self._count, "devices": self.share.devices}


def _variables(model: keras.Model) -> list[Any]:
    """Every variable that a training step takes, each once."""
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return list({id(variable): variable for variable in variables}.values())
