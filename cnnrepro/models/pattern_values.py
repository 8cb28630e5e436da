"""What the options of a layer pattern say of each of its layers: one value for all of a kind, or a list.

It loads no Keras, so that a list of the wrong length is refused where a run is named.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate

from cnnrepro.errors import UsageError, brief
from cnnrepro.models.layer_pattern import Element

POOLINGS = ("max", "average", "l2", "rms")
FIRST_FILTERS, MOST_FILTERS = 32, 512  # by default doubled after each pool, as VGG does from 64 to 512


def is_positive(value: object) -> bool:
    """Whether a value is a finite number above 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


def by_layer(elements: Sequence[Element], options: Mapping[str, object]) -> dict[str, list]:
    """The values of the options that layers may differ in, written out.

    Args:
        elements: a pattern, written out.
        options: filters, kernel_size, strides, pool_size, pool_strides, pooling and units, as ``from_pattern`` takes
            them; others are not looked at.

    Returns:
        Each of the seven by name: a list with one value a CONV, a POOL, or an FC but the last.

    Raises:
        UsageError: no such number or word, or a list of another length.
    """
    words = [element.word for element in elements]
    pools = words.count("POOL")
    sizes, steps = options["pool_size"], options["pool_strides"]
    return {
        **{name: _of_convolutions(words, options[name], name) for name in ("filters", "kernel_size", "strides")},
        "pool_size": _one_each(sizes, pools, "pool_size", "POOL"),
        "pool_strides": _one_each(sizes if steps is None else steps, pools, "pool_strides", "POOL"),
        "pooling": _one_each(options["pooling"], pools, "pooling", "POOL", POOLINGS),
        "units": _one_each(options["units"], words.count("FC") - 1, "units", "FC before the last"),
    }


def _of_convolutions(words: Sequence[str], given: int | Sequence[int] | None, name: str) -> list[int]:
    """The value of each CONV; filters that are not given are doubled after each POOL."""
    before = accumulate(word == "POOL" for word in words)  # POOLs
    stages = [stage for stage, word in zip(before, words, strict=True) if word == "CONV"]
    if name == "filters" and given is None:
        return [min(FIRST_FILTERS * 2**stage, MOST_FILTERS) for stage in stages]
    used = sorted(set(stages))
    if isinstance(given, (list, tuple)) and len(given) == len(used) != len(stages):
        by_stage = dict(zip(used, _one_each(given, len(used), name, "stage"), strict=True))
        return [by_stage[stage] for stage in stages]
    return _one_each(given, len(stages), name, f"CONV, or {len(used)}, one a stage")


def _one_each(given: object, count: int, name: str, unit: str, words: tuple[str, ...] = ()) -> list:
    """A list with one number, or one of some words, for each: a single one stands for all of them."""
    several = isinstance(given, (list, tuple))
    for value in given if several else [given]:
        if words and value not in words:
            raise UsageError(f"{name} must be one of {', '.join(words)}. Received: {brief(given)}")
        if not words and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise UsageError(f"{name} must be positive whole numbers. Received: {brief(given)}")
    if several and len(given) != count:
        one = "word" if words else "number"
        raise UsageError(f"{name} must be one {one}, or a list of {count}, one a {unit}. Received: {brief(given)}")
    return list(given) if several else [given] * count
