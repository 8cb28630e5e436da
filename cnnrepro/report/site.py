"""The site: an index of all reports, and a copy of everything for publishing.

The index of a folder of reports is its ``index.html``. A published site has a front page there; its index is
``questions.html``, and beside it lie the ledger as a table and the documentation (``site_pages``).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from cnnrepro import paths
from cnnrepro.claims.own_claims import CARRIED
from cnnrepro.claims.verdict import Verdict, count
from cnnrepro.data.folder.findings import some
from cnnrepro.data.folder.leftovers import is_left_behind
from cnnrepro.errors import UsageError
from cnnrepro.files import copy_regular, folder_beside, read_regular, remove_leftovers, write_text
from cnnrepro.report import few_colours, links, safe_html
from cnnrepro.report.origins import require_origins
from cnnrepro.report.page import PAGE, REPORT, THUMBNAIL, THUMBNAIL_COLOURS, THUMBNAIL_WIDTH, WRITTEN, on_thumbnail
from cnnrepro.report.site_pages import documentation, frame, front_page, ledger_table
from cnnrepro.report.site_pages.by_question import by_question, grouped
from cnnrepro.stderr import say_line
from cnnrepro.waiting import held_lock

MOST_CHARACTERS = 1_000_000  # of the entries on a page of the index; with the style sheet and the markup below 2 MB
LARGEST_THUMBNAIL = 200_000  # bytes; ours have some 30,000; a larger one, of an earlier version, is made smaller
_LARGEST_FILE = 5_000_000  # bytes of a thumbnail that is read at all
_MOST_PIXELS = 10_000_000  # of one that is made smaller
_FURTHER = "{}-{}.html"  # the pages of the index behind the first, by its name
LOCK = ".lock"  # in the folder of the reports
LONGEST_WAIT = 600.0  # seconds; an index of thousands of pages takes some
OLD = "old"  # in a temporary folder: the page that is being replaced
NO_JEKYLL = ".nojekyll"  # else GitHub Pages leaves out what begins with an underscore
_OF_A_HOST = frozenset({"CNAME"})  # and what begins with a dot: .git, .github
_LISTS = ("verdicts", "no_verdicts", "answers", "figures", "drawn", CARRIED)  # in a report.json
_SAID = ("word", "sentence", "basis")  # of a verdict
LARGEST_READ = 100 * 2**20  # bytes of a report.json or a page
_NAMED = 5  # things in the way, in a message


def _report_folders(reports: Path) -> list[Path]:
    """The folders of reports, sorted.

    Those whose name begins with a dot are in the making; those that a link brings in from elsewhere are none of these.
    """
    folders = (path.parent for path in reports.glob(f"*/*/{REPORT}"))
    named = (path for path in folders if not any(part.startswith(".") for part in path.relative_to(reports).parts))
    home = reports.resolve()
    return sorted(path for path in named if path.resolve().is_relative_to(home))


def _entry(folder: Path, reports: Path) -> dict:
    """What the index says of one report."""
    about = json.loads(read_regular(folder / REPORT, LARGEST_READ, links=False))
    _require_shape(about)
    verdicts = about["verdicts"]
    judged = [Verdict.from_dict(verdict) for verdict in verdicts]
    counted, figures = count(judged), about.get("figures", [])
    return {
        "link": "/".join(quote(part) for part in (*folder.relative_to(reports).parts, PAGE)),
        "folder": folder.name,
        "title": str(about["title"]),
        "experiment": str(about["experiment"]),
        "claims": [int(one["claim"]) for one in (*verdicts, *about.get("no_verdicts", ()))],
        "command": str(about["facts"].get("To repeat", about["experiment"])),
        "created": str(about["created"]),
        "verdicts": [
            (verdict, *safe_html.verdict_look(one.word), one.brief())
            for verdict, one in zip(verdicts, judged, strict=True)
        ],
        "no_verdicts": about.get("no_verdicts", ()),
        "own_claims": [(one, *safe_html.verdict_look(one["word"])) for one in about.get(CARRIED, ())],
        "answers": [(one, *safe_html.answer_look(one["word"])) for one in about.get("answers", ())],
        "tally": safe_html.tally(counted),
        "counted": counted.sentence(words=False),
        "thumbnail": _thumbnail(folder / THUMBNAIL),
        "figures": figures,
        "drawn": bool(figures) and on_thumbnail(figures) in about.get("drawn", []),
    }


def _thumbnail(path: Path) -> str:
    """A thumbnail as a data: address; "" where there is none to show."""
    if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST_FILE:
        return ""
    pixels = read_regular(path, _LARGEST_FILE, links=False)
    pixels = pixels if len(pixels) <= LARGEST_THUMBNAIL else _smaller(pixels)
    return few_colours.png_address(pixels) if pixels else ""


def _smaller(pixels: bytes) -> bytes:
    """A large thumbnail in fewer colours; nothing where it is no picture, or larger than any thumbnail."""
    from PIL import Image

    with contextlib.suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        picture = Image.open(io.BytesIO(pixels), formats=("PNG",))
        if picture.width * picture.height <= _MOST_PIXELS:
            return few_colours.small_png(picture, THUMBNAIL_WIDTH, THUMBNAIL_COLOURS)
    return b""


def _require_shape(about: dict) -> None:
    """Raise ValueError where a report.json has not the lists, objects and words that the index is made of."""
    shown = [*about["verdicts"], *about.get("no_verdicts", ())]
    kinds = [(about[name], dict) for name in ("facts", "parameters") if name in about] + [(one, dict) for one in shown]
    kinds += [(about[name], list) for name in _LISTS if name in about]
    kinds += [(one, dict) for one in about.get(CARRIED, ())]
    kinds += [(one.get(name), str) for one in about.get(CARRIED, ()) for name in ("statement", *_SAID)]
    kinds += [(one, dict) for one in about.get("answers", ())]
    kinds += [(one.get(name), str) for one in about.get("answers", ()) for name in ("word", "sentence")]
    kinds += [(one[name], str) for one in shown for name in (*_SAID, "made") if name in one]
    if not all(isinstance(value, kind) for value, kind in kinds):
        raise ValueError(f"a {REPORT} of another shape")


@contextlib.contextmanager
def _alone(reports: Path) -> Iterator[None]:
    """The right to change the site, for as long as a block runs."""
    with held_lock(reports / LOCK, "writes the pages' index", limit=LONGEST_WAIT):
        yield


def write_index(reports: Path) -> Path:
    """Write ``index.html``, and ``index-2.html`` and on where one page would be too large: every report, by question.

    Raises:
        UsageError: the folder cannot be written.
    """
    paths.require_writable(reports, "--reports")
    reports.mkdir(parents=True, exist_ok=True)
    with _alone(reports):
        return _write_index(reports)


def publish_index(reports: Path) -> Path:
    """``write_index``, where each number of the pages comes from a record.

    Raises:
        UsageError: the folder cannot be written.
        WorkFailed: a number of a page leads to no record; see ``origins``. Nothing was written.
    """
    require_origins(_report_folders(reports), reports)
    return write_index(reports)


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
    remove_leftovers(reports)
    _write_questions(reports, PAGE, read_reports(reports), [])
    return reports / PAGE


def _write_questions(site: Path, first: str, found: tuple[list[dict], list[str]], ways: list[dict[str, str]]) -> None:
    """Write the reports by question, over as many pages as it takes; earlier pages behind the last go.

    Args:
        site: the folder.
        first: the name of the first page.
        found: what ``read_reports`` gives.
        ways: the links to the other pages of a published site.
    """
    entries, damaged = found
    ledger = links.ledger_of(links.neighbours(entries))
    shares = _shares(by_question(entries))
    stem = Path(first).stem
    pages = [first, *(_FURTHER.format(stem, number) for number in range(2, len(shares) + 1))]
    for number, (name, share) in reversed(list(enumerate(zip(pages, shares, strict=True), 1))):  # the first one last
        frame.write(
            site,
            name,
            "questions.html.j2",
            groups=grouped(share),
            damaged=damaged if number == 1 else [],
            ledger=ledger,
            pages=pages,
            number=number,
            ways=ways,
        )
    _remove_ours(site, stem, but=pages)


def _remove_ours(site: Path, stem: str, *, but: list[str]) -> None:
    """Remove the pages of an index behind its first, but for these."""
    for path in site.glob(_FURTHER.format(stem, "*")):
        if path.name not in but and frame.is_ours(path):
            path.unlink()


def _write_site(site: Path, checkout: Path | None, code: str = "") -> Path:
    """Write all pages around the reports of a published site; its front page last.

    Args:
        site: the folder.
        checkout: that has the documentation; None where there is none.
        code: as for ``publish``.
    """
    remove_leftovers(site)
    found = entries, _ = read_reports(site)
    documents = documentation.write(site, checkout, code)
    documented = bool(documents)
    _write_questions(site, frame.QUESTIONS, found, frame.ways(frame.QUESTIONS, documented=documented, code=code))
    _remove_ours(site, Path(PAGE).stem, but=[])  # of a folder of reports that became a site
    page = links.ledger_of(links.neighbours(entries))
    ledger = next((entry for entry in entries if page and entry["link"] == page.link), None)
    verdicts = ledger_table.verdicts_of(ledger)
    frame.write(
        site,
        frame.LEDGER_TABLE,
        "ledger.html.j2",
        **ledger_table.shown(verdicts, ledger, entries),
        ways=frame.ways(frame.LEDGER_TABLE, documented=documented, code=code),
    )
    return frame.write(
        site,
        frame.FRONT,
        "front.html.j2",
        **front_page.shown(site, entries, verdicts, documents),
        ways=frame.ways(frame.FRONT, documented=documented, code=code),
    )


def _shares(entries: list[dict]) -> list[list[dict]]:
    """Entries dealt to the pages of the index, in their order, so that none of these takes a browser long to open."""
    shares: list[list[dict]] = [[]]
    room = MOST_CHARACTERS
    for entry in entries:
        size = sum(len(str(value)) for value in entry.values())
        if size > room and shares[-1]:
            shares.append([])
            room = MOST_CHARACTERS
        shares[-1].append(entry)
        room -= size
    return shares


def read_reports(reports: Path) -> tuple[list[dict], list[str]]:
    """What the index says of each report, newest first, and the names of those that cannot be read."""
    entries, damaged = [], []
    for folder in _report_folders(reports):
        try:
            entries.append(_entry(folder, reports))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            damaged.append(str(folder.relative_to(reports)))
    return sorted(entries, key=lambda entry: entry["created"], reverse=True), damaged


def newest_first(reports: Path) -> list[Path]:
    """The folders of the reports that can be read, newest first; no more is read than when each was made."""
    created = {}
    for folder in _report_folders(reports):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            created[folder] = str(json.loads(read_regular(folder / REPORT, LARGEST_READ, links=False))["created"])
    return sorted(created, key=created.__getitem__, reverse=True)


def publish(reports: Path, to: Path, *, force: bool = False, code: str = "") -> Path:
    """Copy the site: every report, copied beside its place and then moved there; link the pages, and write those around
    them: the front page, the reports by question, the ledger as a table, and from a checkout the documentation.

    Of a report's folder goes what was written there with its page. What somebody put beside it stays, and no link is
    followed; a line on standard error names what stays.

    Args:
        reports: the folder of the pages.
        to: where the site goes; made where it is missing. Reports that are there already and not here stay.
        force: put it beside whatever else is there; an ``index.html`` is then replaced, whosoever it is.
        code: the address of the repository, to which the pages then link, and each commit to its page there.

    Raises:
        UsageError: there is nothing to publish; ``to`` is a file, the same folder or inside of it, or has things in it
            that are no site of ours.
        WorkFailed: a number of a page leads to no record; see ``origins``. Nothing was written.
    """
    folders = _report_folders(reports)
    if not folders:
        raise UsageError(f"There are no reports in {str(reports)!r}; make one: cnnrepro run alexnet_vs_resnet")
    if to.is_file():
        raise UsageError(f"--to must be a folder. Received: {str(to)!r}, a file")
    if reports.resolve() in (to.resolve(), *to.resolve().parents):
        raise UsageError(f"--to must lie outside of the reports folder {str(reports)!r}. Received: {str(to)!r}")
    paths.require_writable(to, "--to")
    if not force and (others := _not_of_a_site(to)):
        named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else "")
        raise UsageError(
            f"--to {str(to)!r} has other things in it: {named}. Name another folder, or put the site beside them with "
            "--force (an index.html is then replaced). Nothing was written."
        )
    require_origins(folders, reports)
    staying: list[Path] = []
    for folder in folders:
        place = to / folder.relative_to(reports)
        place.parent.mkdir(parents=True, exist_ok=True)
        restore(place, to)
        with folder_beside(place.parent, temporary_prefix(place)) as temporary:
            staying += _copy_report(folder, temporary / "new")
            with _alone(to):
                _replace_folder(temporary / "new", place, temporary / OLD)
    checkout = paths.documented_checkout()
    with _alone(to):
        _link_pages(to, documented=checkout is not None, code=code)
        index = _write_site(to, checkout, code)
        (to / NO_JEKYLL).touch()
        (to / LOCK).unlink(missing_ok=True)  # while it is held: filelock asks again for a lock whose file is gone
    if staying:
        named = some([path.relative_to(reports).as_posix() for path in staying])
        say_line(f"cnnrepro: not copied, as no page has it, or as it is a link or no file: {named}.")
    return index


def _link_pages(site: Path, *, documented: bool, code: str = "") -> None:
    """Write into every page of a site the links to its neighbours, to the ledger and to commits, as far as they are
    there."""
    entries, _ = read_reports(site)
    pages = links.neighbours(entries)
    for page in pages:
        place = site / unquote(page.link)
        try:
            before = read_regular(place, LARGEST_READ, links=False).decode()
        except (OSError, ValueError):  # of somebody else, who put it there earlier
            continue
        text = links.with_commits(before, code)
        linked = links.link_page(text, page, pages, frame.ways(unquote(page.link), documented=documented, code=code))
        if linked != before:
            write_text(place, linked)


def _copy_report(folder: Path, to: Path) -> list[Path]:
    """Copy what was written with a page; the rest of what lies there, but for locks and what is hidden."""
    to.mkdir()
    staying = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(where) / name for name in sorted(files) + folders):
            name = path.relative_to(folder)
            if WRITTEN.fullmatch(name.as_posix()) and stat.S_ISREG(path.lstat().st_mode):
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                copy_regular(path, to / name)
            elif path.is_symlink() or not (path.is_dir() or path.name.startswith(".") or path.suffix == ".lock"):
                staying.append(path)
    return staying


def _not_of_a_site(to: Path) -> list[str]:
    """The names in a folder that are neither ours nor those that hosts of sites want there."""
    if not to.is_dir():
        return []
    stems = (Path(PAGE).stem, Path(frame.QUESTIONS).stem)
    further = [path for stem in stems for path in to.glob(_FURTHER.format(stem, "*"))]
    pages = (*(to / name for name in (frame.FRONT, frame.QUESTIONS, frame.LEDGER_TABLE)), *further)
    known = set(_OF_A_HOST) | {path.name for path in pages if frame.is_ours(path)}
    others = (path for path in to.iterdir() if path.name not in known and not is_left_behind(path.name))
    return sorted(path.name for path in others if not _has_reports_alone(path) and not documentation.is_ours(path))


def _has_reports_alone(folder: Path) -> bool:
    """Whether a folder has nothing but reports in it; what begins with a dot may be a page that was in the making."""
    return folder.is_dir() and all(path.name.startswith(".") or (path / REPORT).is_file() for path in folder.iterdir())


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
