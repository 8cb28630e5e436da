"""The catalogue of experiments. Commands list and check it without loading Keras.

To add an experiment: write ``<name>.py`` in this folder, ``notebooks/<name>.ipynb``, and an entry here.
"""

from __future__ import annotations

from cnnrepro.errors import unknown
from cnnrepro.experiments import alexnet_vs_resnet, digits_classifier, train_on_your_images, without_training
from cnnrepro.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    "convolution_by_hand": without_training.CONVOLUTION_BY_HAND,
    "geometry_and_receptive_fields": without_training.GEOMETRY_AND_RECEPTIVE_FIELDS,
    "pooling": without_training.POOLING,
    "architectures": without_training.ARCHITECTURES,
    "dense_to_convolution": digits_classifier.DENSE_TO_CONVOLUTION,
    "what_the_filters_see": digits_classifier.WHAT_THE_FILTERS_SEE,
    "alexnet_pipeline": without_training.ALEXNET_PIPELINE,
    "train_on_your_images": train_on_your_images.EXPERIMENT,
    "claims": without_training.CLAIMS,
    "alexnet_vs_resnet": alexnet_vs_resnet.EXPERIMENT,
}


def experiment(name: str) -> Experiment:
    """The experiment of that name; raises UsageError that lists the known ones."""
    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]
