"""What a store holds that no run needs any more: found first, and removed only under the claim of its run.

A run that ended needs no checkpoint. What was set aside as damaged is kept for who wants to look at it, until here. A
process that was killed leaves hidden temporary files and folders. None of it is looked at while a living process trains
the run.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cnnrepro.files import MAKER, is_being_made
from cnnrepro.runs import checkpoint, record_file
from cnnrepro.runs.keys import KEY
from cnnrepro.runs.lease import Claim
from cnnrepro.runs.store import DAMAGED, RECORD, WEIGHTS, RunStore

CHECKPOINT = "checkpoint of a run that ended"
UNFINISHED = "checkpoint of a run that is not finished"
ASIDE = "set aside as damaged"
TEMPORARY = "left by a killed process"
WEIGHTS_KIND = "weights"

_AGAIN = re.compile(r"\.again-([0-9a-f]{16})-.+")
_DAY = 24 * 3600.0  # seconds


@dataclass(frozen=True)
class Wanted:
    """What may go besides what nobody needs.

    Args:
        weights: ``weights.keras`` of runs that are done.
        unfinished: checkpoints of runs that are not finished, which then begin anew.
        older_than: only what did not change for so many days.
    """

    weights: bool = False
    unfinished: bool = False
    older_than: float = 0.0


@dataclass(frozen=True)
class Leftover:
    """One file or folder that may go.

    Args:
        key: the run it belongs to.
        path: where it lies.
        kind: why it may go.
        bytes: what it takes on the disk.
    """

    key: str
    path: Path
    kind: str
    bytes: int

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self) | {"path": str(self.path)}


@dataclass(frozen=True)
class Pruned:
    """What was found, or removed, and the runs that were left alone because a living process trains them."""

    found: tuple[Leftover, ...]
    busy: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Of all together."""
        return sum(one.bytes for one in self.found)

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return {"found": [one.to_dict() for one in self.found], "bytes": self.bytes, "busy": list(self.busy)}


def look(store: RunStore, wanted: Wanted) -> Pruned:
    """What ``prune`` would remove; nothing is touched."""
    found: list[Leftover] = []
    busy = []
    for key in keys_of(store):
        own = list(_of_run(store, key, wanted))
        if own and store.is_claimed(key):
            busy.append(key)
        else:
            found += [one for one in own if not is_being_made(one.path)]
    return Pruned(tuple(found), tuple(busy))


def prune(store: RunStore, wanted: Wanted) -> Pruned:
    """Remove what no run needs, each run's under its claim, so that nothing goes that somebody just began to need.

    Raises:
        OSError: as the disk says; what was removed before stays removed.
    """
    removed: list[Leftover] = []
    busy = []
    for key in keys_of(store):
        if not any(_of_run(store, key, wanted)):
            continue
        if not store.path(key).is_dir():  # only a temporary folder names the run, so nobody can be training it
            removed += [one for one in _of_run(store, key, wanted) if _remove(store, one)]
            continue
        claim = Claim(store.path(key))
        if not claim.acquire_now():
            busy.append(key)
            continue
        try:
            # Looked at again: the run may have been trained on until the claim was had.
            removed += [one for one in list(_of_run(store, key, wanted)) if _remove(store, one)]
        finally:
            claim.release()
    return Pruned(tuple(removed), tuple(busy))


def keys_of(store: RunStore) -> list[str]:
    """The keys of all folders of runs, with a record or without, and of those that only a temporary folder names."""
    try:
        names = [entry.name for entry in os.scandir(store.folder) if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    again = (_AGAIN.fullmatch(name) for name in names)
    return sorted({name for name in names if KEY.fullmatch(name)} | {found[1] for found in again if found})


def _of_run(store: RunStore, key: str, wanted: Wanted) -> Iterator[Leftover]:
    """What may go of a run, if no living process trains it."""
    folder = store.path(key)
    foreign = (folder / RECORD).is_file() and record_file.is_foreign(folder / RECORD)
    for path, kind in () if foreign else _candidates(store, key, wanted):
        if path.is_symlink() or not path.exists():
            continue
        own, changed = _size_and_time(path)
        if time.time() - changed >= wanted.older_than * _DAY:
            yield Leftover(key, path, kind, own)


def _candidates(store: RunStore, key: str, wanted: Wanted) -> Iterator[tuple[Path, str]]:
    folder, record = store.path(key), store.readable(key)
    ended = record is not None and record.has_ended
    if ended or wanted.unfinished:
        for name in (checkpoint.NAME, checkpoint.PREVIOUS):
            yield folder / name, CHECKPOINT if ended else UNFINISHED
    yield folder / checkpoint.DAMAGED, ASIDE
    yield folder / DAMAGED, ASIDE
    if wanted.weights and ended:
        yield folder / WEIGHTS, WEIGHTS_KIND
    for path in sorted((*folder.glob(".*.tmp"), *folder.glob(".weights-*"), *store.folder.glob(f".again-{key}-*"))):
        yield path, TEMPORARY


def _size_and_time(path: Path) -> tuple[int, float]:
    """The bytes under a path, and when something of it changed last (seconds since 1970)."""
    told = []
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        # To ask whether a maker lives touches its lock, which is no change.
        with contextlib.suppress(FileNotFoundError):  # its owner just removed it
            told += [file.lstat()] if file.name != MAKER else []
    plain = sum(one.st_size for one in told if not stat.S_ISDIR(one.st_mode))
    return plain, max((one.st_mtime for one in told), default=0.0)


def _remove(store: RunStore, one: Leftover) -> bool:
    """Remove one; False where a living process still works in it."""
    if is_being_made(one.path):
        return False
    if one.kind == WEIGHTS_KIND:
        _forget_weights(store, one.key)
    if one.path.is_dir():
        shutil.rmtree(one.path)
    else:
        one.path.unlink(missing_ok=True)
    return True


def _forget_weights(store: RunStore, key: str) -> None:
    """Take the weights out of what a record promises, so that it is whole without them."""
    record = store.get(key)
    if record is not None and WEIGHTS in record.files:
        files = {name: value for name, value in record.files.items() if name != WEIGHTS}
        record_file.write(store.path(key) / RECORD, record.with_(files=files))
