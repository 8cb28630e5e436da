"""The rows of models that no table lists: layer patterns, and networks of the user's own.

Keras is loaded, and what is the user's runs, only when a model is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
from cnnrepro.models import own_network
from cnnrepro.models.layer_pattern import count_names, expand
from cnnrepro.models.model_entry import ModelEntry, Option, dropout_option, initializer_option, normalization_option
from cnnrepro.models.pattern_values import POOLINGS, by_layer, is_positive

if TYPE_CHECKING:
    import keras

MOST = 1_000_000  # of a number in a pattern's options; the largest of the papers is VGG's 4,096 units
SMALL_IMAGES = {"input_shape": (32, 32, 3), "classes": 10, "smallest": 1}  # CIFAR-10's, as in the notes


@dataclass(frozen=True)
class Whole(Option):
    """A whole number of at least ``low``, or None; with ``several`` also a list of them.

    Args:
        several: whether a list with commas between is allowed.
    """

    low: float | None = 1
    several: bool = False

    def validate(self, model: str, name: str, value: object) -> object:
        """The number, or a tuple of numbers; raises UsageError for anything else."""
        if isinstance(value, list):
            value = tuple(value)
        numbers = value if self.several and isinstance(value, tuple) and value else (value,)
        if value is not None and not all(type(number) is int and number >= self.low for number in numbers):
            lists = ", or a list of them" if self.several else ""
            raise self._error(model, name, f"be a whole number of at least {self.low}{lists}", value)
        if value is not None and max(numbers) > MOST:
            raise self._error(model, name, f"be at most {MOST:,}", value)
        return value

    def parse(self, model: str, name: str, text: str) -> object:
        """The number or numbers that a text spells."""
        parts = [part.strip() for part in text.split(",")]
        if not all(part.isascii() and part.isdigit() for part in parts):
            return self.validate(model, name, text)
        if max(map(len, parts)) > len(str(MOST)):  # more digits than Python would read, perhaps
            raise self._error(model, name, f"be at most {MOST:,}", text)
        numbers = tuple(map(int, parts))
        return self.validate(model, name, numbers if len(numbers) > 1 else numbers[0])


@dataclass(frozen=True)
class Words(Option):
    """One of ``choices``, or a list of them."""

    def validate(self, model: str, name: str, value: object) -> object:
        """The word, or a tuple of words; raises UsageError for anything else."""
        if isinstance(value, list):
            value = tuple(value)
        words = value if isinstance(value, tuple) else (value,)
        if not words or not all(word in self.choices for word in words):
            raise self._error(model, name, f"be one of {', '.join(self.choices)}, or a list of them", value)
        return value

    def parse(self, model: str, name: str, text: str) -> object:
        """The word or words that a text spells."""
        words = tuple(part.strip() for part in text.split(","))
        return self.validate(model, name, words if len(words) > 1 else words[0])


@dataclass(frozen=True)
class Positive(Option):
    """A number above 0."""

    def validate(self, model: str, name: str, value: object) -> object:
        """The number as a float; raises UsageError for anything else."""
        if not is_positive(value):
            raise self._error(model, name, "be a number above 0", value)
        return float(value)


_A_CONV = "one number, or a list, one a CONV or one a stage"
_A_POOL = "or a list, one a POOL"

_PATTERN_OPTIONS: Mapping[str, Option] = {
    "filters": Whole(None, f"of each CONV: {_A_CONV}", several=True),
    "kernel_size": Whole(3, f"of each CONV: {_A_CONV}", several=True),
    "strides": Whole(1, f"of each CONV: {_A_CONV}", several=True),
    "padding": Option("same", "of each CONV", choices=("same", "valid")),
    "pool_size": Whole(2, f"of each POOL: one number, {_A_POOL}", several=True),
    "pool_strides": Whole(None, f"of each POOL: one number, {_A_POOL}; its size where none is given", several=True),
    "pool_padding": Option("valid", "of each POOL", choices=("valid", "same"), added=True),
    "pooling": Words("max", f"the kind of each POOL: one word, {_A_POOL}", choices=POOLINGS),
    "global_pooling": Option(
        "none", "one number a channel before the first FC", choices=("none", "average", "max"), added=True
    ),
    "units": Whole(128, "of each FC but the last: one number, or a list", several=True),
    "dropout": dropout_option(0.0),
    "normalization": normalization_option("none"),
    # On standardised pixels the paper's 1e-4, made for pixels of 0 to 255, leaves a constant factor of 2^-0.75;
    # times the variance of the original pixels it does on them what it did there.
    "lrn_alpha": Positive(1e-4, "weight of the squares in lrn; 1e-4 is for pixels of 0 to 255", added=True),
    "kernel_initializer": initializer_option("he_normal"),
    "optional": Option(True, "whether what ? marks is there"),
}


def pattern_row(pattern: str) -> ModelEntry:
    """The row of a layer pattern; its counts are options too."""
    counts = {name: Whole(None, f"how often *{name} repeats", low=0) for name in count_names(pattern)}
    return ModelEntry(
        name=pattern,
        builder=partial(_built_pattern, pattern),
        title=pattern,
        paper="a layer pattern, after Stanford's CS231n notes",
        parameters=None,
        options={**_PATTERN_OPTIONS, **counts},
        **SMALL_IMAGES,
    )


def check_pattern(pattern: str, options: Mapping[str, object]) -> None:
    """Raise UsageError where a pattern does not parse, with a mark at the character, or a list has another length.

    Args:
        pattern: the text.
        options: all of ``pattern_row(pattern).options``, validated.
    """
    counts = {name: options[name] for name in count_names(pattern) if options[name] is not None}
    given = {
        name: option.default if options[name] is None else options[name] for name, option in _PATTERN_OPTIONS.items()
    }
    by_layer(expand(pattern, counts, optional=given["optional"]), given)


def _built_pattern(pattern: str, shape: tuple[int, int, int], classes: int, **options: object) -> keras.Model:
    from cnnrepro.models.from_layer_pattern import from_pattern

    given = {name: value for name, value in options.items() if value is not None}
    return from_pattern(pattern, shape, classes, **given)


@dataclass(frozen=True)
class OwnEntry(ModelEntry):
    """The row of a network of the user's own: its options are known to its function alone, and no table checks them."""


def own_row(name: str) -> OwnEntry:
    """The row of a network of the user's own."""
    return OwnEntry(
        name=name,
        builder=partial(own_network.make, name),
        title=own_network.short(name),
        paper="a network of the user's own",
        parameters=None,
        **SMALL_IMAGES,
    )


def own_options(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options of a network of the user's own, which are texts, numbers, true or false; raises UsageError."""
    for option, value in options.items():
        if not isinstance(value, (bool, int, float, str)):
            raise UsageError(
                f"Option {option!r} of {own_network.short(name)} must be a number, a text, true or false. Received: "
                f"{value!r}"
            )
    if options and not own_network.runs_code(name):
        raise UsageError(f"{own_network.short(name)} is a file and has no options. Received: {', '.join(options)}")
    return dict(options)


def parse_own_option(text: str) -> object:
    """What a text spells: true or false, a whole number, a number, or itself."""
    for read in (lambda word: {"true": True, "false": False}[word.lower()], int, float):
        try:
            return read(text)
        except (KeyError, ValueError):
            continue
    return text
