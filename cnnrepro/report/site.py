"""The site: an index of all reports, and a copy of everything for publishing."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock

from cnnrepro import paths
from cnnrepro.errors import UsageError
from cnnrepro.files import folder_beside, remove_leftovers, write_text
from cnnrepro.report import safe_html
from cnnrepro.report.page import PAGE, REPORT, THUMBNAIL

LOCK = ".lock"  # in the folder of the reports
OLD = "old"  # in a temporary folder: the page that is being replaced


def _report_folders(reports: Path) -> list[Path]:
    """The folders of reports, sorted; those whose name begins with a dot are in the making."""
    folders = (path.parent for path in reports.glob(f"*/*/{REPORT}"))
    return sorted(path for path in folders if not any(part.startswith(".") for part in path.relative_to(reports).parts))


def _entry(folder: Path, reports: Path) -> dict:
    """What the index says of one report."""
    about = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    verdicts = about["verdicts"]
    thumbnail = folder / THUMBNAIL
    pixels = base64.b64encode(thumbnail.read_bytes()).decode() if thumbnail.is_file() else ""
    return {
        "link": "/".join(quote(part) for part in (*folder.relative_to(reports).parts, PAGE)),
        "title": str(about["title"]),
        "command": str(about["facts"].get("To repeat", about["experiment"])),
        "created": str(about["created"]),
        "verdicts": [(verdict, *safe_html.verdict_look(verdict["word"])) for verdict in verdicts],
        "tally": safe_html.tally([verdict["word"] for verdict in verdicts]),
        "thumbnail": f"data:image/png;base64,{pixels}" if pixels else "",
    }


@contextlib.contextmanager
def _alone(reports: Path) -> Iterator[None]:
    """The right to change the site, for as long as a block runs.

    Where the folder's file system knows no locks, as some network disks do, all go on without.
    """
    lock = FileLock(reports / LOCK, thread_local=False)
    with contextlib.suppress(NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def write_index(reports: Path) -> Path:
    """Write ``index.html``: every report with its verdict and a thumbnail, newest first.

    Raises:
        UsageError: the folder cannot be written.
    """
    paths.require_writable(reports, "--reports")
    reports.mkdir(parents=True, exist_ok=True)
    with _alone(reports):
        return _write_index(reports)


def put(new: Path, place: Path, aside: Path, reports: Path) -> None:
    """Put a page in its place, and list it: pages and index are changed by one process at a time.

    Args:
        new: the folder of the page, on the same disk.
        place: where it goes; the page that is there is kept until the new one is.
        aside: where that is meanwhile.
        reports: the folder of the site.
    """
    with _alone(reports):
        _replace_folder(new, place, aside)
        _write_index(reports)


def _write_index(reports: Path) -> Path:
    from jinja2 import Environment, FileSystemLoader

    remove_leftovers(reports)
    entries, damaged = [], []
    for folder in _report_folders(reports):
        try:
            entries.append(_entry(folder, reports))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            damaged.append(str(folder.relative_to(reports)))
    entries.sort(key=lambda entry: entry["created"], reverse=True)
    environment = Environment(loader=FileSystemLoader(safe_html.TEMPLATES), autoescape=False)  # noqa: S701 - |e where it is text
    text = environment.get_template("site.html.j2").render(reports=entries, damaged=damaged, css=safe_html.css())
    write_text(reports / PAGE, text)
    return reports / PAGE


def publish(reports: Path, to: Path) -> Path:
    """Copy the site: every report, copied beside its place and then moved there, and the index.

    Args:
        reports: the folder of the pages.
        to: where the site goes; made where it is missing. Reports that are there already and not here stay.

    Raises:
        UsageError: there is nothing to publish, or ``to`` is a file, the same folder or inside of it.
    """
    folders = _report_folders(reports)
    if not folders:
        raise UsageError(f"There are no reports in {str(reports)!r}; make one: cnnrepro run alexnet_vs_resnet")
    if to.is_file():
        raise UsageError(f"--to must be a folder. Received: {str(to)!r}, a file")
    if reports.resolve() in (to.resolve(), *to.resolve().parents):
        raise UsageError(f"--to must lie outside of the reports folder {str(reports)!r}. Received: {str(to)!r}")
    paths.require_writable(to, "--to")
    for folder in folders:
        place = to / folder.relative_to(reports)
        place.parent.mkdir(parents=True, exist_ok=True)
        restore(place, to)
        with folder_beside(place.parent, temporary_prefix(place)) as temporary:
            copy = Path(shutil.copytree(folder, temporary / "new"))
            with _alone(to):
                _replace_folder(copy, place, temporary / OLD)
    return write_index(to)


def _replace_folder(new: Path, place: Path, aside: Path) -> None:
    """Put a folder in the place of another; if that fails the old one comes back."""
    if place.exists():
        place.replace(aside)
    try:
        new.replace(place)
    except OSError:
        if aside.exists():
            aside.replace(place)
        raise


def temporary_prefix(place: Path) -> str:
    """How the names of the temporary folders begin in which the page of this place is made."""
    return f".{hashlib.sha256(place.name.encode()).hexdigest()[:12]}-"


def restore(place: Path, reports: Path) -> None:
    """Bring an earlier page back that a process had just put aside when it was killed."""
    with _alone(reports):  # one that lives has it put aside for a moment only
        if not place.exists():
            for old in place.parent.glob(f"{temporary_prefix(place)}*/{OLD}"):
                old.replace(place)
                return
