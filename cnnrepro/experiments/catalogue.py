"""The catalogue of experiments. Commands list and check it without loading Keras.

To add an experiment: write ``<name>.py`` in this folder, ``notebooks/<name>.ipynb``, and an entry here.
"""

from __future__ import annotations

from cnnrepro.errors import unknown
from cnnrepro.experiments import alexnet_vs_resnet, digits_classifier, explanatory, train_on_your_images
from cnnrepro.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "convolution_by_hand": explanatory.CONVOLUTION_BY_HAND,
    "geometry_and_receptive_fields": explanatory.GEOMETRY_AND_RECEPTIVE_FIELDS,
    "pooling": explanatory.POOLING,
    "architectures": explanatory.ARCHITECTURES,
    "dense_to_convolution": digits_classifier.DENSE_TO_CONVOLUTION,
    "what_the_filters_see": digits_classifier.WHAT_THE_FILTERS_SEE,
    "alexnet_pipeline": explanatory.ALEXNET_PIPELINE,
    "train_on_your_images": train_on_your_images.EXPERIMENT,
    "claims": explanatory.CLAIMS,
    "alexnet_vs_resnet": alexnet_vs_resnet.EXPERIMENT,
}


def experiment(name: str) -> Experiment:
    """The experiment of that name; raises UsageError that lists the known ones."""
    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]
