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
    from cnnrepro.experiments.results import Arm


@dataclass(frozen=True)
class Experiment:
    """One row of the catalogue.

    Args:
        name: what users call it; also the name of its notebook.
        title: a heading for its page.
        question: what it finds out, in one sentence.
        claims: numbers of the statements in the ledger that its page gives verdicts on.
        expected: what was seen with the defaults, on which machine.
        minutes: on 2 CPU cores with the defaults, nothing trained before.
        plan: ``"module:function"`` that turns the notebook's parameters into arms of runs; empty where nothing is
            trained.
        figures: names of the figures its page must have.
    """

    name: str
    title: str
    question: str
    claims: tuple[int, ...]
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
        if not self.plan:
            return ()
        module, function = self.plan.split(":")
        return getattr(importlib.import_module(module), function)(**parameters)


EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            name="convolution_by_hand",
            title="Convolution by hand",
            question="What does a convolutional layer compute, forward and backward, and is it a convolution at all?",
            claims=(3, 6, 7, 8, 14, 48, 49, 54),
            expected="the notes' figures hold but two: 290,400 times 363, and the size of the filter matrix",
            minutes=0.4,
            plan="",
            figures=(
                "one_cell",
                "sliding",
                "variants",
                "volume",
                "feature_maps",
                "settings",
                "colours",
                "impulse",
                "depth",
                "columns",
                "backward",
                "shared",
            ),
        ),
        Experiment(
            name="geometry_and_receptive_fields",
            title="Sizes and receptive fields",
            question="How large is the output of a layer, and how much of the picture does one unit see?",
            claims=(1, 2, 4, 11, 12, 13, 15, 20, 52, 59, 60),
            expected="the formulas hold under conditions: rounding down, and stride 1",
            minutes=0.4,
            plan="",
            figures=(
                "windows",
                "sizes_down",
                "fields",
                "growth",
                "recursion",
                "dilation",
                "holes",
                "effective",
                "profiles",
            ),
        ),
        Experiment(
            name="pooling",
            title="Pooling",
            question="What do max, average and L2 pooling keep, what do they throw away, and where does the gradient "
            "go?",
            claims=(9, 10, 50, 51, 53),
            expected="three quarters go for even sizes; parameters are saved only where a dense layer follows",
            minutes=0.4,
            plan="",
            figures=("kinds", "winners", "side_by_side", "repeated", "discarded", "shifts", "savings"),
        ),
        Experiment(
            name="architectures",
            title="The classic architectures",
            question="How large are LeNet, AlexNet, ZFNet, VGG, GoogLeNet and ResNet, and what do they cost?",
            claims=(5, 17, 18, 19, 21, 49, 55, 58, 63),
            expected="parameters as published; Inception v1 has 7 million, not 4",
            minutes=0.4,
            plan="",
            figures=("volumes", "costs", "shares", "error", "memory", "batches", "patterns"),
        ),
        Experiment(
            name="dense_to_convolution",
            title="Dense layers as convolutions",
            question="Can a trained classifier be slid over a larger image in one pass and give the numbers of crops?",
            claims=(16,),
            expected="equal to rounding without zero padding, nowhere with it; at best a tenth of the multiply-adds",
            minutes=0.5,
            plan="cnnrepro.experiments.digits_classifier:plan",
            figures=("class_map", "two_ways", "borders", "savings"),
        ),
        Experiment(
            name="what_the_filters_see",
            title="What the filters see",
            question="What do the filters and feature maps of a network trained on digits look like, and what does its "
            "answer depend on?",
            claims=(),
            expected="first filters become smoother and stay near their start; few places of an image decide its class",
            minutes=0.5,
            plan="cnnrepro.experiments.digits_classifier:plan",
            figures=("filters", "feature_maps", "patches", "occlusion", "curves"),
        ),
        Experiment(
            name="alexnet_pipeline",
            title="AlexNet’s data pipeline",
            question="What became of a photograph in 2012 on its way into the network, and is each stage what the "
            "paper says?",
            claims=(),
            expected="every stage keeps what is promised of it; most of the colour noise is a change of light",
            minutes=0.4,
            plan="",
            figures=("canvas", "mean", "places", "windows", "colours", "noise", "ten_crops", "batch", "digits"),
        ),
        Experiment(
            name="train_on_your_images",
            title="Training on your images",
            question="How well does a classic network tell the classes of a folder of pictures apart?",
            claims=(),
            expected="pieces of a temple and of a flower are told apart nearly always",
            minutes=1.0,
            plan="cnnrepro.experiments.train_on_your_images:plan",
            figures=("examples", "seen", "curves", "training_curves", "confusion", "mistakes", "least_sure"),
        ),
        Experiment(
            name="claims",
            title="The ledger",
            question="Which statements of the lecture notes hold?",
            claims=(),
            expected="every check gives its recorded verdict",
            minutes=0.7,
            plan="",
            figures=("tally",),
        ),
        Experiment(
            name="alexnet_vs_resnet",
            title="AlexNet against ResNet on MNIST",
            question="Does AlexNet reach a higher validation accuracy and a lower validation loss than ResNet, "
            "consistently, over 5 epochs?",
            claims=(30,),
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
