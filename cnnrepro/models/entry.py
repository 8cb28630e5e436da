"""What a row of the table of models holds: a name, a builder, its options, and the published figures it must meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnrepro.errors import UsageError


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

    def check(self, model: str, name: str, value: object) -> object:
        """The value in the option's type; raises UsageError where it has another type or is not allowed."""
        wanted = type(self.default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted:
            raise UsageError(
                f"Option {name!r} of model {model!r} must be a {wanted.__name__} such as {self.default!r}. "
                f"Received: {value!r}"
            )
        if self.choices and value not in self.choices:
            raise UsageError(
                f"Option {name!r} of model {model!r} must be one of {', '.join(self.choices)}. Received: {value!r}"
            )
        too_low = self.low is not None and value < self.low
        too_high = self.high is not None and not value < self.high
        if too_low or too_high:
            raise UsageError(
                f"Option {name!r} of model {model!r} must lie in [{self.low}, {self.high}). Received: {value!r}"
            )
        return value

    def parse(self, model: str, name: str, text: str) -> object:
        """The value that a text spells, in the option's type; raises UsageError where it spells none."""
        wanted = type(self.default)
        try:
            return {"true": True, "false": False}[text.lower()] if wanted is bool else wanted(text)
        except (ValueError, KeyError) as error:
            raise UsageError(
                f"Option {name!r} of model {model!r} must be a {wanted.__name__} such as {self.default!r}. "
                f"Received: {text!r}"
            ) from error


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
    """One row of the table.

    Args:
        name: what users call it.
        builder: ``"module:function"``, imported when the model is built; called with the input shape, the number of
            classes, the row's fixed ``arguments`` and the options.
        title: its name in prose, for legends and tables.
        paper: where it comes from.
        input_shape: the default ``(height, width, channels)``.
        classes: the default number of classes.
        parameters: trainable parameters at the defaults, by the arithmetic in the builder's docstring.
        smallest: height and width, in pixels, below which nothing would be left for the last layers.
        options: what the builder takes besides.
        arguments: what tells the members of a family apart, such as the depth.
        published: figures of others for the defaults.
        version: counts the changes of the builder that move numbers; part of every run's key.
    """

    name: str
    builder: str
    title: str
    paper: str
    input_shape: tuple[int, int, int]
    classes: int
    parameters: int
    smallest: int
    options: Mapping[str, Option] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)
    published: Published | None = None
    version: int = 1
