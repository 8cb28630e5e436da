"""The options that many families share, in one wording."""

from __future__ import annotations

from cnnrepro.models.entry import Option

IMAGENET = (224, 224, 3)
TORCHVISION = "torchvision's table of models, weights V1, 1 crop"


def initializer(name: str, **more: bool) -> Option:
    """The initialiser of all filters and weights."""
    return Option(name, "name of an initialiser: Keras's, gaussian_0.01 or lecun_1998", **more)


def dropout(share: float, **more: bool) -> Option:
    """Dropout before the dense layers; 0 for papers that have none."""
    return Option(share, "share of the units before each dense layer that is dropped in training", 0.0, 1.0, **more)


def normalization(default: str, **more: bool) -> Option:
    """What normalises feature maps: nothing, local response normalisation or batch normalisation."""
    return Option(default, "after the convolutions", choices=("none", "lrn", "batch"), **more)
