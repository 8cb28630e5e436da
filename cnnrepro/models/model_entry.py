"""What a row of the table of models holds, and the options that many families share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError, brief

if TYPE_CHECKING:
    import keras

TORCHVISION = "torchvision's table of models, weights V1, 1 crop"


@dataclass(frozen=True)
class Option:
    """An option of a builder: its default, its type and what it may be.

    Args:
        default: the value where none is given; its type is the option's.
        help: what it is, in a few words.
        low, high: for numbers, the half-open range ``[low, high)``.
        choices: for texts, the allowed ones.
        added: runs were recorded before the option existed. At its default it then stays out of a run's key, so that
            those records are found again.
    """

    default: object
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    added: bool = False

    def validate(self, model: str, name: str, value: object) -> object:
        """The value in the option's type; raises UsageError where it has another type or is not allowed."""
        wanted = type(self.default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError):  # it is then refused as it is
                value = float(value)
        if type(value) is not wanted:
            raise self._error(model, name, f"be a {wanted.__name__} such as {self.default!r}", value)
        if self.choices and value not in self.choices:
            raise self._error(model, name, f"be one of {', '.join(self.choices)}", value)
        if (self.low is not None and value < self.low) or (self.high is not None and not value < self.high):
            raise self._error(model, name, f"lie in [{self.low}, {self.high})", value)
        return value

    def parse(self, model: str, name: str, text: str) -> object:
        """The value that a text spells, in the option's type; raises UsageError where it spells none."""
        wanted = type(self.default)
        try:
            return {"true": True, "false": False}[text.lower()] if wanted is bool else wanted(text)
        except (ValueError, KeyError) as error:
            raise self._error(model, name, f"be a {wanted.__name__} such as {self.default!r}", text) from error

    @staticmethod
    def _error(model: str, name: str, allowed: str, received: object) -> UsageError:
        return UsageError(f"Option {name!r} of model {model!r} must {allowed}. Received: {brief(received)}")


def initializer_option(name: str) -> Option:
    """The initialiser of all filters and weights."""
    return Option(name, "name of an initialiser: Keras's, gaussian_0.01 or lecun_1998")


def dropout_option(share: float, **more: bool) -> Option:
    """Dropout before the dense layers; 0 for papers that have none."""
    return Option(share, "share of the units before each dense layer that is dropped in training", 0.0, 1.0, **more)


def normalization_option(default: str, choices: tuple[str, ...] = ("none", "lrn", "batch"), **more: bool) -> Option:
    """What normalises feature maps: nothing, local response normalisation or batch normalisation."""
    return Option(default, "after the convolutions", choices=choices, **more)


def classic_options(kernel_initializer: str, *, dropout: float = 0.5, normalization: str = "none") -> dict[str, Option]:
    """The three options of the networks with dense layers."""
    return {
        "dropout": dropout_option(dropout),
        "normalization": normalization_option(normalization),
        "kernel_initializer": initializer_option(kernel_initializer),
    }


@dataclass(frozen=True)
class Published:
    """What others say of a model, for comparison.

    Args:
        source: who says it.
        parameters: trainable parameters, or None where nobody says.
        multiply_adds: for one image, or None.
        rounded: the figures are given in few digits ("60 million"), so that a small difference is no deviation.
        top1_error: on ImageNet's 50,000 validation images, in percent, one crop.
    """

    source: str
    parameters: int | None = None
    multiply_adds: int | None = None
    rounded: bool = False
    top1_error: float | None = None


@dataclass(frozen=True)
class ModelEntry:
    """One row of the table. It stands below its builder, in a file that loads Keras only when a model is built.

    Args:
        name: what users call it.
        builder: called with the input shape, the number of classes, the row's ``arguments`` and all options; returns a
            model from ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.
        title: its name in prose, for legends and tables.
        paper: where it comes from.
        parameters: trainable parameters at the defaults, by the arithmetic in the builder's docstring; None where
            there is none.
        smallest: the least height and width that is taken, in pixels: below it nothing is left for the last layers, or
            the last maps are of one cell before them.
        input_shape, classes: the defaults: ``(height, width, channels)`` and their number; ImageNet's unless said.
        options: what the builder takes besides.
        arguments: what tells the members of a family apart, such as the depth.
        published: figures of others for the defaults.
        version: counts the changes of the builder that move numbers; part of every run's key.
    """

    name: str
    builder: Callable[..., keras.Model]
    title: str
    paper: str
    parameters: int | None
    smallest: int
    input_shape: tuple[int, int, int] = (224, 224, 3)
    classes: int = 1000
    options: Mapping[str, Option] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)
    published: Published | None = None
    version: int = 1

    def small_form(self, **changes: object) -> ModelEntry:
        """The row of the same network for small images: 32x32x3 and 10 classes, and otherwise as said."""
        own = {"name": f"{self.name}_small", "title": f"{self.title} (small)", "published": None}
        own |= {"paper": f"{self.paper}, for small images", "input_shape": (32, 32, 3), "classes": 10}
        return replace(self, **own | changes)
