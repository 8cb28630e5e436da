"""``cnnrepro runs prune``: finds what no run of a store needs any more, and removes it under the claim of its run.

A run that ended needs no checkpoint. What was set aside as damaged is kept for who wants to look at it, until here. A
process that was killed leaves hidden temporary files and folders. None of it is touched while a living process trains
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
from cnnrepro.runs import checkpoint
from cnnrepro.runs.keys import KEY
from cnnrepro.runs.record import UnreadableRecord, write_record
from cnnrepro.runs.store import DAMAGED, RECORD, WEIGHTS, RunStore

ENDED = "checkpoint of a run that ended"
UNFINISHED = "checkpoint of a run that is not finished"
OF_DONE = "weights"
ASIDE = "set aside as damaged"
TEMPORARY = "left by a killed process"

_AGAIN = re.compile(r"\.again-([0-9a-f]{16})-.+")
_DAY = 24 * 3600.0  # seconds


@dataclass(frozen=True)
class PruneOptions:
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
class PrunedFile:
    """One file or folder that may go: the run it belongs to, where it lies, why it may go, its bytes on the disk."""

    key: str
    path: Path
    kind: str
    bytes: int


@dataclass(frozen=True)
class Pruned:
    """What was found, or removed, and the keys of runs that were left alone because a living process trains them."""

    files: tuple[PrunedFile, ...]
    busy: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Of all together."""
        return sum(file.bytes for file in self.files)

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        files = [asdict(file) | {"path": str(file.path)} for file in self.files]
        return {"found": files, "bytes": self.bytes, "busy": list(self.busy)}


def prune(store: RunStore, options: PruneOptions, *, dry_run: bool = False) -> Pruned:
    """Remove what no run needs, each run's under its claim, so that nothing goes that somebody just began to need.

    With ``dry_run`` it is only found, and nothing is touched.

    Raises:
        OSError: as the disk says; what was removed before stays removed.
    """
    files: list[PrunedFile] = []
    busy = []
    for key, again in _look(store).items():
        superfluous = list(_superfluous(store, key, again, options))
        if not superfluous:
            continue
        is_run = store.path(key).is_dir()  # else only a temporary folder names it, so nobody can be training it
        if is_run and not dry_run:
            claim = store.claim_now(key)
        else:
            claim = contextlib.nullcontext(not is_run or not store.is_claimed(key))
        with claim as free:
            if not free:
                busy.append(key)
            elif dry_run:
                files += superfluous
            else:  # looked at again: the run may have been trained on until the claim was had
                files += _remove(store, list(_superfluous(store, key, again, options)))
    return Pruned(tuple(files), tuple(busy))


def _look(store: RunStore) -> dict[str, list[Path]]:
    """The temporary folders of each run beside its own, by key: of all runs, and of those that only such a one names.

    The store is listed once: that takes time by all of its runs.
    """
    folders = [name for name in store.names() if _is_folder(store.folder / name)]
    found: dict[str, list[Path]] = {name: [] for name in folders if KEY.fullmatch(name)}
    for match in filter(None, map(_AGAIN.fullmatch, folders)):
        found.setdefault(match[1], []).append(store.folder / match[0])
    return dict(sorted(found.items()))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _superfluous(store: RunStore, key: str, again: list[Path], options: PruneOptions) -> Iterator[PrunedFile]:
    """What may go of a run, if no living process trains it; ``again`` are its temporary folders beside its own."""
    names: list[str] = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # only a temporary folder names it
        names = sorted(os.listdir(store.path(key)))  # noqa: PTH208
    here = [(store.path(key) / name, kind) for name in names if (kind := _kind(name))]
    here += [(path, TEMPORARY) for path in again]
    if not here:
        return  # as of most, whose records then need not be read
    try:
        record = store.get(key)
    except UnreadableRecord as error:
        if error.foreign:
            return
        record = None
    ended = record is not None and record.has_ended
    for path, kind in here:
        if kind == ENDED and not ended:
            kind = UNFINISHED
        asked = {UNFINISHED: options.unfinished, OF_DONE: options.weights and ended}.get(kind, True)
        if not asked or path.is_symlink() or not path.exists() or is_being_made(path):
            continue
        size, changed = _size_and_time(path)
        if time.time() - changed >= options.older_than * _DAY:
            yield PrunedFile(key, path, kind, size)


def _kind(name: str) -> str:
    """Why a file of a run may go, for all that its name says; "" where it may not."""
    if name in (checkpoint.NAME, checkpoint.PREVIOUS):
        return ENDED
    if name in (checkpoint.DAMAGED, DAMAGED):
        return ASIDE
    if name == WEIGHTS:
        return OF_DONE
    return TEMPORARY if name.startswith(".weights-") or (name.startswith(".") and name.endswith(".tmp")) else ""


def _size_and_time(path: Path) -> tuple[int, float]:
    """The bytes under a path, and when something of it changed last (seconds since 1970)."""
    statuses = []
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        # To ask whether a maker lives touches its lock, which is no change.
        with contextlib.suppress(FileNotFoundError):  # its owner just removed it
            statuses += [file.lstat()] if file.name != MAKER else []
    size = sum(status.st_size for status in statuses if not stat.S_ISDIR(status.st_mode))
    return size, max((status.st_mtime for status in statuses), default=0.0)


def _remove(store: RunStore, files: list[PrunedFile]) -> Iterator[PrunedFile]:
    """Remove files and folders; gives those in which no living process has begun to work meanwhile."""
    for file in files:
        if is_being_made(file.path):
            continue
        if file.path.name == WEIGHTS:
            _forget_weights(store, file.key)
        if file.path.is_dir():
            shutil.rmtree(file.path)
        else:
            file.path.unlink(missing_ok=True)
        yield file


def _forget_weights(store: RunStore, key: str) -> None:
    """Take the weights out of what a record promises, so that it is whole without them."""
    record = store.get(key)
    if record is not None and WEIGHTS in record.files:
        files = {name: value for name, value in record.files.items() if name != WEIGHTS}
        write_record(store.path(key) / RECORD, record.with_(files=files))
