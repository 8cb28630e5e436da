"""Train a run: claim its folder, resume, train, test once, write the record."""

from __future__ import annotations

import contextlib
import math
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import data, paths
from cnnrepro.errors import CnnreproError, RunFailed
from cnnrepro.files import folder_beside, remove_leftovers
from cnnrepro.runs import checkpoint
from cnnrepro.runs.lease import Claim, ClaimLost
from cnnrepro.runs.record import DIVERGED, DONE, ERROR, FAILED, RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.store import PREDICTIONS, WEIGHTS, RunStore
from cnnrepro.stderr import say_line
from cnnrepro.training import kept_model, provenance
from cnnrepro.training.callback import DivergedError
from cnnrepro.training.devices import SINGLE_DEVICE, SingleDevice
from cnnrepro.training.epoch import METRICS, compiled_model, numeric_mode, save_weights, train_epoch
from cnnrepro.training.evaluations import REESTIMATED, Evaluations
from cnnrepro.training.final_evaluation import evaluate_test_split
from cnnrepro.training.progress import Progress, make_progress
from cnnrepro.training.resolve import ResolvedRun, find_key, require_buildable, resolve
from cnnrepro.training.several_machines import worker_loop
from cnnrepro.training.stop import Stopped, StopRequest
from cnnrepro.training.tensorboard import Tracker, make_tracker

if TYPE_CHECKING:
    import pandas as pd


def train(
    spec: RunSpec,
    *,
    runs: Path | str | None = None,
    progress: Progress | None = None,
    keep_weights: bool = False,
    cache: str = "auto",
    track: Sequence[str] | None = None,
) -> RunRecord:
    """The record of a run: loaded where the store has it, else trained, resumed at the last epoch where one was done.

    Args:
        spec: the run.
        runs: folder of the store; by default ``cnnrepro.paths.runs_dir()``.
        progress: where to show it; by default what fits (terminal, Jupyter, log).
        keep_weights: write ``weights.keras`` beside the record. A run that is already done without them is trained
            again.
        cache: where photographs are kept between epochs: "disk", "memory", "none" or "auto".
        track: names of trackers that show what is trained here; None for those of CNNREPRO_TRACK.

    Raises:
        UsageError: a store that cannot be written, a value that is not known, or a tracker that is not installed.
        RunFailed: the loss diverged, or an error stopped the run; names the run and its log.
        WorkFailed: the data set is not here and cannot be had.
    """
    return find_or_train(spec, runs=runs, progress=progress, keep_weights=keep_weights, cache=cache, track=track)


def find_or_train(
    spec: RunSpec,
    *,
    runs: Path | str | None = None,
    progress: Progress | None = None,
    keep_weights: bool = False,
    cache: str = "auto",
    track: Sequence[str] | None = None,
    splits: data.Splits | None = None,
    placement: str = "auto",
    stop: StopRequest | None = None,
    devices: SingleDevice = SINGLE_DEVICE,
) -> RunRecord:
    """``train``, with what batches and the command line need besides.

    Args:
        spec, runs, progress, keep_weights, cache, track: as for ``train``.
        splits: the spec's data where they are loaded already, for batches of runs on the same data. A run that is done
            is then found without Keras, which takes seconds to load.
        placement: where images are augmented: "cpu" (tf.data), "step" (the head of the training step), or "auto".
        stop: looked at after every checkpoint, so that a training can be asked to stop there.
        devices: the devices and workers that train it together; only the chief of them writes into the store.

    Raises:
        Stopped: it was asked to; the same call goes on from the checkpoint.
        UsageError, RunFailed, WorkFailed: as ``train``.
    """
    progress, stop = progress or make_progress(), stop or StopRequest()
    store = RunStore(Path(runs) if runs else paths.runs_dir())
    tracker = make_tracker(track, store)
    record = None
    if splits is not None and devices is SINGLE_DEVICE:
        record = store.readable(find_key(spec, splits))
    if not is_finished(record, store, keep_weights):
        run = resolve(spec, splits, runs=store.folder, placement=placement, cache=cache)
        require_buildable(run)
        devices.verify_same_run(run)
        if devices.chief:
            record = _load_or_train(Session(run, store, progress, stop, tracker, devices, keep_weights))
        else:
            record = worker_loop.follow(run, devices, stop)
        devices.finish(record)
    if record.status == FAILED:
        reason, log = record.failure["reason"], store.log_path(record.key)
        text = f"Run {record.key} ({spec.title()}) failed: {reason} Its log: {log}"
        raise RunFailed(text, final=record.failure["kind"] == DIVERGED)
    return record


def is_finished(record: RunRecord | None, store: RunStore, keep_weights: bool) -> bool:
    """Whether nothing is left to train, and what was trained is whole."""
    if record is None or not record.has_ended:
        return False
    if record.status == FAILED:
        return True
    if store.damaged_files(record):
        return False
    return not keep_weights or (store.path(record.key) / WEIGHTS).is_file()


@dataclass(frozen=True)
class Session:
    """What the training of a run works with, from its claim to its end.

    Args:
        run: what is trained.
        store: where it is written.
        progress, tracker: where it is shown.
        stop: whether it was asked to stop.
        devices: what it is trained on.
        keep_weights: whether the trained network is written too.
        claim: the right to write it; None until there is one.
    """

    run: ResolvedRun
    store: RunStore
    progress: Progress
    stop: StopRequest
    tracker: Tracker
    devices: SingleDevice
    keep_weights: bool
    claim: Claim | None = None

    @property
    def folder(self) -> Path:
        """The run's, in the store."""
        return self.store.path(self.run.key)

    def put(self, record: RunRecord, predictions: pd.DataFrame | None = None) -> RunRecord:
        """Write the record, as long as the run is this process's."""
        return self.store.put(record, predictions, check=self.claim.check)

    def log(self, line: str) -> None:
        """Add a line to the run's log."""
        self.store.log(self.run.key, line)

    def is_finished(self, record: RunRecord | None) -> bool:
        """Whether nothing is left to do."""
        return is_finished(record, self.store, self.keep_weights)


def _load_or_train(session: Session) -> RunRecord:
    """The record of a run: as the store has it, or trained under the run's claim."""
    run, store = session.run, session.store
    record = store.readable(run.key)  # one that cannot be read is dealt with under the claim
    while not session.is_finished(record):
        paths.require_writable(store.folder, "--runs")
        with (
            contextlib.suppress(ClaimLost),  # another process trains it now: wait for that one
            store.claim(
                run.key, lambda: session.progress.wait(run.spec.title()), session.stop.raise_if_requested
            ) as claim,
        ):
            record = store.get_whole(run.key)  # another process may have trained it while this one waited
            if not session.is_finished(record):
                return _train_claimed(replace(session, claim=claim), record)
    return record


def _train_claimed(session: Session, earlier: RunRecord | None) -> RunRecord:
    """Train under the run's claim; however it ends, there is a record, or the state to resume from.

    Args:
        session: with the claim.
        earlier: the record of the sessions before, if there were any.
    """
    run = session.run
    remove_leftovers(session.folder)
    if earlier is not None and earlier.status == DONE:  # trained again for its weights
        return _train_beside(session)
    record = provenance.first_record(run, earlier)
    several = session.devices.describe()
    record = record.with_(machine={**record.machine, **several})
    try:
        for name in (PREDICTIONS, WEIGHTS):  # of an earlier training: no new record may vouch for them
            (session.folder / name).unlink(missing_ok=True)
        session.put(record)
        facts = [run.spec.title(), run.precision, run.backend, *(f"{count} {name}" for name, count in several.items())]
        session.log(f"session {record.sessions} begins: {', '.join(facts)}")
        for note in run.spec.fit_notes():
            session.log(note)
            say_line(f"cnnrepro: {note}")
        with numeric_mode(run), run.splits.reading():
            record = _train(session, record)
    except Stopped:
        session.log("stopped after a checkpoint, as asked; the same command resumes it")
        raise
    except KeyboardInterrupt:
        session.log("interrupted; the same command resumes it")
        raise
    except ClaimLost as error:  # the folder is another process's now
        if several.get("workers", 1) > 1:  # the others are in the middle of an epoch and cannot wait with this one
            raise RunFailed(f"{error} Start the workers again when that one is done.") from error
        raise
    except Exception as error:
        record = _put_error(session, record, error)
    finally:
        session.progress.stop()
    session.tracker.end(record)
    return record


def _train_beside(session: Session) -> RunRecord:
    """Train a finished run once more for its weights, in a store of its own, and take over what came out.

    Until then, and if it is interrupted, the finished record stays as it is.
    """
    run, store = session.run, session.store
    with folder_beside(store.folder, f".again-{run.key}-") as folder:
        again = RunStore(folder)
        with again.claim(run.key) as claim:
            record = _train_claimed(
                replace(session, store=again, claim=claim, keep_weights=True, tracker=Tracker()), None
            )
        if record.status == DONE:
            session.claim.check()
            weights = again.path(run.key) / WEIGHTS
            weights.replace(session.folder / WEIGHTS)
            record = session.put(record, again.predictions(run.key))
            session.tracker.begin(record)
            session.tracker.end(record)
    return record


def _put_error(session: Session, record: RunRecord, error: Exception) -> RunRecord:
    """Keep what stopped a run: in its record and log where they can be written, and in the exception where not.

    Raises:
        ClaimLost: the run is another process's, whose files may be what went wrong here.
    """
    run = session.run
    own = isinstance(error, CnnreproError)  # whose text is a sentence
    reason = (str(error) if own else f"{type(error).__name__}: {error}").splitlines()[0]
    if isinstance(error, OSError) and error.strerror:
        reason = f"{error.strerror} ({error.filename or session.folder})."
    try:
        session.claim.check()
        session.log(f"failed: {reason}\n{traceback.format_exc()}")
        record = session.store.get(run.key) or record  # with the epochs that were done
        return session.put(record.with_(status=FAILED, failure={"kind": ERROR, "reason": reason}))
    except OSError as second:
        raise RunFailed(
            f"Run {run.key} ({run.spec.title()}) failed and its record could not be written: {reason} "
            f"Free some space or name another folder with --runs; the same command resumes the run."
        ) from second


def _train(session: Session, record: RunRecord) -> RunRecord:
    """Train the epochs that are left, then read the test split, once; the record of a run that is done or diverged."""
    began = time.monotonic()
    run, spec, devices, progress = session.run, session.run.spec, session.devices, session.progress
    own_share = devices.with_batch_share(run)
    compiled = compiled_model(own_share)
    model, network = compiled.model, compiled.network
    resumed = checkpoint.restore(session.folder, model)
    history, earlier_seconds = (resumed.history, resumed.seconds) if resumed else ({}, 0.0)
    devices.broadcast_state(model, history)
    record = record.with_(history=history, parameters=network.count_params(), jit_compile=compiled.jit_compile)

    def elapsed() -> float:
        return earlier_seconds + time.monotonic() - began

    images, done = run.splits.sizes["train"], record.epochs_done
    progress.start(spec.title(), epochs=spec.epochs, images=images, done=done)
    session.tracker.begin(record)
    validation = own_share.feed.batches("validation", spec.batch_size)
    evaluations = Evaluations(own_share, compiled) if devices is SINGLE_DEVICE else None
    if evaluations and resumed:
        evaluations.restore(resumed.further)
    try:
        with session.stop.deferred():  # also between epochs: whoever asks, and when, it stops after a checkpoint
            for epoch in range(done, spec.epochs):
                measured = train_epoch(own_share, model, validation, epoch, history, progress, devices, evaluations)
                missing = [math.nan] * epoch  # of curves that an older version began without
                history = {name: [*history.get(name, missing), value] for name, value in measured.items()}
                further = evaluations.state() if evaluations else {}
                state = checkpoint.Checkpoint(history, elapsed(), further)
                checkpoint.save(session.folder, model, state, session.claim.check)
                record = session.put(record.with_(history=history, wall_seconds=elapsed()))
                session.tracker.epoch(record)
                metrics = {name: measured[name] for name in METRICS}
                spelled = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
                session.log(f"epoch {epoch + 1}/{spec.epochs}: {spelled}")
                progress.epoch(epoch + 1, metrics)
                devices.raise_if_stopped(session.stop)
        devices.gather(model)
        if evaluations and spec.evaluate == REESTIMATED:
            evaluations.take_reestimated()
        test, predictions = evaluate_test_split(run, model, network)
        if evaluations and spec.evaluate != REESTIMATED:
            test |= evaluations.of_test(test)
    except DivergedError as error:
        session.claim.check()
        failure = {"kind": DIVERGED, "reason": str(error)}
        session.log(f"failed: {error}")
        record = session.put(record.with_(status=FAILED, failure=failure, wall_seconds=elapsed()))
    else:
        session.claim.check()
        if session.keep_weights:
            save_weights(session.folder, network, session.claim.check)
        record = session.put(record.with_(status=DONE, test=test, wall_seconds=elapsed()), predictions)
        session.log(f"done: test accuracy {test['accuracy']:.4f}, test loss {test['loss']:.4f}")
    checkpoint.remove(session.folder)
    kept_model.keep(run, compiled)
    return record
