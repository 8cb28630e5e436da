"""What a network is made of, without training it.

Example:
    >>> from cnnrepro import anatomy, models
    >>> anatomy.output_size(227, window=11, stride=4)
    55
    >>> anatomy.trace(models.build("vgg16"))["pool5"].receptive_field
    212

Each name is fetched when it is first used, so that the arithmetic loads neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib

_NAMES = {
    "convolution": ("columns_bytes", "convolve_im2col", "convolve_loops", "im2col"),
    "convolution_backward": (
        "convolution_gradients",
        "filter_gradient_as_convolution",
        "input_gradient_as_convolution",
    ),
    "dense_to_convolution": ("convolutionalize", "crops", "effective_stride"),
    "geometry": ("Geometry", "GeometryWarning", "ReceptiveField", "output_size", "receptive_field"),
    "losses": ("MulticlassHinge", "SoftmaxCrossEntropy"),
    "pooling": ("Pooled", "pool", "pooling_gradient"),
    "trace_rows": ("UNKNOWN", "Row", "Totals", "Trace"),
    "tracing": ("trace",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(f"cnnrepro.anatomy.{_HOME[name]}"), name)
    raise AttributeError(f"module 'cnnrepro.anatomy' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
