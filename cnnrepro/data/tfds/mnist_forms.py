"""MNIST in the other forms that people have it in: unpacked idx files, Keras' mnist.npz, tables of pixels.

Whatever the form, images and labels are written as the four published files have them and compared with the SHA-256 of
those: so it is known what they are, and tensorflow-datasets makes the same data set of them. Only Kaggle's
``train.csv`` has no such checksum: 42,000 of the 70,000 digits, training and test digits mixed. It is kept as it is,
and marked.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnrepro.data.tfds.published_files import KnownFile, sha256_of
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.files import folder_beside

NAME = "mnist"
FOLDER_NAME = "mnist_table"
TABLE, MANIFEST = "digits.npz", "manifest.json"

SIDE = 28
LARGEST_ARRAY = 2**29  # bytes; the training images have 376 MB at eight bytes a value
_PARTS = ("train", "t10k")
_KINDS = ("images-idx3-ubyte", "labels-idx1-ubyte")

# SHA-256 of the published files, unpacked; those of the packed ones are in tensorflow-datasets' list.
UNPACKED = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
FORMS = "the four files unpacked, mnist.npz, mnist_train.csv with mnist_test.csv, or Kaggle's train.csv"


def whole(source: Path) -> dict[str, bytes] | None:
    """The contents of the four published files, unpacked, from a form that has all of MNIST; None without such a form.

    Raises:
        WorkFailed: a file is damaged or another one; says which.
    """
    for folder in _folders(source):
        for read in (_from_idx, _from_npz, _from_tables):
            if found := read(folder):
                _check(found, folder)
                return {name: content for name, (_, content) in found.items()}
    return None


def write_packed(contents: Mapping[str, bytes], files: Sequence[KnownFile], target: Path) -> list[KnownFile]:
    """Write the four files packed; they have other checksums than the published ones, and these are returned."""
    written = []
    for file in files:
        packed = gzip.compress(contents[file.name.removesuffix(".gz")], compresslevel=1, mtime=0)
        (target / file.name).write_bytes(packed)
        written.append(replace(file, size=len(packed), sha256=hashlib.sha256(packed).hexdigest()))
    return written


def table_in(source: Path) -> Path | None:
    """Kaggle's ``train.csv``, in a folder or one directly in it; None where there is none."""
    return next((folder / "train.csv" for folder in _folders(source) if (folder / "train.csv").is_file()), None)


def stage(table: Path, root: Path) -> Path:
    """Keep the digits of a table whose checksum nobody published, with what it is. The caller holds the lock.

    Raises:
        WorkFailed: it is no such table.
    """
    images, labels = _read_table(table)
    if len(found := np.unique(labels)) < 10 or np.bincount(labels).min() < 10:
        raise WorkFailed(
            f"{str(table)!r} has {len(labels):,} digits of {len(found)} classes; ten of each of the ten are the least. "
            "Nothing was prepared."
        )
    folder = root / FOLDER_NAME
    with folder_beside(root, f".cnnrepro-{NAME}-") as scratch:
        new = scratch / "new"
        new.mkdir()
        np.savez_compressed(new / TABLE, images=images, labels=labels)
        about = {"file": table.name, "sha256": sha256_of(table), "digits": len(labels)}
        (new / MANIFEST).write_text(json.dumps(about | {"table": sha256_of(new / TABLE)}), encoding="utf-8")
        if folder.exists():
            folder.rename(scratch / "before")
        new.rename(folder)
    return folder


def partly(root: Path) -> str | None:
    """What is kept of MNIST in a data folder, in words; None where nothing is."""
    try:
        about = json.loads((root / FOLDER_NAME / MANIFEST).read_text(encoding="utf-8"))
        return f"{about['digits']:,} digits of {about['file']} (no known checksum), their test split drawn"
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_staged(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28, 1) uint8 and labels (N,) int64 that ``stage`` kept.

    Raises:
        WorkFailed: they are no longer what was kept.
    """
    folder = root / FOLDER_NAME
    try:
        kept = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["table"]
        if sha256_of(folder / TABLE) != kept:
            raise ValueError("it changed since")
        with np.load(folder / TABLE, allow_pickle=False) as file:
            return file["images"], file["labels"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise WorkFailed(
            f"Data set {NAME!r} in {str(folder)!r} cannot be read: {error}. Remove that folder and prepare it again: "
            f"cnnrepro data prepare {NAME} --from DIR"
        ) from error


def _folders(source: Path) -> list[Path]:
    try:
        return [source, *sorted(path for path in source.iterdir() if path.is_dir())]
    except OSError:  # no folder, or not to be read: ``published_files.locate`` says which
        return []


Found = dict[str, tuple[Path, bytes]]  # for each of the four files where it comes from, and its contents


def _from_idx(folder: Path) -> Found | None:
    """Unpacked idx files, under either of the names in use; Kaggle puts each into a folder of its name."""
    found = {}
    for name in UNPACKED:
        dotted = name.replace("-idx", ".idx")
        paths = [folder / one / two for one in (name, dotted) for two in (name, dotted)]
        path = next((path for path in (folder / name, folder / dotted, *paths) if path.is_file()), None)
        if path is None:
            return None
        found[name] = (path, path.read_bytes())
    return found


def _from_npz(folder: Path) -> Found | None:
    path = folder / "mnist.npz"
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            train, test = ((_array(file, f"x_{name}"), _array(file, f"y_{name}")) for name in ("train", "test"))
        return _as_idx(path, {"train": train, "t10k": test})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise WorkFailed(
            f"{str(path)!r} is damaged or another file ({error}); needed are the arrays x_train, y_train, x_test and "
            "y_test. Nothing was prepared."
        ) from error


def _array(file: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    """An array of an archive, which may unpack to anything; raises ValueError where it is larger than MNIST's."""
    member = f"{name}.npy"
    if file.zip.getinfo(member).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{member} is neither stored nor deflated")
    with file.zip.open(member) as opened:
        np.lib.format.read_magic(opened)
        shape, _, kind = np.lib.format.read_array_header_1_0(opened)
    if (size := math.prod(shape) * kind.itemsize) > LARGEST_ARRAY:
        raise ValueError(f"{member} has {size:,} bytes; at most {LARGEST_ARRAY:,} are read")
    return file[name]


def _from_tables(folder: Path) -> Found | None:
    paths = folder / "mnist_train.csv", folder / "mnist_test.csv"
    if not all(path.is_file() for path in paths):
        return None
    return _as_idx(paths[0], {part: _read_table(path) for part, path in zip(_PARTS, paths, strict=True)})


def _as_idx(path: Path, arrays: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Found:
    """Arrays as the published files have them: two bytes 0, the type (8: bytes), the axes, their lengths, the bytes."""
    found = {}
    for part, both in arrays.items():
        for kind, array in zip(_KINDS, both, strict=True):
            values = np.asarray(array)
            values = values.reshape((-1, SIDE, SIDE) if kind == _KINDS[0] else -1)
            head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            found[f"{part}-{kind}"] = (path, head + np.ascontiguousarray(values, np.uint8).tobytes())
    return found


def _check(found: Found, folder: Path) -> None:
    wrong = {name: hashlib.sha256(content).hexdigest() for name, (_, content) in found.items()}
    wrong = {name: received for name, received in wrong.items() if received != UNPACKED[name]}
    if wrong:
        told = "; ".join(
            f"{name} in {found[name][0].name} is damaged or another file: expected SHA-256 {UNPACKED[name]}, received "
            f"{received}"
            for name, received in wrong.items()
        )
        raise WorkFailed(f"Data set {NAME!r} cannot be prepared from {str(folder)!r}: {told}. Nothing was prepared.")


def _read_table(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28, 1) uint8 and labels (N,) int64 of a CSV with a label and 784 pixels a line."""
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig") as file:
            titled = not file.readline().split(",")[0].strip().strip('"').isdigit()
        table = pd.read_csv(path, header=0 if titled else None)
        if titled and table.columns[0] != "label":
            raise ValueError(f"the first column must be label. Received: {table.columns[0]!r}")
        values = table.to_numpy()
        if values.ndim != 2 or values.shape[1] != 1 + SIDE * SIDE:
            raise ValueError(f"a line must have a label and 784 pixels. Received: {values.shape[1]} columns")
        if not np.issubdtype(values.dtype, np.integer) or values.min() < 0 or values.max() > 255:
            raise ValueError("labels and pixels must be whole numbers from 0 to 255")
        if values[:, 0].max() > 9:
            raise ValueError(f"labels must be 0 to 9. Received: {values[:, 0].max()}")
    except (OSError, ValueError) as error:
        raise UsageError(f"{str(path)!r} is no table of digits: {error}. Nothing was prepared.") from error
    images = np.ascontiguousarray(values[:, 1:], np.uint8).reshape(-1, SIDE, SIDE, 1)
    return images, values[:, 0].astype(np.int64)
