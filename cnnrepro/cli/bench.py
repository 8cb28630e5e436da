"""``cnnrepro bench``: how fast ours is beside others, on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli.app import AsJson, Reports, app, examples, named_path, reports_dir, say
from cnnrepro.console import echo, echo_path, print_json, print_table
from cnnrepro.errors import UsageError


@app.command(
    epilog=examples(
        "cnnrepro bench --quick",
        "cnnrepro bench training --results measured",
        "cnnrepro bench --page",
    ),
)
def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]…", help="Of training, layers, dense_to_convolution, pipeline; all by default, some hours."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few rows and repeats: a minute or two.")] = False,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            metavar="DIR",
            help="Keep the results here, a JSON file a benchmark; with --page, read them from here.",
            show_default="not kept; --page reads benchmarks/results",
            parser=named_path,
        ),
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="Measure nothing: draw the results as a page.")] = False,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Measure speed beside others, in a checkout. Exit status 1 where a benchmark fails or refuses a row."""
    from cnnrepro.runner import benchmarks

    folder = benchmarks.benchmarks_dir()
    if page:
        _draw(
            paths.expand(results) if results else folder / benchmarks.RESULTS,
            reports_dir(reports),
            names,
            quick,
            as_json,
        )
        return
    if reports is not None:
        raise UsageError("--reports goes with --page, which draws results; measuring writes no page.")
    chosen = benchmarks.chosen(names or ())
    with tempfile.TemporaryDirectory() as temporary:
        to = paths.require_writable(paths.expand(results), "--results") if results else Path(temporary)
        files = {name: to / f"{name}.json" for name in chosen}
        failed = [name for name, file in files.items() if not benchmarks.run_benchmark(name, file, quick=quick)]
        _print([file for file in files.values() if file.is_file()], as_json)
    if failed:
        say(f"{', '.join(failed)} did not end well; what was wrong stands above.")
        raise typer.Exit(1)


def _draw(results: Path, reports: Path, names: list[str] | None, quick: bool, as_json: bool) -> None:
    """Draw the page; the last line is its path."""
    from cnnrepro.report.benchmark_page import write_benchmark_page

    if names or quick or as_json:
        raise UsageError(
            "--page draws all results of its folder and measures nothing: give it neither names, --quick nor --json."
        )
    echo_path(write_benchmark_page(results, paths.require_writable(reports, "--reports")))


def _print(files: list[Path], as_json: bool) -> None:
    """The results of these files, as a table or as they are."""
    import json

    from cnnrepro.report.benchmark_page import result_table
    from cnnrepro.report.benchmark_results import read_result

    if as_json:
        print_json([json.loads(file.read_text(encoding="utf-8")) for file in files])
        return
    for result in map(read_result, files):
        echo(f"{result.benchmark}: {result.machine}, {result.repeats} repeats")
        shown = result_table(result)
        print_table(shown.columns, shown.rows, right=tuple(shown.numbers & set(shown.columns)))
        for note in result.notes():
            echo(note)
