"""What a file system may hold after a power loss: a trace of what a process does to files, and the states it allows.

After Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014). Nothing is taken for granted but that one
operation on names is whole or absent, and that ``fsync`` of a file forces its bytes and ``fsync`` of a folder the names
in it. All else may be lost, come in another order, and bytes may be torn or zeros.
"""

import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

MAKES_FILES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
ALL_ORDERS = 6  # so many pending operations on names are tried in all subsets

_KINDS = {"os.rename": "rename", "os.remove": "unlink", "os.mkdir": "mkdir", "os.rmdir": "rmdir"}  # by Python's names

State = dict[str, bytes | None]  # by path below the traced folder; None for a folder


@dataclass(frozen=True)
class Operation:
    """One thing done to files.

    Args:
        kind: "mkdir", "rmdir", "create", "write", "rename", "unlink", "fsync" (of a file) or "fsync folder".
        path: below the traced folder; "." is the folder itself.
        file: a number of the file itself, whatever its name is at the time.
        to: the new name of what is renamed.
        start: where bytes are written; what was behind them is cut off.
        data: what is written.
    """

    kind: str
    path: str
    file: int = -1
    to: str = ""
    start: int = 0
    data: bytes = b""

    @property
    def folder(self) -> str:
        """Whose ``fsync`` forces it, where it changes names."""
        return os.path.dirname(self.to or self.path) or "."  # noqa: PTH120


class Trace:
    """The operations of this process on the files below a folder, while it is active.

    Args:
        folder: exists, and is empty.
    """

    def __init__(self, folder: Path):
        self.operations: list[Operation] = []
        self._folder, self._names, self._content = folder, {}, {}
        self._begun: Operation | None = None
        self._lock, self._active = threading.RLock(), False

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Trace what is done meanwhile."""
        fsync = os.fsync

        def fsync_and_note(opened: int) -> None:
            with self._lock:
                path = os.readlink(f"/proc/self/fd/{opened}")  # noqa: PTH115
                if (name := self._below(path)) is not None:
                    self._settle()
                    is_folder = os.path.isdir(path)  # noqa: PTH112
                    kind, file = ("fsync folder", -1) if is_folder else ("fsync", self._names[name])
                    self.operations.append(Operation(kind, name, file))
            fsync(opened)

        sys.addaudithook(self._hear)  # stays with the process, deaf after this
        os.fsync, self._active = fsync_and_note, True
        try:
            yield
        finally:
            os.fsync, self._active = fsync, False
            self._settle()

    def _below(self, path: object) -> str | None:
        """A path below the folder; None where it is elsewhere or no path."""
        if isinstance(path, int) or path is None:
            return None
        with contextlib.suppress(ValueError):
            return str(Path(os.fsdecode(path)).relative_to(self._folder))
        return None

    def _hear(self, event: str, arguments: tuple) -> None:
        """Python tells of an operation just before it is done."""
        if not self._active or event not in ("open", *_KINDS):
            return
        with self._lock:
            name = self._below(arguments[0])
            if name is None or (event == "open" and not arguments[2] & MAKES_FILES):
                return
            self._settle()
            if event == "open":
                self._begun = Operation("create", name, len(self._content))
            else:
                to = self._below(arguments[1]) if event == "os.rename" else ""
                self._begun = Operation(_KINDS[event], name, self._names.get(name, -1), to=to)

    def _settle(self) -> None:
        """Note what was begun last, if it was done, and the bytes that were written since."""
        begun, self._begun, here = self._begun, None, look(self._folder)
        if begun and self._was_done(begun, here):
            self.operations.append(begun)
            if begun.kind in ("create", "mkdir"):
                self._names[begun.path] = begun.file
            else:
                del self._names[begun.path]
                if begun.to:
                    self._names[begun.to] = begun.file
            if begun.kind == "create":
                self._content[begun.file] = b""
        assert here.keys() == self._names.keys(), f"the trace misses {here.keys() ^ self._names.keys()}"
        for name, data in here.items():
            if data is None:
                continue
            file = self._names[name]
            if data != (before := self._content[file]):
                start = len(before) if data.startswith(before) else 0
                self.operations.append(Operation("write", name, file, start=start, data=data[start:]))
                self._content[file] = data

    def _was_done(self, begun: Operation, here: State) -> bool:
        if begun.kind in ("create", "mkdir"):
            return begun.path in here and begun.path not in self._names
        return begun.path in self._names and begun.path not in here


def look(folder: Path) -> State:
    """All that lies below a folder."""
    return {str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes() for path in folder.glob("**/*")}


def write_out(state: State, folder: Path) -> None:
    """Make a new folder that holds a state."""
    folder.mkdir()
    for name in sorted(state):
        if state[name] is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(state[name])


def after(operations: list[Operation]) -> State:
    """What lies there after operations, of which some may be missing; what has no folder is gone with it."""
    names, content = {}, {}
    for one in operations:
        if one.kind in ("create", "mkdir"):
            names[one.path] = one.file
        elif one.kind == "write":
            kept = content.get(one.file, b"")[: one.start]
            content[one.file] = kept.ljust(one.start, b"\0") + one.data
        elif one.kind in ("rename", "unlink", "rmdir"):
            if names.get(one.path) == one.file:
                del names[one.path]
            if one.kind == "rename":
                names[one.to] = one.file
    reached: State = {}
    for name in sorted(names):  # a folder comes before what is in it
        if (parent := os.path.dirname(name)) == "" or parent in reached:  # noqa: PTH120
            reached[name] = None if names[name] == -1 else content.get(names[name], b"")
    return reached


def pending(operations: list[Operation]) -> list[int]:
    """The places of those that nothing has forced to the disk."""
    found, files, folders = [], set(), set()
    for place in range(len(operations) - 1, -1, -1):
        one = operations[place]
        if one.kind == "fsync":
            files.add(one.file)
        elif one.kind == "fsync folder":
            folders.add(one.path)
        elif one.file not in files if one.kind == "write" else one.folder not in folders:
            found.append(place)
    return found[::-1]


def states_after_a_loss(operations: list[Operation]) -> Iterator[State]:
    """What may be there where the power is lost after the last of the operations.

    All that is pending is there or lost; each single one is lost, or is the only one there; of few operations on names
    each subset is there; each write is torn to its half, or zeros.
    """
    open_ones = pending(operations)
    writes = [place for place in open_ones if operations[place].kind == "write"]
    naming = [place for place in open_ones if operations[place].kind != "write"]

    def without(*lost: int) -> State:
        return after([one for place, one in enumerate(operations) if place not in lost])

    yield without()
    yield without(*open_ones)
    for place in open_ones:
        yield without(place)
        yield without(*(other for other in open_ones if other != place))
    if len(naming) <= ALL_ORDERS:
        for count in range(len(naming) + 1):
            for lost in itertools.combinations(naming, count):
                yield without(*lost)
                yield without(*lost, *writes)
    for place in writes:
        one = operations[place]
        for data in (one.data[: len(one.data) // 2], bytes(len(one.data))):
            yield after([*operations[:place], replace(one, data=data), *operations[place + 1 :]])
