"""What a page says in place of the paths of the machine it was made on: they are nobody else's business, and no use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cnnrepro import paths
from cnnrepro.data import FOLDER


def places(values: Iterable[object], *, runs: Path, reports: Path, notebook: Path) -> dict[str, str]:
    """The paths that may turn up on a page, and what stands for each.

    Args:
        values: of the page's parameters, and the data sets of its runs. One that is an absolute path, or ``folder:``
            and such a path, goes by its last name.
        runs, reports: the folders of the run store and the pages, which go by theirs.
        notebook: the folder of the notebook, beside which its pictures lie; they are still found from there.
    """
    around = {paths.expand("~"): "~", paths.home(): ".", notebook: ".", reports: reports.name, runs: runs.name}
    texts = (_path(value) for value in values)
    given = {paths.expand(text): text for text in texts if paths.expand(text).is_absolute()}
    lists = {place.parent: place.parent.name for place in given if place.suffix == ".csv"}  # pictures around
    # What is named last counts where two are the same: the folder of pictures may be the current one.
    named = around | lists | {place: place.name for place in given}
    known = {str(form): name for place, name in named.items() for form in (place.absolute(), place.resolve())}
    known |= {text: place.name for place, text in given.items()}  # as it was written, with a double slash perhaps
    return {place: name for place, name in known.items() if len(Path(place).parts) > 1}


def _path(value: object) -> str:
    """What a value names where it is a path; empty where it is no text."""
    return value.removeprefix(FOLDER) if isinstance(value, str) and "\0" not in value else ""


def without_paths(value: object, known: Mapping[str, str]) -> object:
    """A value with other words for the known paths in all of its texts; mappings and lists are followed, and made anew.

    Args:
        value: anything made of texts, numbers, lists and mappings, such as a notebook.
        known: of ``places``.
    """
    longest_first = sorted(known, key=len, reverse=True)
    # Whole paths alone, at the start of a text or URL, and nothing within the letters of a picture's base64.
    found = re.compile(rf"(?:(?<![\w+/.~])|(?<=://))(?:{'|'.join(map(re.escape, longest_first))})(?![\w-]|\.\w)")
    return _replaced(value, found, known) if known else value


def _replaced(value: object, found: re.Pattern, known: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return found.sub(lambda match: known[match[0]], value)
    if isinstance(value, Mapping):
        return type(value)({name: _replaced(item, found, known) for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(item, found, known) for item in value)
    return value
