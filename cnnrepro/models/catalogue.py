"""The table of models: the rows of all families, and the options of a model checked against its row.

Layer patterns and networks of the user's own have rows too, which are in no table.

It loads neither Keras nor TensorFlow. To add a model, write its builder and its ``ModelEntry`` in its family's file;
the tests are driven by this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnnrepro.errors import UsageError, of_path, unknown
from cnnrepro.models import (
    alexnet,
    googlenet,
    lenet,
    mnist_convnets,
    own_network,
    resnet,
    resnet_imagenet,
    unlisted,
    vgg,
    zfnet,
)
from cnnrepro.models.keras_file import is_file
from cnnrepro.models.layer_pattern import is_pattern
from cnnrepro.models.model_entry import ModelEntry, Option

FAMILIES = (lenet, mnist_convnets, alexnet, zfnet, vgg, googlenet, resnet_imagenet, resnet)
MODELS: dict[str, ModelEntry] = {row.name: row for family in FAMILIES for row in family.ROWS}
"""The networks by name; ``entry`` has those too that stand in no table."""


def entry(name: str) -> ModelEntry:
    """The row of a model of the table, a layer pattern or a network of the user's own.

    Raises:
        UsageError: it is none of them; lists the known names.
    """
    if name in MODELS:
        return MODELS[name]
    if own_network.is_own(name):
        return unlisted.own_row(name)
    if is_pattern(name):
        return unlisted.pattern_row(name)
    if is_file(name):
        raise UsageError(
            f"{of_path(name)} is a file of a kind that is not read; a network of your own is "
            "FILE.keras, FILE.py:FUNCTION or MODULE:FUNCTION."
        )
    raise unknown("model", name, MODELS)


def require_room(name: str, input_shape: tuple[int, int, int]) -> None:
    """Check that images are large enough for a model; raises UsageError that names its form for small ones."""
    row = entry(name)
    if min(input_shape[:2]) >= row.smallest:
        return
    forms = (f"{name}_small", f"{name.partition('_')[0]}_small")
    other = next((form for form in forms if form in MODELS and MODELS[form].smallest <= min(input_shape[:2])), None)
    advice = f"; {other} is made for small ones" if other else ""
    raise UsageError(
        f"{name} needs images of at least {row.smallest}x{row.smallest} pixels, or nothing is left for its last "
        f"layers{advice}. Received: input_shape={tuple(input_shape)}"
    )


def _known_options(name: str, given: Iterable[str]) -> Mapping[str, Option]:
    """The options of a model; raises UsageError where one is given that it does not have."""
    known = entry(name).options
    for option in given:
        if option not in known:
            raise unknown(f"option of model {name!r}", option, known)
    return known


def check_options(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """All options of a model with their values: those given, checked, and the defaults of the rest.

    Of a network of one's own those given alone, as nobody lists the others.

    Raises:
        UsageError: an option that it has not, or a value of another type or range.
    """
    if own_network.is_own(name):
        return unlisted.own_options(name, options)
    known = _known_options(name, options)
    every = {option: spec.validate(name, option, options.get(option, spec.default)) for option, spec in known.items()}
    if name not in MODELS:
        unlisted.check_pattern(name, every)
    return every


def parse_options(name: str, texts: Mapping[str, str]) -> dict[str, object]:
    """Options given as text, in their types; raises UsageError for an unknown one or a text of another type."""
    if own_network.is_own(name):
        return {option: unlisted.parse_own_option(text) for option, text in texts.items()}
    known = _known_options(name, texts)
    return {option: known[option].parse(name, option, text) for option, text in texts.items()}


def keyed_options(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options that enter a run's key; one that was added after first records is left out while at its default."""
    if own_network.is_own(name):
        return {}  # its configuration and code say what came of them
    known = entry(name).options
    return {
        option: value
        for option, value in options.items()
        if not (known[option].added and value == known[option].default)
    }
