"""A Keras model from the lecture notes' layer pattern."""

from __future__ import annotations

from collections.abc import Sequence

from cnnrepro.errors import UsageError, brief, unknown
from cnnrepro.models.blocks import POOLS, Conv2D, initializer, keras, layers, logits, normalise
from cnnrepro.models.layer_pattern import WORDS, Element, expand, is_count, wrong
from cnnrepro.models.pattern_values import by_layer, is_positive

NORMALIZATIONS = ("none", "lrn", "batch")
PADDINGS = ("same", "valid")
TO_VECTORS = {
    "none": layers.Flatten,
    "average": layers.GlobalAveragePooling2D,
    "max": layers.GlobalMaxPooling2D,
}


def from_pattern(
    pattern: str,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    filters: int | Sequence[int] | None = None,
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    padding: str = "same",
    pool_size: int | Sequence[int] = 2,
    pool_strides: int | Sequence[int] | None = None,
    pool_padding: str = "valid",
    pooling: str | Sequence[str] = "max",
    global_pooling: str = "none",
    units: int | Sequence[int] = 128,
    dropout: float = 0.0,
    normalization: str = "none",
    lrn_alpha: float = 1e-4,
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
        kernel_size, strides: of each CONV: one number for all, or a list as for ``filters``.
        padding: of all CONVs; "same" keeps the size at stride 1.
        pool_size, pool_strides: of each POOL: one number for all, or a list with one a POOL. By default 2, and the
            size.
        pool_padding: of all POOLs. With "same" maps are as large behind 3x3 windows at stride 2 as behind 2x2 ones of
            even maps; what lies outside of a map is in no maximum and in no mean.
        pooling: max, average, l2 (the root of the sum of squares) or rms (of their mean): one word for all, or a list
            with one a POOL.
        global_pooling: average or max: one number a channel goes to the first FC; none: all of the map does.
        units: of each FC but the last: one number for all, or a list.
        dropout: share of the values before each FC but the first that is dropped in training.
        normalization: none; batch: after each CONV; lrn: after the RELU behind each CONV, as in AlexNet, or after a
            CONV that has none.
        lrn_alpha: weight of the squares in local response normalisation, above 0; by default the paper's 1e-4. That was
            made for pixels of 0 to 255: on standardised ones the squares are too small to count, and the layer is a
            constant factor of 2^-0.75. 1e-4 times the variance of the original pixels does on them what it did there.
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
        ("normalization", normalization, NORMALIZATIONS),
        ("padding", padding, PADDINGS),
        ("pool_padding", pool_padding, PADDINGS),
        ("global_pooling", global_pooling, TO_VECTORS),
        ("optional", optional, (True, False)),
    ):
        if value not in allowed:
            raise UsageError(f"{name} must be one of {', '.join(map(str, allowed))}. Received: {brief(value)}")
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise UsageError(f"dropout must lie in [0, 1). Received: {brief(dropout)}")
    if not is_positive(lrn_alpha):
        raise UsageError(f"lrn_alpha must be a number above 0. Received: {brief(lrn_alpha)}")
    elements = expand(pattern, counts, optional=optional)
    chosen = {"filters": filters, "kernel_size": kernel_size, "strides": strides, "units": units}
    chosen |= {"pool_size": pool_size, "pool_strides": pool_strides, "pooling": pooling}
    each = by_layer(elements, chosen)
    convolutions = zip(each["filters"], each["kernel_size"], each["strides"], strict=True)
    pools = zip(each["pooling"], each["pool_size"], each["pool_strides"], strict=True)
    x = inputs = keras.Input(input_shape, name="image")  # (N, H, W, C)
    numbers = dict.fromkeys(WORDS, 0)
    waiting = 0  # the number of a CONV whose local response normalisation stands behind the next RELU
    for element, following in zip(elements, (*elements[1:], None), strict=True):
        numbers[element.word] += 1
        number = numbers[element.word]
        if element.word == "CONV":
            width, size, step = next(convolutions)
            _require_room(pattern, element, x, size, padding)
            x = Conv2D(
                width,
                size,
                strides=step,
                padding=padding,
                kernel_initializer=initializer(kernel_initializer),
                name=f"conv{number}",
            )(x)
            if normalization == "lrn" and following is not None and following.word == "RELU":
                waiting = number
            else:
                x = normalise(x, normalization, f"norm{number}", alpha=lrn_alpha)
        elif element.word == "POOL":
            kind, size, step = next(pools)
            _require_room(pattern, element, x, size, pool_padding)
            x = POOLS[kind](size, strides=step, padding=pool_padding, name=f"pool{number}")(x)
        elif element.word == "RELU":
            x = layers.ReLU(name=f"relu{number}")(x)
            if waiting:
                x = normalise(x, normalization, f"norm{waiting}", alpha=lrn_alpha)
                waiting = 0
        else:
            if len(x.shape) > 2:
                x = TO_VECTORS[global_pooling](name="flatten" if global_pooling == "none" else "global_pool")(x)
            elif dropout:
                x = layers.Dropout(dropout, name=f"dropout{number}")(x)
            x = _dense(x, number, (*each["units"], classes), kernel_initializer)
    return keras.Model(inputs, x, name="pattern")


def _dense(x: keras.KerasTensor, number: int, sizes: tuple[int, ...], start: str) -> keras.KerasTensor:
    """One FC; float32 scores at the last."""
    if number == len(sizes):
        return logits(x, sizes[-1], start)
    return layers.Dense(sizes[number - 1], kernel_initializer=initializer(start), name=f"fc{number}")(x)


def _require_room(pattern: str, element: Element, x: keras.KerasTensor, window: int, padding: str) -> None:
    height, width = x.shape[1:3]
    if padding == "valid" and min(height, width) < window:
        raise wrong(pattern, element.place, f"A {window}x{window} {element.word} does not fit into {height}x{width}")
