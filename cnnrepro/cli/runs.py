"""``cnnrepro runs``: what is in the store; show, compare, export, verify, prune and remove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, Key, Runs, app, examples, list_by_default, named_path, runs_dir, say
from cnnrepro.console import echo, print_json, print_table
from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    from cnnrepro.runs import RunRecord, RunStore

Keys = Annotated[
    list[str],
    typer.Argument(metavar="KEY…", help="Keys, or four or more of their first digits.", autocompletion=complete.runs),
]

# Of the list, first to last, where the lines are short.
SPARE = ("train\nimages", "recipe", "minutes", "val\naccuracy", "epochs", "test\naccuracy")

runs_app = typer.Typer(
    help="List, show, compare, export, check, tidy up and remove the runs of the store.",
    epilog=examples("cnnrepro runs", "cnnrepro runs show 1f3a", "cnnrepro runs export runs.csv"),
    invoke_without_command=True,
)
app.add_typer(runs_app, name="runs")


def _store(context: typer.Context, given: Path | None) -> RunStore:
    """The store that ``--runs`` names, behind the subcommand or before it."""
    from cnnrepro.runs.store import RunStore

    return RunStore(runs_dir(given or context.obj))


@runs_app.callback()
def runs_(context: typer.Context, runs: Runs = None, as_json: AsJson = False) -> None:
    """List the runs of the store, oldest first."""
    context.obj = runs
    if list_by_default(context, as_json):
        runs_list(context, runs, as_json)


@runs_app.command(
    "list",
    epilog=examples(
        "cnnrepro runs list",
        "cnnrepro runs list --json",
        "cnnrepro runs list --runs /data/runs",
    ),
)
def runs_list(context: typer.Context, runs: Runs = None, as_json: AsJson = False) -> None:
    """List the runs of the store, oldest first, as `cnnrepro runs` does."""
    store = _store(context, runs)
    records = store.records(unreadable=say)
    if as_json:
        print_json([record.to_dict() | ({"unverified": True} if record.unverified else {}) for record in records])
    elif records:
        rows = [_row(record, store.is_claimed(record.key)) for record in records]
        print_table(list(rows[0]), [list(row.values()) for row in rows], fold="run", spare=SPARE)
    else:
        echo(f"No runs in {store.folder}. `cnnrepro run alexnet_vs_resnet` makes some.")


@runs_app.command(
    "show",
    epilog=examples(
        "cnnrepro runs show 1f3a",
        "cnnrepro runs show 1f3a --runs /data/runs",
    ),
)
def runs_show(context: typer.Context, key: Key, runs: Runs = None) -> None:
    """Print one record as JSON."""
    print_json(_store(context, runs).find(key).to_dict())


@runs_app.command(
    "diff",
    epilog=examples(
        "cnnrepro runs diff 1f3a 90bc",
        "cnnrepro runs diff 1f3a 1f3a --with /data/runs",
    ),
)
def runs_diff(
    context: typer.Context,
    first: Key,
    second: Annotated[str, typer.Argument(metavar="KEY", help="Another's.", autocompletion=complete.runs)],
    runs: Runs = None,
    other: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="DIR", help="Store of the second run.", show_default="the first one's", parser=named_path
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: what was asked for and what computed it, where that differs, and the results."""
    from cnnrepro.runs.diff import diff

    store = _store(context, runs)
    beside = _store(context, other) if other else store
    result = diff(store.find(first), beside.find(second))
    if as_json:
        print_json(result)
        return
    columns = ["", "what", f"A: {result.first}", f"B: {result.second}", "B − A"]
    print_table(columns, [row.spelled() for row in result.rows], right=columns[2:])
    for sentence in result.sentences:
        echo(sentence)


@runs_app.command(
    "export",
    epilog=examples(
        "cnnrepro runs export runs.csv",
        "cnnrepro runs export curves.parquet --curves",
    ),
)
def runs_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|FILE.parquet", help="Replaced where it is there.")],
    runs: Runs = None,
    curves: Annotated[bool, typer.Option("--curves", help="A row a run and epoch in place of a row a run.")] = False,
) -> None:
    """Write all runs as a table, oldest first: a row a run, or a row a run and epoch.

    A row a run has the columns key, status, failure, started, those of the spec (the number format that was asked for
    as precision_asked), option_NAME, epochs_done, last_CURVE, test_SCORE, wall_seconds, sessions, parameters,
    precision, backend, jit_compile, commit, data_fingerprint, data_partial, version_NAME and machine_NAME.

    A row a run and epoch has key, model, dataset, recipe, seed, epoch and the curves.

    In CSV a text that a spreadsheet would run as a formula has an apostrophe in front.
    """
    from cnnrepro.runs import export

    file = paths.expand(file)
    export.check_file(file)
    store = _store(context, runs)
    records = store.records(unreadable=say)
    frame = export.curves_table(records) if curves else export.runs_table(records, store)
    if not len(frame):
        what = "epochs" if curves and records else "runs"
        raise UsageError(f"There are no {what} in {str(store.folder)!r}, so nothing was written.")
    export.write_table(frame, file)
    echo(f"{file}: {len(frame):,} rows, {len(frame.columns)} columns.")


@runs_app.command(
    "verify",
    epilog=examples(
        "cnnrepro runs verify",
        "cnnrepro runs verify 1f3a --json",
    ),
)
def runs_verify(
    context: typer.Context,
    key: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY…]", help="Of these only.", autocompletion=complete.runs)
    ] = None,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """Check records, the files beside them and checkpoints. Exit status 1 where something is damaged."""
    from cnnrepro.runs import verify

    store = _store(context, runs)
    rows = verify.verify(store, [store.key_of(prefix) for prefix in dict.fromkeys(key)] if key else None)
    if as_json:
        print_json(rows)
    elif rows:
        columns = ["key", "state", "run", "what was found, and what to do"]
        print_table(columns, [[row.key, row.state, row.run, row.sentences()] for row in rows], fold=columns[-1])
    else:
        echo(f"No runs in {store.folder}.")
    damaged = sum(row.state == verify.BAD for row in rows)
    if damaged:
        say(f"{damaged} of {len(rows)} runs {'is' if damaged == 1 else 'are'} damaged.")
        raise typer.Exit(1)


@runs_app.command(
    "prune",
    epilog=examples(
        "cnnrepro runs prune --dry-run",
        "cnnrepro runs prune --weights --older-than 30",
    ),
)
def runs_prune(
    context: typer.Context,
    runs: Runs = None,
    weights: Annotated[bool, typer.Option("--weights", help="The weights of runs that are done, too.")] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Checkpoints of unfinished runs, too: these then begin anew.")
    ] = False,
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, metavar="DAYS", help="Only what did not change for so long.")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what no run needs: checkpoints of runs that ended, what was set aside as damaged, leftovers of the killed.

    Nothing of a run that a living process trains, and no record.
    """
    from cnnrepro.runs import prune

    store = _store(context, runs)
    options = prune.PruneOptions(weights=weights, unfinished=unfinished, older_than=older_than)
    pruned = prune.prune(store, options, dry_run=dry_run)
    if as_json:
        print_json(pruned.to_dict())
        return
    if pruned.files:
        rows = [(file.path.relative_to(store.folder), file.kind, f"{file.bytes:,}") for file in pruned.files]
        print_table(["file or folder", "why", "bytes"], rows, right=["bytes"])
    for key in pruned.busy:
        echo(f"Left alone, as a living process trains it: {key}.")
    what = f"{len(pruned.files)} files or folders, {pruned.bytes:,} bytes"
    echo(f"Would remove {what}." if dry_run else f"Removed {what}.")


@runs_app.command(
    "rm",
    epilog=examples(
        "cnnrepro runs rm 1f3a",
        "cnnrepro runs rm 1f3a 90bc",
    ),
)
def runs_rm(context: typer.Context, key: Keys, runs: Runs = None) -> None:
    """Remove runs and their files; all keys are checked before the first is removed."""
    store = _store(context, runs)
    keys = list(dict.fromkeys(store.key_of(prefix) for prefix in key))
    for whole in keys:
        if store.is_claimed(whole):
            raise UsageError(f"Run {whole} is being trained now; stop that process first. Nothing was removed.")
    for whole in keys:
        store.remove(whole)
        echo(f"Removed {whole}.")


def _row(record: RunRecord, active: bool) -> dict[str, str]:
    """A row of the table of runs; a living process trains the run if it is ``active``."""
    spec = record.spec
    last = {name: values[-1] for name, values in record.history.items() if values}
    images = record.data.get("sizes", {}).get("train")
    return {
        "key": record.key,
        "status": record.state(active) + (", unverified" if record.unverified else ""),
        "run": spec.title(),
        "train\nimages": f"{images:,}" if images is not None else "",
        "recipe": spec.recipe,
        "epochs": f"{record.epochs_done}/{spec.epochs}",
        "val\naccuracy": f"{last['val_accuracy']:.4f}" if "val_accuracy" in last else "",
        "test\naccuracy": f"{record.test['accuracy']:.4f}" if record.test else "",
        "minutes": f"{record.wall_seconds / 60:.1f}",
    }
