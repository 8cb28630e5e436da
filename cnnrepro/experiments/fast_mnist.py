"""How fast MNIST can be learned on a CPU: the recipe fast-mnist, and what each of its parts is worth.

Decided before the runs that count: the recipe and its constants, chosen on images held out of the training images with
seeds that are not used here; the number of epochs; the accuracy to be reached, 99 % on MNIST and 98 % on the embedded
digits; that an arm of the ablation differs from the recipe in one part and keeps the recipe's learning rate unless that
is the part. So an arm says what leaving a part out does, not what the best recipe without it would do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnrepro.errors import UsageError, brief
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec

# What is to be reached on the test images, and how. The embedded digits are few: they are seen more often, each time
# shifted by a little. In a trial on 3,500 digits of MNIST's training images shifts were worth 0.9 points on others.
TARGETS = {"mnist": 0.99, "mnist_5k": 0.98}
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "mnist": {},
    "mnist_5k": {"epochs": 12, "batch_size": 64, "pipeline": "shifted-digits"},
}
RECIPE, MODEL = "fast-mnist", "fast_convnet"


def target(dataset: str) -> float:
    """The accuracy to be reached on the test images; raises UsageError where there is none."""
    if dataset not in TARGETS:
        raise UsageError(f"fast_mnist is about {' and '.join(TARGETS)}. Received: dataset={dataset!r}")
    return TARGETS[dataset]


def arms(
    dataset: str, seeds: Sequence[int], ablation_seeds: int, epochs: int, precision: str, **others: object
) -> tuple[Arm, ...]:
    """The arms: the recipe as it is, then without one of its parts each.

    Args:
        dataset: a name of ``TARGETS``.
        seeds: one run of the recipe a seed.
        ablation_seeds: the first so many of them have a run of each ablation too; 0 leaves the ablations out.
        epochs: in place of those of the data set; 0 takes those.
        precision: as in ``RunSpec``; an ablation computes in float32.
        **others: parameters of the notebook that are about the race.

    Raises:
        UsageError: a value that is out of range, or seeds that repeat.
    """
    target(dataset)
    if len(set(seeds)) != len(seeds):
        raise UsageError(f"seeds must differ from one another. Received: {brief(list(seeds))}")
    if not 0 <= ablation_seeds <= len(seeds):
        raise UsageError(
            f"ablation_seeds must lie in 0 to {len(seeds)}, as many as seeds has. Received: {ablation_seeds}"
        )
    if others.get("rounds", 1) < 1 or others.get("peer_epochs", 0) < 0:
        raise UsageError("rounds must be at least 1, and peer_epochs at least 0.")
    whole = {"model": MODEL, "dataset": dataset, "recipe": RECIPE, "precision": precision, **SETTINGS[dataset]}
    whole |= {"epochs": epochs} if epochs else {}
    shifted = {"digits not shifted": {"pipeline": "plain"}} if "pipeline" in whole else {}

    def arm(label: str, count: int, **changes: object) -> Arm:
        return Arm(label, tuple(RunSpec(**{**whole, **changes}, seed=seed) for seed in seeds[:count]))

    recipe = arm("fast-mnist", len(seeds))
    if not ablation_seeds:
        return (recipe,)
    first = recipe.specs[0]
    without = {
        "the rate stays": {"recipe": "fast-mnist-constant"},
        "the rate only falls": {"recipe": "fast-mnist-falling"},
        "labels as they are": {"recipe": "fast-mnist-unsmoothed"},
        "no batch normalisation": {"options": {"normalization": "none"}},
        "the network of keras.io": {"model": "keras_io_convnet"},
        "Adam’s usual rate, 0.001": {"learning_rate": 0.001},
        "batches twice as large": {"batch_size": 2 * first.batch_size},
        # as many steps, each of half the images
        "half the epochs, half the batch": {
            "epochs": max(1, first.epochs // 2),
            "batch_size": first.batch_size // 2,
        },
        "computed in float32": {"precision": "float32"},
        **shifted,
    }
    return (recipe, *(arm(label, ablation_seeds, **changes) for label, changes in without.items()))


EXPERIMENT = Experiment(
    name="fast_mnist",
    title="MNIST in seconds",
    question="How many seconds does it take on a CPU from an untrained network to 99 % on MNIST, or to 98 % on 5,000 "
    "digits?",
    expected="98 % on the embedded digits in a few seconds of training; one seed an ablation says little of it",
    minutes=5.0,
    arms=arms,
    smoke={"seeds": [0, 1], "ablation_seeds": 1, "epochs": 1, "rounds": 1, "peer_epochs": 1},
    heading="{title}: {data}, {epochs}",
)
