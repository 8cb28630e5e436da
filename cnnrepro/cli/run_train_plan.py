"""``cnnrepro run``, ``train`` and ``plan``: what trains, and what says beforehand what that takes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli.app import (
    AsJson,
    BatchSize,
    Epochs,
    Options,
    Pipeline,
    Recipe,
    Reports,
    Runs,
    app,
    reports_dir,
    runs_dir,
    say,
)
from cnnrepro.console import print_json, print_table
from cnnrepro.errors import UsageError


@app.command()
def run(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT|NOTEBOOK|BATCH.yaml",
            help="A name of `cnnrepro list`, a notebook's path, or a file that lists experiments; several are fine.",
        ),
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter of its notebook; several values (0.9,0.99 or 1..5, texts as [adam,sgd]) make several "
            "pages. May be repeated.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, metavar="N", help="Trainings side by side.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on a running Dask cluster, such as tcp://10.0.0.1:8786."),
    ] = None,
    retry: Annotated[int, typer.Option(min=0, metavar="N", help="Try a run that met an error so often again.")] = 0,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="End with the first failure.")] = False,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Memory of each job, such as 4GiB.", show_default="an equal share"),
    ] = None,
    runs: Runs = None,
    reports: Reports = None,
) -> None:
    """Train what is missing, run the notebooks and write their reports. Each line of the output is a page's path."""
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.runner import batch
    from cnnrepro.runner.tasks import Plan, parse_memory
    from cnnrepro.training.stop import on_signals

    if memory is not None and (jobs == 1 or scheduler is not None):
        raise UsageError("--memory is for the jobs of this machine; give --jobs 2 or more, and no --scheduler.")
    store = runs_dir(runs)
    how = Plan(jobs=jobs, scheduler=scheduler, retry=retry, fail_fast=fail_fast, memory=parse_memory(memory))
    with paths.runs_at(store):
        pages = batch.jobs_of(targets, parse_assignments(parameter or ()))
    with on_signals() as stop:
        batch.run(pages, how, runs=store, reports=reports_dir(reports), stop=stop, drawn=_say_page)


def _say_page(page: Path) -> None:
    with contextlib.suppress(BrokenPipeError):  # `cnnrepro run … | head -1`: the other pages are wanted all the same
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
    track: Annotated[
        list[str] | None, typer.Option(help="Show it in tensorboard or mlflow too; may be repeated.", metavar="TRACKER")
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT,…",
            help="Train on several machines, worker 0's address first; auto in Slurm and Kubernetes; local: all "
            "devices of this machine. Needs KERAS_BACKEND=jax.",
            show_default=False,
        ),
    ] = None,
    worker: Annotated[
        int | None,
        typer.Option(metavar="N", help="Which of the workers this is, from 0.", show_default="by the addresses"),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Write its page too; the last line is its path.")] = False,
    runs: Runs = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Train one run, or load it where the store has it."""
    from cnnrepro import models
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.runs.spec import RunSpec
    from cnnrepro.training.stop import on_signals
    from cnnrepro.training.workers import launch

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
    with on_signals() as stop:
        record = launch.train(
            spec,
            runs=runs_dir(runs),
            keep_weights=keep_weights,
            cache=cache,
            placement=placement,
            stop=stop,
            track=track or None,
            workers=workers,
            worker=worker,
            say=say,
        )
    page = ""
    if report and launch.is_chief(workers, worker):
        from cnnrepro.runner import page as build

        page = str(build.build(build.of_record(record), runs=runs_dir(runs), reports=reports_dir(reports)))
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
    from cnnrepro.training.plan.estimate import plan as plan_run

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
