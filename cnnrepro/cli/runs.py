"""``cnnrepro runs``: what is in the store, and its upkeep."""

from __future__ import annotations

import typer

from cnnrepro.cli.app import AsJson, Key, Runs, app, runs_dir, say
from cnnrepro.console import print_json, print_table

runs_app = typer.Typer(help="List, show and remove the runs of the store.", invoke_without_command=True)
app.add_typer(runs_app, name="runs")


@runs_app.callback()
def runs_(context: typer.Context, runs: Runs = None, as_json: AsJson = False) -> None:
    """List the runs of the store, oldest first."""
    from cnnrepro import listing
    from cnnrepro.training.store import RunStore

    context.obj = runs
    if context.invoked_subcommand is not None:
        return
    store = RunStore(runs_dir(runs))
    records = store.records(unreadable=say)
    if as_json:
        print_json([record.to_dict() for record in records])
    elif records:
        rows = [listing.run_row(record, store.is_claimed(record.key)) for record in records]
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        typer.echo(f"No runs in {store.folder}. `cnnrepro run alexnet_vs_resnet` makes some.")


@runs_app.command("show")
def runs_show(context: typer.Context, key: Key, runs: Runs = None) -> None:
    """Print one record as JSON."""
    from cnnrepro.training.store import RunStore

    print_json(RunStore(runs_dir(runs or context.obj)).find(key).to_dict())


@runs_app.command("rm")
def runs_rm(context: typer.Context, key: Key, runs: Runs = None) -> None:
    """Remove a run and its files."""
    from cnnrepro.training.store import RunStore

    store = RunStore(runs_dir(runs or context.obj))
    whole = store.key_of(key)
    store.remove(whole)
    typer.echo(f"Removed {whole}.")
