"""Draws one page whose runs are there: runs the notebook, writes the page and its records, lists it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import CnnreproError, WorkFailed
from cnnrepro.files import folder_beside, read_regular
from cnnrepro.runner.notebook import KERNEL, execute, in_a_line, keep
from cnnrepro.runner.request import PageRequest
from cnnrepro.stderr import Steps, make_steps, say_line

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from cnnrepro.runs.record import RunRecord
    from cnnrepro.runs.store import RunStore

LONGEST_NAME = 230  # bytes of a file's name, of the 255 that systems take
MOST_SECONDS = 1e9  # that a page says it took, which may be anybody's


def draw_page(
    request: PageRequest,
    *,
    runs: Path,
    reports: Path,
    cwd: Path | None = None,
    style: str | None = "none",
    alone: bool = True,
) -> Path:
    """Make ``reports/<experiment>/<slug>/index.html``, records and figures beside it; return its path.

    Call it within ``kernels_environment``; several may be drawn at once, in threads.

    Args:
        request: the page.
        runs: the run store.
        reports: where the pages go.
        cwd: the folder that a notebook of one's own works in, by default the one it lies in, as in Jupyter. Those of
            experiments work in this process's, where their runs were looked for.
        style: of progress, as ``stderr.make_steps`` takes it.
        alone: whether no other page is drawn at the same time.

    Raises:
        WorkFailed: a cell or the page failed; says where the notebook is kept. An earlier page of the same name is left
            as it was.
    """
    target = reports / request.name / request.slug
    with make_steps(request.name, _seconds_before(target), style=style, alone=alone) as steps:
        return _draw_page(request, target, runs=runs, reports=reports, cwd=cwd, steps=steps)


def _seconds_before(target: Path) -> float | None:
    """The seconds that the notebook took when the page that is there was drawn; None where nobody knows."""
    from cnnrepro.claims.run_checks import LARGEST
    from cnnrepro.report.page import REPORT

    try:
        seconds = json.loads(read_regular(target / REPORT, LARGEST))["seconds"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return seconds if type(seconds) in (int, float) and 0 < seconds < MOST_SECONDS else None


def _draw_page(
    request: PageRequest, target: Path, *, runs: Path, reports: Path, cwd: Path | None, steps: Steps
) -> Path:
    keep_failed = runs / "failed" / f"{_short(f'{request.name}-{request.slug}')}.ipynb"
    working_folder = None if request.experiment else cwd or request.notebook.resolve().parent
    steps.step("starts a kernel")
    try:
        notebook = execute(
            request.notebook,
            request.injected,
            keep_failed=keep_failed,
            working_folder=working_folder,
            steps=steps,
        )
    except OSError as error:
        raise WorkFailed(f"The notebook {request.notebook.name} could not be run: {error}") from error
    try:
        steps.step("writes the page")
        return _page_of(notebook, request, target, runs, reports)
    except Exception as error:  # whatever a notebook shows, it is its own page alone that cannot be made
        reason = str(error) if isinstance(error, CnnreproError) else f"its page could not be made: {in_a_line(error)}"
        raise WorkFailed(f"Notebook {request.notebook.name}: {reason}\n{keep(notebook, keep_failed)}") from error


def _page_of(notebook: NotebookNode, request: PageRequest, target: Path, runs: Path, reports: Path) -> Path:
    """Write the page of an executed notebook, put it in its place and list it; its path."""
    from cnnrepro.report import facts, page, site
    from cnnrepro.report.machine_paths import places, without_paths
    from cnnrepro.runs.committed import Committed
    from cnnrepro.runs.store import RunStore

    chosen = request.experiment
    page.require_complete(
        notebook,
        figures=chosen.figures if chosen else (),
        claims=request.claims,
        own_claim=request.own_claim is not None,
    )
    store = RunStore(runs, Committed.of_environment())
    records = records_of(page.run_keys(notebook), store)
    named = [name for record in records for name in (record.spec.dataset, record.spec.model)]
    cells = notebook.metadata.get("papermill", {}).get("cells")
    known = places(
        [*request.parameters.values(), *named],
        runs=runs,
        reports=reports,
        notebook=request.notebook.parent,
        cells=cells and Path(cells),
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        site.restore(target, reports)
        with folder_beside(target.parent, site.temporary_prefix(target)) as temporary:
            folder = temporary / "page"
            folder.mkdir()
            _copy_records(records, store, folder / "records", known)
            notes = _how_it_ran(notebook)
            if not request.experiment:
                notes += page.not_shown(notebook)
            said = {"Notebook": " ".join(notes)} if notes else {}
            said |= facts.page_facts(request.target, request.claims, without_paths(request.given, known), records)
            written = page.write_page(
                without_paths(notebook, known),
                folder,
                title=request.title,
                experiment=request.name,
                parameters=without_paths(dict(request.parameters), known),
                facts=without_paths(said, known),
                pictures=request.notebook.parent,
                question=chosen.question if chosen and not request.own_claim else "",
            )
            site.put(folder, target, temporary / site.OLD, reports)
            if written.left_out:
                lines = sum(map(len, written.left_out.values()))
                which = f"cell{'s' * (len(written.left_out) > 1)} {', '.join(written.left_out)}"
                notes.append(f"Lines on its page that say what was left out: {lines} (in {which}).")
            for note in notes:
                say_line(f"{request.notebook.name}: {note}")
    except OSError as error:
        if error.errno is None:  # not the disk's: a picture that is none
            raise
        raise WorkFailed(
            f"The page {target / 'index.html'} could not be written: {error.strerror} "
            f"({error.filename}). The runs are kept; the same command draws it again."
        ) from error
    return target / "index.html"


def _how_it_ran(notebook: NotebookNode) -> list[str]:
    """What a reader of the page should know of how the notebook ran, where that was not as usual."""
    from cnnrepro.report import page

    notes = page.not_run(notebook)
    if threads := notebook.metadata.get("papermill", {}).get("threads"):
        notes.append(f"Threads that still ran when the last cell had ended: {', '.join(threads)}.")
    name = (notebook.metadata.get("kernelspec") or {}).get("name", KERNEL)
    if name != KERNEL:
        notes.append(f"It names the kernel {name!r}; it ran on this installation's, {KERNEL!r}.")
    return notes


def records_of(keys: list[str], store: RunStore) -> list[RunRecord]:
    """The records of the runs that a notebook showed; raises WorkFailed where the store lacks one."""
    records = [store.get(key) for key in keys]
    if None in records:
        raise WorkFailed(f"The notebook shows run {keys[records.index(None)]}, which is not in {str(store.folder)!r}.")
    return records


def _copy_records(records: list[RunRecord], store: RunStore, folder: Path, known: Mapping[str, str]) -> None:
    """Put what the page was drawn from beside it: record, curves and predictions of each run, where kept; no weights.

    A record that names a path of this machine (the key does not depend on it) is written without it.
    """
    from cnnrepro.report.machine_paths import without_paths
    from cnnrepro.runs.record import RunRecord, write_record
    from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD

    for record in records:
        (folder / record.key).mkdir(parents=True)
        for name in (RECORD, CURVES, PREDICTIONS):
            if (store.place(record.key) / name).is_file():
                shutil.copyfile(store.place(record.key) / name, folder / record.key / name)
        values = record.to_dict()
        if (shown := without_paths(values, known)) != values:
            write_record(folder / record.key / RECORD, RunRecord.from_dict(shown))


def _short(name: str) -> str:
    """A name that a file can have, with an ending: long ones are cut, and told apart by a part of a hash."""
    text = name.encode()
    if len(text) <= LONGEST_NAME:
        return name
    return f"{text[:LONGEST_NAME].decode(errors='ignore')}-{hashlib.sha256(text).hexdigest()[:8]}"
