"""The splits of photographs: of a folder, a CSV, or the JPEGs of tensorflow-datasets.

Where the source names splits (sub-folders ``train``, ``validation`` and ``test``, a column ``split``), they are taken
as they are. What it does not name is drawn from its training pictures: a tenth of all pictures for the test split, then
a tenth for validation, every class with its share, and every class keeps one picture at least to be trained on.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnrepro import paths
from cnnrepro.data.catalogue import SPLITS, DatasetInfo, folder_path
from cnnrepro.data.folder.cache import load_canvases
from cnnrepro.data.folder.canvas import VERSION
from cnnrepro.data.folder.find_pictures import find_pictures
from cnnrepro.data.folder.findings import UNREADABLE, Findings, of_splits, sentences, short_name, shown
from cnnrepro.data.folder.source import Source
from cnnrepro.data.folder.survey import Survey
from cnnrepro.data.image_statistics import stored
from cnnrepro.data.labelled_images import Examples
from cnnrepro.data.random_numbers import permutation, stratified_draw
from cnnrepro.data.splits import Splits, checked_size, subset
from cnnrepro.data.tfds import photographs
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.stderr import say_line

CANVAS = 256  # Krizhevsky et al. 2012, section 2: "down-sampled the images to a fixed resolution of 256 x 256"

_NAMED = 10  # bad pictures in a message

# The seed of each draw: the year of AlexNet, and a number of its own. Changing one changes every result on a folder.
_KEPT = (2012, 0)
_TEST = (2012, 1)
_VALIDATION = (2012, 2)


def load_pictures(
    info: DatasetInfo,
    *,
    train_images: int | None,
    data_dir: Path | str | None,
    canvas: int | None,
    on_error: str,
    cache: str,
    pictures: Path | str | None,
) -> Splits:
    """``loading.load`` for photographs; the arguments are as there."""
    side = CANVAS if canvas is None else canvas
    folder = Path(pictures) if pictures else paths.pictures_dir()
    if info.kind == "folder":
        source = find_pictures(folder_path(info.name))
    else:
        source = photographs.source(info, data_dir, folder)
    survey, canvases, home = load_canvases(source, side, folder, cache)
    if survey.bad and on_error == "stop":
        raise WorkFailed(_what_is_bad(source, survey))
    good = np.array([position for position in range(len(source)) if position not in survey.bad], np.int64)
    _require_classes(source, source.labels[good])
    named = [source.splits[position] for position in good]
    divided = divide(source.labels[good], named, source.title, validation=info.sizes.get("validation"))
    positions = {split: good[chosen] for split, chosen in divided.items()}
    sizes = {split: len(chosen) for split, chosen in positions.items()}
    info = replace(info, classes=source.classes, input_shape=(side, side, 3), sizes=sizes)
    size = checked_size(info, train_images)
    if size is not None:
        positions["train"] = positions["train"][subset(source.labels[positions["train"]], size)]
    everything = Examples(canvases, source.labels)
    examples = {split: everything.at(chosen) for split, chosen in positions.items()}
    fingerprint = _fingerprint(source, survey, positions, side)
    statistics = stored(examples["train"], fingerprint, home)
    mean, std = tuple(statistics.mean_colour.tolist()), tuple(statistics.std.tolist())
    skipped = tuple((source.names[position], why) for position, why in sorted(survey.bad.items()))
    findings = _findings(source, survey, positions)
    if info.kind == "folder" and any(named):  # of the others the catalogue says what is drawn
        drawn = {split: sizes[split] for split in ("test", "validation") if split not in named}
        findings = replace(findings, drawn_splits=drawn)
    _say(source.title, findings)
    return Splits(info.name, info, examples, fingerprint, mean, std, None, skipped, home, findings)


def _findings(source: Source, survey: Survey, positions: dict[str, np.ndarray]) -> Findings:
    """What was found while the pictures were looked for, read and divided."""
    bad = tuple(short_name(source.names[position]) for position in sorted(survey.bad))
    present = {split: set(source.labels[chosen].tolist()) for split, chosen in positions.items()}
    missing = {
        split: tuple(name for label, name in enumerate(source.classes) if label not in present[split])
        for split in ("test", "validation")
    }
    return replace(
        source.findings,
        noted=dict(source.findings.noted)
        | {what: tuple(short_name(source.names[one]) for one in chosen) for what, chosen in survey.noted.items()},
        missing_classes={split: names for split, names in missing.items() if names},
        left_out=dict(source.findings.left_out) | ({UNREADABLE: bad} if bad else {}),
        damaged=tuple((short_name(source.names[position]), why) for position, why in sorted(survey.remarks.items())),
        **of_splits(positions, survey.sha256, source.names, [source.classes[label] for label in source.labels]),
    )


@functools.cache
def _say_once(sentence: str) -> None:
    say_line(f"cnnrepro: {sentence}")


def _say(title: str, findings: Findings) -> None:
    """Tell the user what was found, each sentence once a process: several runs share their data."""
    for sentence in sentences(findings.to_dict()):
        _say_once(f"{title}: {sentence}")


def look_at_folder(info: DatasetInfo) -> DatasetInfo:
    """The entry of a folder with its classes and the sizes of its splits; no picture is opened.

    Raises:
        UsageError: it is no folder of pictures.
    """
    source = find_pictures(folder_path(info.name))
    _say(source.title, source.findings)
    sizes = {split: len(chosen) for split, chosen in divide(source.labels, source.splits, source.title).items()}
    return replace(info, classes=source.classes, input_shape=(CANVAS, CANVAS, 3), sizes=sizes)


def _require_classes(source: Source, labels: np.ndarray) -> None:
    """Every class must have a picture that can be read."""
    for label in np.setdiff1d(np.arange(len(source.classes)), labels)[:1]:
        raise UsageError(
            f"No picture of the class {source.classes[label]!r} of {source.title} can be read; mend its pictures or "
            "take it out."
        )


def _what_is_bad(source: Source, survey: Survey) -> str:
    named = [f"{shown(source.names[position])} {why}" for position, why in sorted(survey.bad.items())[:_NAMED]]
    more = f"; and {len(survey.bad) - _NAMED:,} more" if len(survey.bad) > _NAMED else ""
    return (
        f"{len(survey.bad):,} of {len(source):,} pictures of {source.title} cannot be read: {'; '.join(named)}{more}. "
        f"Mend or remove them, or leave them out with --on-error skip."
    )


def _fingerprint(source: Source, survey: Survey, positions: dict[str, np.ndarray], side: int) -> str:
    """SHA-256 over the canvas, the classes, and checksum and label of the pictures of each split, in their order."""
    digest = hashlib.sha256(json.dumps([VERSION, side, source.classes]).encode())
    for split in SPLITS:
        chosen = [[survey.sha256[position], int(source.labels[position])] for position in positions[split]]
        digest.update(json.dumps([split, chosen]).encode())
    return digest.hexdigest()


def divide(
    labels: np.ndarray, given: Sequence[str | None], where: str, *, validation: int | None = None
) -> dict[str, np.ndarray]:
    """Which picture belongs to which split.

    Args:
        labels: (N,) the classes of the pictures.
        given: for each, the split that its source names, or None.
        where: the source, for the message.
        validation: size of that split where it is drawn; None for a tenth of all pictures.

    Returns:
        For each split the positions of its pictures, ascending.

    Raises:
        UsageError: there are too few pictures to draw a split that the source does not name.
    """
    named = np.array([split or "train" for split in given])
    positions = {split: np.flatnonzero(named == split) for split in SPLITS}
    tenth = max(1, len(labels) // 10)
    for split, entropy, wanted in (("test", _TEST, tenth), ("validation", _VALIDATION, validation or tenth)):
        if len(positions[split]):
            continue
        train = positions["train"]
        free = train[_free(labels[train])]
        if len(free) < wanted:
            raise UsageError(
                f"{where} has too few pictures to draw a {split} split of {wanted} from its {len(train)} training "
                f"pictures and leave one of each class; add pictures, or name the splits: sub-folders train, "
                f"validation and test, or a column split in a CSV."
            )
        drawn, _ = stratified_draw(labels[free], wanted, *entropy)
        positions[split] = free[drawn]
        positions["train"] = np.setdiff1d(train, free[drawn])
    return positions


def _free(labels: np.ndarray) -> np.ndarray:
    """The positions (ascending) that may be drawn: all but one of every class."""
    order = permutation(len(labels), *_KEPT)
    _, first = np.unique(labels[order], return_index=True)
    return np.setdiff1d(np.arange(len(labels)), order[first])
