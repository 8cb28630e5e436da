"""The photographs of tensorflow-datasets, still encoded: TFDS downloads, checks and stores, and decodes nothing.

They are prepared as ArrayRecord, the format that gives any picture at once; TFRecord has to be read from its beginning.
TFDS calls the published validation pictures of Imagenette and ImageNet "validation". Nobody has their test labels, so
everyone tests on these; here they are the test split, and validation is drawn from the training pictures.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.catalogue import DatasetInfo
from cnnrepro.data.folder.source import Source
from cnnrepro.data.image_statistics import UNREADABLE
from cnnrepro.data.tfds import prepare
from cnnrepro.errors import WorkFailed
from cnnrepro.files import file_state, write_whole

OUR_SPLITS = {"train": "train", "validation": "test"}


def source(info: DatasetInfo, data_dir: Path | str | None, home: Path) -> Source:
    """The pictures of a data set, prepared first where that is necessary and possible.

    Args:
        info: its entry in the catalogue.
        data_dir: the folder of prepared data.
        home: the folder of the cached forms, where names and labels are kept too.

    Raises:
        WorkFailed: it is absent and cannot be had, or is damaged, or this system cannot read ArrayRecord.
    """
    return of_prepared(info, prepare.prepare(info.name, data_dir=data_dir), home)


def of_prepared(info: DatasetInfo, folder: Path, home: Path) -> Source:
    """The pictures in a folder that TFDS has prepared as ArrayRecord."""
    tfds = tf_helpers.tensorflow_datasets()
    try:
        builder = tfds.builder_from_directory(folder)
        encoded = {"image": tfds.decode.SkipDecoding()}
        parts = {split: builder.as_data_source(split, decoders=encoded) for split in OUR_SPLITS}
    except (ImportError, NotImplementedError) as error:
        raise WorkFailed(
            f"{info.name!r} is stored as ArrayRecord, which cannot be read on this system ({error}); it needs Linux "
            f"and the package array_record. A folder of the same pictures works everywhere: --dataset folder:PATH."
        ) from error
    except Exception as error:  # of many kinds, from TFDS
        raise WorkFailed(
            f"Data set {info.name!r} in {str(folder)!r} cannot be read ({' '.join(str(error).split())[:200]}); remove "
            f"that folder and prepare it again."
        ) from error
    digest, state = _digest_and_state(folder)
    places = [(split, position) for split in OUR_SPLITS for position in range(len(parts[split]))]
    names, labels = _names_and_labels(parts, places, home / f"names-{digest[:16]}.npz", state)

    def read(position: int) -> bytes:
        split, place = places[int(position)]
        return bytes(parts[split][place]["image"])

    return Source(
        title=info.title,
        classes=tuple(builder.info.features["label"].names),
        names=names,
        labels=labels,
        splits=tuple(OUR_SPLITS[split] for split, _ in places),
        digest=digest,
        state=state,
        read=read,
    )


def _names_and_labels(
    parts: Mapping, places: Sequence[tuple[str, int]], kept: Path, state: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and labels of all pictures. They lie beside the pixels, so all is read, once; then they are kept."""
    with contextlib.suppress(*UNREADABLE), np.load(kept, allow_pickle=False) as file:
        if str(file["state"]) == state:
            return tuple(file["names"].tolist()), file["labels"]
    names, labels = [], np.zeros(len(places), np.int64)
    for row, (split, position) in enumerate(places):
        example = parts[split][position]
        name = example.get("file_name", f"{split} {position}")
        names.append(name.decode() if isinstance(name, bytes) else str(name))
        labels[row] = int(example["label"])
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, lambda file: np.savez(file, names=np.array(names), labels=labels, state=state))
    return tuple(names), labels


def _digest_and_state(folder: Path) -> tuple[str, str]:
    """SHA-256 over names, sizes and times of the files of a prepared data set; and over all that tells files apart."""
    digest, states = hashlib.sha256(), hashlib.sha256()
    for path in sorted(folder.iterdir()):
        state = file_state(path.stat())
        digest.update(f"{path.name} {state.size} {state.modified}\n".encode())
        states.update(repr((path.name, *state)).encode())
    return digest.hexdigest(), states.hexdigest()
