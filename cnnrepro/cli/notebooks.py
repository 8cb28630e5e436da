"""``cnnrepro notebooks``: which notebooks there are, and copies of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, app, examples, named_path
from cnnrepro.console import echo_path, print_json, print_table
from cnnrepro.errors import UsageError


@app.command(
    epilog=examples(
        "cnnrepro notebooks",
        "cnnrepro notebooks --to my-notebooks",
        "cnnrepro notebooks dropout depth --to .",
    ),
)
def notebooks(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]…", help="Of these only; all by default.", autocompletion=complete.experiments),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="Copy them here, to open and change them.",
            show_default=False,
            parser=named_path,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the notebooks with the question each answers or, with --to, copy them. A file that differs is kept."""
    from cnnrepro.runner.carried_notebooks import copy_notebooks, notebook_rows

    if to is not None:
        if as_json:
            raise UsageError("--json lists the notebooks; it does not go with --to.")
        for copy in copy_notebooks(paths.expand(to), names or ()):
            echo_path(copy)
        return
    rows = notebook_rows(names or ())
    if as_json:
        print_json(rows)
        return
    columns = ("name", "minutes", "question")
    print_table(columns, [[row[column] for column in columns] for row in rows], fold="question", spare=["minutes"])
