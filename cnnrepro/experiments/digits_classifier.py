"""One small classifier of digits, trained with its weights kept, and the two experiments that look into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro import data
from cnnrepro.errors import UsageError, brief
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec
from cnnrepro.training.epoch import build, numeric_mode
from cnnrepro.training.resolve import resolve

if TYPE_CHECKING:
    import keras

# LeNet-5 without zero padding, so that crops and one pass over a larger image agree to rounding, and with four times
# the published filters, so that there are 24 first-layer filters to look at.
OPTIONS = {"width": 4, "padded": False}


def arms(dataset: str, epochs: int, seed: int) -> tuple[Arm, ...]:
    """The one run: a wide LeNet-5 on a data set of grey images.

    Args:
        dataset: name of a data set.
        epochs: passes over the training split.
        seed: of weights and data order.

    Raises:
        UsageError: an unknown data set, one of colour images, or a value out of range.
    """
    shape = data.info(dataset).input_shape
    if shape[2] != 1:
        raise UsageError(f"Filters and feature maps are drawn for grey images. Received: {brief(dataset)}, {shape}")
    spec = RunSpec(
        model="lenet5_modern", dataset=dataset, seed=seed, epochs=epochs, precision="float32", options=OPTIONS
    )
    return (Arm("LeNet-5, four times as wide", (spec,), keep_weights=True),)


def untrained(arm: Arm, splits: data.Splits | None = None) -> keras.Model:
    """The network of an arm's first run as training began: the same seed, so the same initial weights.

    Args:
        arm: the arm.
        splits: its data, where they are loaded already.
    """
    run = resolve(arm.specs[0], splits)
    with numeric_mode(run):
        return build(run)


DENSE_TO_CONVOLUTION = Experiment(
    name="dense_to_convolution",
    title="Dense layers as convolutions",
    question="Can a trained classifier be slid over a larger image in one pass and give the numbers of crops?",
    expected="equal to rounding without zero padding, nowhere with it; at best a tenth of the multiply-adds",
    minutes=0.5,
    arms=arms,
)

WHAT_THE_FILTERS_SEE = Experiment(
    name="what_the_filters_see",
    title="What the filters see",
    question="What do the filters and feature maps of a network trained on digits look like, and what does its answer "
    "depend on?",
    expected="first filters become smoother and stay near their start; few places of an image decide its class",
    minutes=0.5,
    arms=arms,
)
