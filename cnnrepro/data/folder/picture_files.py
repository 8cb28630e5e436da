"""Which files of a folder are pictures that are read, and which look like some and are left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from cnnrepro.data.folder.findings import LOOSE
from cnnrepro.data.folder.layout import SUFFIXES, role
from cnnrepro.data.folder.leftovers import is_left_behind
from cnnrepro.errors import UsageError

_OTHER_FORMATS = frozenset(
    {".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".j2k", ".jpf", ".jpx", ".svg", ".svgz", ".psd", ".psb"}
    | {".xcf", ".ai", ".eps", ".pdf", ".ico", ".icns", ".tga", ".pcx", ".dds", ".exr", ".hdr", ".ppm", ".pgm", ".pbm"}
    | {".pnm", ".dcm", ".nii", ".fits", ".fit", ".raw", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2"}
    | {".dng", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f", ".3fr", ".iiq", ".erf", ".kdc", ".mrw", ".mpo"}
)
_TEXTS = frozenset({".txt", ".csv", ".json", ".xml", ".md", ".html", ".yaml", ".yml"})  # not even looked at
_LISTS = frozenset({".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".xls", ".xlsx", ".ods", ".mat", ".parquet"})
_OF_LISTS = frozenset(
    {"annotation", "annotations", "classes", "label", "labels", "metadata", "split", "splits", "groundtruth"}
)
_NO_FILE = "with a pipe, a socket or a device behind the name"
_HEAD = 2048  # bytes that are looked at of a file whose name says nothing


class PictureFiles:
    """Goes through the folders below a root, into none twice; collects what is left out, by reason.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self._root = root
        self._visited: set[tuple[int, int]] = set()
        self._left_out: dict[str, list[str]] = {}

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """The names of what was left out, sorted, by reason."""
        return {reason: tuple(sorted(names)) for reason, names in sorted(self._left_out.items())}

    def leave_out(self, reason: str, name: str) -> None:
        """Note a file that is left out."""
        self._left_out.setdefault(reason, []).append(name)

    def is_new(self, folder: str) -> bool:
        """Whether a folder has not been visited yet, whatever the links; it has been now, or is noted as left out."""
        state = (self._root / folder).stat()
        key = (state.st_dev, state.st_ino)
        new = key not in self._visited
        self._visited.add(key)
        if not new:
            self.leave_out("linked to a folder that is taken already", folder)
        return new

    def below(self, folder: str) -> Iterator[str]:
        """The names of the pictures anywhere below a folder."""
        for path, folders, files in os.walk(self._root / folder, followlinks=True, onerror=_raise):
            inside = Path(path).relative_to(self._root)
            names = [name for name in sorted(folders) if not is_left_behind(name)]
            folders[:] = [name for name in names if self.is_new((inside / name).as_posix())]
            yield from self._pictures(inside, files)

    def leave_out_all(self, folder: str, *, deep: bool) -> None:
        """Note what is left out of a folder that is no class, with ``deep`` of those anywhere below it.

        That is pictures; and directly in it lists that may say of which class or split they are.
        """
        if deep:
            names = list(self.below(folder)) if self.is_new(folder) else []
        else:
            with os.scandir(self._root / folder) as entries:
                files = [entry.name for entry in entries if _may_be_file(entry)]
            names = list(self._pictures(Path(folder), files))
            for name in filter(_may_be_list, files):
                self.leave_out("that may say which picture is what, and is not read", (Path(folder) / name).as_posix())
        for name in names:
            self.leave_out(LOOSE, name)

    def _pictures(self, folder: Path, files: list[str]) -> Iterator[str]:
        """The names of those files in a folder that are pictures."""
        for name in files:
            file, own = self._root / folder / name, (folder / name).as_posix()
            suffix = file.suffix.lower()
            if is_left_behind(name):
                if suffix in SUFFIXES and not name.startswith("._") and file.is_file():
                    self.leave_out("hidden, with a dot before the name", own)
            elif suffix not in SUFFIXES:
                if reason := _why_left_out(file, suffix):
                    self.leave_out(reason, own)
            elif not file.exists():
                raise UsageError(f"{str(file)!r} is a link to a file that is not there; restore it, or remove it.")
            elif not file.is_file():
                self.leave_out(_NO_FILE, own)
            else:
                yield own


def _why_left_out(file: Path, suffix: str) -> str:
    """Why a file is left out that looks like a picture, or like pictures packed up; empty for texts and such."""
    if suffix in _OTHER_FORMATS:
        return f"in a format that is not read ({suffix})"
    if suffix in _TEXTS:
        return ""
    if file.exists() and not file.is_file():
        return _NO_FILE
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
    except OSError:
        return "that cannot be opened"
    from cnnrepro.data.folder.decoding import is_known

    if is_known(file):
        return "with a picture in it and no picture's ending on the name"
    return f"of a kind that is not read ({suffix or 'no ending'})" if b"\x00" in head else ""  # else it is a text


def _may_be_file(entry: os.DirEntry) -> bool:
    return entry.is_file() or (entry.is_symlink() and not entry.is_dir())  # or a link to what is not there


def _may_be_list(name: str) -> bool:
    """Whether a file may list pictures with their classes or splits: "train.txt", "labels.csv", "metadata.jsonl"."""
    file = Path(name)
    words = set(re.findall(r"[a-z]+", file.stem.lower()))
    return file.suffix.lower() in _LISTS and not is_left_behind(name) and bool(role(file.stem) or words & _OF_LISTS)


def _raise(error: OSError) -> None:
    raise error
