"""What tensorflow-datasets left in the data folder: is it there and whole, and its images and labels.

A prepared data set is a folder ``<data>/<name>/<version>`` with ``dataset_info.json``, ``features.json`` and the record
files. TFDS gives the folder its name only when everything is written.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnnrepro import paths
from cnnrepro.data import tf_helpers
from cnnrepro.data.catalogue import DATASETS, DatasetInfo
from cnnrepro.data.catalogue import info as info_of
from cnnrepro.data.image_statistics import UNREADABLE
from cnnrepro.data.tfds import cifar10, mnist_forms
from cnnrepro.errors import WorkFailed
from cnnrepro.files import file_state, write_whole

DECODED = "decoded.npz"
"""The images of a prepared data set as numbers, beside the files of TFDS: read in 0.1 s, where decoding takes 4."""

KINDS = ("images", "labels")


def status(name: str, data_dir: Path | str | None = None) -> str:
    """Whether a data set can be loaded: "embedded", "prepared", "partial: …" or "absent", by names and sizes of files.

    Args:
        name: the data set.
        data_dir: the folder of prepared data; by default ``paths.data_dir()``.

    Raises:
        UsageError: there is no data set of this name.
    """
    info = info_of(name)
    if info.embedded:
        return "embedded"
    if is_whole(info, prepared_folder(info, data_dir)):
        return "prepared"
    if name == mnist_forms.NAME and (kept := mnist_forms.partly(data_root(data_dir))):
        return f"partial: {kept}"
    return cifar10.status(data_root(data_dir)) if name == cifar10.NAME else "absent"


def list_datasets(data_dir: Path | str | None = None) -> list[dict]:
    """One row of plain values a data set: name, title, status, sizes, number of classes, megabytes to download."""
    return [
        {
            "name": info.name,
            "title": info.title,
            "status": status(info.name, data_dir),
            "sizes": dict(info.sizes),
            "classes": len(info.classes),
            "download_megabytes": info.download_megabytes,
        }
        for info in DATASETS.values()
    ]


def prepared_folder(info: DatasetInfo, data_dir: Path | str | None = None) -> Path:
    """Where TFDS keeps a data set that is not embedded."""
    assert info.tfds_name is not None
    name, _, version = info.tfds_name.partition(":")
    return data_root(data_dir) / name / version


def data_root(data_dir: Path | str | None = None) -> Path:
    """The folder of prepared data: the one given, or ``paths.data_dir()``."""
    return Path(paths.data_dir() if data_dir is None else data_dir).expanduser()


def is_whole(info: DatasetInfo, folder: Path) -> bool:
    """Whether a folder holds what TFDS writes: its two descriptions, and every record file they speak of."""
    try:
        description = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
        files = [folder / "features.json", *_record_files(description, folder)]
        counts = {part["name"]: sum(map(int, part["shardLengths"])) for part in description["splits"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    complete = all(counts.get(name) == size for name, size in _source_sizes(info).items())
    return complete and all(file.is_file() and file.stat().st_size > 0 for file in files)


def read(info: DatasetInfo, folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images and labels of a prepared data set, in the order TFDS wrote them; decoded the first time, then kept.

    TFDS orders the examples by a hash of their number when it writes them, the same on every machine.

    Args:
        info: the data set.
        folder: its folder, as ``prepared_folder`` names it.

    Returns:
        For "train" and "test": images (N, H, W, C) uint8, labels (N,) int64.

    Raises:
        WorkFailed: the records are damaged.
    """
    made_from = _stamps(folder)
    splits = _kept(folder / DECODED, made_from)
    if splits is None:
        splits = _decode(info, folder)
        arrays = {f"{name}_{kind}": pair[at] for name, pair in splits.items() for at, kind in enumerate(KINDS)}
        with contextlib.suppress(OSError):  # a full disk, or a folder for reading only: decoded anew the next time
            write_whole(folder / DECODED, lambda file: np.savez(file, made_from=made_from, **arrays))
    return splits


def _decode(info: DatasetInfo, folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images and labels out of TFDS's files; raises WorkFailed where they are damaged."""
    tfds = tf_helpers.tensorflow_datasets()
    try:
        parts = tfds.builder_from_directory(folder).as_dataset(batch_size=-1)
        splits = {name: _arrays(info, part) for name, part in parts.items()}
    except Exception as error:  # TFDS and TensorFlow have many kinds; all of them mean that the records are unreadable
        raise WorkFailed(damaged(info, folder, _one_line(error))) from error
    expected = {name: (size, *info.input_shape) for name, size in _source_sizes(info).items()}
    received = {name: images.shape for name, (images, _) in splits.items()}
    if received != expected:
        raise WorkFailed(damaged(info, folder, f"images of shape {expected} expected, received {received}"))
    return splits


def _stamps(folder: Path) -> str:
    """Names and states of the files of TFDS: other files, other stamps."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((DECODED, ".")))
    return json.dumps([(path.name, *file_state(path.stat())) for path in files])


def _kept(file: Path, made_from: str) -> dict[str, tuple[np.ndarray, np.ndarray]] | None:
    """What was decoded before from the same files; None where there is nothing, or nothing whole."""
    try:
        with np.load(file, allow_pickle=False) as held:  # its parts have checksums
            if str(held["made_from"]) != made_from:
                return None
            names = sorted(name.removesuffix(f"_{KINDS[0]}") for name in held if name.endswith(KINDS[0]))
            return {name: (held[f"{name}_{KINDS[0]}"], held[f"{name}_{KINDS[1]}"]) for name in names}
    except UNREADABLE:
        return None


def damaged(info: DatasetInfo, folder: Path, reason: str) -> str:
    """The error for a prepared folder that is of no use: what is wrong with it and what to do."""
    return (
        f"Data set {info.name!r} in {str(folder)!r} cannot be read: {reason}. Remove that folder and prepare it again: "
        f"cnnrepro data prepare {info.name} [--from DIR]"
    )


def _arrays(info: DatasetInfo, part: Mapping) -> tuple[np.ndarray, np.ndarray]:
    images, labels = part["image"].numpy(), part["label"].numpy()
    if info.name == cifar10.NAME:
        return cifar10.in_official_order(images, labels, part["id"].numpy())
    return images, labels


def _source_sizes(info: DatasetInfo) -> dict[str, int]:
    """Images in the splits as TFDS has them: the validation images are still training images.

    For data sets of photographs, what TFDS calls "validation" is our test split.
    """
    test = "validation" if info.kind == "pictures" else "test"
    return {"train": info.sizes["train"] + info.sizes["validation"], test: info.sizes["test"]}


def _record_files(description: dict, folder: Path) -> list[Path]:
    """The record files that a dataset_info.json speaks of ("mnist-train.tfrecord-00000-of-00001")."""
    suffix = description.get("fileFormat", "tfrecord")
    return [
        folder / f"{description['name']}-{part['name']}.{suffix}-{shard:05d}-of-{shards:05d}"
        for part in description["splits"]
        for shards in [len(part["shardLengths"])]
        for shard in range(shards)
    ]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
