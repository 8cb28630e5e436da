"""Which page is meant by a name or a path, and showing it in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

from cnnrepro.errors import UsageError, unknown
from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.report import site
from cnnrepro.report.page import PAGE

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # any of them says where a browser would show something


def find_page(reports: Path, wanted: str = "") -> Path:
    """The page that is meant.

    Args:
        reports: the folder of the pages.
        wanted: an experiment, whose newest page it is; a page as EXPERIMENT/PARAMETERS; the path of a page or of its
            folder; nothing for the index, which is written where there is none.

    Raises:
        UsageError: there is no such page; says what makes one, or what there is.
    """
    folders = site.newest_first(reports)
    if not wanted:
        if not folders:
            raise UsageError(f"There are no reports in {str(reports)!r}; make one: cnnrepro run alexnet_vs_resnet")
        return reports / PAGE if (reports / PAGE).is_file() else site.write_index(reports)
    by_name = {name: folder for folder in reversed(folders) for name in _names(folder, reports)}
    if wanted.rstrip("/") in by_name:
        return by_name[wanted.rstrip("/")] / PAGE
    for path in (Path(wanted), Path(wanted) / PAGE):
        if path.is_file() and path.suffix.lower() in (".html", ".htm"):
            return path
    if wanted in EXPERIMENTS:
        raise UsageError(f"There is no page of {wanted} in {str(reports)!r}; make it: cnnrepro run {wanted}")
    raise unknown("page or experiment", wanted, {*by_name, *EXPERIMENTS})


def _names(folder: Path, reports: Path) -> tuple[str, str]:
    """The names of a page: that of its experiment, which a newer page takes over, and its own."""
    own = folder.relative_to(reports)
    return own.parts[0], own.as_posix()


def show_in_browser(page: Path) -> str:
    """Open a page in a browser; says why not, in a clause, where that was not possible."""
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _DISPLAYS):
        return "there is no display here"  # a browser for terminals would take this one over
    try:
        opened = webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        opened = False
    return "" if opened else "there is no browser here"
