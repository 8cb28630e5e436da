"""What all workers but the chief do: they train with it, and keep nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.runs.record import RunRecord
from cnnrepro.training.callback import DivergedError
from cnnrepro.training.epoch import compiled_model, numeric_mode, train_epoch
from cnnrepro.training.progress import Progress
from cnnrepro.training.resolve import ResolvedRun
from cnnrepro.training.stop import StopRequest

if TYPE_CHECKING:
    from cnnrepro.training.devices import DeviceGroup


def follow(run: ResolvedRun, devices: DeviceGroup, stop: StopRequest) -> RunRecord:
    """Train whenever the chief begins to; the record that it ends with.

    Raises:
        Stopped: a worker was asked to.
    """
    while True:
        message = devices.receive_from_chief()
        if "record" in message:
            return RunRecord.from_dict(message["record"])
        with numeric_mode(run), run.splits.reading():
            _epochs(devices.with_batch_share(run), devices, stop, message["history"])


def _epochs(run: ResolvedRun, devices: DeviceGroup, stop: StopRequest, history: dict[str, list[float]]) -> None:
    """The epochs that are left, in step with the chief."""
    model = compiled_model(run).model
    devices.broadcast_state(model, history)
    validation = run.feed.batches("validation", run.spec.batch_size)
    with stop.deferred():  # also between epochs, and while the chief writes its checkpoint
        for epoch in range(len(history.get("loss", ())), run.spec.epochs):
            try:
                measured = train_epoch(run, model, validation, epoch, history, Progress(), devices)
            except DivergedError:  # everywhere at the same step; the chief says what becomes of it
                return
            history = {name: [*history.get(name, ()), value] for name, value in measured.items()}
            devices.raise_if_stopped(stop)
