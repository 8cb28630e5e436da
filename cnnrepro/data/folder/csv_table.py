"""Pictures that a CSV table lists: the columns ``path``, ``label`` and, where wanted, ``split``; none is opened."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from cnnrepro.data.folder.findings import some
from cnnrepro.data.folder.layout import SPLIT_NAMES
from cnnrepro.data.folder.source import Picture
from cnnrepro.errors import UsageError, unknown

_COLUMNS = "needed are the columns path and label (and split where wanted), each once, with commas between them"


def in_table(path: Path) -> list[Picture]:
    """The pictures that a CSV table lists, in its order.

    Raises:
        UsageError: a line is wrong, or a file is not there; says which.
    """
    pictures: list[Picture] = []
    lines: dict[str, int] = {}
    others: dict[str, set[str]] = {}  # what stands in each column
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
            missing.append((line, name))
        pictures.append(Picture(name, label, SPLIT_NAMES.get(split)))
        for column, cell in row.items():
            others.setdefault(column, set()).add(cell.strip().lower())
    if missing:
        named = some([f"line {line} {name!r}" for line, name in missing])
        hint = next(filter(None, (_hint(path.parent, name) for _, name in missing)), "")
        raise UsageError(
            f"{len(missing):,} of the files in {str(path)!r} are not there: {named}. Correct or remove "
            f"the lines; paths are absolute or below the CSV's folder.{hint}"
        )
    for column, cells in others.items():
        if "split" not in others and cells - {""} and cells - {""} <= SPLIT_NAMES.keys():
            raise UsageError(
                f"{str(path)!r} has a column {column!r} with {some(sorted(cells - {''}))} in it, and no column split. "
                "Call it split if these are the splits; else take it out."
            )
    if not pictures:
        raise UsageError(f"{str(path)!r} lists no picture; it needs a line path,label for each.")
    return pictures


def _hint(folder: Path, name: str) -> str:
    """What may be meant by the path of a file that is not there; empty where nothing comes near."""
    if (folder / name).is_dir():
        return f" {name!r} is a folder; each picture needs a line of its own."
    slashed = name.strip().replace("\\", "/")
    there = folder / slashed
    found = f", and {slashed!r} is there" if there.is_file() else ""
    if "\\" in name:
        return f" A backslash (\\) is no separator here: write a slash (/) in its place{found}."
    if found:
        return f" Blanks around a path count{found}."
    if there.parent.is_dir():
        beside = sorted(path.name for path in there.parent.iterdir())
        near = [one for one in beside if one.lower() == there.name.lower() or Path(one).stem == there.name]
        if near:
            return f" {near[0]!r} is there, and not {there.name!r}."
    return ""


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of a CSV file; blank lines are passed over."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # -sig: Excel writes a byte order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8 text ({error}); save it as a CSV file in UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [column.strip().lower() for column in reader.fieldnames or ()]
        if not {"path", "label"} <= set(columns) or len(set(columns)) < len(columns):
            raise csv.Error(f"{_COLUMNS}. Received: {', '.join(columns) or 'nothing'}")
        reader.fieldnames = columns
        for row in reader:
            if None in row or None in row.values():
                raise csv.Error("more or fewer cells than the header has; put what holds a comma in double quotes")
            yield reader.line_num, row
    except csv.Error as error:
        raise UsageError(f"{str(path)!r}, line {reader.line_num}: {error}.") from error
