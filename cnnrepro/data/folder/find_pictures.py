"""Which pictures there are, of which class: from a folder with a sub-folder for each class, or from a CSV table.

Three layouts: ``<class>/**/picture``; ``train/<class>/**/picture`` beside ``validation`` and ``test``; a .csv file with
the columns ``path``, ``label`` and, where wanted, ``split``. No picture is opened here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnnrepro.data.folder.source import Source
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


class _Picture(NamedTuple):
    name: str  # path below the folder, with forward slashes; from a CSV, the path as it is written there
    label: str  # the name of its class
    split: str | None  # "train", "validation" or "test" where the layout says so


def find_pictures(path: Path | str) -> Source:
    """The pictures of a folder or a CSV file with their classes, sorted by name.

    A class folder without pictures is no class; hidden files and folders are passed over. Links are followed, into no
    folder twice.

    Raises:
        UsageError: there is no such folder; it has another layout, fewer than two classes, a class without pictures to
            train on; a folder cannot be read; a CSV's line is wrong. Says which and what to do.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _source(path, path, _in_folder(path))
        if path.is_file() and path.suffix.lower() == ".csv":
            return _source(path, path.parent, _in_table(path))
    except OSError as error:
        raise UsageError(
            f"The folder or file {str(error.filename or path)!r} cannot be read: {error.strerror or error}. Make it "
            "readable for you (chmod u+rX), or take it away from there."
        ) from error
    kind = "neither a folder nor a .csv file" if path.exists() else "not there"
    raise UsageError(f"{str(path)!r} is {kind}; name a folder with a sub-folder for each class, or a CSV file.")


def _source(path: Path, root: Path, pictures: list[_Picture]) -> Source:
    classes = sorted({picture.label for picture in pictures})
    if len(classes) < 2:
        raise UsageError(
            f"{str(path)!r} has pictures of only one class, {classes[0]!r}; two classes are needed. {_LAYOUT}."
        )
    trained = {picture.label for picture in pictures if picture.split in (None, "train")}
    if untrained := [label for label in classes if label not in trained]:
        raise UsageError(
            f"Nothing in {str(path)!r} is there to train on for the class {_some(untrained)}: its pictures are all in "
            f"validation or test. Add pictures of it to train, or leave it out."
        )
    pictures = sorted(pictures)  # by name, by code points: the same on every machine
    index = {label: number for number, label in enumerate(classes)}
    labels = [index[picture.label] for picture in pictures]
    files = [root / picture.name for picture in pictures]
    return Source(
        title=str(path),
        classes=tuple(classes),
        names=tuple(picture.name for picture in pictures),
        labels=np.array(labels, np.int64),
        splits=tuple(picture.split for picture in pictures),
        digest=_digest(classes, pictures, labels, files),
        read=lambda position: files[position].read_bytes(),
        paths=tuple(os.fsencode(file) for file in files),
    )


def _digest(classes: list[str], pictures: Sequence[_Picture], labels: Sequence[int], files: Sequence[Path]) -> str:
    """SHA-256 over classes, names, labels, splits, sizes and times of change."""
    digest = hashlib.sha256(repr(tuple(classes)).encode())  # repr: bytes that are no UTF-8 are escaped
    for picture, label, file in zip(pictures, labels, files, strict=True):
        try:
            state = (file.stat().st_size, file.stat().st_mtime_ns)
        except OSError:
            state = (-1, -1)  # gone since: another digest; reading it will say why
        digest.update(repr((picture.name, label, picture.split, *state)).encode())
    return digest.hexdigest()


def _in_folder(root: Path) -> list[_Picture]:
    visited: set[tuple[int, int]] = set()
    _is_new(root, visited)
    # All are noted before any is gone through: a link from one class to another must not take its pictures away.
    class_folders = [
        (prefix + label, label, split)
        for prefix, split in _split_folders(root)
        for label in _folders(root / prefix)
        if _is_new(root / prefix / label, visited)
    ]
    pictures = [
        _Picture(name, label, split) for folder, label, split in class_folders for name in _below(root, folder, visited)
    ]
    if not pictures:
        raise UsageError(f"No class folder with pictures in {str(root)!r}. {_LAYOUT}.")
    return pictures


def _split_folders(root: Path) -> list[tuple[str, str | None]]:
    """(prefix, split) of the folders that hold class folders: the splits' folders, or the root itself."""
    folders = _folders(root)
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


def _folders(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted; hidden ones left out."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _below(root: Path, folder: str, visited: set[tuple[int, int]]) -> Iterator[str]:
    """The names of the pictures anywhere below a folder of ``root``."""
    for path, folders, files in os.walk(root / folder, followlinks=True, onerror=_raise):
        folders[:] = [name for name in sorted(folders) if name[0] != "." and _is_new(Path(path, name), visited)]
        for name in files:
            file = Path(path, name)
            if name.startswith(".") or file.suffix.lower() not in SUFFIXES:
                continue
            if not file.exists():
                raise UsageError(f"{str(file)!r} is a link to a file that is not there; restore it, or remove it.")
            yield file.relative_to(root).as_posix()


def _is_new(folder: Path, visited: set[tuple[int, int]]) -> bool:
    """Whether a folder has not been visited yet, whatever the links; it has been now."""
    state = folder.stat()
    key = (state.st_dev, state.st_ino)
    new = key not in visited
    visited.add(key)
    return new


def _raise(error: OSError) -> None:
    raise error


def _in_table(path: Path) -> list[_Picture]:
    pictures: list[_Picture] = []
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
        pictures.append(_Picture(name, label, SPLIT_NAMES.get(split)))
    if missing:
        raise UsageError(
            f"{len(missing):,} of the files in {str(path)!r} are not there: {_some(missing)}. Correct or remove "
            "the lines; paths are absolute or below the CSV's folder."
        )
    if not pictures:
        raise UsageError(f"{str(path)!r} lists no picture; it needs a line path,label for each.")
    return pictures


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of a CSV file; blank lines are passed over."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # -sig: Excel writes a byte order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8 text ({error}); save it as a CSV file in UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [column.strip() for column in reader.fieldnames or ()]
        if not {"path", "label"} <= set(columns) or len(set(columns)) < len(columns):
            raise csv.Error(_COLUMNS)
        reader.fieldnames = columns
        for row in reader:
            if None in row or None in row.values():
                raise csv.Error("more or fewer cells than the header has; put what holds a comma in double quotes")
            yield reader.line_num, row
    except csv.Error as error:
        raise UsageError(f"{str(path)!r}, line {reader.line_num}: {error}.") from error


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
