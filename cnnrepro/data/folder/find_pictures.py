"""Which pictures there are, of which class: from a folder with a sub-folder for each class, or from a CSV table.

A folder has one of the layouts of ``layout``; a table is a .csv file (``csv_table``). No picture is decoded here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnrepro.data.folder.csv_table import in_table
from cnnrepro.data.folder.decoding import LARGEST_FILE
from cnnrepro.data.folder.findings import Findings, sentences, similar, some
from cnnrepro.data.folder.layout import find_layout, look_like_masks, refuse_masks
from cnnrepro.data.folder.picture_files import PictureFiles
from cnnrepro.data.folder.source import Picture, Source
from cnnrepro.errors import UsageError
from cnnrepro.files import FileState, file_state, read_regular

_LAYOUT = (
    "Make one sub-folder for each class, with its pictures in it (or train/<class>, validation/<class>, test/<class>)"
)


def find_pictures(path: Path | str) -> Source:
    """The pictures of a folder or a CSV file with their classes, sorted by name.

    A class folder without pictures is no class. Hidden files, and what systems leave behind, are passed over; what else
    looks like a picture or a class and is left out is among the findings. Links are followed, into no folder twice.

    Raises:
        UsageError: there is no such folder; it has another layout, fewer than two classes, a class without pictures to
            train on; a folder cannot be read; a CSV's line is wrong. Says which and what to do.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _source(path, path, *_in_folder(path))
        if path.is_file() and path.suffix.lower() == ".csv":
            return _source(path, path.parent, in_table(path), Findings())
    except OSError as error:
        raise UsageError(
            f"The folder or file {str(error.filename or path)!r} cannot be read: {error.strerror or error}. Make it "
            "readable for you (chmod u+rX), or take it away from there."
        ) from error
    kind = "neither a folder nor a .csv file" if path.exists() else "not there"
    raise UsageError(f"{str(path)!r} is {kind}; name a folder with a sub-folder for each class, or a CSV file.")


def _source(path: Path, root: Path, pictures: list[Picture], findings: Findings) -> Source:
    classes = sorted({picture.label for picture in pictures})
    if len(classes) < 2:
        told = " ".join(sentences(findings.to_dict()))
        raise UsageError(
            f"{str(path)!r} has pictures of only one class, {classes[0]!r}; two classes are needed. {_LAYOUT}."
            + (f" ({told})" if told else "")
        )
    trained = {picture.label for picture in pictures if picture.split in (None, "train")}
    if untrained := [label for label in classes if label not in trained]:
        raise UsageError(
            f"Nothing in {str(path)!r} is there to train on for the class {some(untrained)}: its pictures are all in "
            f"validation or test. Add pictures of it to train, or leave it out."
        )
    pictures = sorted(pictures)  # by name, by code points: the same on every machine
    index = {label: number for number, label in enumerate(classes)}
    labels = [index[picture.label] for picture in pictures]
    files = [root / picture.name for picture in pictures]
    digest, state = _digest_and_state(classes, pictures, labels, files)
    return Source(
        title=str(path),
        classes=tuple(classes),
        names=tuple(picture.name for picture in pictures),
        labels=np.array(labels, np.int64),
        splits=tuple(picture.split for picture in pictures),
        digest=digest,
        state=state,
        read=lambda position: read_regular(files[position], LARGEST_FILE),
        findings=replace(findings, similar_classes=similar(classes)),
    )


def _digest_and_state(
    classes: list[str], pictures: Sequence[Picture], labels: Sequence[int], files: Sequence[Path]
) -> tuple[str, str]:
    """SHA-256 over classes, names, labels, splits, sizes and times of change; and over all that tells files apart."""
    digest = hashlib.sha256(repr(tuple(classes)).encode())  # repr: bytes that are no UTF-8 are escaped
    states = hashlib.sha256()
    for picture, label, file in zip(pictures, labels, files, strict=True):
        try:
            state = file_state(file.stat())
        except OSError:
            state = FileState(-1, -1, -1, -1)  # gone since: another digest; reading it will say why
        digest.update(repr((picture.name, label, picture.split, state.size, state.modified)).encode())
        states.update(repr(tuple(state)).encode())
    return digest.hexdigest(), states.hexdigest()


def _in_folder(root: Path) -> tuple[list[Picture], Findings]:
    files = PictureFiles(root)
    files.is_new("")
    layout = find_layout(root)
    # All are noted before any is gone through, links last: one to a class must not take its pictures away.
    inner = sorted(layout.classes, key=lambda folder: (root / folder.path).is_symlink())
    folders = [folder for folder in inner if files.is_new(folder.path)]
    pictures, inside = [], {}
    for folder in folders:
        names = list(files.below(folder.path))
        pictures += [Picture(name, folder.label, folder.split) for name in names]
        parents = {name.rpartition("/")[0] for name in names}
        if len(parents) > 1:
            inside[folder.path] = tuple(sorted(path[len(folder.path) + 1 :] for path in parents - {folder.path}))
    for path in layout.between:
        files.leave_out_all(path, deep=False)
    for path in layout.unlabelled:
        files.leave_out_all(path, deep=True)
    refuse_masks(str(root), sorted({folder.label for folder in layout.classes}))
    masks = look_like_masks([picture.name for picture in pictures])
    found = {picture.label for picture in pictures}
    empty = sorted({folder.label for folder in folders} - found)
    findings = Findings(
        layout=layout.remark,
        folders_in_classes=inside,
        left_out=files.left_out,
        empty_classes=tuple(empty),
        noted={"called like a mask of the picture beside it": masks} if masks else {},
    )
    if not pictures:
        told = " ".join(sentences(findings.to_dict()))
        raise UsageError(f"No class folder with pictures in {str(root)!r}. {_LAYOUT}.{f' ({told})' if told else ''}")
    return pictures, findings
