"""The files that tensorflow-datasets knows, from its own lists, and whether a folder holds them.

The lists lie in the installed package as text, so reading them needs no import of TFDS (which takes seconds). TFDS
compares checksums as well, but it says no more than that one was wrong, and for a missing file it goes to the network.
So everything is looked at here before TFDS starts.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnrepro.errors import UsageError, WorkFailed

# Lists whose files have the very same names, so that one is easily taken for the other.
_NAMESAKES = ("mnist", "fashion_mnist", "kmnist")


@dataclass(frozen=True)
class KnownFile:
    """One line of a list: a file to download.

    Args:
        name: file name.
        url: where TFDS downloads it.
        size: in bytes.
        sha256: hexadecimal.
    """

    name: str
    url: str
    size: int
    sha256: str


def known_files(tfds_name: str) -> tuple[KnownFile, ...]:
    """The files of a data set.

    Args:
        tfds_name: its name in TFDS, with or without a version ("mnist:3.0.1").

    Raises:
        WorkFailed: the installed TFDS has no such list.
    """
    name, _, config = tfds_name.partition(":")[0].partition("/")
    folder = _tfds_folder()
    newer = folder / "datasets" / name / "checksums.tsv"
    path = newer if newer.is_file() else folder / "url_checksums" / f"{name}.txt"
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        # Some lists name the file in a fourth column; the address ends with the same name.
        files = tuple(KnownFile(row[0].rpartition("/")[2], row[0], int(row[1]), row[2]) for row in rows)
    except (OSError, ValueError, IndexError) as error:
        raise WorkFailed(
            f"The list of checksums {str(path)!r} cannot be read ({error}); install tensorflow-datasets again."
        ) from error
    if config:  # "320px-v2" of imagenette is imagenette2-320.tgz
        wanted = f"{name}2-{config.partition('px')[0]}.tgz"
        files = tuple(file for file in files if file.name == wanted)
    return files


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_as(sha256: str) -> str | None:
    """What a file with this checksum is ("t10k-images-idx3-ubyte.gz of mnist"); None if no list of ours has it."""
    for name in _NAMESAKES:
        for file in known_files(name):
            if file.sha256 == sha256:
                return f"{file.name} of {name}"
    return None


def _tfds_folder() -> Path:
    spec = importlib.util.find_spec("tensorflow_datasets")
    if spec is None or spec.origin is None:
        raise WorkFailed("tensorflow-datasets is not installed; install it with: pip install tensorflow-datasets")
    return Path(spec.origin).parent


def locate(name: str, source: Path, files: Sequence[KnownFile]) -> Path:
    """The folder with all the files of a data set: ``source`` itself or a folder directly in it.

    Args:
        name: the data set, for the messages.
        source: the folder that was named.
        files: the files it should hold.

    Raises:
        UsageError: ``source`` is not a folder, or lacks files; names them.
        WorkFailed: the files are there and one is damaged or another file; names both checksums.
    """
    if not source.is_dir():
        raise UsageError(f"--from {str(source)!r} is not a folder; name the folder with {_names(files)}.")
    try:
        folders = [source, *sorted(path for path in source.iterdir() if path.is_dir())]
        faults = {folder: examine(folder, files) for folder in folders}
    except OSError as error:
        raise WorkFailed(f"--from {str(source)!r} cannot be read: {error}.") from error
    folder = min(folders, key=lambda folder: tuple(map(len, faults[folder])))  # fewest missing, then fewest others
    missing, others = faults[folder]
    if not missing and not others:
        return folder
    raise (UsageError if missing else WorkFailed)(
        f"Data set {name!r} cannot be prepared from {str(folder)!r}: {'; '.join(missing + others)}. Needed are "
        f"{_names(files)}, as they were published. Nothing was prepared."
    )


def examine(folder: Path, files: Sequence[KnownFile]) -> tuple[list[str], list[str]]:
    """Clauses about the files that are missing from a folder, and about those with other contents.

    Raises:
        OSError: a file cannot be read.
    """
    missing, others = [], []
    for file in files:
        path = folder / file.name
        if not path.is_file():
            unpacked = _unpacked(path)
            hint = f" ({unpacked.name} is there, but the original packed file is needed)" if unpacked else ""
            missing.append(f"{file.name} is missing{hint}")
        elif (received := sha256_of(path)) != file.sha256:
            known = known_as(received)
            others.append(
                f"{file.name} is damaged or another file: expected SHA-256 {file.sha256} ({file.size:,} bytes), "
                f"received {received} ({path.stat().st_size:,} bytes)" + (f", which is {known}" if known else "")
            )
    return missing, others


def _unpacked(path: Path) -> Path | None:
    """The same file without .gz, under either of the names in use, if it is there."""
    plain = path.with_suffix("")
    candidates = (plain, plain.with_name(plain.name.replace("-idx", ".idx")))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _names(files: Sequence[KnownFile]) -> str:
    return ", ".join(file.name for file in files)
