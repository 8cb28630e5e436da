"""The recipes: which optimizer, with which constants, from which source.

Plain data; ``optimizers`` makes Keras's objects of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cnnrepro import models
from cnnrepro.errors import unknown
from cnnrepro.recipes import schedules
from cnnrepro.recipes.schedules import CONSTANT, AtEpochs, AtSteps, Exponential, OneCycle, Plateau, Schedule, Table

OPTIMIZERS = ("adam", "sgd", "coupled_sgd")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Args:
        name: what users call it.
        optimizer: "sgd"; "adam"; "coupled_sgd": with weight decay that goes through the momentum.
        learning_rate: step size at the start, or the highest where the schedule goes up first.
        momentum: of SGD; Adam's betas are Keras's defaults, 0.9 and 0.999.
        source: where the constants come from.
        weight_decay: of "coupled_sgd".
        decayed: "none"; "kernels": filters and matrices; "all": biases and gains too.
        schedule: how the learning rate changes.
        label_smoothing: share of a label that is spread evenly over all classes; the curves of a run have the
            cross-entropy of the labels as they are.
        batch_size, epochs, pipeline: of a run that names none.
        pipelines: in place of ``pipeline``, those of networks that are published for another side of the input, in
            pixels.
        options: of the model, where it knows them and the run says nothing: initial weights, for the most part.
        notes: what the source leaves open, or what is otherwise here: numbered deviations, see ``deviations``.
    """

    name: str
    optimizer: str
    learning_rate: float
    momentum: float
    source: str
    weight_decay: float = 0.0
    decayed: str = "none"
    schedule: Schedule = CONSTANT
    label_smoothing: float = 0.0
    batch_size: int = 128
    epochs: int = 5
    pipeline: str = "plain"
    pipelines: tuple[tuple[int, str], ...] = ()
    options: tuple[tuple[str, object], ...] = ()
    notes: tuple[str, ...] = ()

    def deviations(self) -> tuple[str, ...]:
        """The notes with their numbers, from 1."""
        return tuple(f"{number}. {note}" for number, note in enumerate(self.notes, start=1))

    def pipeline_for(self, model: str) -> str:
        """The pipeline of a run of that model that names none; raises UsageError for an unknown model."""
        return dict(self.pipelines).get(models.entry(model).input_shape[0], self.pipeline)

    def options_for(self, model: str, given: Mapping[str, object]) -> dict[str, object]:
        """All options of a model: as given, else as the recipe says where the model knows them, else the defaults.

        Raises:
            UsageError: an unknown model, an unknown option, or a value that is not allowed.
        """
        known = models.entry(model).options
        own = {name: value for name, value in self.options if name in known}
        return models.check_options(model, own | dict(given))

    def to_dict(self) -> dict:
        """What decides the numbers and is no part of a run's spec, for its key.

        What came later is left out where it is not used, so that older records keep their keys.
        """
        decides = {name: getattr(self, name) for name in ("name", "optimizer", "learning_rate", "momentum")}
        if self.weight_decay:
            decides |= {"weight_decay": self.weight_decay, "decayed": self.decayed}
        if self.schedule != CONSTANT:
            decides["schedule"] = schedules.to_dict(self.schedule)
        if self.label_smoothing:
            decides["label_smoothing"] = self.label_smoothing
        return decides


_KERNELS_DECAY = {"optimizer": "coupled_sgd", "learning_rate": 0.01, "momentum": 0.9, "decayed": "kernels"}
_ALL_DECAY = {"optimizer": "coupled_sgd", "learning_rate": 0.1, "momentum": 0.9, "decayed": "all"}

_ALEXNET = "Krizhevsky, Sutskever and Hinton 2012, section 5"
_GAUSSIAN = ("kernel_initializer", "gaussian_0.01")
# The paper's 224 pixels do not fit its unpadded first layer; those networks whose 224 are padded keep them.
_AT_227 = ((227, "alexnet-2012-227"),)
_HE = (("kernel_initializer", "he_normal"),)
_ALL = (
    "The paper does not say which parameters decay; here all, gains and biases too, as in fb.resnet.torch, the "
    "training code that the authors point to (they published none)"
)
_KERNELS_ONLY = "The source does not say which parameters decay; here filters and matrices, not biases"
# BVLC/caffe, models/bvlc_alexnet and models/bvlc_googlenet, train_val.prototxt: lr_mult 1 of weights, 2 of biases.
_CAFFE_BIASES = "Caffe's rate of biases is twice that of weights (lr_mult: 2); here all have the same"
_227 = "A network of 227 x 227 (alexnet) is given windows of that size, others the paper's 224 x 224"

_FAST = Recipe(
    name="fast-mnist",
    optimizer="adam",
    learning_rate=0.01,
    momentum=0.0,
    schedule=OneCycle(rise=0.2),
    label_smoothing=0.1,
    batch_size=256,
    epochs=2,
    source="This project: chosen on images held out of MNIST's training images, for the least time to 99 %; one cycle "
    "after Smith and Topin 2018, smoothed labels after Szegedy et al. 2016, section 7",
)
_ABLATION = "This project: fast-mnist without one of its parts, for the experiment fast_mnist"
_FAST_MNIST = (
    _FAST,
    replace(_FAST, name="fast-mnist-constant", schedule=CONSTANT, source=f"{_ABLATION}: the rate stays"),
    replace(_FAST, name="fast-mnist-falling", schedule=OneCycle(rise=0.0), source=f"{_ABLATION}: the rate only falls"),
    replace(_FAST, name="fast-mnist-unsmoothed", label_smoothing=0.0, source=f"{_ABLATION}: labels as they are"),
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="adam",
            optimizer="adam",
            learning_rate=1e-3,
            momentum=0.0,
            source="Kingma and Ba 2015, section 2: the step size suggested there; Keras's epsilon, 1e-7 (theirs: 1e-8)",
        ),
        Recipe(
            name="adam-linear",
            optimizer="adam",
            learning_rate=1e-3,
            momentum=0.0,
            schedule=OneCycle(rise=0.0),
            source="Adam, with a rate that falls in a straight line to 0 at the end of the run",
        ),
        Recipe(
            name="sgd",
            optimizer="sgd",
            learning_rate=1e-2,
            momentum=0.9,
            source="Krizhevsky et al. 2012, section 5: learning rate 0.01, momentum 0.9; without its weight decay",
        ),
        Recipe(
            name="alexnet-2012",
            **_KERNELS_DECAY,
            weight_decay=5e-4,
            schedule=Plateau(factor=0.1, patience=5, times=3),
            batch_size=128,
            epochs=90,  # "roughly 90 cycles"
            pipeline="alexnet-2012",
            pipelines=_AT_227,
            options=(_GAUSSIAN, ("initial_bias", 1.0)),
            source=f"{_ALEXNET}: batch 128, momentum 0.9, weight decay 0.0005, rate 0.01, divided by 10 three times "
            "when the validation error stopped improving, weights from N(0, 0.01²), biases 1 in places; 4.1: the "
            "pipeline",
            notes=(
                _KERNELS_ONLY,
                "The authors lowered the rate by hand; here after 5 epochs without improvement",
                _227,
            ),
        ),
        Recipe(
            name="alexnet-2012-fixed",
            **_KERNELS_DECAY,
            weight_decay=5e-4,
            # Caffe: every 100,000 of 450,000 steps of 256 images: 100,000 · 256 / 1,281,167 = 19.98 of 89.9 epochs.
            schedule=AtEpochs((20, 40, 60, 80)),
            batch_size=128,
            epochs=90,
            pipeline="alexnet-2012",
            pipelines=_AT_227,
            options=(_GAUSSIAN, ("initial_bias", 0.1)),
            source=f"{_ALEXNET}, with the schedule and the biases of Caffe's bvlc_alexnet: divided by 10 every 20 "
            "epochs, 0.1",
            notes=(
                "Caffe has these too: biases do not decay (decay_mult 0), momentum 0.9, weight decay 0.0005, rate 0.01",
                _CAFFE_BIASES,
                "Caffe's batch is 256; the paper's 128 is kept",
                "Caffe starts the two hidden dense layers from N(0, 0.005²); here all from N(0, 0.01²)",
                "Caffe cuts 227 x 227 and mirrors, without colour noise, and tests on one window; here the paper's "
                "pipeline",
                _227,
            ),
        ),
        Recipe(
            name="lenet-1998",
            optimizer="sgd",
            # Of 0.0003, 0.001, 0.003 and 0.01 the best after two passes over 10,000 digits (validation accuracy 0.890,
            # 0.916, 0.882; 0.01 diverges: the distances of 84 units make steep slopes).
            learning_rate=0.001,
            momentum=0.0,
            # 0.0005, 0.0002, 0.0001, 0.00005, 0.00001 over the first
            schedule=Table(((2, 1.0), (3, 0.4), (3, 0.2), (4, 0.1), (8, 0.02))),
            batch_size=1,
            epochs=20,
            pipeline="lenet-1998",
            options=(("kernel_initializer", "lecun_1998"),),
            source="LeCun, Bottou, Bengio and Haffner 1998, section III-B: 20 passes, one pattern a step, five rates; "
            "appendix A: initial weights; section II-B: the pipeline",
            notes=(
                "Its second-order method gave each weight a rate of its own, from 0.00007 to 0.016; here all have "
                "0.001, times the paper's ratios: of four rates the best on digits kept back for validation",
            ),
        ),
        Recipe(
            name="vgg-2014",
            **_KERNELS_DECAY,
            weight_decay=5e-4,
            schedule=Plateau(factor=0.1, patience=5, times=3),
            batch_size=256,
            epochs=74,
            pipeline="vgg-2014",
            options=(("kernel_initializer", "glorot_uniform"),),
            source="Simonyan and Zisserman 2015, section 3.1: batch 256, momentum 0.9, weight decay 0.0005, rate "
            "0.01, divided by 10 three times when the validation accuracy stopped improving, 370,000 steps (74 epochs)",
            notes=(
                _KERNELS_ONLY,
                "The paper starts from a trained smaller network; its authors found afterwards that the initial "
                "weights of Glorot and Bengio do without",
            ),
        ),
        Recipe(
            name="googlenet-2014",
            **_KERNELS_DECAY,
            weight_decay=2e-4,
            schedule=Exponential(0.96, 8),
            batch_size=32,
            epochs=60,  # 2,400,000 · 32 / 1,281,167 = 59.9
            pipeline="googlenet-2014",
            source="Szegedy et al. 2015, section 6: momentum 0.9, the rate 4 % lower every 8 epochs; first rate, "
            "weight decay, batch and length, which it does not give, from the quick solver of Caffe's bvlc_googlenet",
            notes=(
                "The paper averages the weights over time (Polyak and Juditsky 1992) for its final model; here not",
                "Only filters and matrices decay, as in Caffe",
                "Caffe's rate goes down otherwise, with the square root of the share of the steps that are left",
                _CAFFE_BIASES,
            ),
        ),
        Recipe(
            name="resnet-2015",
            **_ALL_DECAY,
            weight_decay=1e-4,
            schedule=Plateau(factor=0.1, patience=5, times=3),
            batch_size=256,
            epochs=120,  # 600,000 · 256 / 1,281,167 = 119.9
            pipeline="resnet-2015",
            options=_HE,
            source="He, Zhang, Ren and Sun 2016, section 3.4: batch 256, momentum 0.9, weight decay 0.0001, rate 0.1, "
            "divided by 10 when the error plateaus, up to 600,000 steps; weights as in He et al. 2015",
            notes=(_ALL,),
        ),
        Recipe(
            name="resnet-cifar-2015",
            **_ALL_DECAY,
            weight_decay=1e-4,
            schedule=AtSteps((32_000, 48_000)),
            batch_size=128,
            epochs=182,  # 64,000 steps, of which 45,000 images make 352 an epoch: 181.8
            pipeline="resnet-cifar-2015",
            options=_HE,
            source="He, Zhang, Ren and Sun 2016, section 4.2: batch 128, momentum 0.9, weight decay 0.0001, rate 0.1, "
            "divided by 10 at 32,000 and 48,000 of 64,000 steps",
            notes=(
                "For 110 layers the paper begins with a rate of 0.01 until the training error is below 80 %; here not",
                _ALL,
            ),
        ),
        *_FAST_MNIST,
    )
}
"""What a training is told, by name."""


def recipe(name: str) -> Recipe:
    """The recipe of that name; raises UsageError that lists the known ones."""
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]
