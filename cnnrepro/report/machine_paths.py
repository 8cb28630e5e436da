"""What a page says in place of the paths of the machine it was made on: they are nobody else's business, and no use."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from cnnrepro import paths
from cnnrepro.data import FOLDER

OF_THE_SYSTEM = {Path("/usr"), Path("/usr/local")}  # a Python there says nothing about its user


def places(
    values: Iterable[object], *, runs: Path, reports: Path, notebook: Path, cells: Path | None = None
) -> dict[str, str]:
    """The paths that may turn up on a page, and what stands for each.

    Args:
        values: of the page's parameters, and the data sets and networks of its runs. One that is an absolute path, or
            ``folder:`` and such a path, or a list of them, goes by its last name.
        runs, reports: the folders of the run store and the pages, which go by theirs.
        notebook: the folder of the notebook, beside which its pictures lie; they are still found from there.
        cells: the folder in which the kernel says that the notebook's cells lie.
    """
    around = {paths.expand("~"): "~", paths.home(): ".", notebook: ".", reports: reports.name, runs: runs.name}
    texts = [_path(one) for value in values for one in (value if isinstance(value, list) else [value])]
    given = {paths.expand(text): text for text in texts if paths.expand(text).is_absolute()}
    lists = {place.parent: place.parent.name for place in given if place.suffix == ".csv"}  # pictures around
    # What is named last counts where two are the same: the folder of pictures may be the current one.
    cell = {cells: "cell"} if cells else {}
    named = _of_python() | cell | around | lists | {place: place.name for place in given}
    known = {str(form): name for place, name in named.items() for form in (place.absolute(), place.resolve())}
    known |= {text: place.name for place, text in given.items()}  # as it was written, with a double slash perhaps
    return {place: name for place, name in known.items() if len(Path(place).parts) > 1}


def _of_python() -> dict[Path, str]:
    """The folders of this Python and of what it imports, as warnings and tracebacks name them: by their last names."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)} - OF_THE_SYSTEM
    folders = {Path(place) for place in [*sysconfig.get_paths().values(), *sys.path]} - OF_THE_SYSTEM
    return {place: place.name for place in prefixes | folders if place.is_absolute()}


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
    # Whole paths alone, at the start of a text, URL or colour, and nothing within the letters of a picture's base64.
    begin, paths_ = r"(\x1b\[[0-9;]*m|(?<![\w+/.~])|(?<=://))", "|".join(map(re.escape, longest_first))
    found = re.compile(rf"{begin}({paths_})(?![\w-]|\.\w)")
    return _replaced(value, found, known) if known else value


def _replaced(value: object, found: re.Pattern, known: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return found.sub(lambda match: match[1] + known[match[2]], value)
    if isinstance(value, Mapping):
        return type(value)({name: _replaced(item, found, known) for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(item, found, known) for item in value)
    return value
