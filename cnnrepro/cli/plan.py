"""``cnnrepro plan``: what a training takes, before it starts."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, BatchSize, Epochs, Model, Options, Pipeline, Recipe, app, examples
from cnnrepro.console import print_json, print_table


@app.command(
    epilog=examples(
        "cnnrepro plan resnet20 mnist_5k",
        "cnnrepro plan alexnet imagenet2012 --recipe alexnet-2012 --device gtx580",
    ),
)
def plan(
    model: Model,
    dataset: Annotated[
        str,
        typer.Argument(
            help="A name of `cnnrepro list datasets`; it need not be here.", autocompletion=complete.datasets
        ),
    ],
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
    from cnnrepro.training.plan.estimate import estimate

    result = estimate(
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
        print_json(result)
        return
    print_table(["what", "value", "basis"], result.rows(), fold="basis")
