"""Statements 32, 33, 34, 45 and 64: what pools do to what a network learns.

Decided beforehand: the arms, seeds and contrasts below, and the rules of ``claims.contrasts``. Pools with larger
windows have borders ("same"), so that the maps have the size that they have behind 2x2 pools with stride 2, and the
dense layer has as many weights; where that is not so, it is a condition of its own. L2 pools are scaled: the root of
the mean of the squares, so that a window of equal values keeps its value and the start suits all three kinds. The
networks without pools end in a global average, so that all have the same parameters.
"""

from __future__ import annotations

from cnnrepro.experiments.base_network import PHOTOGRAPHS, SMALL_DIGITS, base
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.run_scores import ERROR, GAP
from cnnrepro.experiments.study import LESS, MORE, ArmDesign, Contrast, Design, Setting, Study, minus, slope

UNPOOLED = "INPUT -> [CONV -> RELU]*3 -> FC -> RELU -> FC"
SAME = {"pool_padding": "same"}

P = "max 2x2/2"
OVERLAPPING, SMALLER_MAPS = "max 3x3/2", "max 3x3/2 without borders"
FIVE, SEVEN = "max 5x5/2", "max 7x7/2"
STEP_4, GLOBAL_LAST = "max 4x4/4", "max 2x2/2, the last 8x8"
AVERAGE, L2, AVERAGE_LAST = "average 2x2/2", "L2 2x2/2", "max 2x2/2, the last average"
LENET_MAX, LENET_AVERAGE, LENET_L2 = "digits, max", "digits, average", "digits, L2"

WITH, WITHOUT, STRIDED = "pools, global average", "no pools, global average", "strides, global average"
DENSE_WITH, DENSE_WITHOUT = "pools, dense head", "no pools, dense head"

PROBES = ("shift 2", "shift 4", "shift 6", "scale 0.75", "scale 1.25")
PLACED, PLACED_AVERAGE = "framed, max pools", "framed, average pools"
PLACED_STRIDED = "framed, strides"
SCATTERED, SCATTERED_STRIDED = "scattered, max pools", "scattered, strides"


def _digits(label: str, **options: object) -> ArmDesign:
    return base(label, setting="digits", **options)


def _framed(label: str, pipeline: str = "framed-digits", **options: object) -> ArmDesign:
    return base(
        label,
        seeds=5,
        setting="digits",
        fields={"pipeline": pipeline, "probes": PROBES},
        global_pooling="none",
        **options,
    )


def _short(label: str, **options: object) -> ArmDesign:
    return base(label, seeds=5, setting="short", **options)


DESIGN = Design(
    arms=(
        base(P),
        base(OVERLAPPING, pool_size=3, pool_strides=2, **SAME),
        base(SMALLER_MAPS, pool_size=3, pool_strides=2),
        base(FIVE, pool_size=5, pool_strides=2, **SAME),
        base(SEVEN, seeds=5, pool_size=7, pool_strides=2, **SAME),
        base(STEP_4, seeds=5, pool_size=4, pool_strides=4, **SAME),
        base(GLOBAL_LAST, pool_size=[2, 2, 8], **SAME),
        base(AVERAGE, pooling="average"),
        base(L2, pooling="rms"),
        base(AVERAGE_LAST, pooling=["max", "max", "average"]),
        _digits(LENET_MAX),
        _digits(LENET_AVERAGE, pooling="average"),
        _digits(LENET_L2, pooling="rms"),
        _framed(PLACED),
        _framed(PLACED_AVERAGE, pooling="average"),
        _framed(PLACED_STRIDED, pattern=UNPOOLED, strides=2),
        _framed(SCATTERED, "scattered-digits"),
        _framed(SCATTERED_STRIDED, "scattered-digits", pattern=UNPOOLED, strides=2),
        _short(WITH, global_pooling="average"),
        _short(STRIDED, pattern=UNPOOLED, strides=2, global_pooling="average"),
        _short(WITHOUT, pattern=UNPOOLED, global_pooling="average"),
        _short(DENSE_WITH),
        _short(DENSE_WITHOUT, pattern=UNPOOLED),
    ),
    settings={
        "": PHOTOGRAPHS,
        "digits": Setting("mnist", 20, 2000),
        "short": Setting("cifar10", 20, 6000),
    },
    small={"": SMALL_DIGITS, "digits": SMALL_DIGITS, "short": Setting("mnist_5k", 3, 300)},
    studies=(
        Study(
            number=32,
            published="Krizhevsky et al. 2012, section 3.4: 3x3 windows with stride 2 lower AlexNet's top-1 and "
            "top-5 error by 0.4 and 0.3 points against 2x2, and make it slightly more difficult to overfit. Scherer "
            "et al. 2010: overlapping windows bring no significant improvement. Mishkin et al. 2017, CaffeNet at 128 "
            "pixels, one run each: top-1 accuracy 47.1 % with 3x3, 48.4 % with 2x2.",
            arms=(P, OVERLAPPING, SMALLER_MAPS),
            contrasts=(
                Contrast(f"{OVERLAPPING} minus {P}", minus(OVERLAPPING, P), LESS, 0.2, part=0),
                Contrast(f"{OVERLAPPING} minus {P}", minus(OVERLAPPING, P), LESS, 0.5, score=GAP, part=1),
                Contrast(
                    f"{SMALLER_MAPS} minus {P}",
                    minus(SMALLER_MAPS, P),
                    LESS,
                    0.2,
                    condition="with smaller maps",
                    part=0,
                ),
            ),
            expected="maps that are not equally large",
            limits="A 3x3 window with stride 2 sees more of the map, and costs a little more to compute.",
        ),
        Study(
            number=33,
            published="No measurement was found.",
            arms=(P, OVERLAPPING, FIVE, SEVEN, STEP_4, GLOBAL_LAST),
            contrasts=(
                Contrast(f"{FIVE} minus {P}", minus(FIVE, P), MORE, 1.0),
                Contrast(
                    "error by pixel of the window",
                    slope({P: 2, OVERLAPPING: 3, FIVE: 5, SEVEN: 7}),
                    MORE,
                    0.2,
                ),
                Contrast(
                    f"{GLOBAL_LAST} minus {P}",
                    minus(GLOBAL_LAST, P),
                    MORE,
                    1.0,
                    condition="where the large pool is the last layer",
                ),
                Contrast(f"{STEP_4} minus {P}", minus(STEP_4, P), MORE, 1.0, decides=False),
            ),
            expected="a large pool as the last layer of the convolutions",
            limits="The stride stays 2, so that a larger window overlaps more and discards no more places; 4x4 with "
            "stride 4 does, and is looked at.",
        ),
        Study(
            number=34,
            published="Scherer et al. 2010: max pools are better than subsampling (an average with weights) on NORB "
            "and Caltech-101. Mishkin et al. 2017, CaffeNet at 128 pixels, one run each: top-1 accuracy 47.1 % with "
            "max, 43.5 % with average pools.",
            arms=(P, AVERAGE, L2, AVERAGE_LAST, LENET_MAX, LENET_AVERAGE, LENET_L2),
            contrasts=(
                Contrast("average minus max", minus(AVERAGE, P), MORE, 0.5, part=0),
                Contrast("L2 minus max", minus(L2, P), MORE, 0.5, part=1),
                Contrast(
                    "last average minus max",
                    minus(AVERAGE_LAST, P),
                    MORE,
                    0.5,
                    condition="where the last pool alone is another",
                    part=0,
                ),
                Contrast(
                    "average minus max",
                    minus(LENET_AVERAGE, LENET_MAX),
                    MORE,
                    0.2,
                    condition="on digits",
                    part=0,
                ),
                Contrast("L2 minus max", minus(LENET_L2, LENET_MAX), MORE, 0.2, condition="on digits", part=1),
            ),
            expected="the last pool, and easy data",
            limits="L2 pools are scaled by the window here. As the notes write them, a root of a sum, a 2x2 window "
            "of equal values doubles them, layer by layer.",
        ),
        Study(
            number=45,
            published="Zhang 2019: of an ImageNet photograph shifted in two ways, AlexNet gives both the same class in "
            "78.2 %, VGG-16 in 88.5 % and ResNet-18 in 85.1 % of the cases, with blurred pools in 88.3 %.",
            arms=(PLACED, PLACED_AVERAGE, PLACED_STRIDED, SCATTERED, SCATTERED_STRIDED),
            score="accuracy kept at shift 4",
            contrasts=(
                Contrast(
                    "kept with max pools less 95 %",
                    {PLACED: 1.0},
                    MORE,
                    1.0,
                    score="accuracy kept at shift 4",
                    target=95.0,
                    part=0,
                ),
                Contrast(
                    "kept with max pools less 95 %",
                    {PLACED: 1.0},
                    MORE,
                    1.0,
                    score="accuracy kept at scale 0.75",
                    target=95.0,
                    part=1,
                ),
                Contrast(
                    "kept with max pools less 95 %",
                    {SCATTERED: 1.0},
                    MORE,
                    1.0,
                    score="accuracy kept at shift 4",
                    target=95.0,
                    condition="trained on digits in all places",
                    part=0,
                ),
                Contrast(
                    "max pools minus strides",
                    minus(PLACED, PLACED_STRIDED),
                    MORE,
                    1.0,
                    score="accuracy kept at shift 4",
                    part=0,
                ),
                Contrast(
                    "max pools minus strides",
                    minus(PLACED, PLACED_STRIDED),
                    MORE,
                    1.0,
                    score="accuracy kept at scale 0.75",
                    part=1,
                ),
                Contrast(
                    "strides, kept less 95 %",
                    {SCATTERED_STRIDED: 1.0},
                    MORE,
                    1.0,
                    score="accuracy kept at shift 4",
                    target=95.0,
                    condition="trained on digits in all places",
                    decides=False,
                ),
                Contrast(
                    "average pools minus max pools",
                    minus(PLACED_AVERAGE, PLACED),
                    MORE,
                    1.0,
                    score="accuracy kept at shift 4",
                    decides=False,
                ),
            ),
            expected="training on digits in all places",
            limits="Four pixels of a digit of 20 are much and little at once: a network with three pools of 2x2 has "
            "a stride of 8, so no smaller shift leaves its last map as it is.",
        ),
        Study(
            number=64,
            published="Krizhevsky et al. 2012, section 3.4: models with overlapping pools are slightly more "
            "difficult to overfit. No comparison with a network without pools was found.",
            arms=(WITH, STRIDED, WITHOUT, DENSE_WITH, DENSE_WITHOUT),
            score=GAP,
            contrasts=(
                Contrast("without pools minus with", minus(WITHOUT, WITH), MORE, 0.5, score=GAP),
                Contrast(
                    "without pools minus with",
                    minus(DENSE_WITHOUT, DENSE_WITH),
                    MORE,
                    0.5,
                    score=GAP,
                    condition="with a dense head, which then has 64 times the weights",
                ),
                Contrast("strides minus pools", minus(STRIDED, WITH), MORE, 0.5, score=GAP, decides=False),
                Contrast("without pools minus with", minus(WITHOUT, WITH), MORE, 0.5, score=ERROR, decides=False),
            ),
            expected="a dense head, where the gap is that of its weights",
            limits="A network that has learned less has a smaller gap: the errors on test images stand beside it.",
        ),
    ),
)
EXPERIMENT = Experiment(
    name="pooling_in_training",
    title="Pooling in training",
    question="Do pools overlap with profit, destroy when large, work best as maxima, make place and size not matter, "
    "and control overfitting?",
    expected="two seeds on the embedded digits decide nothing; the committed page has five and ten on CIFAR-10",
    minutes=5.0,
    arms=DESIGN.make,
    smoke={"seeds": 1, "epochs": 1, "train_images": 200},
)
