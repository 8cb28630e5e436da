"""From requests to pages: has all their runs first, then draws the pages whose runs are there."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from cnnrepro import paths
from cnnrepro.errors import CnnreproError, WorkFailed
from cnnrepro.experiments.results import collect, runs_of
from cnnrepro.runner.batch_options import FAILED, STOPPED, BatchOptions
from cnnrepro.runner.notebook import kernels_environment
from cnnrepro.runner.notebook_to_page import draw_page
from cnnrepro.runner.request import PageRequest
from cnnrepro.runs.committed import Committed
from cnnrepro.training.stop import StopRequest

POLL_SECONDS = 0.2

Failures = dict[int, CnnreproError]  # by the number of the request


def make_pages(
    requests: Sequence[PageRequest],
    options: BatchOptions | None = None,
    *,
    runs: Path,
    reports: Path,
    stop: StopRequest | None = None,
    drawn: Callable[[Path], object] = lambda page: None,
    cwd: Path | None = None,
) -> list[Path]:
    """Make all pages. What fails is told at the end; the others are made all the same.

    Args:
        requests: the pages.
        options: how their runs are trained.
        runs: the run store.
        reports: where the pages go.
        stop: a request to stop.
        drawn: told of each page as it is there.
        cwd: the folder that notebooks of one's own work in, by default the one each lies in.

    Returns:
        The paths of the pages, in the order of the requests.

    Raises:
        UsageError: a folder that cannot be written, or a cluster that cannot do the work; or a value that only a cell
            could judge, where it is the only page.
        WorkFailed: runs or pages failed; names each.
        Stopped: it was asked to stop.
    """
    paths.require_writable(runs, "--runs")
    paths.require_writable(reports, "--reports")
    options, stop = options or BatchOptions(), stop or StopRequest()
    train = _train_side_by_side if options.side_by_side else _train_in_turn
    failures = train(requests, options, runs, stop)
    pages: dict[int, Path] = {}
    if not (failures and options.fail_fast):
        open_requests = {number: request for number, request in enumerate(requests) if number not in failures}
        style = os.environ.get("CNNREPRO_PROGRESS", "")  # of this process; kernels have one of their own
        with kernels_environment(runs, reports):
            pages, more = _draw_all(open_requests, options, runs, reports, drawn, cwd, style)
        failures |= more
    if failures and len(requests) == 1:
        raise failures[0]
    if failures:
        reasons = "\n".join(dict.fromkeys(str(failures[number]) for number in sorted(failures)))
        others = "the others were made" if len(pages) + len(failures) == len(requests) else f"{len(pages)} were made"
        raise WorkFailed(f"{len(failures)} of {len(requests)} pages could not be made; {others}.\n{reasons}")
    return [pages[number] for number in range(len(requests))]


def _train_in_turn(requests: Sequence[PageRequest], options: BatchOptions, runs: Path, stop: StopRequest) -> Failures:
    """Train in this process, one run after another; the errors of the pages whose runs failed."""
    failures: Failures = {}
    for number, request in enumerate(requests):
        if request.arms and not (failures and options.fail_fast):
            try:
                collect(request.arms, runs, stop=stop, retry=options.retry, fail_fast=options.fail_fast)
            except CnnreproError as error:
                failures[number] = error
    return failures


def _train_side_by_side(
    requests: Sequence[PageRequest], options: BatchOptions, runs: Path, stop: StopRequest
) -> Failures:
    """Train on a Dask cluster; the errors of the pages whose runs failed."""
    committed = Committed.of_environment()
    wanted = runs_of(*(request.arms for request in requests if request.arms))
    weights_kept = {spec: keep for spec, keep in wanted.items() if keep or not committed.find(spec)}
    if not weights_kept:
        return {}
    from cnnrepro.runner.fan_out import fan_out

    outcomes = fan_out(weights_kept, options, runs=runs, stop=stop)
    bad = {
        spec: outcome.message or "it was not begun, as another had failed"
        for spec, outcome in outcomes.items()
        if outcome.status in (FAILED, STOPPED)
    }
    failures: Failures = {}
    for number, request in enumerate(requests):
        reasons = [bad[spec] for arm in request.arms for spec in arm.specs if spec in bad]
        if reasons:
            failures[number] = WorkFailed("\n".join(dict.fromkeys(reasons)))
    return failures


def _draw_all(
    requests: Mapping[int, PageRequest],
    options: BatchOptions,
    runs: Path,
    reports: Path,
    drawn: Callable[[Path], object],
    cwd: Path | None,
    style: str,
) -> tuple[dict[int, Path], Failures]:
    """Draw pages, as many at a time as there are jobs: their paths, and what went wrong with the others."""
    pages: dict[int, Path] = {}
    failures: Failures = {}
    ending, in_turn = threading.Event(), options.jobs == 1 or len(requests) == 1

    def draw(number: int) -> None:
        if ending.is_set() or (failures and options.fail_fast):
            return
        try:
            pages[number] = draw_page(requests[number], runs=runs, reports=reports, cwd=cwd, style=style, alone=in_turn)
        except CnnreproError as error:
            failures[number] = error
        else:
            drawn(pages[number])

    if in_turn:  # in this thread, where Ctrl-C arrives
        for number in requests:
            draw(number)
        return pages, failures
    _load_for_threads()
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        futures = [pool.submit(draw, number) for number in requests]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            ending.set()
            while not all(future.cancel() or future.done() for future in futures):
                _end_kernels()  # again and again: some may just be starting
                time.sleep(POLL_SECONDS)
            raise
    return pages, failures


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
