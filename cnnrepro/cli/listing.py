"""``cnnrepro list``: models, data sets, recipes, pipelines and experiments, as tables and JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, app, examples
from cnnrepro.cli.data import DATASETS_FOLDED, DATASETS_SPARE
from cnnrepro.console import echo, print_json, print_table, print_text, spell
from cnnrepro.errors import unknown


def models_rows() -> list[dict]:
    """One row a model."""
    from cnnrepro.models.catalogue import MODELS

    return [
        {
            "name": row.name,
            "title": row.title,
            "trainable_parameters": row.parameters,
            "input_shape": list(row.input_shape),
            "classes": row.classes,
            "options": {name: option.default for name, option in row.options.items()},
            "paper": row.paper,
        }
        for row in MODELS.values()
    ]


def datasets_rows() -> list[dict]:
    """One row a data set, with what is on this machine."""
    from cnnrepro import data

    return data.list_datasets()


def recipes_rows() -> list[dict]:
    """One row a recipe."""
    from cnnrepro.recipes.catalogue import RECIPES

    names = ("name", "optimizer", "learning_rate", "momentum", "weight_decay", "schedule")
    names += ("batch_size", "epochs", "pipeline", "source")
    return [
        _fields(row, *names) | {"schedule": str(row.schedule), "deviations": list(row.deviations())}
        for row in RECIPES.values()
    ]


def pipelines_rows() -> list[dict]:
    """One row a pipeline."""
    from cnnrepro import data

    return [
        {
            "name": row.name,
            "training": row.describe(),
            "test": f"{row.views} view{'s' * (row.views > 1)}",
            "source": row.source,
        }
        for row in data.PIPELINES.values()
    ]


def experiments_rows() -> list[dict]:
    """One row an experiment."""
    from cnnrepro.experiments.catalogue import EXPERIMENTS

    names = ("name", "title", "claims", "minutes", "expected", "question")
    return [_fields(row, *names) | {"claims": list(row.claims)} for row in EXPERIMENTS.values()]


def _fields(row: object, *names: str) -> dict:
    return {name: getattr(row, name) for name in names}


LISTINGS: dict[str, Callable[[], list[dict]]] = {
    "models": models_rows,
    "datasets": datasets_rows,
    "recipes": recipes_rows,
    "pipelines": pipelines_rows,
    "experiments": experiments_rows,
}

# What fits into the lines of a terminal; --json has all.
IN_TEXT: dict[str, tuple[str, ...]] = {
    "models": ("name", "trainable_parameters", "input_shape", "classes", "paper"),
    "recipes": (
        *("name", "optimizer", "learning_rate", "momentum", "weight_decay"),
        *("schedule", "batch_size", "epochs", "pipeline"),
    ),
    "experiments": ("name", "claims", "minutes", "question"),
}
# Where the last column is not the one whose cells may go over several lines; columns that go where the lines are short.
FOLDED = {"datasets": DATASETS_FOLDED, "recipes": "schedule", "pipelines": ("training", "source")}
SPARE = {
    "models": ("classes", "input_shape"),
    "datasets": DATASETS_SPARE,
    "recipes": ("pipeline", "momentum", "weight_decay", "batch_size", "epochs", "optimizer"),
    "pipelines": ("source", "test"),
    "experiments": ("claims", "minutes"),
}
HEADINGS = {"trainable_parameters": "parameters"}  # shorter than in JSON
# What is too long for a cell stands below the table, a line a row.
BELOW = {"recipes": ("source", "deviations")}


@app.command(
    "list",
    epilog=examples(
        "cnnrepro list",
        "cnnrepro list models",
        "cnnrepro list recipes --json",
    ),
)
def list_(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[models|datasets|recipes|pipelines|experiments]", autocompletion=complete.one_of(*LISTINGS)
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what there is: models, datasets, recipes, pipelines, experiments."""
    if what is not None and what not in LISTINGS:
        raise unknown("list", what, LISTINGS)
    chosen = {name: rows() for name, rows in LISTINGS.items() if what in (None, name)}
    if as_json:
        print_json(chosen[what] if what else chosen)
        return
    for name, rows in chosen.items():
        columns = IN_TEXT.get(name, tuple(rows[0]))
        echo(name.capitalize())
        cells = [[spell(row[column]) for column in columns] for row in rows]
        headings = [HEADINGS.get(column, column) for column in columns]
        print_table(headings, cells, fold=FOLDED.get(name, columns[-1]), spare=SPARE[name])
        for row in rows if name in BELOW else ():
            said = (spell(row[column]) for column in BELOW[name])
            print_text(f"{row['name']}: {'. '.join(filter(None, said))}.\n")
