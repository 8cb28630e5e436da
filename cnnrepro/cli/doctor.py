"""``cnnrepro doctor``: what this machine can do."""

from __future__ import annotations

import typer

from cnnrepro.cli.app import AsJson, Reports, Runs, app, examples, reports_dir, runs_dir
from cnnrepro.console import print_json, print_table


@app.command(
    epilog=examples(
        "cnnrepro doctor",
        "cnnrepro doctor --runs /data/runs --json",
    ),
)
def doctor(runs: Runs = None, reports: Reports = None, as_json: AsJson = False) -> None:
    """Say what this machine can do, and what to do about what it cannot."""
    from cnnrepro.doctor import PROBLEM, examine

    findings = examine(runs_dir(runs), reports_dir(reports))
    if as_json:
        print_json(findings)
    else:
        rows = [[row.topic, row.state, row.found + (f"\n→ {row.advice}" if row.advice else "")] for row in findings]
        print_table(["what", "state", "found"], rows, fold="found")
    if any(finding.state == PROBLEM for finding in findings):
        raise typer.Exit(1)
