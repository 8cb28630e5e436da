"""Is everything in a store what was written? Every record, what lies beside it, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cnnrepro.errors import CnnreproError
from cnnrepro.runs import checkpoint, prune, lease, record_file
from cnnrepro.runs.record import FAILED, FORMAT, RunRecord
from cnnrepro.runs.spec import run_key
from cnnrepro.runs.store import DAMAGED, RECORD, RunStore, UnreadableRecord

OK = "ok"
TRAINING = "training"  # a living process is at it
UNFINISHED = "unfinished"
OLD = "old"  # whole, and not what today's code would write
FOREIGN = "foreign"  # another version's, which this one cannot judge
ASIDE = "set aside"
BAD = "damaged"
STATES = (OK, TRAINING, UNFINISHED, OLD, FOREIGN, ASIDE, BAD)

_AGAIN = "the command that made the run trains it again"


@dataclass(frozen=True)
class Checked:
    """What was found of one run.

    Args:
        key: its key.
        run: its title; "" where the record cannot be read.
        state: one of ``STATES``.
        found: what is to be said of it, in sentences.
        advice: what to do about it; "" where nothing is to be done.
    """

    key: str
    run: str
    state: str
    found: tuple[str, ...] = ()
    advice: str = ""

    def told(self) -> str:
        """What was found and what to do, in a line."""
        return " ".join(filter(None, [*self.found, self.advice]))

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


def keys(store: RunStore) -> list[str]:
    """The keys that ``verify`` looks at: of all records, readable or not, and of those that were set aside."""
    places = (store.path(key) for key in prune.keys_of(store))
    return [place.name for place in places if (place / RECORD).is_file() or (place / DAMAGED).is_file()]


def verify(store: RunStore, chosen: Sequence[str] | None = None) -> list[Checked]:
    """Look at runs, every byte that has a checksum; nothing is changed.

    Args:
        store: where they lie.
        chosen: their keys; None for all.
    """
    return [_checked(store, key) for key in (keys(store) if chosen is None else chosen)]


def _checked(store: RunStore, key: str) -> Checked:
    folder = store.path(key)
    if not (folder / RECORD).is_file():
        advice = f"{_AGAIN.capitalize()}; `cnnrepro runs prune` removes what was set aside."
        return Checked(key, "", ASIDE, (f"Its record was damaged and lies beside as {DAMAGED}.",), advice)
    try:
        record = store.get(key)
    except UnreadableRecord as error:
        return _unreadable(store, key, str(error))
    if record is None:
        return Checked(key, "", OK, ("It was removed just now.",))
    return _judged(store, record)


def _unreadable(store: RunStore, key: str, reason: str) -> Checked:
    if record_file.is_foreign(store.path(key) / RECORD):
        return Checked(key, "", FOREIGN, (reason,), "It is left as it is; the version that wrote it can read it.")
    return Checked(key, "", BAD, (reason,), f"{_AGAIN.capitalize()}; `cnnrepro runs rm {key}` removes it.")


def _judged(store: RunStore, record: RunRecord) -> Checked:
    """A record that can be read."""
    folder, title, key = store.path(record.key), record.spec.title(), record.key
    if store.is_claimed(key):
        return Checked(key, title, TRAINING, ("A living process trains it.",))
    damaged = [f"{name} is missing or not what was written." for name in store.damaged_files(record)]
    torn = list(_torn(store, record))
    notes = tuple(_notes(store, record))
    if damaged:
        return Checked(key, title, BAD, (*damaged, *torn, *notes), f"{_AGAIN.capitalize()}.")
    if torn:
        advice = "The command that made the run goes on from the newest checkpoint that is whole, or from the start."
        if record.has_ended:
            advice = "The run has ended and needs none; `cnnrepro runs prune` removes it."
        return Checked(key, title, BAD, (*torn, *notes), advice)
    if not record.has_ended:
        return Checked(key, title, UNFINISHED, notes, "The same command goes on with it.")
    old = _why_old(store, record)
    if old:
        return Checked(key, title, OLD, (old[0], *notes), old[1])
    return Checked(key, title, OK, notes, _small_advice(folder))


def _torn(store: RunStore, record: RunRecord) -> Iterator[str]:
    for name in (checkpoint.NAME, checkpoint.PREVIOUS):
        path = store.path(record.key) / name
        if path.is_file() and not checkpoint.is_whole(path):
            yield f"{name} cannot be read to its end."


def _notes(store: RunStore, record: RunRecord) -> Iterator[str]:
    """What is worth knowing of a run and no damage."""
    folder = store.path(record.key)
    if record.status == FAILED:
        failure = record.failure or {}
        yield f"It failed ({failure.get('kind')}): {failure.get('reason')}"
    elif not record.has_ended:
        there = any((folder / name).is_file() for name in (checkpoint.NAME, checkpoint.PREVIOUS))
        done = f"{record.epochs_done} of {record.spec.epochs} epochs are done"
        yield f"{done}." if there or not record.epochs_done else f"{done}, and no checkpoint of them is here."
    if (folder / lease.OWNER).is_file():
        yield "The process that had claimed it died, or is silent; its claim hinders nobody."
    if (folder / DAMAGED).is_file() or (folder / checkpoint.DAMAGED).is_file():
        yield "Something of it was set aside as damaged before."


def _small_advice(folder: Path) -> str:
    names = (DAMAGED, checkpoint.DAMAGED, checkpoint.NAME, checkpoint.PREVIOUS)
    return (
        "`cnnrepro runs prune` removes what nobody needs." if any((folder / name).is_file() for name in names) else ""
    )


def _why_old(store: RunStore, record: RunRecord) -> tuple[str, str] | None:
    """Why a whole record is not what today's code would write, and what to do; None where it is."""
    made = f" ({record.commit})" if record.commit else ""
    advice = f"It stands for the code that made it{made}; keep it, or remove it with `cnnrepro runs rm {record.key}`."
    try:
        key = run_key(
            record.spec,
            fingerprint=record.data["fingerprint"],
            precision=record.precision,
            backend=record.backend,
        )
    except (KeyError, CnnreproError) as error:
        return f"Its key cannot be computed from what it says ({error}).", advice
    if key != record.key:
        return f"Today's code would give its spec and data the key {key}.", advice
    if record_file.format_of(store.path(record.key) / RECORD) != FORMAT:
        return "Its format has no checksums, so a change of it would not be noticed.", "Nothing; it is read as it is."
    return None
