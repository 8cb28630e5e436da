"""The files that tensorflow-datasets knows: names, addresses, sizes and SHA-256, from its own lists.

The lists lie in the installed package as text, so reading them needs no import of TFDS (which takes seconds).
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from cnnrepro.errors import WorkFailed

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
