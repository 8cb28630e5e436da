"""Sweeps: several values for a parameter that takes one make several pages, one for every combination."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from cnnrepro.errors import UsageError, brief
from cnnrepro.experiments.parameters import (
    LONGEST_RANGE,
    Parameter,
    coerce,
    depth,
    identity,
    items_of,
    of_scalars,
    require_known,
)


def combinations(declared: Mapping[str, Parameter], given: Mapping[str, object], where: str) -> list[dict[str, object]]:
    """The sets of parameters that ``-p`` or a batch file asks for, each once, the last parameter changing fastest.

    A parameter that takes one value may be given several: numbers and true/false as ``0.9,0.99`` or ``1..5``, texts
    (which may hold commas of their own) as ``[adam,sgd]``, in a file as a list. A parameter that takes a list is one
    value; lists nested one level deeper than its default make several.

    Raises:
        UsageError: a name that is not declared, or a value of the wrong type.
    """
    require_known(given, declared, where)
    axes = [[(name, value) for value in values_of(declared[name], value)] for name, value in given.items()]
    count = math.prod(map(len, axes))
    if count > LONGEST_RANGE:
        raise UsageError(f"These parameters of {where} make {count:,} pages; {LONGEST_RANGE:,} at once are the most.")
    defaults = {name: parameter.default for name, parameter in declared.items()}
    sets: dict[str, dict[str, object]] = {}
    for chosen in itertools.product(*axes):
        values = defaults | dict(chosen)
        sets.setdefault(" ".join(map(identity, values.values())), values)
    return list(sets.values())


def values_of(parameter: Parameter, given: object) -> list[object]:
    """The values that are given for a parameter: one, or those of a sweep; raises UsageError for a wrong one."""
    several = None
    if isinstance(given, str):
        several = _texts(parameter, given)
    elif isinstance(given, (list, tuple)) and parameter.type != "any":
        several = given
    if several is not None and parameter.type == "list" and depth(several) <= max(1, depth(parameter.default)):
        several = None
    if several is None:
        return [coerce(parameter, given)]
    if not several:
        raise UsageError(f"Parameter {brief(parameter.name)} was given no value. Received: {brief(given)}")
    return [coerce(parameter, item) for item in several]


def _texts(parameter: Parameter, given: str) -> list | None:
    """The items of a text that may stand for several values; None where it stands for one."""
    bracketed = given.strip().startswith("[") and given.strip().endswith("]")
    listed = ("," in given or ".." in given) and parameter.type not in ("str", "dict")
    if parameter.type == "any" or not (bracketed or listed):
        return None
    try:
        return items_of(given, texts=parameter.type != "dict" and of_scalars(parameter.default))
    except ValueError as error:
        if parameter.type == "list":
            return None
        raise UsageError(
            f"Parameter {brief(parameter.name)} takes one value, or several such as 1,2,5 or 0..9. "
            f"Received: {brief(given)}"
        ) from error
