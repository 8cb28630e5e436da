"""What is to be said of pictures before anybody trusts their numbers: what was left out, guessed, damaged or shared.

The record of a run holds it under ``data``; terminal and pages say it in the sentences that are made of that here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnnrepro.console import printable

NAMED = 100  # pictures or folders, in a record, of each kind
SHOWN = 5  # in a sentence

UNREADABLE = "could not be read"
LOOSE = "in no class folder"

_UNSEEN = ("Cf", "Zs", "Pc", "Pd")  # of Unicode: marks without width, blanks, underscores, dashes


@dataclass(frozen=True)
class Findings:
    """What is to be said of the pictures of a source; empty where nothing is.

    Args:
        layout: how folders were understood whose names alone do not say it, in a sentence.
        folders_in_classes: for each class folder with pictures in several folders, those folders.
        left_out: for each reason, the files or folders that were left out.
        empty_classes: folders in the place of a class that have no picture which is read.
        noted: for each thing that is to be known of pictures that are taken, the names of those pictures.
        similar_classes: names of classes that differ in case, blanks, or the way an accent is written alone.
        drawn_splits: how many pictures were drawn for each split that a source does not name, where it names others.
        missing_classes: for a split that is to measure something, the classes of which it has no picture.
        damaged: pictures that a decoder remarked on and read all the same: name and remark.
        across_splits, across_classes: for each picture (by the SHA-256 of its file) that is in several splits, or
            classes, the names of its files by split, or class.
        test_in_training: how many test pictures are training pictures, too.
    """

    layout: str = ""
    folders_in_classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    empty_classes: tuple[str, ...] = ()
    noted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    similar_classes: tuple[tuple[str, ...], ...] = ()
    drawn_splits: Mapping[str, int] = field(default_factory=dict)
    missing_classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    damaged: tuple[tuple[str, str], ...] = ()
    across_splits: tuple[Mapping[str, list[str]], ...] = ()
    across_classes: tuple[Mapping[str, list[str]], ...] = ()
    test_in_training: int = 0

    def to_dict(self) -> dict:
        """The fields for a record's ``data``; none for what there is nothing of. Names are bounded, counts are not."""
        shared = {
            name: {"count": len(groups), "pictures": [dict(group) for group in groups[:NAMED]]}
            for name, groups in (("across_splits", self.across_splits), ("across_classes", self.across_classes))
            if groups
        }
        if self.test_in_training:
            shared["across_splits"]["test_in_training"] = self.test_in_training
        fields = {
            "layout": self.layout,
            "folders_in_classes": {
                "count": len(self.folders_in_classes),
                "folders": {name: list(inside[:NAMED]) for name, inside in [*self.folders_in_classes.items()][:NAMED]},
            }
            if self.folders_in_classes
            else {},
            "left_out": _counted(self.left_out),
            "empty_classes": list(self.empty_classes),
            "similar_classes": [list(names) for names in self.similar_classes[:NAMED]],
            "drawn_splits": dict(self.drawn_splits),
            "missing_classes": _counted(self.missing_classes),
            "noted": _counted(self.noted),
            "damaged_pictures": {
                "count": len(self.damaged),
                "pictures": [{"picture": name, "remark": remark} for name, remark in self.damaged[:NAMED]],
            }
            if self.damaged
            else {},
            "shared_pictures": shared,
        }
        return {name: value for name, value in fields.items() if value}


def _counted(groups: Mapping[str, Sequence[str]]) -> dict[str, dict]:
    return {group: {"count": len(names), "names": list(names[:NAMED])} for group, names in groups.items()}


def shared(keys: Sequence[str], names: Sequence[str], groups: Sequence[str]) -> tuple[Mapping[str, list[str]], ...]:
    """What lies in several groups: for each key of more than one group the names by group, in order of the names.

    Args:
        keys: for each item what makes it the same as another; "" is like nothing.
        names, groups: its name, and the group that it lies in.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for key, name, group in zip(keys, names, groups, strict=True):
        if key:
            found.setdefault(key, {}).setdefault(group, []).append(name)
    return tuple(by_group for by_group in found.values() if len(by_group) > 1)


def of_splits(
    positions: Mapping[str, np.ndarray], checksums: Sequence[str], names: Sequence[str], labels: Sequence[str]
) -> dict[str, object]:
    """The fields of ``Findings`` that follow from checksums: what is in several splits, and in several classes.

    Args:
        positions: of the pictures of each split.
        checksums, names, labels: of all pictures.
    """
    members = [(int(position), split) for split, chosen in positions.items() for position in chosen]
    members.sort()
    keys = [checksums[position] for position, _ in members]
    own_names = [short_name(names[position]) for position, _ in members]
    trained = {checksums[position] for position in positions["train"]} - {""}
    return {
        "across_splits": shared(keys, own_names, [split for _, split in members]),
        "across_classes": shared(keys, own_names, [labels[position] for position, _ in members]),
        "test_in_training": sum(checksums[position] in trained for position in positions["test"]),
    }


def similar(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Those names that differ in case, blanks, or the way an accent is written alone, together."""
    found: dict[str, list[str]] = {}
    for name in names:
        letters = unicodedata.normalize("NFKC", name).casefold()
        key = "".join(letter for letter in letters if unicodedata.category(letter) not in _UNSEEN)
        found.setdefault(key, []).append(name)
    return tuple(tuple(group) for group in found.values() if len(group) > 1)


def short_name(name: str) -> str:
    """A picture's name as others may see it: of an absolute path, which a table may hold, the last two parts."""
    return "/".join(("…", *Path(name).parts[-2:])) if Path(name).is_absolute() else name


def some(names: Iterable[str], count: int | None = None) -> str:
    """The first few of some names, and how many more there are; ``count`` where that is more than are given.

    What would not print (line feeds, escapes, bytes that are no text) is written as Python writes it.
    """
    names = [shown(name) for name in names]
    more = (len(names) if count is None else count) - min(len(names), SHOWN)
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more else "")


def shown(name: str) -> str:
    """A name on one line that a terminal and a page can show."""
    return printable(name, kept="")


def sentences(data: Mapping[str, object]) -> list[str]:
    """What the ``data`` of a record say of its pictures, a sentence each; none where there is nothing to say."""
    told = [data["layout"]] if data.get("layout") else []
    if within := data.get("folders_in_classes"):
        named = [f"{name} ({some(inside)})" for name, inside in within["folders"].items()]
        told.append(f"One class each, whatever folders are in it: {some(named, within['count'])}.")
    left_out = dict(data.get("left_out", {}))
    if data.get("skipped") and UNREADABLE not in left_out:  # in records of earlier versions
        named = [entry["picture"] for entry in data.get("skipped_pictures", ())]
        left_out[UNREADABLE] = {"count": data["skipped"], "names": named}
    for reason, files in left_out.items():
        told.append(f"Left out: {files['count']:,} {reason}: {some(files['names'], files['count'])}.")
    if empty := data.get("empty_classes"):
        told.append(f"No class was made of {some(empty)}: no picture that is read lies there.")
    for what, files in data.get("noted", {}).items():
        told.append(f"Taken all the same: {files['count']:,} {what}: {some(files['names'], files['count'])}.")
    if alike := data.get("similar_classes"):
        named = [" and ".join(map(ascii, names)) for names in alike]
        told.append(f"Taken as different classes, though their names are much alike: {some(named)}.")
    for split, count in data.get("drawn_splits", {}).items():
        told.append(f"No {split} pictures are named: {count:,} of the training pictures were drawn for it.")
    absent: dict[str, list[str]] = {}
    for split, classes in data.get("missing_classes", {}).items():
        absent.setdefault(some(classes["names"], classes["count"]), []).append(f"the {split} split")
    for names, splits in absent.items():
        told.append(f"No picture of {names} is in {' and '.join(splits)}.")
    if damaged := data.get("damaged_pictures"):
        named = [f"{entry['picture']} ({entry['remark']})" for entry in damaged["pictures"]]
        told.append(f"Damaged, and read all the same: {damaged['count']:,}: {some(named, damaged['count'])}.")
    common = data.get("shared_pictures", {})
    for name, what in (("across_classes", "class"), ("across_splits", "split")):
        if entry := common.get(name):
            named = [" = ".join(one for names in group.values() for one in names) for group in entry["pictures"]]
            count, inside = entry["count"], entry.get("test_in_training", 0)
            told.append(
                f"{count:,} picture{'s are' if count > 1 else ' is'} in more than one {what}: {some(named, count)}."
                + (f" {inside:,} of the test pictures are training pictures, too." if inside else "")
            )
    return told
