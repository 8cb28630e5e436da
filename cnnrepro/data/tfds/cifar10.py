"""CIFAR-10 as it was published: six files of 10,000 images, taken as they are, all of them or what there is.

A record is 3,073 bytes: the label, then 1,024 red, 1,024 green and 1,024 blue pixels, row by row (32 x 32). The files
are copied whole into ``<data>/cifar10_files``, beside what tensorflow-datasets would make of the one archive it knows;
read from either, the images have the same, official order.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnrepro.data.tfds.published_files import sha256_of
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.files import folder_beside

NAME = "cifar10"
FOLDER_NAME = "cifar10_files"

IMAGES, SIDE, CHANNELS = 10_000, 32, 3  # of a file
_RECORD = 1 + SIDE * SIDE * CHANNELS

FILES = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
TEST = "test_batch.bin"
TRAINING = tuple(name for name in FILES if name != TEST)


@dataclass(frozen=True, eq=False)
class Parts:
    """What is there of CIFAR-10, in official order.

    Args:
        train, test: images (N, 32, 32, 3) uint8 and labels (N,) int64.
        partial: "2 of 5 training batches"; None where all are.
    """

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    partial: str | None


def parse(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The images (10000, 32, 32, 3) uint8 and labels (10000,) int64 of one file.

    Raises:
        WorkFailed: it is no such file; says what it is.
    """
    raw = np.fromfile(path, np.uint8)
    if raw.size != IMAGES * _RECORD:
        raise WorkFailed(
            f"{path.name} should have {IMAGES * _RECORD:,} bytes. Received: {raw.size:,} ({str(path)!r}); prepare "
            f"{NAME} again."
        )
    records = raw.reshape(IMAGES, _RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        raise WorkFailed(f"{path.name} holds the label {labels.max()}, and CIFAR-10 has 0 to 9 ({str(path)!r}).")
    planes = records[:, 1:].reshape(IMAGES, CHANNELS, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


def held(root: Path) -> tuple[str, ...]:
    """The files that were prepared in a data folder, in official order, whatever has become of them since."""
    return tuple(name for name in FILES if (root / FOLDER_NAME / name).is_file())


def status(root: Path) -> str:
    """What a data folder holds: "prepared", "partial: 2 of 5 training batches", or "absent".

    To train on, the test file and one of the others are needed, none of them cut short. Sizes are looked at, not
    contents.
    """
    names = held(root)
    whole = all((root / FOLDER_NAME / name).stat().st_size == IMAGES * _RECORD for name in names)
    if not whole or TEST not in names or len(names) < 2:
        return "absent"
    return f"partial: {partly(names)}" if partly(names) else "prepared"


def partly(names: tuple[str, ...]) -> str | None:
    """What is there, in words; None where all are."""
    training = sum(name != TEST for name in names)
    return None if training == len(TRAINING) else f"{training} of {len(TRAINING)} training batches"


def lies_in(source: Path) -> Path | None:
    """The folder with most original files: ``source``, or one directly in it; None where there are none."""
    try:
        folders = [source, *sorted(path for path in source.iterdir() if path.is_dir())]
    except OSError:  # no folder, or not to be read: ``published_files.locate`` says which
        return None
    counts = {folder: sum((folder / name).is_file() for name in FILES) for folder in folders}
    fullest = max(folders, key=counts.__getitem__)  # of equals the first
    return fullest if counts[fullest] else None


def stage(source: Path, root: Path, *, partial: bool) -> Path:
    """Check the original files and copy them into a data folder. The caller holds the lock.

    Args:
        source: the folder they lie in.
        root: the data folder.
        partial: take what there is where some are missing.

    Raises:
        UsageError: files are missing; says which.
        WorkFailed: a file is damaged or another one.
    """
    present = [name for name in FILES if (source / name).is_file()]
    missing = [name for name in FILES if name not in present]
    if missing and not partial:
        raise UsageError(
            f"CIFAR-10 in {str(source)!r} lacks {', '.join(missing)}. Bring them, or prepare what there is, marked as "
            f"partial in every record, with --partial. Nothing was prepared."
        )
    if TEST in missing or len(present) < 2:
        raise UsageError(
            f"CIFAR-10 in {str(source)!r} lacks {', '.join(missing)}; {TEST} and one training batch are the least. "
            f"Nothing was prepared."
        )
    folder = root / FOLDER_NAME
    with folder_beside(root, f".cnnrepro-{NAME}-") as scratch:
        new = scratch / "new"
        new.mkdir()
        for name in present:
            _copy(name, source, new)
        for name in held(root):  # from an earlier, partial preparation
            if name not in present and sha256_of(folder / name) == FILES[name]:
                shutil.copyfile(folder / name, new / name)
        _replace(folder, new, scratch / "before")
    return folder


def read(root: Path) -> Parts:
    """The images and labels that were prepared in a data folder.

    Raises:
        WorkFailed: a file is no longer what was prepared.
    """
    names = held(root)
    folder = root / FOLDER_NAME
    if spoiled := [name for name in names if sha256_of(folder / name) != FILES[name]]:
        raise WorkFailed(damaged(root, spoiled))
    batches = [parse(folder / name) for name in names if name != TEST]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return Parts((images, labels), parse(folder / TEST), partly(names))


def damaged(root: Path, names: Sequence[str] = ()) -> str:
    """The error for prepared files that are of no use: which, and what to do."""
    reason = f"{', '.join(names)} changed since" if names else "files are missing or cut short"
    return (
        f"Data set {NAME!r} in {str(root / FOLDER_NAME)!r} cannot be read: {reason}. Remove that folder and prepare it "
        f"again: cnnrepro data prepare {NAME} --from DIR"
    )


def _copy(name: str, source: Path, target: Path) -> None:
    """Copy one file and check the copy, so that what is kept is what was checked."""
    shutil.copyfile(source / name, target / name)
    received = sha256_of(target / name)
    if received != FILES[name]:
        raise WorkFailed(
            f"{name} in {str(source)!r} is damaged or another file: expected SHA-256 {FILES[name]}, received "
            f"{received}. Nothing was prepared."
        )


def _replace(folder: Path, new: Path, before: Path) -> None:
    """Put a whole folder in the place of another; where that fails, the other is back."""
    if folder.exists():
        folder.rename(before)
    try:
        new.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise


def in_official_order(images: np.ndarray, labels: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """TFDS's examples, which it stores by a hash, as the files have them: by their names, "train_00000" and so on."""
    order = np.argsort(ids, kind="stable")
    return images[order], labels[order]
