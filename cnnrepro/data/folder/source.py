"""Where photographs come from, as the canvas and the cached form see it: names, labels, and the bytes of each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnrepro.data.folder.listing import Listing, list_pictures


@dataclass(frozen=True, eq=False)
class Source:
    """Encoded photographs in a fixed order.

    Args:
        title: what to call it in a message.
        classes: the names of the classes.
        names: of the pictures, as people find them.
        labels: (N,) int64.
        splits: for each picture the split that its source names, or None.
        digest: hexadecimal; another one whenever a file was added, removed or changed.
        read: the bytes of a picture, by its position.
        paths: of the files, where each picture is a file: TensorFlow then reads them itself. As bytes: a name need not
            be text.
    """

    title: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: np.ndarray
    splits: tuple[str | None, ...]
    digest: str
    read: Callable[[int], bytes]
    paths: tuple[bytes, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def key(self) -> str:
        """The first part of the digest, for names of files."""
        return hashlib.sha256(self.digest.encode()).hexdigest()[:16]


def of_folder(path: Path | str) -> Source:
    """A folder of classes, a folder of train, validation and test folders, or a CSV of path and label.

    Raises:
        UsageError: it is none of these; see ``listing.list_pictures``.
    """
    listing: Listing = list_pictures(path)
    files = listing.paths
    return Source(
        title=str(path),
        classes=listing.classes,
        names=tuple(picture.name for picture in listing.pictures),
        labels=np.array([picture.label for picture in listing.pictures], np.int64),
        splits=tuple(picture.split for picture in listing.pictures),
        digest=listing.digest(),
        read=lambda position: files[position].read_bytes(),
        paths=tuple(os.fsencode(file) for file in files),
    )
