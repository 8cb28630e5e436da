"""Many pages at once: has all their runs first, then draws the pages whose runs are there."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.errors import CnnreproError, UsageError, WorkFailed
from cnnrepro.experiments.results import collect
from cnnrepro.runner import batch_file
from cnnrepro.runner import page as build
from cnnrepro.runner.notebook import kernels_environment
from cnnrepro.runner.page import Job
from cnnrepro.training.stop import StopRequest

if TYPE_CHECKING:
    from cnnrepro.runner.tasks import Plan

POLL_SECONDS = 0.2


def jobs_of(targets: Sequence[str], given: dict[str, str]) -> list[Job]:
    """The pages that ``cnnrepro run`` is asked for, each once, all of them checked before anything starts.

    Args:
        targets: names of experiments, paths of notebooks, or batch files.
        given: the ``-p`` of the command line; they belong to every target, and to no batch file.

    Raises:
        UsageError: as for ``build.plan``; names the entry of a batch file.
    """
    found: dict[tuple[str, str], Job] = {}
    for target in targets:
        for job in _jobs_of_file(target, given) if batch_file.is_batch_file(target) else build.plans(target, given):
            other = found.setdefault((job.name, job.slug), job)
            if other.notebook.resolve() != job.notebook.resolve():
                raise UsageError(
                    f"The pages of {str(other.notebook)!r} and {str(job.notebook)!r} would go to one folder, "
                    f"{job.name!r}; rename one of the notebooks."
                )
    return list(found.values())


def _jobs_of_file(path: str, given: dict[str, str]) -> Iterator[Job]:
    if given:
        raise UsageError(f"-p goes with an experiment, not with a file; write {next(iter(given))!r} into {path!r}.")
    for number, entry in enumerate(batch_file.read(Path(path)), 1):
        try:
            yield from build.plans(entry.target, entry.parameters)
        except UsageError as error:
            raise UsageError(f"Entry {number} of {path!r}: {error}") from error


def run(
    jobs: Sequence[Job],
    plan: Plan,
    *,
    runs: Path,
    reports: Path,
    stop: StopRequest | None = None,
    drawn: Callable[[Path], object] = lambda page: None,
) -> list[Path]:
    """Make all pages. What fails is told at the end; the others are made all the same.

    Args:
        jobs: the pages.
        plan: how their runs are trained.
        runs: the run store.
        reports: where the pages go.
        stop: a request to stop.
        drawn: told of each page as it is there.

    Returns:
        The paths of the pages, in the order of the jobs.

    Raises:
        UsageError: a folder that cannot be written, or a cluster that cannot do the work; or a value that only a cell
            could judge, where it is the only page.
        WorkFailed: runs or pages failed; names each.
        Stopped: it was asked to stop.
    """
    paths.require_writable(runs, "--runs")
    paths.require_writable(reports, "--reports")
    stop = stop or StopRequest()
    if plan.side_by_side:
        failed = _train_side_by_side(jobs, plan, runs, stop)
    else:
        failed = _train_in_turn(jobs, plan, runs, stop)
    to_draw = [n for n in range(len(jobs)) if n not in failed] if not (failed and plan.fail_fast) else []
    with kernels_environment(runs):
        pages, errors = _draw_all({n: jobs[n] for n in to_draw}, plan, runs, reports, drawn)
    errors |= failed
    if len(jobs) == 1 and errors:
        raise errors[0]
    if errors:
        told = "\n".join(dict.fromkeys(str(errors[number]) for number in sorted(errors)))
        left = "the others were made" if len(pages) + len(errors) == len(jobs) else f"{len(pages)} were made"
        raise WorkFailed(f"{len(errors)} of {len(jobs)} pages could not be made; {left}.\n{told}")
    return [pages[number] for number in range(len(jobs))]


def _draw_all(
    jobs: Mapping[int, Job], plan: Plan, runs: Path, reports: Path, drawn: Callable[[Path], object]
) -> tuple[dict[int, Path], dict[int, CnnreproError]]:
    """Draw pages, as many at a time as there are jobs: their paths, and what went wrong with the others."""
    pages: dict[int, Path] = {}
    errors: dict[int, CnnreproError] = {}
    ending = threading.Event()

    def one(number: int) -> None:
        if ending.is_set() or (errors and plan.fail_fast):
            return
        try:
            pages[number] = build.draw(jobs[number], runs=runs, reports=reports)
        except CnnreproError as error:
            errors[number] = error
        else:
            drawn(pages[number])

    if plan.jobs == 1 or len(jobs) == 1:
        for number in jobs:
            one(number)
        return pages, errors
    _load_for_threads()
    with ThreadPoolExecutor(max_workers=plan.jobs) as pool:
        futures = [pool.submit(one, number) for number in jobs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            ending.set()
            while not all(future.cancel() or future.done() for future in futures):
                _end_kernels()  # again and again: some may just be starting
                time.sleep(POLL_SECONDS)
            raise
    return pages, errors


def _load_for_threads() -> None:
    """Load what draws a page before several threads do: Pygments' modules cannot be loaded by two at once."""
    import nbconvert  # noqa: F401
    import papermill  # noqa: F401
    from pygments.formatters import HtmlFormatter  # noqa: F401
    from pygments.lexers import PythonLexer  # noqa: F401

    from cnnrepro.report import page  # noqa: F401


def _end_kernels() -> None:
    """End the notebooks that run, so that the threads that wait for them end too."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def _train_in_turn(jobs: Sequence[Job], plan: Plan, runs: Path, stop: StopRequest) -> dict[int, CnnreproError]:
    """Train in this process, one run after another; the errors of the pages whose runs failed."""
    failed: dict[int, CnnreproError] = {}
    for number, job in enumerate(jobs):
        if job.arms and not (failed and plan.fail_fast):
            try:
                collect(job.arms, runs, stop=stop, retry=plan.retry, fail_fast=plan.fail_fast)
            except CnnreproError as error:
                failed[number] = error
    return failed


def _train_side_by_side(jobs: Sequence[Job], plan: Plan, runs: Path, stop: StopRequest) -> dict[int, CnnreproError]:
    """Train on a Dask cluster; the errors of the pages whose runs failed."""
    from cnnrepro.runner.fan_out import fan_out
    from cnnrepro.runner.tasks import FAILED, STOPPED, tasks_of
    from cnnrepro.runner.views import make_view

    tasks = tasks_of(job.arms for job in jobs if job.arms)
    if not tasks:
        return {}
    view = make_view(tasks)
    try:
        outcomes = fan_out(tasks, plan, runs=runs, view=view, stop=stop)
    finally:
        view.close()
    bad = {
        task.spec: outcome.told or "it was not begun, as another had failed"
        for task, outcome in zip(tasks, outcomes, strict=True)
        if outcome.status in (FAILED, STOPPED)
    }
    failed: dict[int, CnnreproError] = {}
    for number, job in enumerate(jobs):
        reasons = [bad[spec] for arm in job.arms for spec in arm.specs if spec in bad]
        if reasons:
            failed[number] = WorkFailed("\n".join(dict.fromkeys(reasons)))
    return failed
