"""Statement 40: does dropout of one half reduce overfitting, and does it double the epochs to converge?

Decided beforehand: the arms, seeds and contrasts below, and the rules of ``claims.contrasts``. The rate is constant, as
a rate that falls to 0 would say by itself when a training has converged, and the same with dropout and without: a rate
three times as high takes about a third of the epochs, whatever dropout does.

*Overfitting* is the accuracy on 6,000 training images, in evaluation mode, minus that on the test images after the last
epoch; and as a network that has learned less overfits less, its test error must not be higher on the mean, and its
whole interval must lie below half a point. A training *has converged* at the epoch with the lowest validation loss,
where one that stops by it would stop; the epoch from which on the validation accuracy is within a point of its best is
looked at. "Doubles" is taken as 1.4 to 2.8 times: half an octave to both sides.
"""

from __future__ import annotations

import math

from cnnrepro.experiments.base_network import base
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.run_scores import EPOCHS, EPOCHS_NEAR, ERROR, GAP
from cnnrepro.experiments.study import LESS, SAME, Contrast, Design, Setting, Study, minus

NONE, FIFTH, HALF = "no dropout", "dropout 0.2", "dropout 0.5"
NARROW_NONE, NARROW_HALF = "64 units, no dropout", "64 units, dropout 0.5"
NARROW = "with 64 hidden units"


def _reduces(first: str, second: str, condition: str = "") -> tuple[Contrast, ...]:
    """That the first overfits less than the second, and is not worse."""
    own = {"condition": condition, "part": 0}
    return (
        Contrast("dropout 0.5 minus none", minus(first, second), LESS, 0.5, score=GAP, **own),
        Contrast(
            "dropout 0.5 minus none, error not higher", minus(first, second), LESS, 0.5, score=ERROR, target=0.5, **own
        ),
    )


def _doubles(first: str, second: str, condition: str = "", **others: object) -> Contrast:
    name = "dropout 0.5 over none"
    return Contrast(name, minus(first, second), SAME, 0.5, target=1.0, condition=condition, part=1, **others)


DESIGN = Design(
    arms=(
        base(NONE, units=512, dropout=0.0),
        base(HALF, units=512, dropout=0.5),
        base(FIFTH, seeds=5, units=512, dropout=0.2),
        base(NARROW_NONE, family="narrow", units=64, dropout=0.0),
        base(NARROW_HALF, family="narrow", units=64, dropout=0.5),
    ),
    settings={"": Setting("cifar10", 40, 6000, pilot_epochs=15)},
    small={"": Setting("mnist_5k", 25, 500)},
    recipe="adam",
    departs=math.inf,  # a rate three times as high takes about a third of the epochs
    studies=(
        Study(
            number=40,
            published="Krizhevsky et al. 2012, section 4.2: without dropout the network exhibits substantial "
            "overfitting; it roughly doubles the number of iterations required to converge. Mishkin et al. 2017, "
            "CaffeNet at 128 pixels, one run each: top-1 accuracy 47.1 % with 0.5, 49.7 % with 0.3.",
            arms=(NONE, FIFTH, HALF, NARROW_NONE, NARROW_HALF),
            score=GAP,
            contrasts=(
                *_reduces(HALF, NONE),
                _doubles(HALF, NONE, score=EPOCHS),
                *_reduces(NARROW_HALF, NARROW_NONE, NARROW),
                _doubles(NARROW_HALF, NARROW_NONE, NARROW, score=EPOCHS),
                _doubles(HALF, NONE, score=EPOCHS_NEAR, decides=False),
                Contrast("dropout 0.2 minus none", minus(FIFTH, NONE), LESS, 0.5, score=GAP, decides=False),
                Contrast("dropout 0.2 over none", minus(FIFTH, NONE), SAME, 0.5, EPOCHS, target=1.0, decides=False),
            ),
            expected="a small dense layer",
            limits="AlexNet drops in two layers of 4,096 units, trained on 1.2 million images with a rate that is "
            "divided by hand; here one layer of 512 is dropped, and 6,000 images are trained on at a constant rate. "
            "What counts as converged is a choice, and another (a fixed error, a fixed loss) may give another factor.",
            surprises="Dropout of 0.2 has a larger gap than none, by a test error that is 1.8 points higher. At their "
            "best epochs the two are equal (validation accuracy 55.8 %, both); then the one with dropout falls back, "
            "from 54.8 % after epoch 30 to 53.7 %, while without dropout nothing moves once every training image is "
            "right. That its noise keeps a constant rate at work is a guess, which was not tested. And the gap that "
            "dropout of one half takes off 64 units is more than ten times that of 512: that network has 94 % of the "
            "training images right at the end, and learns on, so that a part of the smaller gap is training that is "
            "not over.",
        ),
    ),
    pilots=2,
    decided="7b5ac69780559492230a7bf3f1774bc8a27b2340",
)
EXPERIMENT = Experiment(
    name="dropout",
    title="Dropout",
    question="Does dropout of one half reduce overfitting, and does it double the epochs to converge?",
    expected="two seeds on the embedded digits decide nothing; the runs that do take -p full=true",
    minutes=2.0,
    arms=DESIGN.make,
    smoke={"seeds": 1, "epochs": 1, "train_images": 200},
)
