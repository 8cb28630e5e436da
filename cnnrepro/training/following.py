"""What all workers but the chief do: they train with it, and keep nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro import collector
from cnnrepro.training import fit
from cnnrepro.training.progress import NoProgress
from cnnrepro.training.record import RunRecord
from cnnrepro.training.stopping import Stop

if TYPE_CHECKING:
    from cnnrepro.training.parallel import Group


def follow(run: fit.ResolvedRun, group: Group, stop: Stop) -> RunRecord:
    """Train whenever the chief begins to; the record that it ends with.

    Raises:
        Stopped: a worker was asked to.
        KeyboardInterrupt: a worker was told to end at once.
        WorkFailed: a worker is lost or ended.
    """
    while True:
        told = group.hear()
        if "record" in told:
            return RunRecord.from_dict(told["record"])
        with fit.numeric_mode(run), collector.set_apart_meanwhile():
            _epochs(group.sharing(run), group, stop, told["begin"])


def _epochs(run: fit.ResolvedRun, group: Group, stop: Stop, history: dict[str, list[float]]) -> None:
    """The epochs that are left, in step with the chief."""
    model, _, _ = fit.compiled_model(run)
    group.begin(model, history)
    validation = run.feed.batches("validation", run.spec.batch_size)
    with stop.deferred():  # also between epochs, and while the chief writes its checkpoint
        for epoch in range(len(history.get("loss", ())), run.spec.epochs):
            group.at(epoch + 1)
            try:
                measured = fit.train_epoch(run, model, validation, epoch, history, NoProgress(), group)
            except fit.DivergedError:  # everywhere at the same step; the chief says what becomes of it
                return
            history = {name: [*history.get(name, ()), value] for name, value in measured.items()}
            group.agree(stop)
