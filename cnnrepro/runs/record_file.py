"""A record as a file: JSON that anyone can read, with a checksum that notices when it is not what was written.

The checksum is the last field: the SHA-256 of the whole file with 64 zeros in the checksum's place, so that it can be
checked without parsing anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import orjson

from cnnrepro.files import write_whole
from cnnrepro.runs.record import FORMAT, READABLE, RunRecord

_BLANK = "0" * 64
_CHECKSUM = re.compile(rb'"checksum": "([0-9a-f]{64})"\s*}\s*\Z')
_AT_ONCE = 2**16  # bytes; most records are smaller
_TAIL = 120  # bytes at the end in which the checksum lies


def write(path: Path, record: RunRecord, check: Callable[[], object] | None = None) -> None:
    """Write a record, whole or not at all; ``check`` is called before it takes its place, and may raise."""
    blank = (json.dumps({**record.to_dict(), "checksum": _BLANK}, indent=1) + "\n").encode()
    head, tail = blank[:-_TAIL], blank[-_TAIL:]
    text = head + tail.replace(_BLANK.encode(), hashlib.sha256(blank).hexdigest().encode())
    write_whole(path, lambda file: file.write(text), before_move=check)


def read(path: str | Path) -> RunRecord:
    """The record in a file.

    Raises:
        OSError: as the disk says.
        ValueError: damaged, or of a format that is not known; says which.
    """
    text = _bytes(path)
    values = _parsed(text)
    if isinstance(values, dict) and values.get("format") == FORMAT and values.get("checksum") != _sum(text):
        raise ValueError("its checksum does not fit; it was changed after it was written")
    return RunRecord.from_dict(values)


def format_of(path: Path) -> int | None:
    """The format that a record says it has; None where it says none, or cannot be parsed.

    Raises:
        OSError: as the disk says.
    """
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    found = values.get("format") if isinstance(values, dict) else None
    return found if isinstance(found, int) else None


def _bytes(path: str | Path) -> bytes:
    """What is in a file, without the file object that a store of ten thousand records feels."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        parts = []
        while part := os.read(descriptor, _AT_ONCE):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _parsed(text: bytes) -> object:
    """The values of a JSON text; orjson takes a fifth of the time that the standard library takes, but no NaN."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def is_foreign(path: Path) -> bool:
    """Whether a record is of a format that this version does not know, or cannot even be read from the disk.

    Such a record may be whole, so nothing here may move it.
    """
    try:
        found = format_of(path)
    except OSError:
        return True
    return found is not None and found not in READABLE


def sum_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sum(text: bytes) -> str:
    """The checksum that a record's file should carry; "" where it carries none."""
    text = text.replace(b"\r\n", b"\n")  # a checkout on Windows may have changed the ends of lines
    tail = text[-_TAIL:]
    found = _CHECKSUM.search(tail)
    if not found:
        return ""
    start = len(text) - len(tail) + found.start(1)
    return hashlib.sha256(text[:start] + _BLANK.encode() + text[start + 64 :]).hexdigest()


def is_whole(path: Path, wanted: str) -> bool:
    """Whether a file is there and has the checksum that its record says."""
    try:
        return sum_of(path) == wanted
    except OSError:  # missing, a folder, or a place on the disk that cannot be read
        return False
