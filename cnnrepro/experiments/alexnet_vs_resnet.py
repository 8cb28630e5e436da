"""The flagship: the claim that AlexNet beats ResNet on MNIST over 5 epochs.

Three arms that differ in the network alone. The third is the condition under which the claim may turn round: Keras's
default batch-norm momentum of 0.99 keeps 0.99^k of the moving average's start after k steps, which at the 140 steps
of a small run is a quarter. Validation runs on those averages; training does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnrepro.errors import UsageError
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec

KERAS_MOMENTUM = 0.99


def arms(
    seeds: Sequence[int], learning_rate: float, batchnorm_momentum: float, train_images: int, **shared: object
) -> tuple[Arm, ...]:
    """The arms: AlexNet; ResNet-20 with Keras's batch-norm momentum; ResNet-20 with another.

    Args:
        seeds: one run an arm and seed; the same seed gives every arm the same data order.
        learning_rate: in place of the recipe's; 0 takes the recipe's.
        batchnorm_momentum: of the third arm; at 0.99 it would be the second, and is left out.
        train_images: use only so many training images; 0 takes all.
        **shared: dataset, recipe, epochs, batch_size and precision of all arms, as in ``RunSpec``.

    Raises:
        UsageError: a value that is out of range, or seeds that repeat.
    """
    if len(set(seeds)) != len(seeds):
        raise UsageError(f"seeds must differ from one another. Received: {list(seeds)}")
    shared |= {"learning_rate": learning_rate or None, "train_images": train_images or None}

    def arm(label: str, model: str, **options: float) -> Arm:
        return Arm(label, tuple(RunSpec(model=model, seed=seed, options=options, **shared) for seed in seeds))

    momenta = dict.fromkeys((KERAS_MOMENTUM, batchnorm_momentum))  # each once
    return (
        arm("AlexNet", "alexnet_small"),
        *(arm(f"ResNet-20, batch-norm momentum {value}", "resnet20", batchnorm_momentum=value) for value in momenta),
    )


EXPERIMENT = Experiment(
    name="alexnet_vs_resnet",
    title="AlexNet against ResNet-20",
    question="Does AlexNet reach a higher validation accuracy and a lower validation loss than ResNet, consistently, "
    "over 5 epochs?",
    expected="on mnist_5k, AlexNet is ahead of batch-norm momentum 0.99 and not of 0.9; two seeds leave it undecided",
    minutes=6.0,
    arms=arms,
    smoke={"seeds": [0, 1], "epochs": 2, "train_images": 256},
    heading="{title} on {data}, {epochs}",
)
