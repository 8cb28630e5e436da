"""A Keras model from the lecture notes' layer pattern."""

from __future__ import annotations

from collections.abc import Sequence

from cnnrepro.errors import UsageError, unknown
from cnnrepro.models.blocks import POOLS, Conv2D, initializer, keras, layers, logits, normalise
from cnnrepro.models.layer_pattern import WORDS, Element, expand, is_count, wrong

NORMALIZATIONS = ("none", "lrn", "batch")
PADDINGS = ("same", "valid")
FIRST_FILTERS, MOST_FILTERS = 32, 512  # by default doubled after each pool, as VGG does from 64 to 512


def from_pattern(
    pattern: str,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    filters: int | Sequence[int] | None = None,
    kernel_size: int = 3,
    strides: int = 1,
    padding: str = "same",
    pool_size: int = 2,
    pool_strides: int | None = None,
    pooling: str = "max",
    units: int | Sequence[int] = 128,
    dropout: float = 0.0,
    normalization: str = "none",
    kernel_initializer: str = "he_normal",
    optional: bool = True,
    **counts: int,
) -> keras.Model:
    """Build the network that a pattern writes down.

    Args:
        pattern: see ``cnnrepro.models.layer_pattern``.
        input_shape: ``(height, width, channels)``.
        classes: outputs of the last FC.
        filters: of each CONV: one number for all, or a list with one a CONV or one a stage (the CONVs up to a POOL).
            By default 32, doubled after each POOL up to 512.
        kernel_size, strides, padding: of each CONV; "same" keeps the size at stride 1.
        pool_size, pool_strides: of each POOL, by default 2 and the size.
        pooling: max, average or l2.
        units: of each FC but the last: one number for all, or a list.
        dropout: share of the values before each FC but the first that is dropped in training.
        normalization: none; batch: after each CONV; lrn: after the RELU behind each CONV, as in AlexNet, or after a
            CONV that has none.
        kernel_initializer: an initialiser's name, for all layers.
        optional: whether what ``?`` marks is there.
        **counts: values of the pattern's counts: ``N=2``.

    Returns:
        A model from ``(N, height, width, channels)`` to logits ``(N, classes)`` in float32.

    Raises:
        UsageError: a pattern that cannot be read, with a mark at the character, or a value that does not fit.
    """
    for name in counts:
        if not is_count(name):
            raise unknown("option of a pattern", name, [*from_pattern.__kwdefaults__, "N", "M", "K"])
    for name, value, allowed in (
        ("pooling", pooling, POOLS),
        ("normalization", normalization, NORMALIZATIONS),
        ("padding", padding, PADDINGS),
        ("optional", optional, (True, False)),
    ):
        if value not in allowed:
            raise UsageError(f"{name} must be one of {', '.join(map(str, allowed))}. Received: {value!r}")
    for name, value in (("kernel_size", kernel_size), ("strides", strides), ("pool_size", pool_size)):
        _one_each(value, 1, name, "layer")
    if pool_strides is not None:
        _one_each(pool_strides, 1, "pool_strides", "layer")
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise UsageError(f"dropout must lie in [0, 1). Received: {dropout!r}")
    elements = expand(pattern, counts, optional=optional)
    widths = _filters(elements, filters)
    hidden = _one_each(units, sum(element.word == "FC" for element in elements) - 1, "units", "FC before the last")
    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    numbers = dict.fromkeys(WORDS, 0)
    waiting = 0  # the number of a CONV whose local response normalisation stands behind the next RELU
    for element, following in zip(elements, (*elements[1:], None), strict=True):
        numbers[element.word] += 1
        number = numbers[element.word]
        if element.word == "CONV":
            _require_room(pattern, element, x, kernel_size, padding)
            x = Conv2D(
                widths[number - 1],
                kernel_size,
                strides=strides,
                padding=padding,
                kernel_initializer=initializer(kernel_initializer),
                name=f"conv{number}",
            )(x)
            if normalization == "lrn" and following is not None and following.word == "RELU":
                waiting = number
            else:
                x = normalise(x, normalization, f"norm{number}")
        elif element.word == "POOL":
            _require_room(pattern, element, x, pool_size, "valid")
            x = POOLS[pooling](pool_size, strides=pool_strides or pool_size, name=f"pool{number}")(x)
        elif element.word == "RELU":
            x = layers.ReLU(name=f"relu{number}")(x)
            if waiting:
                x = normalise(x, normalization, f"norm{waiting}")
                waiting = 0
        else:
            x = _dense(x, number, (*hidden, classes), dropout, kernel_initializer)
    return keras.Model(inputs, x, name="pattern")


def _dense(x: keras.KerasTensor, number: int, sizes: tuple[int, ...], dropout: float, start: str) -> keras.KerasTensor:
    """One FC: a flattened map at the first, dropout before the others, float32 scores at the last."""
    if number == 1 and len(x.shape) > 2:
        x = layers.Flatten(name="flatten")(x)
    elif dropout:
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    if number == len(sizes):
        return logits(x, sizes[-1], start)
    return layers.Dense(sizes[number - 1], kernel_initializer=initializer(start), name=f"fc{number}")(x)


def _require_room(pattern: str, element: Element, x: keras.KerasTensor, window: int, padding: str) -> None:
    height, width = x.shape[1:3]
    if padding == "valid" and min(height, width) < window:
        raise wrong(pattern, element.place, f"A {window}x{window} {element.word} does not fit into {height}x{width}")


def _filters(elements: Sequence[Element], given: int | Sequence[int] | None) -> list[int]:
    """The filters of each CONV."""
    stages = []  # of each CONV: how many POOLs came before it
    pools = 0
    for element in elements:
        pools += element.word == "POOL"
        if element.word == "CONV":
            stages.append(pools)
    if given is None:
        return [min(FIRST_FILTERS * 2**stage, MOST_FILTERS) for stage in stages]
    used = sorted(set(stages))
    if not isinstance(given, int) and len(given) == len(used) != len(stages):
        by_stage = dict(zip(used, _one_each(given, len(used), "filters", "stage"), strict=True))
        return [by_stage[stage] for stage in stages]
    return _one_each(given, len(stages), "filters", f"CONV, or {len(used)}, one a stage")


def _one_each(given: int | Sequence[int], count: int, name: str, unit: str) -> list[int]:
    """A list with one number for each: a single number stands for all of them."""
    several = isinstance(given, (list, tuple))
    for value in given if several else [given]:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{name} must be positive whole numbers. Received: {given!r}")
    if several and len(given) != count:
        raise UsageError(f"{name} must be one number, or a list of {count}, one a {unit}. Received: {given!r}")
    return list(given) if several else [given] * count
