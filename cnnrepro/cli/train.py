"""``cnnrepro train``: one run."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnrepro.cli import complete
from cnnrepro.cli.app import (
    AsJson,
    BatchSize,
    Epochs,
    Model,
    Options,
    Pipeline,
    Recipe,
    Reports,
    Runs,
    app,
    examples,
    reports_dir,
    runs_dir,
    say,
)
from cnnrepro.console import echo, echo_path, print_json
from cnnrepro.stderr import make_steps


@app.command(
    epilog=examples(
        "cnnrepro train lenet5_modern --dataset mnist_5k --keep-weights",
        "cnnrepro train resnet20 --dataset mnist_5k --epochs 3 --seed 1 --report",
        "cnnrepro train alexnet_small --dataset folder:holiday --canvas 64",
    ),
)
def train(
    model: Model,
    dataset: Annotated[
        str,
        typer.Option(help="A name of `cnnrepro list datasets`, or folder:PATH.", autocompletion=complete.datasets),
    ],
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
    evaluate: Annotated[
        str, typer.Option(help="Batch norm in the test and the weights kept: as_trained, or reestimated.")
    ] = "as_trained",
    momenta: Annotated[
        list[float] | None,
        typer.Option(metavar="M", help="Judge batch norm by this momentum's averages too; may be repeated."),
    ] = None,
    cache: Annotated[
        str, typer.Option(help="Where photographs are kept between epochs: disk, memory, none or auto.")
    ] = "auto",
    placement: Annotated[
        str, typer.Option(help="Where images are augmented: cpu, step (on the GPU, if there is one) or auto.")
    ] = "auto",
    keep_weights: Annotated[bool, typer.Option(help="Write weights.keras beside the record.")] = False,
    track: Annotated[
        list[str] | None, typer.Option(help="Show it in a tracker too: tensorboard.", metavar="TRACKER")
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
    from cnnrepro.training.several_machines import launch
    from cnnrepro.training.stop import request_on_signals

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
        evaluate=evaluate,
        momenta=tuple(momenta or ()),
    )
    if workers is None:  # several of them choose their devices before Keras is loaded
        _load_keras(spec.title())
    with request_on_signals() as stop:
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
        )
    if launch.is_chief(workers, worker) and (remark := record.remark()):
        say(remark)
    page = ""
    if report and launch.is_chief(workers, worker):
        from cnnrepro.runner.make_pages import make_pages
        from cnnrepro.runner.request import request_of_run

        page = str(make_pages([request_of_run(record)], runs=runs_dir(runs), reports=reports_dir(reports))[0])
    if as_json:
        print_json(record.to_dict() | ({"report": page} if page else {}))
        return
    echo(f"{record.key}  {record.sentence()}")
    if page:
        echo_path(page)


def _load_keras(title: str) -> None:
    """Load it with a word on it: it takes seconds, in which nothing else is to be seen."""
    with make_steps(title) as steps:
        steps.step("loads Keras")
        steps.show()
        from cnnrepro import engine  # noqa: F401
