"""The table of models: what each is called, where it comes from, which options it takes.

Plain data, so that commands can list and check models without loading Keras. To add a model: write its builder in
its family's file, add an entry here; the tests are driven by this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnrepro.errors import UsageError, unknown


@dataclass(frozen=True)
class Option:
    """An option of a builder: its default, its type and, for numbers, the half-open range ``[low, high)``."""

    default: object
    help: str
    low: float | None = None
    high: float | None = None

    def check(self, model: str, name: str, value: object) -> object:
        """The value in the option's type; raises UsageError where it has another type or lies outside the range."""
        wanted = type(self.default)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted:
            raise UsageError(
                f"Option {name!r} of model {model!r} must be a {wanted.__name__} such as {self.default!r}. "
                f"Received: {value!r}"
            )
        too_low = self.low is not None and value < self.low
        too_high = self.high is not None and not value < self.high
        if too_low or too_high:
            raise UsageError(
                f"Option {name!r} of model {model!r} must lie in [{self.low}, {self.high}). Received: {value!r}"
            )
        return value


@dataclass(frozen=True)
class ModelEntry:
    """One row of the table.

    Args:
        name: what users call it.
        builder: ``"module:function"``, imported when the model is built.
        title: its name in prose, for legends and tables.
        paper: where it comes from.
        input_shape: the default ``(height, width, channels)``.
        classes: the default number of classes.
        parameters: trainable parameters at the defaults, by the arithmetic in the builder's docstring.
        options: what the builder takes besides.
        version: counts the changes of the builder that move numbers; part of every run's key.
    """

    name: str
    builder: str
    title: str
    paper: str
    input_shape: tuple[int, int, int]
    classes: int
    parameters: int
    options: Mapping[str, Option] = field(default_factory=dict)
    version: int = 1


_INITIALIZER_HELP = "name of a Keras initialiser"

MODELS: dict[str, ModelEntry] = {
    entry.name: entry
    for entry in (
        ModelEntry(
            name="alexnet_small",
            builder="cnnrepro.models.alexnet:alexnet_small",
            title="AlexNet (small)",
            paper="Krizhevsky, Sutskever and Hinton 2012, for small images",
            input_shape=(28, 28, 1),
            classes=10,
            parameters=5_824_202,
            options={
                "dropout": Option(0.5, "share of hidden dense units dropped in training", 0.0, 1.0),
                "dense_units": Option(1024, "units of each hidden dense layer", 1, 100_000),
                "kernel_initializer": Option("glorot_uniform", _INITIALIZER_HELP),
            },
        ),
        ModelEntry(
            name="resnet20",
            builder="cnnrepro.models.resnet:resnet20",
            title="ResNet-20",
            paper="He, Zhang, Ren and Sun 2016, section 4.2",
            input_shape=(32, 32, 3),
            classes=10,
            parameters=269_722,
            options={
                "batchnorm_momentum": Option(0.9, "weight of the old value in the moving averages", 0.0, 1.0),
                "batchnorm_epsilon": Option(1e-5, "added to the variance", 0.0, 1.0),
                "kernel_initializer": Option("he_normal", _INITIALIZER_HELP),
            },
        ),
    )
}


def entry(name: str) -> ModelEntry:
    """The row of a model; raises UsageError that lists the known names."""
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    return MODELS[name]


def check_options(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """All options of a model with their values: those given, checked, and the defaults of the rest."""
    known = entry(name).options
    for option in options:
        if option not in known:
            raise unknown(f"option of model {name!r}", option, known)
    return {option: spec.check(name, option, options.get(option, spec.default)) for option, spec in known.items()}


def parse_options(name: str, texts: Mapping[str, str]) -> dict[str, object]:
    """Options given as text, in their types; raises UsageError for an unknown one or a text of another type."""
    known = entry(name).options
    values = {}
    for option, text in texts.items():
        if option not in known:
            raise unknown(f"option of model {name!r}", option, known)
        wanted = type(known[option].default)
        try:
            values[option] = wanted(text)
        except ValueError as error:
            raise UsageError(
                f"Option {option!r} of model {name!r} must be a {wanted.__name__} such as {known[option].default!r}. "
                f"Received: {text!r}"
            ) from error
    return values
