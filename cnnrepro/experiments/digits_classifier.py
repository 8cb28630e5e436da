"""One small classifier of digits, trained with its weights kept, for notebooks that look into a trained network."""

from __future__ import annotations

from cnnrepro.experiments.runs import Arm
from cnnrepro.training.spec import RunSpec

# LeNet-5 without zero padding, so that crops and one pass over a larger image agree to rounding, and with four times the
# published filters, so that there are 24 first-layer filters to look at.
OPTIONS = {"width": 4, "padded": False}


def plan(dataset: str, epochs: int, seed: int) -> tuple[Arm, ...]:
    """The one run: a wide LeNet-5 on a data set of grey 28x28 images.

    Args:
        dataset: name of a data set.
        epochs: passes over the training split.
        seed: of weights and data order.
    """
    spec = RunSpec(
        model="lenet5_modern", dataset=dataset, seed=seed, epochs=epochs, precision="float32", options=OPTIONS
    )
    return (Arm("LeNet-5, four times as wide", (spec,), keep_weights=True),)
