"""``cnnrepro claims``, ``publish`` and ``doctor``: verdicts, the site, and what this machine can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli.app import AsJson, Reports, Runs, app, reports_dir, runs_dir, say
from cnnrepro.console import print_json, print_outcome, print_table


@app.command()
def claims(
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="[NUMBER]…", help="Statements of the ledger; all by default.")
    ] = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Check the statements of the lecture notes. Exit status 1 where a check no longer gives its recorded verdict."""
    from cnnrepro.claims import SOURCES, outcomes
    from cnnrepro.claims.checking import parse_number

    found = []
    for outcome in outcomes(reports_dir(reports), [parse_number(text) for text in numbers] if numbers else None):
        found.append(outcome)
        if not as_json:
            print_outcome(outcome)
    if as_json:
        print_json([outcome.to_dict() for outcome in found])
    else:
        typer.echo("\n".join(f"{name}: {text}" for name, text in SOURCES.items()))
    changed = [str(outcome.statement.number) for outcome in found if not outcome.agrees]
    if changed:
        say(f"the verdict on statement {', '.join(changed)} is no longer the recorded one.")
        raise typer.Exit(1)


@app.command()
def publish(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Copy the site here.", show_default=False)
    ] = None,
    reports: Reports = None,
) -> None:
    """Write the index of all reports and, with --to, copy the site. The last line is the index's path."""
    from cnnrepro.report import site

    folder = reports_dir(reports)
    typer.echo(str(site.publish(folder, paths.expand(to)) if to else site.write_index(folder)))


@app.command()
def doctor(runs: Runs = None, reports: Reports = None, as_json: AsJson = False) -> None:
    """Say what this machine can do, and what to do about what it cannot."""
    from dataclasses import asdict

    from cnnrepro.doctor import PROBLEM, examine

    findings = examine(runs_dir(runs), reports_dir(reports))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [[one.topic, one.state, one.found + (f"\n→ {one.advice}" if one.advice else "")] for one in findings]
        print_table(["", "", "found"], rows, fold="found")
    if any(finding.state == PROBLEM for finding in findings):
        raise typer.Exit(1)
