"""Which folders are classes and which are splits: by their names and by what lies below them; no picture is opened.

Layouts that are read: ``<class>/**``, ``<split>/<class>/**`` and ``<class>/<split>/**``, each also within folders that
hold nothing but the next one. A folder is a split where its name says so ("train", "training_set", "seg_test") and the
folders beside it agree. The same sub-folders below several folders whose names say nothing are refused: they may be
splits, or years, or cameras.
"""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cnnrepro.data.folder.findings import some
from cnnrepro.data.folder.leftovers import is_left_behind
from cnnrepro.errors import UsageError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".pjpeg", ".pjp", ".png", ".apng", ".gif", ".bmp", ".dib"}
    | {".webp", ".tif", ".tiff"}
)
"""What is taken as a picture in a folder; upper and lower case are the same."""

SPLIT_NAMES = (
    dict.fromkeys(("train", "training"), "train")
    | dict.fromkeys(("validation", "val", "valid"), "validation")
    | dict.fromkeys(("test", "testing"), "test")
)
# Words in the name of a folder that make it a split where what lies beside it agrees.
_WORDS = SPLIT_NAMES | {"trn": "train", "trainset": "train", "valset": "validation", "testset": "test", "tst": "test"}

HOW_TO_NAME = (
    "Name splits train, validation and test, each with the class folders in it; or list the pictures in a CSV with the "
    "columns path, label and split"
)

# Folders of data sets in which each picture goes with a mask, or with a file of boxes: kinds of files, and no classes.
_PICTURES = frozenset({"image", "images", "img", "imgs", "jpegimages", "picture", "pictures", "photo", "photos", "rgb"})
_DRAWN = frozenset(
    {"mask", "masks", "label", "labels", "annotation", "annotations", "segmentation", "segmentations", "groundtruth"}
    | {"ground_truth", "gt", "bbox", "bboxes", "boxes", "trimaps", "segmentationclass", "segmentationobject"}
)


class ClassFolder(NamedTuple):
    """A folder with the pictures of one class, or of that class in one split."""

    path: str  # below the root, with forward slashes
    label: str
    split: str | None


class Layout(NamedTuple):
    """How a folder is understood."""

    classes: list[ClassFolder]
    between: list[str]  # folders around class folders: pictures directly in them are left out
    unlabelled: list[str]  # folders without class folders: pictures anywhere below them are left out
    remark: str  # how it was understood, where names alone do not say it; or ""


@dataclass(frozen=True)
class _Folder:
    """A folder below the root, and what lies directly in it."""

    root: Path
    path: str  # "" for the root itself

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @cached_property
    def _entries(self) -> tuple[list[str], bool]:
        folders, pictures = [], False
        with os.scandir(self.root / self.path) as entries:
            for entry in entries:
                if is_left_behind(entry.name):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif Path(entry.name).suffix.lower() in SUFFIXES:
                    pictures = True
        return sorted(folders), pictures

    @cached_property
    def folders(self) -> list[_Folder]:
        """The folders in it, sorted by name."""
        return [_Folder(self.root, f"{self.path}/{name}" if self.path else name) for name in self._entries[0]]

    @property
    def names(self) -> set[str]:
        """Those folders' names."""
        return set(self._entries[0])

    @property
    def has_pictures(self) -> bool:
        """Whether pictures lie directly in it."""
        return self._entries[1]

    @property
    def only(self) -> _Folder | None:
        """The one folder in it that has folders itself, where there is nothing else; else None."""
        if len(self.folders) == 1 and not self.has_pictures:
            inner = self.folders[0]
            return inner if inner.folders and not inner.has_pictures else None
        return None

    def holds_pictures(self) -> bool:
        """Whether there are pictures in it at any depth."""
        for _, folders, files in os.walk(self.root / self.path):  # links may lead in circles; none is needed here
            folders[:] = [name for name in folders if not is_left_behind(name)]
            if any(Path(name).suffix.lower() in SUFFIXES and not is_left_behind(name) for name in files):
                return True
        return False


def role(name: str) -> str | None:
    """The split that a folder's name speaks of ("TrainingData", "seg_test"), or None; with two of them also None."""
    if name.lower() in SPLIT_NAMES:
        return SPLIT_NAMES[name.lower()]
    words = (word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name))
    found = {_WORDS[word] for word in words if word in _WORDS}
    return found.pop() if len(found) == 1 else None


def refuse_masks(where: str, classes: Iterable[str]) -> None:
    """Raises UsageError where what would be classes are called "images" and "masks", or the like."""
    kinds = {name: re.sub(r"(train|test|val)(ing|idation)?[ _-]?|[ _-]?\d+$", "", name.lower()) for name in classes}
    pictures = [name for name, kind in kinds.items() if kind in _PICTURES]
    drawn = [name for name, kind in kinds.items() if kind in _DRAWN]
    if pictures and drawn:
        raise UsageError(
            f"{where!r} has the folders {some(pictures)} and {some(drawn)}; these look like pictures and what was "
            "marked in them, and not like classes. Name a folder in which each class has a folder of its own, or list "
            "the pictures in a CSV with the columns path and label."
        )


def look_like_masks(names: Sequence[str]) -> tuple[str, ...]:
    """Those pictures that have the name of another one and "mask", or the like: "1_mask.png" beside "1.png"."""
    kinds = "|".join(sorted(_DRAWN))
    end = re.compile(rf"[ _.-]+({kinds})([ _-]?\d+)?$", re.IGNORECASE)
    stems = {name: name.rpartition(".")[0] for name in names}
    there = set(stems.values())
    return tuple(sorted(name for name, stem in stems.items() if end.search(stem) and end.sub("", stem) in there))


def find_layout(root: Path) -> Layout:
    """The class folders of a root, with their splits.

    Raises:
        UsageError: it is not clear which folders are classes; says how to name them.
        OSError: a folder cannot be read.
    """
    around = _Folder(root, "")
    seen = set()
    while (inner := around.only) and inner.name.lower() not in SPLIT_NAMES:
        state = (root / inner.path).stat()
        if (state.st_dev, state.st_ino) in seen:  # links in a circle
            break
        seen.add((state.st_dev, state.st_ino))
        around = inner
    remark = f"The class folders, or splits, are those in {around.path}." if around.path else ""
    parts = around.path.split("/") if around.path else []
    between = ["", *("/".join(parts[: depth + 1]) for depth in range(len(parts)))]
    tops = around.folders
    layout = _as_splits(str(root), tops) or _as_classes_of_splits(str(root), tops) or _as_classes(str(root), tops)
    _refuse_same_folders(root, layout.classes)
    remarks = " ".join(filter(None, (remark, layout.remark)))
    return Layout(layout.classes, between + layout.between, layout.unlabelled, remarks)


def _refuse_same_folders(root: Path, classes: Sequence[ClassFolder]) -> None:
    """Raises UsageError where several classes have the same folders in them: those may be the classes."""
    labels = {_Folder(root, one.path): one.label for one in classes}
    nested = [folder for folder in labels if len(folder.folders) > 1 and not folder.has_pictures]
    labels_with: dict[str, set[str]] = {}
    for folder in nested:
        for name in folder.names:
            labels_with.setdefault(name, set()).add(labels[folder])
    often = {name for name, found in labels_with.items() if len(found) > 1}
    likely = [folder for folder in nested if len(folder.names & often) > 1]
    for one, other in itertools.combinations(likely, 2):
        if labels[one] != labels[other] and len(common := one.names & other.names) > 1:
            alike = [folder.path for folder in likely if common <= folder.names]
            raise UsageError(
                f"{str(root)!r} has the same folders ({some(sorted(common))}) below each of {some(alike)}; it is not "
                f"clear which are the classes. {HOW_TO_NAME}."
            )


def _as_splits(where: str, tops: list[_Folder]) -> Layout | None:
    """``<split>/<class>``, or None where the folders are no splits."""
    named = [top for top in tops if role(top.name)]
    if not named:
        return None
    exact = [top for top in named if top.name.lower() in SPLIT_NAMES]
    others = [top for top in tops if top not in named and top.holds_pictures()]
    inside = _inner(named)
    labelled = [top for top in named if _has_classes(top, inside[top])]
    training = [top for top in labelled if role(top.name) == "train"]
    roles = {role(top.name) for top in named}
    certain = len({role(top.name) for top in exact}) > 1 or (len(roles) > 1 and bool(training))
    if not certain and others:  # classes may well be called "train", or "test tube"
        parts = [top for top in labelled if len(inside[top].folders) > 1]
        if any(top.folders for top in others):
            parts = [top for top in parts if top in exact]
        if not parts:
            return None
        raise UsageError(
            f"{where!r} has {parts[0].name} with the folders {some(sorted(inside[parts[0]].names))} in it, and beside "
            f"it {_names(others)}; it is not clear whether {parts[0].name} is a split or a class. {HOW_TO_NAME}. If it "
            "is a class, give it another name."
        )
    if not certain and not training and len(roles) < 2 and exact != named:
        return None
    splits = labelled or named
    if beside := [top for top in others if not labelled or _has_classes(top, top)]:
        raise UsageError(
            f"{where!r} has the splits {_names(splits)} and beside them {_names(beside)}; it is not clear whether "
            "these are classes. Take the others away, or rename the folders."
        )
    counts = Counter(role(top.name) for top in splits)
    if max(counts.values()) > 1:
        raise UsageError(f"{where!r} names a split twice: {_names(splits)}. Keep one folder for each split.")
    if "train" not in counts:
        raise UsageError(f"{where!r} has {_names(splits)} but no folder train; the training pictures belong there.")
    if not labelled:
        raise UsageError(
            f"No class folder with pictures in {where!r}: {_names(splits)} have no folders in them. {HOW_TO_NAME}."
        )
    classes = [
        ClassFolder(folder.path, folder.name, role(top.name)) for top in splits for folder in inside[top].folders
    ]
    between = list(dict.fromkeys(one.path for top in splits for one in (top, inside[top])))
    unlabelled = [top.path for top in tops if top not in splits]
    if all(top.name.lower() in SPLIT_NAMES and inside[top] is top for top in splits):
        return Layout(classes, between, unlabelled, "")
    taken = ", ".join(f"{inside[top].path} as {role(top.name)}" for top in splits)
    return Layout(classes, between, unlabelled, f"Splits by the names of the folders: {taken}.")


def _has_classes(top: _Folder, inside: _Folder) -> bool:
    """Whether what may be a split has class folders: not where its pictures lie in a folder that has its own name."""
    if len(inside.folders) != 1:
        return bool(inside.folders)
    (only,) = inside.folders
    return only.name != top.name and (role(only.name) is None or role(only.name) != role(top.name))


def _inner(splits: list[_Folder]) -> dict[_Folder, _Folder]:
    """For each split the folder that its classes are in: itself, or one that holds all that is in it."""
    whole = {top: top.only for top in splits}
    classes = set().union(*(top.names for top in splits if whole[top] is None))
    found = {}
    for top in splits:
        inner, following = top, whole[top]
        # A split with pictures of one class only has one folder, too; the others tell that it is a class.
        while following is not None and following.name not in classes:
            inner, following = following, following.only
        found[top] = inner
    return found


def _as_classes_of_splits(where: str, tops: list[_Folder]) -> Layout | None:
    """``<class>/<split>``, or None where the folders in the classes are no splits."""
    if len(tops) < 2 or any(top.has_pictures or len(top.folders) < 2 for top in tops):
        return None
    found = [[role(folder.name) for folder in top.folders] for top in tops]
    if any(None in roles or "train" not in roles or len(set(roles)) < len(roles) for roles in found):
        return None
    classes = [ClassFolder(folder.path, top.name, role(folder.name)) for top in tops for folder in top.folders]
    names = {folder.name: role(folder.name) for top in tops for folder in top.folders}
    taken = ", ".join(f"{name} as {split}" for name, split in sorted(names.items()))
    return Layout(
        classes, [top.path for top in tops], [], f"Splits by the names of the folders in each class: {taken}."
    )


def _as_classes(where: str, tops: list[_Folder]) -> Layout:
    """``<class>``; refuses folders that look like anything else."""
    nested = [top for top in tops if top.folders and not top.has_pictures]
    beside = {top.name for top in tops}
    for top in nested:
        if len(twice := top.names & (beside - {top.name})) > 1:
            raise UsageError(
                f"{where!r} has the folders {some(sorted(twice))} and in {top.name} folders of the same names; it is "
                f"not clear whether {top.name} is a class. Take it away, or the others."
            )
    return Layout([ClassFolder(top.path, top.name, None) for top in tops], [], [], "")


def _names(folders: list[_Folder]) -> str:
    return some([folder.name for folder in folders])
