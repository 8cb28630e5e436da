"""The table of models: the rows of all families, and the options of a model checked against its row.

It loads neither Keras nor TensorFlow. To add a model, write its builder and its ``ModelEntry`` in its family's file;
the tests are driven by this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnnrepro.errors import UsageError, unknown
from cnnrepro.models import alexnet, googlenet, lenet, mnist_convnets, resnet, resnet_imagenet, vgg, zfnet
from cnnrepro.models.keras_file import is_file
from cnnrepro.models.layer_pattern import is_pattern
from cnnrepro.models.model_entry import ModelEntry, Option

FAMILIES = (lenet, mnist_convnets, alexnet, zfnet, vgg, googlenet, resnet_imagenet, resnet)
MODELS: dict[str, ModelEntry] = {row.name: row for family in FAMILIES for row in family.ROWS}


def entry(name: str) -> ModelEntry:
    """The row of a model; raises UsageError that lists the known names, or says that it is no name."""
    if name not in MODELS:
        if is_pattern(name) or is_file(name):
            what = "a layer pattern" if is_pattern(name) else "a file"
            raise UsageError(
                f"{name!r} is {what}, which `cnnrepro inspect` takes apart; everything else takes a name of "
                "`cnnrepro list models`."
            )
        raise unknown("model", name, MODELS)
    return MODELS[name]


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
    """All options of a model with their values: those given, checked, and the defaults of the rest."""
    known = _known_options(name, options)
    return {option: spec.validate(name, option, options.get(option, spec.default)) for option, spec in known.items()}


def parse_options(name: str, texts: Mapping[str, str]) -> dict[str, object]:
    """Options given as text, in their types; raises UsageError for an unknown one or a text of another type."""
    known = _known_options(name, texts)
    return {option: known[option].parse(name, option, text) for option, text in texts.items()}


def keyed_options(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options that enter a run's key; one that was added after first records is left out while at its default."""
    known = entry(name).options
    return {
        option: value
        for option, value in options.items()
        if not (known[option].added and value == known[option].default)
    }
