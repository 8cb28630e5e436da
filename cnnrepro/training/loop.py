"""``train``: turns a spec into a record; the life of a run from its claim to its end, whichever that is."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnnrepro import data, garbage_collection, paths
from cnnrepro.errors import RunFailed
from cnnrepro.files import folder_beside, remove_leftovers
from cnnrepro.runs import checkpoint
from cnnrepro.runs.lease import ClaimLost
from cnnrepro.runs.record import DIVERGED, DONE, ERROR, FAILED, RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.store import PREDICTIONS, WEIGHTS, RunStore
from cnnrepro.training import provenance, test_split
from cnnrepro.training.callback import DivergedError
from cnnrepro.training.devices import SINGLE_DEVICE, SingleDevice
from cnnrepro.training.epoch import METRICS, compiled_model, numeric_mode, save_weights, train_epoch
from cnnrepro.training.progress import Progress, make_progress
from cnnrepro.training.resolve import ResolvedRun, resolve
from cnnrepro.training.session import Session
from cnnrepro.training.stop import Stopped, StopRequest
from cnnrepro.training.trackers.table import make_trackers
from cnnrepro.training.workers import worker_loop
from cnnrepro.training.workers.messages import WorkerLost


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
        splits: the spec's data where they are loaded already, for batches of runs on the same data.
        placement: where images are augmented: "cpu" (tf.data), "step" (the head of the training step), or "auto".
        stop: looked at after every checkpoint, so that a training can be asked to stop there.
        devices: the devices and workers that train it together; only the chief of them writes into the store.

    Raises:
        Stopped: it was asked to; the same call goes on from the checkpoint.
        UsageError, RunFailed, WorkFailed: as ``train``.
    """
    progress, stop = progress or make_progress(), stop or StopRequest()
    store = RunStore(Path(runs) if runs else paths.runs_dir())
    trackers = make_trackers(track, store)
    run = resolve(spec, splits, runs=store.folder, placement=placement, cache=cache)
    devices.verify_same_run(run)
    if devices.chief:
        record = _find_or_train(run, Session(store, None, progress, stop, trackers, keep_weights, devices))
    else:
        record = worker_loop.follow(run, devices, stop)
    if record.status == FAILED:
        reason, log = record.failure["reason"], store.log_path(run.key)
        text = f"Run {run.key} ({spec.title()}) failed: {reason} Its log: {log}"
        raise RunFailed(text, final=record.failure["kind"] == DIVERGED)
    devices.finish(record)
    return record


def _find_or_train(run: ResolvedRun, session: Session) -> RunRecord:
    """The record of a run: as the store has it, or trained under the run's claim."""
    store, keep_weights = session.store, session.keep_weights
    record = store.readable(run.key)  # one that cannot be read is dealt with under the claim
    while not _is_finished(record, store, keep_weights):
        paths.require_writable(store.folder, "--runs")
        with (
            contextlib.suppress(ClaimLost),  # another process trains it now: wait for that one
            store.claim(
                run.key, lambda: session.progress.wait(run.spec.title()), session.stop.raise_if_requested
            ) as claim,
        ):
            record = store.get_whole(run.key)  # another process may have trained it while this one waited
            if not _is_finished(record, store, keep_weights):
                record = _train_claimed(run, replace(session, claim=claim))
                break
    return record


def _is_finished(record: RunRecord | None, store: RunStore, keep_weights: bool) -> bool:
    """Whether nothing is left to train, and what was trained is whole."""
    if record is None or not record.has_ended:
        return False
    if record.status == FAILED:
        return True
    if store.damaged_files(record):
        return False
    return not keep_weights or (store.path(record.key) / WEIGHTS).is_file()


def _train_claimed(run: ResolvedRun, session: Session) -> RunRecord:
    """Train while holding the run's lock; every way it can end leaves a record or the state to resume from."""
    store = session.store
    remove_leftovers(store.path(run.key))
    earlier = store.get(run.key)
    if earlier is not None and earlier.status == DONE:  # trained again for its weights
        return _train_beside(run, session)
    record = provenance.first_record(run, earlier)
    together = session.devices.describe()
    record = record.with_(machine={**record.machine, **together})
    try:
        for name in (PREDICTIONS, WEIGHTS):  # of an earlier training: no new record may vouch for them
            (store.path(run.key) / name).unlink(missing_ok=True)
        session.put(record)
        begun = [run.spec.title(), run.precision, run.backend, *(f"{value} {name}" for name, value in together.items())]
        store.log(run.key, f"session {record.sessions} begins: {', '.join(begun)}")
        with numeric_mode(run), garbage_collection.set_apart_meanwhile():
            return session.trackers.end(_train(run, session, record))
    except Stopped:
        store.log(run.key, "stopped after a checkpoint, as asked; the same command resumes it")
        raise
    except KeyboardInterrupt:
        store.log(run.key, "interrupted; the same command resumes it")
        raise
    except ClaimLost as error:  # the folder is another process's now
        if together.get("workers", 1) > 1:  # the others are in the middle of an epoch and cannot wait with this one
            raise RunFailed(f"{error} Start the workers again when that one is done.") from error
        raise
    except WorkerLost as error:
        store.log(run.key, str(error))
        raise
    except Exception as error:
        return session.trackers.end(_record_error(run, session, error))
    finally:
        session.progress.stop()
        session.trackers.close()


def _train_beside(run: ResolvedRun, session: Session) -> RunRecord:
    """Train a finished run once more for its weights, in a store of its own, and take over what came out.

    Until then, and if it is interrupted, the finished record stays as it is.
    """
    store = session.store
    with folder_beside(store.folder, f".again-{run.key}-") as folder:
        again = RunStore(folder)
        with again.claim(run.key) as claim:
            record = _train_claimed(run, replace(session, store=again, claim=claim, keep_weights=True))
        if record.status == DONE:
            session.claim.check()
            weights = again.path(run.key) / WEIGHTS
            weights.replace(store.path(run.key) / WEIGHTS)
            record = session.put(record, again.predictions(run.key))
    return record


def _record_error(run: ResolvedRun, session: Session, error: Exception) -> RunRecord:
    """Keep what stopped a run: in its record and log where they can be written, and in the exception where not.

    Raises:
        ClaimLost: the run is another process's, whose files may be what went wrong here.
    """
    store = session.store
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, OSError) and error.strerror:
        reason = f"{error.strerror} ({error.filename or store.path(run.key)})."
    try:
        session.claim.check()
        store.log(run.key, f"failed: {reason}\n{traceback.format_exc()}")
        record = store.get(run.key) or provenance.first_record(run, None)
        return session.put(record.with_(status=FAILED, failure={"kind": ERROR, "reason": reason}))
    except OSError as second:
        raise RunFailed(
            f"Run {run.key} ({run.spec.title()}) failed and its record could not be written: {reason} "
            f"Free some space or name another folder with --runs; the same command resumes the run."
        ) from second


def _train(run: ResolvedRun, session: Session, record: RunRecord) -> RunRecord:
    """The epochs that are left, then the test split, once."""
    session_began, spec, store, progress = time.monotonic(), run.spec, session.store, session.progress
    folder, devices, shared = store.path(run.key), session.devices, session.devices.with_batch_share(run)
    model, network, jit_compile = compiled_model(shared)
    resumed = checkpoint.restore(folder, model)
    history = resumed.history if resumed else {}
    devices.broadcast_state(model, history)
    earlier_seconds = resumed.seconds if resumed else 0.0
    record = record.with_(history=history, parameters=network.count_params(), jit_compile=jit_compile)

    def elapsed() -> float:
        return earlier_seconds + time.monotonic() - session_began

    images, done = run.splits.sizes["train"], resumed.epoch if resumed else 0
    progress.start(spec.title(), epochs=spec.epochs, images=images, done=done)
    session.trackers.begin(record)
    validation = shared.feed.batches("validation", spec.batch_size)
    try:
        with session.stop.deferred():  # also between epochs: whoever asks, and when, it stops after a checkpoint
            for epoch in range(done, spec.epochs):
                devices.begin_epoch(epoch + 1)
                measured = train_epoch(shared, model, validation, epoch, history, progress, devices)
                history = {name: [*history.get(name, ()), value] for name, value in measured.items()}
                checkpoint.save(folder, model, checkpoint.Checkpoint(history, elapsed()), session.claim.check)
                record = session.put(record.with_(history=history, wall_seconds=elapsed()))
                session.trackers.epoch(record)
                scores = {name: measured[name] for name in METRICS}
                spelled = ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
                store.log(run.key, f"epoch {epoch + 1}/{spec.epochs}: {spelled}")
                progress.epoch(epoch + 1, scores)
                devices.raise_if_stopped(session.stop)
        devices.gather(model)
        test, predictions = test_split.test(run, model, network)
    except DivergedError as error:
        session.claim.check()
        record = record.with_(status=FAILED, failure={"kind": DIVERGED, "reason": str(error)}, wall_seconds=elapsed())
        store.log(run.key, f"failed: {error}")
        record = session.put(record)
        checkpoint.remove(folder)
        return record
    session.claim.check()
    if session.keep_weights:
        save_weights(folder, network, session.claim.check)
    record = session.put(record.with_(status=DONE, test=test, wall_seconds=elapsed()), predictions)
    store.log(run.key, f"done: test accuracy {test['accuracy']:.4f}, test loss {test['loss']:.4f}")
    checkpoint.remove(folder)
    return record
