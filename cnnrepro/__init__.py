"""The classic results about convolutional networks, made runnable.

``import cnnrepro`` loads neither TensorFlow nor Keras; the names below are fetched when they are first used.

Example:
    >>> import cnnrepro
    >>> model = cnnrepro.models.build("alexnet_small")
    >>> record = cnnrepro.train(cnnrepro.RunSpec(model="resnet20", dataset="mnist_5k", epochs=1))
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"
"""The version of the package."""

_ROOMS = (
    "anatomy",
    "claims",
    "data",
    "experiments",
    "layers",
    "lessons",
    "models",
    "recipes",
    "report",
    "runner",
    "runs",
    "training",
)
_NAMES = {
    "RunSpec": "cnnrepro.runs",
    "RunRecord": "cnnrepro.runs",
    "train": "cnnrepro.training",
    "compare": "cnnrepro.runner.compare",
}
__all__ = [*_ROOMS, *_NAMES, "__version__"]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return importlib.import_module(f"cnnrepro.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'cnnrepro' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
