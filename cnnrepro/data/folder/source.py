"""``Source``: encoded photographs with names and labels, as the canvas and the cached form see them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cnnrepro.data.folder.findings import Findings


class Picture(NamedTuple):
    """A picture that a folder or a table has."""

    name: str  # path below the folder, with forward slashes; from a CSV, the path as it is written there
    label: str  # the name of its class
    split: str | None  # "train", "validation" or "test" where the layout says so


@dataclass(frozen=True, eq=False)
class Source:
    """Encoded photographs in a fixed order.

    Args:
        title: what to call it in a message.
        classes: the names of the classes with pictures, sorted; a label is an index into it.
        names: of the pictures, as people find them.
        labels: (N,) int64.
        splits: for each picture the split that its source names, or None.
        digest: hexadecimal; another one whenever a file was added or removed, or has another size or time of change.
        state: hexadecimal; another one also where a file was replaced by one of its size and time. Copies of the same
            files have other states: whoever meets another one looks at the bytes.
        read: the bytes of a picture, by its position.
        findings: what was left out and guessed while they were looked for.
    """

    title: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: np.ndarray
    splits: tuple[str | None, ...]
    digest: str
    state: str
    read: Callable[[int], bytes]
    findings: Findings = field(default_factory=Findings)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def key(self) -> str:
        """The first part of the digest, for names of files."""
        return hashlib.sha256(self.digest.encode()).hexdigest()[:16]
