"""The rows of `cnnrepro list` and `cnnrepro runs`: plain values, for tables and JSON."""

from __future__ import annotations

from collections.abc import Callable

from cnnrepro import data
from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.models.table import MODELS
from cnnrepro.recipes.table import RECIPES
from cnnrepro.runs.record import DONE, RunRecord


def models() -> list[dict]:
    """One row a model."""
    return [
        {
            "name": one.name,
            "title": one.title,
            "trainable_parameters": one.parameters,
            "input_shape": list(one.input_shape),
            "classes": one.classes,
            "options": {name: option.default for name, option in one.options.items()},
            "paper": one.paper,
        }
        for one in MODELS.values()
    ]


def datasets() -> list[dict]:
    """One row a data set, with what is on this machine."""
    return data.list_datasets()


def recipes() -> list[dict]:
    """One row a recipe."""
    return [
        {
            "name": one.name,
            "optimizer": one.optimizer,
            "learning_rate": one.learning_rate,
            "momentum": one.momentum,
            "weight_decay": one.weight_decay,
            "schedule": one.schedule.describe(),
            "batch_size": one.batch_size,
            "epochs": one.epochs,
            "pipeline": one.pipeline,
            "source": one.source,
        }
        for one in RECIPES.values()
    ]


def pipelines() -> list[dict]:
    """One row a pipeline."""
    return [
        {
            "name": one.name,
            "training": one.describe(),
            "test": f"{one.views} view{'s' * (one.views > 1)}",
            "source": one.source,
        }
        for one in data.PIPELINES.values()
    ]


def experiments() -> list[dict]:
    """One row an experiment."""
    return [
        {
            "name": one.name,
            "title": one.title,
            "claims": list(one.claims),
            "minutes": one.minutes,
            "expected": one.expected,
            "question": one.question,
        }
        for one in EXPERIMENTS.values()
    ]


LISTINGS: dict[str, Callable[[], list[dict]]] = {
    "models": models,
    "datasets": datasets,
    "recipes": recipes,
    "pipelines": pipelines,
    "experiments": experiments,
}

# What fits into the lines of a terminal; --json has all.
IN_TEXT: dict[str, tuple[str, ...]] = {
    "models": ("name", "trainable_parameters", "input_shape", "classes", "paper"),
    "experiments": ("name", "claims", "minutes", "question"),
}


def run_row(record: RunRecord, active: bool) -> dict[str, str]:
    """One row of the table of runs.

    Args:
        record: the run.
        active: whether a living process is training it.
    """
    spec = record.spec
    last = {name: values[-1] for name, values in record.history.items()}
    return {
        "key": record.key,
        "status": record.state(active),
        "run": spec.title(),
        "recipe": spec.recipe,
        "epochs": f"{record.epochs_done}/{spec.epochs}",
        "val accuracy": f"{last['val_accuracy']:.4f}" if last else "",
        "test accuracy": f"{record.test['accuracy']:.4f}" if record.status == DONE else "",
        "minutes": f"{record.wall_seconds / 60:.1f}",
    }
