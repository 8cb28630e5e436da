"""Which pictures there are, of which class: from a folder with a sub-folder for each class, or from a CSV table.

Three layouts: ``<class>/**/picture``; ``train/<class>/**/picture`` beside ``validation`` and ``test``; a .csv file with
the columns ``path``, ``label`` and, where wanted, ``split``. No picture is opened here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnnrepro.errors import UsageError, unknown

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"})
"""What is taken as a picture in a folder; upper and lower case are the same."""

SPLIT_NAMES = (
    dict.fromkeys(("train", "training"), "train")
    | dict.fromkeys(("validation", "val", "valid"), "validation")
    | dict.fromkeys(("test", "testing"), "test")
)

_LAYOUT = (
    "Make one sub-folder for each class, with its pictures in it (or train/<class>, validation/<class>, test/<class>)"
)
_COLUMNS = "needed are the columns path and label (and split where wanted), each once, with commas between them"
_SHOWN = 5


@dataclass(frozen=True)
class Picture:
    """One picture file."""

    name: str  # its path below the listing's root, with forward slashes; from a CSV, the path as it is written there
    label: int  # the index of its class
    split: str | None  # "train", "validation" or "test" where the layout says so


@dataclass(frozen=True, eq=False)
class Listing:
    """The pictures of a folder or a CSV file.

    Args:
        root: the folder that the names are below.
        classes: the names of the classes with pictures, sorted; a label is an index into it.
        pictures: sorted by name (by code points, so the same on every machine).
        ignored: files that are no pictures by their suffix, or lie beside the class folders; hidden ones not counted.
        empty_classes: class folders without a picture; not among ``classes``.
    """

    root: Path
    classes: tuple[str, ...]
    pictures: tuple[Picture, ...]
    ignored: tuple[str, ...] = ()
    empty_classes: tuple[str, ...] = ()

    @property
    def paths(self) -> list[Path]:
        """The files, in the order of ``pictures``."""
        return [self.root / picture.name for picture in self.pictures]

    def digest(self) -> str:
        """SHA-256 over classes, names, labels, splits, sizes and times of change: another one if a file has changed."""
        digest = hashlib.sha256(repr(self.classes).encode())  # repr: bytes that are no UTF-8 are escaped
        for picture, path in zip(self.pictures, self.paths, strict=True):
            try:
                state = (path.stat().st_size, path.stat().st_mtime_ns)
            except OSError:
                state = (-1, -1)  # gone since: another digest; reading it will say why
            digest.update(repr((picture.name, picture.label, picture.split, *state)).encode())
        return digest.hexdigest()


def list_pictures(path: str | os.PathLike[str]) -> Listing:
    """The pictures of a folder or a CSV file, with their classes.

    A class folder without pictures is no class: it is in ``empty_classes``. Links are followed, into no folder twice.

    Raises:
        UsageError: there is no such folder; it has another layout, fewer than two classes, a class without pictures to
            train on; a folder cannot be read; a CSV's line is wrong. Says which and what to do.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.is_file() and path.suffix.lower() == ".csv":
            return _of_csv(path)
    except OSError as error:
        raise UsageError(
            f"The folder or file {str(error.filename or path)!r} cannot be read: {error.strerror or error}. Make it "
            "readable for you (chmod u+rX), or take it away from there."
        ) from error
    kind = "neither a folder nor a .csv file" if path.exists() else "not there"
    raise UsageError(f"{str(path)!r} is {kind}; name a folder with a sub-folder for each class, or a CSV file.")


def _listing(root: Path, found: list[tuple[str, str, str | None]], ignored: list[str], folders: set[str]) -> Listing:
    """From (name, class, split) of each picture."""
    classes = sorted({label for _, label, _ in found})
    if len(classes) < 2:
        raise UsageError(
            f"{str(root)!r} has pictures of only one class, {classes[0]!r}; two classes are needed. "
            + (f"Without pictures: {_some(sorted(folders - set(classes)))}. " if len(folders) > 1 else "")
            + f"{_LAYOUT}."
        )
    trained = {label for _, label, split in found if split in (None, "train")}
    untrained = sorted(set(classes) - trained)
    if untrained:
        raise UsageError(
            f"Nothing in {str(root)!r} is there to train on for the class {_some(untrained)}: its pictures are all in "
            f"validation or test. Add pictures of it to train, or leave it out."
        )
    index = {label: number for number, label in enumerate(classes)}
    pictures = sorted((Picture(name, index[label], split) for name, label, split in found), key=lambda one: one.name)
    return Listing(root, tuple(classes), tuple(pictures), tuple(sorted(ignored)), tuple(sorted(folders - set(classes))))


@dataclass
class _Walk:
    """Goes through folders; no folder twice, whatever the links."""

    seen: set[tuple[int, int]] = field(default_factory=set)
    ignored: list[str] = field(default_factory=list)

    def entries(self, folder: Path, prefix: str) -> tuple[list[str], list[str]]:
        """The names of the folders and of the other things in a folder, sorted; hidden ones left out."""
        folders, files = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    (folders if entry.is_dir() else files).append(entry.name)
        return sorted(folders), [prefix + name for name in sorted(files)]

    def first_visit(self, folder: Path) -> bool:
        """Has the folder not been seen yet? Notes that it has been now."""
        found = folder.stat()
        key = (found.st_dev, found.st_ino)
        new = key not in self.seen
        self.seen.add(key)
        return new

    def pictures(self, root: Path, prefix: str) -> Iterator[str]:
        """The names of the pictures anywhere below ``root / prefix``; the other files go to ``ignored``."""
        folders, files = self.entries(root / prefix, prefix)
        for name in files:
            if Path(name).suffix.lower() not in SUFFIXES:
                self.ignored.append(name)
            elif (root / name).exists():
                yield name
            else:
                raise UsageError(
                    f"{str(root / name)!r} is a link to a file that is not there; restore it, or remove it."
                )
        for name in folders:
            if self.first_visit(root / prefix / name):
                yield from self.pictures(root, f"{prefix}{name}/")


def _of_folder(root: Path) -> Listing:
    walk = _Walk()
    walk.first_visit(root)
    top, loose = walk.entries(root, "")
    walk.ignored += loose
    class_folders = []  # (prefix, class, split)
    for prefix, split in _parts(root, top):
        names, files = walk.entries(root / prefix, prefix) if split else (top, [])
        walk.ignored += files
        class_folders += [(f"{prefix}{name}/", name, split) for name in names]
    # All are noted before any is gone through: a link from one class to another must not take its pictures away.
    class_folders = [one for one in class_folders if walk.first_visit(root / one[0])]
    found = [(name, label, split) for prefix, label, split in class_folders for name in walk.pictures(root, prefix)]
    if not found:
        beside = [name for name in walk.ignored if Path(name).suffix.lower() in SUFFIXES]
        seen = f"; {len(beside):,} pictures lie outside any class folder" if beside else ""
        raise UsageError(f"No class folder with pictures in {str(root)!r}{seen}. {_LAYOUT}.")
    return _listing(root, found, walk.ignored, {label for _, label, _ in class_folders})


def _parts(root: Path, folders: list[str]) -> list[tuple[str, str | None]]:
    """(prefix, split) of the folders that hold class folders: the splits' folders, or the root itself."""
    splits = {name: SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES}
    others = [name for name in folders if name not in splits]
    if not splits or (others and len(set(splits.values())) == 1):  # one class may well be called "train" or "test"
        return [("", None)]
    if others:
        raise UsageError(
            f"{str(root)!r} has the splits {_some(list(splits))} and beside them {_some(others)}; it is not clear "
            "whether these are classes. Take the others away, or rename the folders."
        )
    if len(set(splits.values())) < len(splits):
        raise UsageError(f"{str(root)!r} names a split twice: {_some(list(splits))}. Keep one folder for each split.")
    if "train" not in splits.values():
        raise UsageError(
            f"{str(root)!r} has {_some(list(splits))} but no folder train; the training pictures belong there."
        )
    return [(f"{name}/", split) for name, split in splits.items()]


def _of_csv(path: Path) -> Listing:
    found: list[tuple[str, str, str | None]] = []
    lines: dict[str, int] = {}
    missing = []
    for line, row in _rows(path):
        name, label, split = row["path"], row["label"].strip(), row.get("split", "").strip().lower()
        where = f"{str(path)!r}, line {line}"
        if not name or not label:
            raise UsageError(f"{where}: the {'path' if not name else 'label'} is empty; every picture needs both.")
        if split and split not in SPLIT_NAMES:
            raise UsageError(f"{where}: {unknown('split', split, SPLIT_NAMES)} It may be empty.")
        file = os.path.normpath(path.parent / name)
        if file in lines:
            raise UsageError(f"{where}: {name!r} is listed twice, first in line {lines[file]}. Remove one of them.")
        lines[file] = line
        if not Path(file).is_file():
            missing.append(f"line {line} {name!r}")
        found.append((name, label, SPLIT_NAMES.get(split)))
    if missing:
        raise UsageError(
            f"{len(missing):,} of the files in {str(path)!r} are not there: {_some(missing)}. Correct or remove "
            "the lines; paths are absolute or below the CSV's folder."
        )
    if not found:
        raise UsageError(f"{str(path)!r} lists no picture; it needs a line path,label for each.")
    return _listing(path.parent, found, [], set())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of a CSV file; blank lines are passed over."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # -sig: Excel writes a byte order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8 text ({error}); save it as a CSV file in UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
        wrong = "" if {"path", "label"} <= set(header) and len(set(header)) == len(header) else _COLUMNS
        for cells in reader if not wrong else ():
            if cells and len(cells) != len(header):
                wrong = (
                    f"{len(cells)} cells where the header has {len(header)}; put what holds a comma in double quotes"
                )
                break
            if cells:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        wrong = str(error)
    if wrong:
        raise UsageError(f"{str(path)!r}, line {reader.line_num}: {wrong}.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
