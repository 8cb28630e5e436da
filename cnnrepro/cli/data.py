"""``cnnrepro data``: what is on this machine, and getting it there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, app, examples, list_by_default, named_path
from cnnrepro.console import echo, print_json, print_table, spell

# Of the table of data sets: columns whose cells go over several lines, and those that go where the lines are short.
DATASETS_FOLDED = ("status", "sizes")
DATASETS_SPARE = ("title", "download_megabytes", "classes")

data_app = typer.Typer(
    help="List the data sets and prepare them.",
    epilog=examples("cnnrepro data", "cnnrepro data prepare mnist"),
    invoke_without_command=True,
)
app.add_typer(data_app, name="data")


@data_app.callback()
def data_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the data sets, with what is on this machine."""
    if list_by_default(context, as_json):
        data_list(as_json)


@data_app.command("list", epilog=examples("cnnrepro data list", "cnnrepro data list --json"))
def data_list(as_json: AsJson = False) -> None:
    """List the data sets, with what is on this machine."""
    from cnnrepro.data import list_datasets

    rows = list_datasets()
    if as_json:
        print_json(rows)
        return
    cells = [[spell(cell) for cell in row.values()] for row in rows]
    print_table(list(rows[0]), cells, fold=DATASETS_FOLDED, spare=DATASETS_SPARE)


@data_app.command(
    "prepare",
    epilog=examples(
        "cnnrepro data prepare mnist",
        "cnnrepro data prepare mnist --from downloads",
        "cnnrepro data prepare cifar10 --from downloads --partial",
    ),
)
def data_prepare(
    name: Annotated[
        str, typer.Argument(help="A name of `cnnrepro data list`.", autocompletion=complete.prepared_datasets)
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Take the downloaded originals from here.",
            show_default=False,
            parser=named_path,
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Prepare what there is where some files are missing.")
    ] = False,
) -> None:
    """Download a data set, or stage originals that are already here; both are checked by their checksums.

    MNIST may also be unpacked, mnist.npz, or tables of pixels; Kaggle's train.csv has no known checksum and is marked.
    """
    from cnnrepro import data

    echo(f"{name} is ready in {data.prepare(name, source=source, partial=partial)}")
