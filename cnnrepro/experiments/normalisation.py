"""Statement 31: does normalisation do next to nothing?

Decided beforehand: the arms, seeds and contrasts below, and the rules of ``claims.contrasts``. Each arm has the
learning rate that the same search found for it, and once more ten times that rate. All arms of a kind see the same
images in the same order. ResNet-20 has batch norm, or biases in its place. Batch norm's moving averages have momentum
0.9; by re-estimated statistics, on the same weights, it is looked at.
"""

from __future__ import annotations

from cnnrepro.experiments.base_network import BASE, BASE_OPTIONS, PHOTOGRAPHS, SMALL_DIGITS, base
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.run_scores import REESTIMATED_ERROR
from cnnrepro.experiments.study import SAME, ArmDesign, Contrast, Design, Setting, Study, minus

LRN, BATCH, NONE = "LRN", "batch norm", "none"  # LRN: local response normalisation
TEN_TIMES = "ten times the rate"
FAST_LRN, FAST_BATCH, FAST_NONE = (f"{name}, {TEN_TIMES}" for name in (LRN, BATCH, NONE))
DEEP, DEEP_NONE = "ResNet-20, batch norm", "ResNet-20, none"
MARGIN = 0.5  # points


def _deep(label: str, normalization: str, rate: float) -> ArmDesign:
    options = {"normalization": normalization}
    return ArmDesign(label, "resnet20", options, seeds=5, rate=rate, setting="deep")


def _fast(label: str, **options: object) -> ArmDesign:
    return ArmDesign(label, BASE, {**BASE_OPTIONS, **options}, seeds=5, times=10.0)


DESIGN = Design(
    arms=(
        base(NONE),
        base(LRN, normalization="lrn"),
        base(BATCH, normalization="batch"),
        _fast(FAST_NONE),
        _fast(FAST_LRN, normalization="lrn"),
        _fast(FAST_BATCH, normalization="batch"),
        _deep(DEEP_NONE, "none", 1e-3),
        _deep(DEEP, "batch", 1e-3),
    ),
    settings={"": PHOTOGRAPHS, "deep": Setting("cifar10", 10, 5000)},
    small={"": SMALL_DIGITS, "deep": Setting("mnist_5k", 3, 1000)},
    studies=(
        Study(
            number=31,
            published="Krizhevsky et al. 2012, section 3.3: local response normalisation lowers ImageNet's top-1 and "
            "top-5 error by 1.4 and 1.2 points, and a four-layer network's error on CIFAR-10 from 13 to 11 %. "
            "Simonyan and Zisserman 2015, section 4.1: it brings VGG nothing. Ioffe and Szegedy 2015: with batch "
            "norm a network reaches the same accuracy in a fourteenth of the steps. Mishkin et al. 2017, CaffeNet at "
            "128 pixels, one run each: top-1 accuracy 47.1 % with local response normalisation, 47.4 to 49.9 % with "
            "batch norm.",
            arms=(NONE, LRN, BATCH, FAST_NONE, FAST_LRN, FAST_BATCH, DEEP_NONE, DEEP),
            contrasts=(
                Contrast(f"{LRN} minus none", minus(LRN, NONE), SAME, MARGIN, part=0),
                Contrast(f"{BATCH} minus none", minus(BATCH, NONE), SAME, MARGIN, part=1),
                Contrast(
                    f"{LRN} minus none", minus(FAST_LRN, FAST_NONE), SAME, MARGIN, condition=f"at {TEN_TIMES}", part=0
                ),
                Contrast(
                    f"{BATCH} minus none",
                    minus(FAST_BATCH, FAST_NONE),
                    SAME,
                    MARGIN,
                    condition=f"at {TEN_TIMES}",
                    part=1,
                ),
                Contrast(f"{BATCH} minus none", minus(DEEP, DEEP_NONE), SAME, MARGIN, condition="in ResNet-20", part=1),
                Contrast(
                    f"{BATCH} minus none",
                    minus(BATCH, NONE),
                    SAME,
                    MARGIN,
                    score=REESTIMATED_ERROR,
                    condition="by re-estimated statistics",
                    decides=False,
                ),
            ),
            expected="a rate that is too high without normalisation, and depth",
            limits="One small network, one data set, one optimiser. That a network without normalisation gets a rate "
            "of its own by the search is the care that a comparison needs; who takes the same rate for both finds "
            "more. Batch norm also costs time, and the table of costs says how much here.",
        ),
    ),
)
EXPERIMENT = Experiment(
    name="normalisation",
    title="Normalisation",
    question="Is the effect of normalisation layers minimal: local response normalisation, batch normalisation?",
    expected="two seeds on the embedded digits decide nothing; the committed page has five and ten on CIFAR-10",
    minutes=3.0,
    arms=DESIGN.make,
    smoke={"seeds": 1, "epochs": 1, "train_images": 200},
)
