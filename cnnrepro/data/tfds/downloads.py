"""Is a folder of downloaded files what tensorflow-datasets expects?

TFDS compares checksums as well, but it says no more than that one was wrong, and for a missing file it goes to the
network. So everything is looked at here before TFDS starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnrepro.data.tfds.checksums import KnownFile, known_as, sha256_of
from cnnrepro.errors import UsageError, WorkFailed


@dataclass(frozen=True)
class Fault:
    """What is wrong with one file.

    Args:
        missing: there is no such file; otherwise there is one with other contents.
        text: a clause for the error message.
    """

    missing: bool
    text: str


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
        faults = {folder: examine(folder, files) for folder in _candidates(source)}
    except OSError as error:
        raise WorkFailed(f"--from {str(source)!r} cannot be read: {error}.") from error
    folder = min(faults, key=lambda folder: (sum(fault.missing for fault in faults[folder]), len(faults[folder])))
    if not faults[folder]:
        return folder
    kind = UsageError if any(fault.missing for fault in faults[folder]) else WorkFailed
    raise kind(
        f"Data set {name!r} cannot be prepared from {str(folder)!r}: "
        + "; ".join(fault.text for fault in faults[folder])
        + f". Needed are {_names(files)}, as they were published. Nothing was prepared."
    )


def examine(folder: Path, files: Sequence[KnownFile]) -> list[Fault]:
    """What is wrong with the files in a folder; empty if nothing is.

    Raises:
        OSError: a file cannot be read.
    """
    faults = (_fault(folder, file) for file in files)
    return [fault for fault in faults if fault is not None]


def _fault(folder: Path, file: KnownFile) -> Fault | None:
    path = folder / file.name
    if not path.is_file():
        unpacked = _unpacked(path)
        hint = f" ({unpacked.name} is there, but the original packed file is needed)" if unpacked else ""
        return Fault(missing=True, text=f"{file.name} is missing{hint}")
    received = sha256_of(path)
    if received == file.sha256:
        return None
    really = known_as(received)
    return Fault(
        missing=False,
        text=(
            f"{file.name} is damaged or another file: expected SHA-256 {file.sha256} ({file.size:,} bytes), "
            f"received {received} ({path.stat().st_size:,} bytes)" + (f", which is {really}" if really else "")
        ),
    )


def _unpacked(path: Path) -> Path | None:
    """The same file without .gz, under either of the names in use, if it is there."""
    plain = path.with_suffix("")
    for candidate in (plain, plain.with_name(plain.name.replace("-idx", ".idx"))):
        if candidate.is_file():
            return candidate
    return None


def _candidates(source: Path) -> list[Path]:
    return [source, *sorted(path for path in source.iterdir() if path.is_dir())]


def _names(files: Sequence[KnownFile]) -> str:
    return ", ".join(file.name for file in files)
