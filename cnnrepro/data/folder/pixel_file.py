"""``PixelFile``: the pixels of a cached form, row by row; never others than were written.

A file that is mapped into memory and cut short kills whoever reads it, by SIGBUS and without a word, and so does a disk
that is full while such a file is written. So it is read and written as files are. Measured with 256 x 256 pixels that
the system holds in memory, in batches of 128: 30 µs of a core a picture, where a map took 62 to 72; one by one 36, and
20.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from cnnrepro.errors import WorkFailed
from cnnrepro.files import FileState, file_state

_HEADER = np.lib.format


@dataclass(frozen=True, eq=False)
class PixelFile:
    """The file, .npy, (N, S, S, 3) uint8.

    Args:
        path: where it lies.
        shape: (N, S, S, 3).
        begin: bytes before the first row.
        sums: the CRC-32 of each row.
        state: of the file before it was compared with them.
    """

    path: Path
    shape: tuple[int, ...]
    begin: int
    sums: Sequence[int]
    state: FileState

    @classmethod
    def of(cls, path: Path, shape: tuple[int, ...], sums: Sequence[int]) -> PixelFile | None:
        """The file, as it is now; None where it is absent, or of another size than its shape says."""
        try:
            with path.open("rb") as file:
                state = file_state(os.fstat(file.fileno()))
                if _HEADER.read_magic(file) != (1, 0):
                    return None
                header, begin = _HEADER.read_array_header_1_0(file), file.tell()
        except (OSError, ValueError, EOFError):
            return None
        whole = state.size == begin + int(np.prod(shape)) and len(sums) == shape[0]
        return cls(path, shape, begin, sums, state) if whole and header == (shape, False, np.uint8) else None

    def fits(self, positions: Iterable[int]) -> bool:
        """Whether rows are what was written."""
        wanted = np.array(list(positions), np.int64)
        try:
            return self._fit(wanted, self._read(wanted)[0])
        except (OSError, EOFError):
            return False

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """Rows at these positions, (n,) -> (n, S, S, 3) uint8.

        The state of the file is looked at each time. Where it is another, the rows are compared with their sums: a file
        that somebody touched, or made again with the same pixels, does as well.

        Raises:
            WorkFailed: the file was changed, cut short or removed.
        """
        try:
            pixels, state = self._read(positions)
            reason = "" if state == self.state or self._fit(positions, pixels) else "was changed"
        except EOFError:
            reason = "was cut short"
        except OSError as error:
            reason = f"cannot be read any more ({error.strerror or error})"
        if reason:
            raise WorkFailed(
                f"The pictures' cached form {str(self.path)!r} {reason} while it was in use; the same command makes it "
                f"anew."
            )
        return pixels

    def _read(self, positions: np.ndarray) -> tuple[np.ndarray, FileState]:
        """Rows, and the state of the file afterwards."""
        pixels = np.empty((len(positions), *self.shape[1:]), np.uint8)
        row = int(np.prod(self.shape[1:]))
        with self.path.open("rb", buffering=0) as file:
            for position, pixels_of_one in zip(positions.tolist(), pixels, strict=True):
                file.seek(self.begin + position * row)
                if file.readinto(pixels_of_one.reshape(-1)) != row:
                    raise EOFError
            return pixels, file_state(os.fstat(file.fileno()))

    def _fit(self, positions: np.ndarray, pixels: np.ndarray) -> bool:
        rows = zip(positions.tolist(), pixels, strict=True)
        return all(zlib.crc32(pixels_of_one) == self.sums[position] for position, pixels_of_one in rows)


class PixelWriter:
    """Writes such a file into an open one, rows in any order; those that are not written are black.

    Args:
        file: open for writing, empty.
        shape: (N, S, S, 3).
    """

    def __init__(self, file: IO[bytes], shape: tuple[int, ...]):
        _HEADER.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        self._file, self._begin = file, file.tell()
        self._row, self._whole = int(np.prod(shape[1:])), int(np.prod(shape))

    def put(self, position: int, pixels: np.ndarray) -> None:
        """Write the row at a position; raises OSError as the disk says."""
        self._file.seek(self._begin + position * self._row)
        self._file.write(np.ascontiguousarray(pixels))

    def finish(self) -> None:
        """Bring the file to its size and to the disk."""
        self._file.truncate(self._begin + self._whole)
        self._file.flush()
        os.fsync(self._file.fileno())
