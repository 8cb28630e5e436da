"""``cnnrepro compare``: which network is better, by how much, and is it sure."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, BatchSize, Epochs, Pipeline, Reports, Runs, app, examples, reports_dir, runs_dir
from cnnrepro.console import echo, echo_path, print_json, print_table
from cnnrepro.errors import UsageError, brief


@app.command(
    epilog=examples(
        "cnnrepro compare lenet5_modern resnet20 --dataset mnist_5k --seeds 0..9",
        "cnnrepro compare resnet20 nets.py:tiny --dataset mnist_5k --looks 5,10 --tune",
        "cnnrepro compare 1f3a 90bc",
    ),
)
def compare(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL MODEL…|KEY KEY…",
            help="Two or more networks: names of `cnnrepro list models`, layer patterns, FILE.keras, FILE.py:FUNCTION "
            "or MODULE:FUNCTION; they are A, B, C … Or keys of runs, which are compared with the seeds they have.",
            autocompletion=complete.networks,
        ),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="A name of `cnnrepro list datasets`, or folder:PATH.",
            show_default=False,
            autocompletion=complete.datasets,
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0..9 or 1,2,3.", show_default="0..4, or as many as the last look")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--option",
            metavar="[A:]NAME=VALUE",
            help="An option of the networks, or of A alone; also recipe, epochs, learning_rate … May be repeated.",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="A name of `cnnrepro list recipes`.", show_default="adam", autocompletion=complete.recipes),
    ] = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: Annotated[float | None, typer.Option(help="In place of the recipe's.", show_default=False)] = None,
    train_images: Annotated[
        int | None, typer.Option(help="Use only so many training images.", show_default="all")
    ] = None,
    pipeline: Pipeline = None,
    precision: Annotated[
        str | None, typer.Option(help="auto, float32, mixed_bfloat16 or mixed_float16.", show_default="auto")
    ] = None,
    metric: Annotated[str, typer.Option(help="accuracy, error or loss, on the test images.")] = "accuracy",
    margin: Annotated[
        float | None,
        typer.Option(
            help="The smallest difference that matters, in points.",
            show_default="1 on mnist_5k, 0.2 on mnist, 0.5 on fashion_mnist and cifar10",
        ),
    ] = None,
    looks: Annotated[
        str | None,
        typer.Option(
            help="Seeds after which to look, such as 5,10,20: it ends when it is decided.", show_default=False
        ),
    ] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Choose each network's learning rate first, by the same small search.")
    ] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, metavar="N", help="Trainings side by side.")] = 1,
    runs: Runs = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Say which network is better, by how much, and whether it is sure. The last line is the path of its page."""
    from cnnrepro.experiments.parameters import items_of
    from cnnrepro.lessons.compare import PAIR_COLUMNS, answer, pair_rows
    from cnnrepro.runner import compare as comparing
    from cnnrepro.training.stop import request_on_signals

    said = {
        **{"recipe": recipe, "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate},
        **{"train_images": train_images, "pipeline": pipeline, "precision": precision},
    }
    said = {name: value for name, value in said.items() if value is not None}
    store = runs_dir(runs)
    keys = comparing.keys_of(store, models)
    if keys:
        if dataset or seeds or option or said or tune:
            raise UsageError("Runs that are there say themselves how they were trained; leave the other options out.")
        call = comparing.of_records(store, keys)
    else:
        if dataset is None:
            raise UsageError("--dataset is missing: a name of `cnnrepro list datasets`, or folder:PATH.")
        call = {"models": models, "dataset": dataset, "options": option or [], "tune": tune, **said}
        call |= {"seeds": _numbers("--seeds", seeds, items_of)} if seeds else {}
    with request_on_signals() as stop:
        made = comparing.compare(
            **call,
            metric=metric,
            margin=margin,
            looks=_numbers("--looks", looks, items_of) if looks else (),
            jobs=jobs,
            runs=store,
            reports=reports_dir(reports),
            stop=stop,
        )
    if as_json:
        print_json(made.to_dict())
        return
    print_table(list(PAIR_COLUMNS), pair_rows(made), right=PAIR_COLUMNS[2:4])
    echo(answer(made))
    echo_path(made.page)


def _numbers(name: str, text: str, items_of) -> list[int]:
    items = items_of(text, texts=False)
    if not items or not all(type(item) is int for item in items):
        raise UsageError(f"{name} must be whole numbers, such as 0..9 or 1,2,3. Received: {brief(text)}")
    return items
