"""The table of models: what each is called, where it comes from, which options it takes, what it must meet.

Plain data, so that commands can list and check models without loading Keras. To add a model: write its builder in
its family's file and its row in ``rows_plain.py`` or ``rows_branched.py``; the tests are driven by this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnnrepro.errors import unknown
from cnnrepro.models.entry import ModelEntry
from cnnrepro.models.rows_branched import BRANCHED_ROWS
from cnnrepro.models.rows_plain import PLAIN_ROWS

MODELS: dict[str, ModelEntry] = {entry.name: entry for entry in (*PLAIN_ROWS, *BRANCHED_ROWS)}


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
    for option in texts:
        if option not in known:
            raise unknown(f"option of model {name!r}", option, known)
    return {option: known[option].parse(name, option, text) for option, text in texts.items()}


def keyed_options(name: str, options: Mapping[str, object]) -> dict[str, object]:
    """The options that name a model in a run's key: without those, at their defaults, that came after first records."""
    known = entry(name).options
    return {
        option: value
        for option, value in options.items()
        if not (known[option].added and value == known[option].default)
    }
