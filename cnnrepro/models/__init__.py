"""The networks, one file a family, and the table that names them.

Example:
    >>> from cnnrepro.models import build
    >>> build("resnet20", input_shape=(28, 28, 1), batchnorm_momentum=0.99).count_params()
    270810
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
from cnnrepro.models.layers_table import layer_table
from cnnrepro.models.table import MODELS, ModelEntry, Option, check_options, entry, parse_options

if TYPE_CHECKING:
    import keras

__all__ = [
    "MODELS",
    "ModelEntry",
    "Option",
    "build",
    "check_initializer",
    "check_options",
    "entry",
    "layer_table",
    "parse_options",
]


def build(
    name: str, input_shape: tuple[int, int, int] | None = None, classes: int | None = None, **options: object
) -> keras.Model:
    """Build a model of the table with fresh weights.

    Args:
        name: a key of ``MODELS``.
        input_shape: ``(height, width, channels)``; the model's own by default.
        classes: number of classes; the model's own by default.
        **options: the options of its row; see ``MODELS[name].options``.

    Returns:
        A Keras model from images ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.

    Raises:
        UsageError: an unknown model or option, or a value of the wrong type or out of range.
    """
    row = entry(name)
    shape = tuple(row.input_shape if input_shape is None else input_shape)
    classes = row.classes if classes is None else classes
    if len(shape) != 3 or not all(isinstance(size, int) and size > 0 for size in shape):
        raise UsageError(f"input_shape must be (height, width, channels), positive integers. Received: {shape}")
    if not isinstance(classes, int) or classes < 2:
        raise UsageError(f"classes must be an integer of at least 2. Received: {classes!r}")
    options = check_options(name, options)
    check_initializer(name, options)
    module, function = row.builder.split(":")
    return getattr(importlib.import_module(module), function)(shape, classes, **options)


def check_initializer(name: str, options: Mapping[str, object]) -> None:
    """Check the one kind of option that only Keras can judge: the name of an initialiser. Loads Keras.

    Raises:
        UsageError: Keras knows no initialiser of that name.
    """
    from cnnrepro.engine import keras

    initializer = options.get("kernel_initializer")
    try:
        keras.initializers.get(initializer)((3, 3, 1, 2))  # a filter's shape: "identity" is for matrices alone
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"Option 'kernel_initializer' of model {name!r} must be the name of a Keras initialiser for filters, such "
            f"as 'he_normal'. Received: {initializer!r}"
        ) from error
