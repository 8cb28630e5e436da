"""The networks, one file a family, and the table that names them.

Example:
    >>> from cnnrepro.models import build
    >>> build("resnet20", input_shape=(28, 28, 1), batchnorm_momentum=0.99).count_params()
    270810
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError, brief
from cnnrepro.models import own_network
from cnnrepro.models.catalogue import MODELS, check_options, entry, keyed_options, parse_options, require_room
from cnnrepro.models.layer_pattern import is_pattern
from cnnrepro.models.model_entry import ModelEntry, Option, Published
from cnnrepro.models.own_network import is_own

if TYPE_CHECKING:
    import keras

MOST_PIXELS, MOST_CLASSES = 10_000, 10_000_000  # beyond, sizes no longer fit into Keras's numbers

__all__ = [
    "MODELS",
    "ModelEntry",
    "Option",
    "Published",
    "build",
    "check_initializer",
    "check_options",
    "entry",
    "is_own",
    "keyed_options",
    "outline",
    "own_network",
    "parse_options",
    "require_room",
]


def build(
    name: str, input_shape: tuple[int, int, int] | None = None, classes: int | None = None, **options: object
) -> keras.Model:
    """Build a model with fresh weights.

    Args:
        name: a key of ``MODELS``; a pattern such as ``INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC``; or a
            network of your own, ``FILE.keras``, ``FILE.py:FUNCTION`` or ``MODULE:FUNCTION``, see ``own_network``.
        input_shape: ``(height, width, channels)``; the model's own by default, 32x32x3 where it is in no table.
        classes: number of classes; the model's own by default, 10 where it is in no table.
        **options: the options of its row, see ``entry(name).options``; of a network of your own, what its function
            takes.

    Returns:
        A Keras model from images ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.

    Raises:
        UsageError: an unknown model or option, or a value of the wrong type or out of range.
    """
    row = entry(name)
    shape = tuple(row.input_shape if input_shape is None else input_shape)
    classes = row.classes if classes is None else classes
    if len(shape) != 3 or not all(isinstance(size, int) and 0 < size <= MOST_PIXELS for size in shape):
        raise UsageError(
            f"input_shape must be (height, width, channels), integers from 1 to {MOST_PIXELS:,}. Received: {shape}"
        )
    if isinstance(classes, bool) or not isinstance(classes, numbers.Integral) or not 2 <= classes <= MOST_CLASSES:
        raise UsageError(
            f"classes must be an integer of at least 2, and at most {MOST_CLASSES:,}. Received: {brief(classes)}"
        )
    if is_pattern(name) and not is_own(name):
        return row.builder(shape, int(classes), **options)  # which checks them, and shows the place in the pattern
    require_room(name, shape)
    options = check_options(name, options)
    check_initializer(name, options)
    return row.builder(shape, int(classes), **row.arguments, **options)


def outline(
    name: str, input_shape: tuple[int, int, int] | None = None, classes: int | None = None, **options: object
) -> keras.Model:
    """The same model with no memory for its weights: for counting and drawing, in a tenth of a second, not for numbers.

    Args and errors are those of ``build``.
    """
    from cnnrepro.engine import without_weights

    return without_weights(lambda: build(name, input_shape, classes, **options))


def check_initializer(name: str, options: Mapping[str, object]) -> None:
    """Check the one kind of option that only Keras can judge: the name of an initialiser. Loads Keras.

    Raises:
        UsageError: nobody knows an initialiser of that name.
    """
    from cnnrepro.layers.initializers import initializer

    if "kernel_initializer" in entry(name).options and "kernel_initializer" in options:
        initializer(options["kernel_initializer"])
