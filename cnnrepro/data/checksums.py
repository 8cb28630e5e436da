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
    path = _lists_folder() / f"{tfds_name.partition(':')[0]}.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [line.split("\t") for line in lines if line.strip()]
        return tuple(KnownFile(name, url, int(size), sha256) for url, size, sha256, name in rows)
    except (OSError, ValueError) as error:
        raise WorkFailed(
            f"The list of checksums {str(path)!r} cannot be read ({error}); install tensorflow-datasets again."
        ) from error


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


def _lists_folder() -> Path:
    spec = importlib.util.find_spec("tensorflow_datasets")
    if spec is None or spec.origin is None:
        raise WorkFailed("tensorflow-datasets is not installed; install it with: pip install tensorflow-datasets")
    return Path(spec.origin).parent / "url_checksums"
