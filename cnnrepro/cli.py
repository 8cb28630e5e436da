"""The command line: parses, calls, prints; nothing else.

Results go to standard output, progress and errors to standard error. Exit status: 0 done, 1 the work failed, 2 the
call was wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import __version__, paths
from cnnrepro.console import print_json, print_outcome, print_table, spell
from cnnrepro.errors import CnnreproError, UsageError, unknown

app = typer.Typer(
    name="cnnrepro",
    help="Reproduce the classic results about convolutional networks, and see which hold.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
runs_app = typer.Typer(help="List, show and remove the runs of the store.", invoke_without_command=True)
data_app = typer.Typer(help="List the data sets and prepare them.", invoke_without_command=True)
app.add_typer(runs_app, name="runs")
app.add_typer(data_app, name="data")

Runs = Annotated[
    Path | None, typer.Option("--runs", metavar="DIR", help="Folder of the run store.", show_default=False)
]
Reports = Annotated[
    Path | None, typer.Option("--reports", metavar="DIR", help="Folder of the report pages.", show_default=False)
]
Key = Annotated[str, typer.Argument(metavar="KEY", help="A run's key, or four or more of its first digits.")]
Recipe = Annotated[str, typer.Option(help="A name of `cnnrepro list recipes`.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training split.", show_default="the recipe's")]
BatchSize = Annotated[int | None, typer.Option(help="Images a step.", show_default="the recipe's")]
Pipeline = Annotated[
    str | None,
    typer.Option(help="What becomes of an image: see `cnnrepro list pipelines`.", show_default="the recipe's"),
]
Options = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", metavar="NAME=VALUE", help="An option of the model; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if version:
        typer.echo(f"cnnrepro {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _runs_dir(given: Path | None) -> Path:
    return paths.expand(given) if given else paths.runs_dir()


def _reports_dir(given: Path | None) -> Path:
    return paths.expand(given) if given else paths.reports_dir()


@app.command("list")
def list_(
    what: Annotated[str | None, typer.Argument(metavar="[models|datasets|recipes|pipelines|experiments]")] = None,
    as_json: AsJson = False,
) -> None:
    """List what there is: models, datasets, recipes, pipelines, experiments."""
    from cnnrepro import listing

    if what is not None and what not in listing.LISTINGS:
        raise unknown("list", what, listing.LISTINGS)
    chosen = {name: rows() for name, rows in listing.LISTINGS.items() if what in (None, name)}
    if as_json:
        print_json(chosen[what] if what else chosen)
        return
    for name, rows in chosen.items():
        columns = listing.IN_TEXT.get(name, tuple(rows[0]))
        typer.echo(name.capitalize())
        print_table(columns, [[spell(row[column]) for column in columns] for row in rows], fold=columns[-1])


@app.command()
def inspect(
    model: Annotated[str, typer.Argument(help="A name of `cnnrepro list models`, a layer pattern, or a .keras file.")],
    input_: Annotated[
        str | None, typer.Option("--input", metavar="HxWxC", help="Such as 227x227x3.", show_default="the model's own")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Outputs.", show_default="the model's own")] = None,
    option: Options = None,
    as_json: AsJson = False,
) -> None:
    """Show a model layer by layer, with its totals against the published figures."""
    from cnnrepro import inspection
    from cnnrepro.anatomy.rows import spelled
    from cnnrepro.experiments.parameters import parse_assignments

    shape = inspection.parse_shape(input_) if input_ is not None else None
    inspection.prefer_quick_backend()
    found = inspection.inspect(model, input_shape=shape, classes=classes, options=parse_assignments(option or ()))
    if as_json:
        print_json(found.to_dict())
        return
    rows = [spelled(row) for row in found.rows]
    spare = ("note", "bytes", "offset", "kind", "stride", "field")
    print_table(
        list(rows[0]), [list(row.values()) for row in rows], fold="note", right=list(rows[0])[2:-1], spare=spare
    )
    typer.echo("\n".join(found.summary()))


@app.command()
def run(
    target: Annotated[str, typer.Argument(metavar="EXPERIMENT|NOTEBOOK", help="A name of `cnnrepro list`, or a path.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter of its notebook; may be repeated."),
    ] = None,
    runs: Runs = None,
    reports: Reports = None,
) -> None:
    """Train what is missing, run the notebook and write its report. The last line is the page's path."""
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.report import build

    store = _runs_dir(runs)
    with paths.runs_at(store):
        job = build.plan(target, parse_assignments(parameter or ()))
    page = build.build(job, runs=store, reports=_reports_dir(reports))
    typer.echo(str(page))


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="A name of `cnnrepro list models`.")],
    dataset: Annotated[str, typer.Option(help="A name of `cnnrepro list datasets`, or folder:PATH.")],
    recipe: Recipe = "adam",
    epochs: Epochs = None,
    seed: Annotated[int, typer.Option(help="Of weights, data order, augmentation and dropout.")] = 0,
    batch_size: BatchSize = None,
    learning_rate: Annotated[float | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    precision: Annotated[str, typer.Option(help="auto, float32, mixed_bfloat16 or mixed_float16.")] = "auto",
    train_images: Annotated[
        int | None, typer.Option(help="Use only so many training images.", show_default="all")
    ] = None,
    option: Options = None,
    pipeline: Pipeline = None,
    canvas: Annotated[
        int | None, typer.Option(help="Side that photographs are brought to.", show_default="256 for photographs")
    ] = None,
    on_error: Annotated[str, typer.Option(help="What a picture that cannot be read does: stop or skip.")] = "stop",
    cache: Annotated[
        str, typer.Option(help="Where photographs are kept between epochs: disk, memory, none or auto.")
    ] = "auto",
    placement: Annotated[
        str, typer.Option(help="Where images are augmented: cpu, step (on the GPU, if there is one) or auto.")
    ] = "auto",
    keep_weights: Annotated[bool, typer.Option(help="Write weights.keras beside the record.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write its page too; the last line is its path.")] = False,
    runs: Runs = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Train one run, or load it where the store has it."""
    from cnnrepro import models
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.training.loop import train as train_run
    from cnnrepro.training.spec import RunSpec

    spec = RunSpec(
        model=model,
        dataset=dataset,
        recipe=recipe,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        precision=precision,
        train_images=train_images,
        options=models.parse_options(model, parse_assignments(option or ())),
        pipeline=pipeline,
        canvas=canvas,
        on_error=on_error,
    )
    record = train_run(spec, runs=_runs_dir(runs), keep_weights=keep_weights, cache=cache, placement=placement)
    page = ""
    if report:
        from cnnrepro.report import build

        page = str(build.build(build.of_record(record), runs=_runs_dir(runs), reports=_reports_dir(reports)))
    if as_json:
        print_json(record.to_dict() | ({"report": page} if page else {}))
        return
    typer.echo(f"{record.key}  {record.sentence()}")
    if page:
        typer.echo(page)


@app.command()
def plan(
    model: Annotated[str, typer.Argument(help="A name of `cnnrepro list models`.")],
    dataset: Annotated[str, typer.Argument(help="A name of `cnnrepro list datasets`; it need not be here.")],
    recipe: Recipe = "adam",
    device: Annotated[
        str | None, typer.Option(help="Project for this GPU in place of measuring here.", show_default=False)
    ] = None,
    throughput: Annotated[
        float | None, typer.Option(help="Training images/s, where you know them.", show_default=False)
    ] = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    pipeline: Pipeline = None,
    option: Options = None,
    as_json: AsJson = False,
) -> None:
    """Say what a training takes before it starts: steps, arithmetic, bytes, memory and hours."""
    from cnnrepro import models
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.training.plan import plan as plan_run

    made = plan_run(
        model,
        dataset,
        recipe,
        epochs=epochs,
        batch_size=batch_size,
        device=device,
        throughput=throughput,
        pipeline=pipeline,
        options=models.parse_options(model, parse_assignments(option or ())),
    )
    if as_json:
        print_json(made.to_dict())
        return
    print_table(["what", "value", "basis"], made.rows(), fold="basis")


@runs_app.callback()
def runs_(context: typer.Context, runs: Runs = None, as_json: AsJson = False) -> None:
    """List the runs of the store, oldest first."""
    from cnnrepro import listing
    from cnnrepro.training.store import RunStore

    context.obj = runs
    if context.invoked_subcommand is not None:
        return
    store = RunStore(_runs_dir(runs))
    records = store.records(unreadable=_say)
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

    print_json(RunStore(_runs_dir(runs or context.obj)).find(key).to_dict())


@runs_app.command("rm")
def runs_rm(context: typer.Context, key: Key, runs: Runs = None) -> None:
    """Remove a run and its files."""
    from cnnrepro.training.store import RunStore

    store = RunStore(_runs_dir(runs or context.obj))
    whole = store.key_of(key)
    store.remove(whole)
    typer.echo(f"Removed {whole}.")


@data_app.callback()
def data_(context: typer.Context) -> None:
    """List the data sets, with what is on this machine."""
    if context.invoked_subcommand is None:
        data_list(as_json=False)


@data_app.command("list")
def data_list(as_json: AsJson = False) -> None:
    """List the data sets, with what is on this machine."""
    from cnnrepro import listing

    rows = listing.datasets()
    if as_json:
        print_json(rows)
        return
    print_table(list(rows[0]), [[spell(cell) for cell in row.values()] for row in rows], fold="title")


@data_app.command("prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(help="A name of `cnnrepro data list`.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Take the downloaded originals from here.", show_default=False),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Prepare what there is where some files are missing.")
    ] = False,
) -> None:
    """Download a data set, or stage originals that are already here; both are checked by their checksums."""
    from cnnrepro import data

    typer.echo(f"{name} is ready in {data.prepare(name, source=source, partial=partial)}")


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
    for outcome in outcomes(_reports_dir(reports), [parse_number(text) for text in numbers] if numbers else None):
        found.append(outcome)
        if not as_json:
            print_outcome(outcome)
    if as_json:
        print_json([outcome.to_dict() for outcome in found])
    else:
        typer.echo("\n".join(f"{name}: {text}" for name, text in SOURCES.items()))
    changed = [str(outcome.statement.number) for outcome in found if not outcome.agrees]
    if changed:
        _say(f"the verdict on statement {', '.join(changed)} is no longer the recorded one.")
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

    folder = _reports_dir(reports)
    typer.echo(str(site.publish(folder, paths.expand(to)) if to else site.write_index(folder)))


@app.command()
def doctor(runs: Runs = None, reports: Reports = None, as_json: AsJson = False) -> None:
    """Say what this machine can do, and what to do about what it cannot."""
    from dataclasses import asdict

    from cnnrepro.doctor import PROBLEM, examine

    findings = examine(_runs_dir(runs), _reports_dir(reports))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [[one.topic, one.state, one.found + (f"\n→ {one.advice}" if one.advice else "")] for one in findings]
        print_table(["", "", "found"], rows, fold="found")
    if any(finding.state == PROBLEM for finding in findings):
        raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command ``cnnrepro``: every way it can end is an exit status and, for errors, one sentence."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:  # wherever it stands: people add it to the end of the command that failed
        arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        status = app(args=arguments, prog_name="cnnrepro", standalone_mode=False) or 0
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from the last finished epoch.")
        status = 130
    except BrokenPipeError:  # `cnnrepro runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        status = _explain(error)
    sys.exit(status)


def _explain(error: Exception) -> int:
    """Print an error as a sentence; the exit status it leads to."""
    if isinstance(error, CnnreproError):
        _say(str(error))
        return error.exit_status
    if hasattr(error, "format_message"):  # typer's own: an unknown command or option, a value of the wrong type
        _say(f"{error.format_message()} See `cnnrepro --help`.")
        return UsageError.exit_status
    if isinstance(error, OSError) and error.strerror:
        _say(f"{error.strerror}: {error.filename or 'a file'}. Nothing was lost; --debug shows where it happened.")
        return 1
    _say(f"an error of cnnrepro's own: {type(error).__name__}: {error}. --debug shows where it happened.")
    return 1


def _say(sentence: str) -> None:
    """A line to standard error, with a capital letter and no traceback."""
    if sys.stderr is not None:
        print(f"cnnrepro: {sentence}", file=sys.stderr)
