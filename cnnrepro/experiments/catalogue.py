"""The catalogue of experiments. Plain data: commands list and check it without loading Keras.

To add an experiment: write its plan in a file of this folder, its notebook in ``notebooks/``, an entry here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.errors import unknown

if TYPE_CHECKING:
    from cnnrepro.experiments.runs import Arm


@dataclass(frozen=True)
class Experiment:
    """One row of the catalogue.

    Args:
        name: what users call it; also the name of its notebook.
        title: a heading for its page.
        question: what it finds out, in one sentence.
        claim: number of the statement in the ledger.
        expected: what was seen with the defaults, on which machine.
        minutes: on 2 CPU cores with the defaults, nothing trained before.
        plan: ``"module:function"`` that turns the notebook's parameters into arms of runs.
        figures: names of the figures its page must have.
    """

    name: str
    title: str
    question: str
    claim: int
    expected: str
    minutes: float
    plan: str
    figures: tuple[str, ...]

    @property
    def notebook(self) -> Path:
        """The notebook's path."""
        return paths.notebooks_dir() / f"{self.name}.ipynb"

    def arms(self, parameters: Mapping[str, object]) -> tuple[Arm, ...]:
        """The runs of this experiment under its notebook's (complete) parameters; raises UsageError for a bad value."""
        module, function = self.plan.split(":")
        return getattr(importlib.import_module(module), function)(**parameters)


EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            name="alexnet_vs_resnet",
            title="AlexNet against ResNet on MNIST",
            question="Does AlexNet reach a higher validation accuracy and a lower validation loss than ResNet, "
            "consistently, over 5 epochs?",
            claim=30,
            expected="on mnist_5k it holds against batch-norm momentum 0.99 and not against 0.9",
            minutes=6.0,
            plan="cnnrepro.experiments.alexnet_vs_resnet:plan",
            figures=("digits", "curves", "paired", "confusion", "mistakes"),
        ),
    )
}


def experiment(name: str) -> Experiment:
    """The experiment of that name; raises UsageError that lists the known ones."""
    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]
