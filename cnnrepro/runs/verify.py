"""``cnnrepro runs verify``: is everything in a store what was written, and what to do where it is not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnrepro.errors import CnnreproError
from cnnrepro.runs import checkpoint, lease
from cnnrepro.runs.keys import KEY, key_today
from cnnrepro.runs.record import FAILED, RunRecord
from cnnrepro.runs.store import DAMAGED, RECORD, RunStore, UnreadableRecord

OK = "ok"
TRAINING = "training"  # a living process is at it
UNFINISHED = "unfinished"
OLD = "old"  # whole, and not what today's code would write
UNVERIFIED = "unverified"  # of a format without checksums: nothing shows whether it is what was written
FOREIGN = "foreign"  # another version's, which this one cannot judge
ASIDE = "set aside"
BAD = "damaged"

_AGAIN = "the command that made the run trains it again"
_CHECKPOINTS = (checkpoint.NAME, checkpoint.PREVIOUS)


@dataclass(frozen=True)
class VerifiedRun:
    """What was found of one run.

    Args:
        key: its key.
        run: its title; "" where the record cannot be read.
        state: "ok", "training", "unfinished", "old", "unverified", "foreign", "set aside" or "damaged".
        found: what is to be said of it, in sentences.
        advice: what to do about it; "" where nothing is to be done.
    """

    key: str
    run: str
    state: str
    found: tuple[str, ...] = ()
    advice: str = ""

    def sentences(self) -> str:
        """What was found and what to do, in a line."""
        return " ".join(filter(None, [*self.found, self.advice]))


def verify(store: RunStore, keys: Sequence[str] | None = None) -> list[VerifiedRun]:
    """Read runs, every byte that has a checksum; nothing is changed.

    Args:
        store: where they lie.
        keys: of the runs; None for all records, readable or not, and those that were set aside.
    """
    if keys is None:
        keys = [name for name in store.names() if KEY.fullmatch(name)]
    listed = ((key, _names(store.path(key))) for key in keys)
    return [_verify_run(store, key, here) for key, here in listed if here & {RECORD, DAMAGED}]


def _names(folder: Path) -> set[str]:
    """What lies in a run's folder: listed once, as ten thousand runs feel each question to the disk."""
    try:
        return set(os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _verify_run(store: RunStore, key: str, here: set[str]) -> VerifiedRun:
    """What is found of a run in whose folder these files lie."""
    if RECORD not in here:
        advice = f"{_AGAIN.capitalize()}; `cnnrepro runs prune` removes what was set aside."
        return VerifiedRun(key, "", ASIDE, (f"Its record was damaged and lies beside as {DAMAGED}.",), advice)
    try:
        record = store.get(key)
    except UnreadableRecord as error:
        if error.foreign:
            advice = "It is left as it is; the version that wrote it can read it."
            return VerifiedRun(key, "", FOREIGN, (str(error),), advice)
        advice = f"{_AGAIN.capitalize()}; `cnnrepro runs rm {key}` removes it."
        return VerifiedRun(key, "", BAD, (str(error),), advice)
    if record is None:
        return VerifiedRun(key, "", OK, ("It was removed just now.",))
    return VerifiedRun(key, record.spec.title(), *_judge(store, record, here))


def _judge(store: RunStore, record: RunRecord, here: set[str]) -> tuple[str, tuple[str, ...], str]:
    """State, what was found and advice for a record that can be read."""
    folder, notes = store.path(record.key), tuple(_notes(record, here))
    # Who holds a claim has an owner file beside the lock, which every run keeps: only few need be asked about.
    if lease.OWNER in here and store.is_claimed(record.key):
        return TRAINING, ("A living process trains it.",), ""
    damaged = [f"{name} is missing or not what was written." for name in store.damaged_files(record)]
    torn = [
        f"{name} cannot be read to its end."
        for name in _CHECKPOINTS
        if name in here and not checkpoint.is_whole(folder / name)
    ]
    if damaged:
        return BAD, (*damaged, *torn, *notes), f"{_AGAIN.capitalize()}."
    if torn and record.has_ended:
        return BAD, (*torn, *notes), "The run has ended and needs none; `cnnrepro runs prune` removes it."
    if torn:
        advice = "The command that made the run goes on from the newest checkpoint that is whole, or from the start."
        return BAD, (*torn, *notes), advice
    if not record.has_ended:
        return UNFINISHED, notes, "The same command goes on with it."
    if record.unverified:
        found = "Its format has no checksums, so a change of it would not be noticed."
        advice = f"It is read as it is; after `cnnrepro runs rm {record.key}` {_AGAIN}."
        return UNVERIFIED, (found, *notes), advice
    if old := _why_old(record):
        return OLD, (old[0], *notes), old[1]
    superfluous = here & {DAMAGED, checkpoint.DAMAGED, *_CHECKPOINTS}
    return OK, notes, "`cnnrepro runs prune` removes what nobody needs." if superfluous else ""


def _notes(record: RunRecord, here: set[str]) -> Iterator[str]:
    """What is worth knowing of a run and no damage."""
    if record.status == FAILED:
        failure = record.failure or {}
        yield f"It failed ({failure.get('kind')}): {failure.get('reason')}"
    elif not record.has_ended:
        done = f"{record.epochs_done} of {record.spec.epochs} epochs are done"
        lost = record.epochs_done and not here & set(_CHECKPOINTS)
        yield f"{done}, and no checkpoint of them is here." if lost else f"{done}."
    if lease.OWNER in here:
        yield "The process that had claimed it died, or is silent; its claim hinders nobody."
    if here & {DAMAGED, checkpoint.DAMAGED}:
        yield "Something of it was set aside as damaged before."


def _why_old(record: RunRecord) -> tuple[str, str] | None:
    """Why a whole record is not what today's code would write, and what to do; None where it is."""
    commit = f" ({record.commit})" if record.commit else ""
    advice = f"It stands for the code that made it{commit}; keep it, or remove it with `cnnrepro runs rm {record.key}`."
    try:
        key = key_today(record)
    except CnnreproError as error:
        return f"Its key cannot be computed from what it says ({error}).", advice
    if key != record.key:
        return f"Today's code would give its spec and data the key {key}.", advice
    return None
