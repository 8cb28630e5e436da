"""``cnnrepro run``: the runs of experiments and of claims of one's own, their notebooks, their pages."""

from __future__ import annotations

import contextlib
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli import complete
from cnnrepro.cli.app import Reports, Runs, app, examples, reports_dir, runs_dir, say
from cnnrepro.console import echo, echo_path
from cnnrepro.errors import UsageError


@app.command(
    epilog=examples(
        "cnnrepro run convolution_by_hand",
        "cnnrepro run alexnet_vs_resnet -p seeds=0..4 -p recipe=sgd --jobs 2",
        "cnnrepro run dropout --parameters",
    ),
)
def run(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT|NOTEBOOK|CLAIM.py|BATCH.yaml",
            help="A name of `cnnrepro list`, a notebook's path, a file with a claim of your own (CLAIM = OwnClaim(…)), "
            "or a file that lists experiments; several are fine.",
            autocompletion=complete.targets,
        ),
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter of its notebook; several values (0.9,0.99 or 1..5, texts as [adam,sgd]) make several "
            "pages. May be repeated. A notebook of your own takes a relative path from its own folder (or --cwd).",
        ),
    ] = None,
    parameters: Annotated[
        bool, typer.Option("--parameters", help="Print the parameters, with type, default and help, and end.")
    ] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, metavar="N", help="Trainings side by side.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on a running Dask cluster, such as tcp://10.0.0.1:8786."),
    ] = None,
    retry: Annotated[int, typer.Option(min=0, metavar="N", help="Retry a run that met an error up to N times.")] = 0,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="End with the first failure.")] = False,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Memory of each job, such as 4GiB.", show_default="an equal share"),
    ] = None,
    cwd: Annotated[
        Path | None,
        typer.Option(
            "--cwd",
            metavar="DIR",
            exists=True,
            file_okay=False,
            resolve_path=True,
            help="Folder that notebooks of your own work in.",
            show_default="the one each lies in",
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Run networks (FILE.py:FUNCTION) and claims (FILE.py) that a batch file names."),
    ] = False,
    committed: Annotated[
        bool, typer.Option("--committed", help="Take the records beside the pages for runs that are there.")
    ] = False,
    runs: Runs = None,
    reports: Reports = None,
) -> None:
    """Train what is missing, run the notebooks and write their reports. Each line of the output is a page's path."""
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.runner.batch_options import BatchOptions, parse_memory
    from cnnrepro.runner.make_pages import make_pages
    from cnnrepro.runner.request import page_requests
    from cnnrepro.runs.committed import RECORDS
    from cnnrepro.training.stop import request_on_signals

    if memory is not None and (jobs == 1 or scheduler is not None):
        raise UsageError("--memory is for the jobs of this machine; give --jobs 2 or more, and no --scheduler.")
    if parameters:
        _print_parameters(targets)
        return
    store = runs_dir(runs)
    options = BatchOptions(
        jobs=jobs, scheduler=scheduler, retry=retry, fail_fast=fail_fast, memory=parse_memory(memory)
    )
    with paths.runs_at(store):
        requests = page_requests(targets, parse_assignments(parameter or ()), trust=trust)
    pages = reports_dir(reports)
    had = paths.environment(CNNREPRO_COMMITTED=str(pages.resolve())) if committed else nullcontext()
    if committed and not any(pages.glob(RECORDS)):
        say(f"--committed finds no records beside pages in {str(pages)!r}: what the store lacks is trained.")
    with had, request_on_signals() as stop:
        make_pages(requests, options, runs=store, reports=pages, stop=stop, drawn=_say_page, cwd=cwd)


def _print_parameters(targets: list[str]) -> None:
    from cnnrepro.console import print_table
    from cnnrepro.experiments.parameters import spell
    from cnnrepro.runner.request import parameter_rows

    for target in targets:
        rows = [{**row, "default": spell(row["default"])} for row in parameter_rows(target)]
        if rows:
            print_table(list(rows[0]), [list(row.values()) for row in rows], fold="help")
        else:
            fixed = target.endswith(".py")
            why = "what may be changed stands in it" if fixed else "none of its cells is tagged 'parameters'"
            echo(f"{target} takes no parameters: {why}.")


def _say_page(page: Path) -> None:
    with contextlib.suppress(BrokenPipeError):  # `cnnrepro run … | head -1`: the other pages are wanted all the same
        echo_path(page)
