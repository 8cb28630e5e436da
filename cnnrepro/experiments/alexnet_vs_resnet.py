"""The flagship: the claim that AlexNet is consistently ahead of ResNet on MNIST over 5 epochs.

Decided beforehand:

- Pairs. ``course``: the pair as the claim's source most likely had it, a cut-down AlexNet without dropout and a ResNet
  of three blocks, as a public course project wrote them (2,273,802 and 224,394 parameters): batches of 64, pixels
  divided by 255, Keras's batch normalisation as it comes. ``own``: this project's small AlexNet and ResNet-20, batches
  of 128, standardised pixels.
- Both networks of a pair have the same images in the same order, the same steps and the same recipe: Adam at Keras's
  defaults, as in the source. So no rate was searched for; a study of which network is better would have to.
- A seed *shows the picture* where AlexNet has the higher validation accuracy and the lower validation loss after every
  epoch: ten comparisons of ten, as in the notes' picture.
- "Consistently" is the share of seeds that show it, with its Clopper-Pearson interval at 95 %: above one half the claim
  holds, below it does not, else it is undecided; so it is with fewer than five seeds.
- Four comparisons decide, in this order, each as long as all before it are decided, so that the level is that of one:
  the course's pair by Keras's own averages; this project's; both again with batch norm's statistics re-estimated on
  training images, on the same weights. The first two are the claim as it stands. Where the others turn it round, it
  *holds if* batch norm is judged by its moving averages.
- All else is looked at and decides nothing: averages without their start, averages of momentum 0.9, a rate that falls
  to 0, AlexNet without dropout, float32.
- Seeds: 0 to 9 on mnist_5k, with all arms; 0 to 5 on MNIST, with both pairs at the constant rate. They are judged once,
  when all are there. Pilot runs had seeds from 100 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnrepro.errors import UsageError, brief, unknown
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec

OTHER_MOMENTUM = 0.9
# How batch norm is judged -> what is behind the names of the curves.
WAYS = {
    "Keras’s averages": "",
    "averages without their start": "_unstarted",
    f"averages of momentum {OTHER_MOMENTUM:g}": f"_momentum_{OTHER_MOMENTUM:g}",
    "re-estimated statistics": "_reestimated",
}
NETWORKS = ("own", "course", "both")
DECIDING = ("Keras’s averages", "re-estimated statistics")  # ways, in the order in which they decide
FALLING, DROPLESS, SINGLE = "falling rate", "no dropout", "float32"
KINDS = ("course", "own")  # in the order in which they decide
ALEXNET = {"course": "course AlexNet", "own": "small AlexNet"}
RESNET = {"course": "course ResNet", "own": "ResNet-20"}


@dataclass(frozen=True)
class Pairing:
    """An AlexNet and the ResNet that it is held against.

    Args:
        alexnet, resnet: the labels of their arms.
        condition: what differs from the claim as it stands; "" where nothing does.
    """

    alexnet: str
    resnet: str
    condition: str


def _label(name: str, *conditions: str) -> str:
    return ", ".join([name, *filter(None, conditions)])


def pairings(labels: Sequence[str]) -> list[Pairing]:
    """The pairs among the arms with these labels; those in float32 are none, as they have one seed."""
    found = []
    for rate in ("", FALLING):
        for kind in KINDS:
            for dropout in ("", DROPLESS):
                first, second = _label(ALEXNET[kind], dropout, rate), _label(RESNET[kind], rate)
                if first in labels and second in labels:
                    found.append(Pairing(first, second, ", ".join(filter(None, (dropout, rate)))))
    return found


def arms(
    seeds: Sequence[int],
    networks: str,
    falling: bool,
    dropless: bool,
    float32: bool,
    recipe: str,
    learning_rate: float,
    batch_size: int,
    batchnorm_momentum: float,
    train_images: int,
    **shared: object,
) -> tuple[Arm, ...]:
    """The arms, in the order in which they are trained.

    Args:
        seeds: one run an arm and seed.
        networks: "own", "course" or "both".
        falling: also with a rate that falls to 0.
        dropless: also the own AlexNet without dropout, at the constant rate.
        float32: also the first seed in float32.
        recipe: how they are trained.
        learning_rate: in place of the recipe's; 0 takes the recipe's.
        batch_size: images a step; 0 takes 128, and 64 for the course's pair.
        batchnorm_momentum: of ResNet-20.
        train_images: use only so many training images; 0 takes all.
        **shared: dataset, epochs and precision of all arms, as in ``RunSpec``.

    Raises:
        UsageError: a value that is out of range, or seeds that repeat.
    """
    if len(set(seeds)) != len(seeds):
        raise UsageError(f"seeds must differ from one another. Received: {brief(list(seeds))}")
    if networks not in NETWORKS:
        raise unknown("choice of networks", networks, NETWORKS)
    if falling and recipe != "adam":
        raise UsageError(f"The falling rate is that of Adam; leave recipe={recipe!r} or falling out.")
    shared |= {"learning_rate": learning_rate or None, "train_images": train_images or None}

    def arm(kind: str, name: str, model: str, *conditions: str, **options: object) -> Arm:
        of_course = {"batch_size": 64, "pipeline": "unit"} if kind == "course" else {"batch_size": 128}
        fields = {**shared, **of_course, "recipe": "adam-linear" if FALLING in conditions else recipe}
        if batch_size:
            fields["batch_size"] = batch_size
        if "resnet" in model:
            fields["momenta"] = (OTHER_MOMENTUM,)
        chosen = seeds
        if SINGLE in conditions:
            fields, chosen = fields | {"precision": "float32"}, seeds[:1]
        specs = tuple(RunSpec(model=model, seed=seed, options=options, **fields) for seed in chosen)
        return Arm(_label(name, *conditions), specs)

    made = []
    for rate in ("", FALLING) if falling else ("",):
        for kind in KINDS if networks == "both" else (networks,):
            first, second = ("alexnet_small", "resnet20") if kind == "own" else ("mnist_alexnet", "mnist_resnet")
            momentum = {"batchnorm_momentum": batchnorm_momentum} if kind == "own" else {}
            made.append(arm(kind, ALEXNET[kind], first, rate))
            if dropless and kind == "own" and not rate:
                made.append(arm(kind, ALEXNET[kind], first, DROPLESS, rate, dropout=0.0))
            made.append(arm(kind, RESNET[kind], second, rate, **momentum))
            if float32 and not rate:
                made.append(arm(kind, ALEXNET[kind], first, SINGLE))
                made.append(arm(kind, RESNET[kind], second, SINGLE, **momentum))
    return tuple(made)


EXPERIMENT = Experiment(
    name="alexnet_vs_resnet",
    title="AlexNet against ResNet",
    question="Does AlexNet reach a higher validation accuracy and a lower validation loss than ResNet, consistently, "
    "over 5 epochs?",
    expected="AlexNet is ahead where batch norm is judged by Keras's moving averages, and not where its statistics are "
    "re-estimated",
    minutes=7.0,
    arms=arms,
    smoke={"seeds": [0, 1], "epochs": 2, "train_images": 256},
    heading="{title} on {data}, {epochs}",
)
