"""The catalogue of experiments, with those that train nothing. Commands list and check it without loading Keras.

To add an experiment: write ``<name>.py`` in this folder, ``notebooks/<name>.ipynb``, and an entry here. What a notebook
that trains nothing computes is in ``cnnrepro/lessons/<name>/``.
"""

from __future__ import annotations

from cnnrepro.errors import unknown
from cnnrepro.experiments import (
    alexnet_vs_resnet,
    compare,
    depth,
    digits_classifier,
    dropout,
    fast_mnist,
    lenet5_on_mnist,
    normalisation,
    own_claim,
    pooling_in_training,
    train_on_your_images,
)
from cnnrepro.experiments.experiment import Experiment

_ROWS = (
    Experiment(
        name="convolution_by_hand",
        title="Convolution by hand",
        question="What does a convolutional layer compute, forward and backward, and is it a convolution at all?",
        expected="the notes' figures hold but two: 290,400 times 363, and the size of the filter matrix; and neurons "
        "of one place alone read the same region",
        minutes=0.4,
    ),
    Experiment(
        name="geometry_and_receptive_fields",
        title="Sizes and receptive fields",
        question="How large is the output of a layer, and how much of the picture does one unit see?",
        expected="the formulas hold under conditions: rounding down, and stride 1",
        minutes=0.4,
    ),
    Experiment(
        name="pooling",
        title="Pooling",
        question="What do max, average and L2 pooling keep, what do they throw away, and where does the gradient go?",
        expected="three quarters go for even sizes; parameters are saved only where a dense layer follows; 3x3 with "
        "stride 1 is common too",
        minutes=0.4,
    ),
    Experiment(
        name="architectures",
        title="The classic architectures",
        question="How large are LeNet, AlexNet, ZFNet, VGG, GoogLeNet and ResNet, and what do they cost?",
        expected="parameters as published; Inception v1 has 7 million, not 4",
        minutes=0.4,
    ),
    digits_classifier.DENSE_TO_CONVOLUTION,
    digits_classifier.WHAT_THE_FILTERS_SEE,
    Experiment(
        name="alexnet_pipeline",
        title="AlexNet’s data pipeline",
        question="What became of a photograph in 2012 on its way into the network, and is each stage what the paper "
        "says?",
        expected="every stage keeps what is promised of it; most of the colour noise is a change of light",
        minutes=0.4,
    ),
    train_on_your_images.EXPERIMENT,
    Experiment(
        name="claims",
        title="How each statement was checked",
        question="Which statements of the lecture notes hold?",
        expected="every check gives its recorded verdict",
        minutes=0.7,
    ),
    compare.EXPERIMENT,
    own_claim.EXPERIMENT,
    normalisation.EXPERIMENT,
    pooling_in_training.EXPERIMENT,
    dropout.EXPERIMENT,
    depth.EXPERIMENT,
    lenet5_on_mnist.EXPERIMENT,
    fast_mnist.EXPERIMENT,
    alexnet_vs_resnet.EXPERIMENT,
)
EXPERIMENTS: dict[str, Experiment] = {row.name: row for row in _ROWS}
"""The experiments by name; each has a notebook of that name."""


def experiment(name: str) -> Experiment:
    """The experiment of that name; raises UsageError that lists the known ones."""
    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]
