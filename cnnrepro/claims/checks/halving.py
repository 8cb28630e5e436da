"""Checks of what pools discard, of sizes that divide, and of what the borders get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnrepro.anatomy import output_size
from cnnrepro.anatomy.convolution import col2im, plan
from cnnrepro.anatomy.geometry import geometry
from cnnrepro.claims.checks.concluding import conclude, right_or_wrong, spelled, word_of
from cnnrepro.claims.checks.networks import WindowedCall, of_kinds, outline, windowed
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, Verdict
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError

SIZES = range(2, 66)
DISCARDED = 0.75  # statement 10
HALF = 0.5  # statement 51


def _pooled(size: int, window: int = 2, stride: int = 2) -> int:
    layer = keras.layers.MaxPooling2D(window, strides=stride)
    return layer.compute_output_shape((None, size, size, 1))[1]


def _if_even(cases: dict[int, bool]) -> str:
    """Holds if sizes are even, where it does for these and no others."""
    just_even = all(right == (size % 2 == 0) for size, right in cases.items())
    return HOLDS_IF if just_even else right_or_wrong(cases.values())


def discarded_share() -> Verdict:
    """Statement 10: 2x2 pooling with stride 2 discards 75 % of the activations."""
    shares = {size: 1 - (_pooled(size) / size) ** 2 for size in SIZES}
    exact = {size: share == DISCARDED for size, share in shares.items()}
    even = [size for size in SIZES if size % 2 == 0]
    worst = max(shares, key=shares.get)
    overlapping = 1 - (_pooled(55, 3) / 55) ** 2
    return conclude(
        10,
        _if_even(exact),
        {
            HOLDS_IF: f"It holds if the sizes are even: then exactly {DISCARDED:.0%} go, and with odd sizes more, from "
            f"{1 - (_pooled(65) / 65) ** 2:.1%} at 65 to {shares[worst]:.1%} at {worst}.",
            HOLDS: f"{DISCARDED:.0%} go at every size from {SIZES[0]} to {SIZES[-1]}.",
        },
        (
            f"Of the sizes from {SIZES[0]} to {SIZES[-1]}, {sum(exact.values())} lose exactly {DISCARDED:.0%}; "
            f"{sum(exact[size] for size in even)} of them are even.",
            f"An odd size also loses its last row and column: 7x7 keeps {_pooled(7) ** 2} of 49 values, so that "
            f"{shares[7]:.1%} go; {worst}x{worst} loses {shares[worst]:.1%}.",
            f"Overlapping 3x3 pools with stride 2 discard as much: AlexNet's 55x55 goes to {_pooled(55, 3)}x"
            f"{_pooled(55, 3)}, by {overlapping:.1%}.",
        ),
        f"Keras's MaxPooling2D on {len(shares)} sizes",
    )


def halved_sizes() -> Verdict:
    """Statement 51: 2x2 pooling halves the dimensions."""
    halved = {size: _pooled(size) / size == HALF for size in SIZES}
    padded = keras.layers.MaxPooling2D(2, padding="same").compute_output_shape((None, 7, 7, 1))[1]
    unstrided = _pooled(28, 2, 1)
    in_vgg = [(call.size, call.output) for call in windowed(outline("vgg16")) if call.kind == "MaxPooling2D"]
    return conclude(
        51,
        _if_even(halved),
        {
            HOLDS_IF: f"It holds if the size is even and the stride is 2: of the sizes from {SIZES[0]} to {SIZES[-1]}, "
            f"{sum(halved.values())} are halved; 7 becomes {_pooled(7)}, or {padded} with padding “same”.",
            HOLDS: f"All sizes from {SIZES[0]} to {SIZES[-1]} are halved.",
        },
        (
            f"MaxPooling2D(2) halves {sum(halved.values())} of {len(halved)} sizes; of the other "
            f"{len(halved) - sum(halved.values())}, "
            f"{sum(size % 2 == 1 for size, yes in halved.items() if not yes)} are odd.",
            f"Odd sizes are rounded down: 7 becomes {_pooled(7)}, and 28 goes 28, {_pooled(28)}, "
            f"{_pooled(_pooled(28))}, {_pooled(_pooled(_pooled(28)))}; with padding “same” 7 becomes {padded}.",
            f"The stride does it, not the window: 2x2 with stride 1 makes {unstrided} of 28.",
            f"In VGG-16 at 224 all {sum(2 * small == large for large, small in in_vgg)} of {len(in_vgg)} pools halve "
            f"their input.",
        ),
        f"Keras's MaxPooling2D on {len(halved)} sizes, and the built vgg16",
    )


# Statement 20: sizes the notes recommend (S0, S2).
RECOMMENDED = (32, 64, 96, 224, 384, 512)


def lines_lost(size: int, layers: Sequence[WindowedCall]) -> int | None:
    """Rows (or columns) of feature maps that no window reads on the way through a chain; None where nothing is left."""
    lost = 0
    for layer in layers:
        try:
            found = geometry(size, layer.window, layer.stride, layer.padding)
        except UsageError:
            return None
        lost, size = lost + found.input_cells_lost, found.output
    return lost


def layer_sizing() -> Verdict:
    """Statement 20: inputs should be divisible by 2 many times; through VGG-16 and AlexNet."""
    vgg, alexnet = windowed(outline("vgg16")), windowed(outline("alexnet"))
    sizes = sorted({*RECOMMENDED, 28, 224, 227})
    in_vgg = {size: lines_lost(size, vgg) for size in sizes}
    in_alexnet = {size: lines_lost(size, alexnet) for size in sizes}
    whole = [size for size in range(32, 513) if lines_lost(size, vgg) == 0]
    fits = [size for size in range(67, 513) if lines_lost(size, alexnet) == 0]
    halvings = [(size & -size).bit_length() - 1 for size in RECOMMENDED]
    by_rule = [in_vgg[size] == 0 for size in RECOMMENDED]
    elsewhere = [in_alexnet[size] == 0 for size in RECOMMENDED if size >= 67]  # AlexNet needs 67 pixels
    odd, near = sum(size % 2 for size in fits), min(fits, key=lambda size: abs(size - 224))
    return conclude(
        20,
        word_of([*by_rule, *elsewhere]) if all(by_rule) else DOES_NOT_HOLD,
        {
            HOLDS_IF: f"It holds if the network keeps sizes in its convolutions and halves them in 2x2 pools: VGG-16 "
            f"loses no line at {spelled(RECOMMENDED)}; AlexNet, 11x11 with stride 4 and 3x3 pools, wants {near} or "
            f"one of {len(fits) - 1} other sizes; {odd} of the {len(fits)} are odd.",
            HOLDS: "The recommended sizes lose nothing in either network.",
        },
        (
            f"{spelled(RECOMMENDED)} can be halved {spelled(halvings)} times; VGG-16 halves 5 times and reads every "
            f"line at {len(whole)} sizes from 32 to 512, all multiples of {np.gcd.reduce(whole)}.",
            f"227 in VGG-16 loses {in_vgg[227]} lines on the way; at 28 "
            + ("nothing is left for the fifth pool" if in_vgg[28] is None else f"{in_vgg[28]} lines are lost")
            + f"; at 224 it loses {in_vgg[224]}.",
            f"AlexNet reads every line at 227 ({in_alexnet[227]} lost) and not at 224 ({in_alexnet[224]} lost, without "
            f"padding); its sizes are {spelled(fits[:3])} and so on in steps of {fits[1] - fits[0]}.",
        ),
        "windows and strides of the built vgg16 and alexnet, sizes from 28 to 512",
    )


def neurons_formula() -> Verdict:
    """Statement 60: S2 calls (W − F + 2P)/S + 1 the number of neurons."""
    shape = of_kinds(outline("alexnet"), "Conv2D")[0].output_shapes[0][1:]
    by_formula = output_size(227, 11, 4, rounding="exact")
    neurons = int(np.prod(shape))
    return conclude(
        60,
        word_of([by_formula == shape[0], by_formula == neurons]),
        {
            HOLDS_IF: f"It holds if the neurons are counted along one direction of one depth slice: for AlexNet's "
            f"first layer the formula gives {by_formula}, and the layer has {by_formula}·{by_formula}·{shape[2]} = "
            f"{neurons:,} neurons.",
        },
        (
            f"The formula gives {by_formula} for W = 227, F = 11, S = 4, P = 0.",
            f"The built layer has {' · '.join(map(str, shape))} = {neurons:,} outputs, {neurons // by_formula:,} times "
            f"as many; the notes themselves count so a section further on.",
        ),
        "cnnrepro's alexnet, built at 227x227x3",
    )


def border_coverage() -> Verdict:
    """Statement 59: without padding the edges are not fully captured, and padding lets the filter fully cover them."""
    counts = {padding: _times_read(9, 3, padding) for padding in (0, 1, 2)}
    corner = {padding: int(count[0, 0]) for padding, count in counts.items()}
    edge = {padding: int(count[0, 4]) for padding, count in counts.items()}
    inside = int(counts[0][4, 4])
    less_without, full_with = corner[0] < inside, corner[1] == inside
    return conclude(
        59,
        HOLDS_IF
        if less_without and not full_with and corner[2] == inside
        else right_or_wrong([less_without, full_with]),
        {
            HOLDS_IF: f"It holds if “fully” means that the filter is centred on every pixel once: a corner pixel is "
            f"read {corner[0]} time without padding and {corner[1]} times with “same”, a pixel inside {inside} times; "
            f"only padding by F − 1 = 2 gives every pixel its {corner[2]}.",
            DOES_NOT_HOLD: f"A corner pixel is read {corner[0]} times without padding, {corner[1]} times with.",
        },
        (
            f"3x3, stride 1, no padding: a corner pixel lies under {corner[0]} window, one at the edge under "
            f"{edge[0]}, one inside under {inside}.",
            f"With one line of padding (“same”): corner {corner[1]}, edge {edge[1]}, inside {inside}; with two lines: "
            f"corner {corner[2]}, edge {edge[2]}, but the output grows to {output_size(9, 3, 1, 2)} for 9 pixels.",
            f"The 98x98 map of 100x100 leaves no pixel unread, so nothing is lost outright: the least read one is read "
            f"{int(_times_read(100, 3, 0).min())} time.",
        ),
        "counts of windows over each pixel by cnnrepro.anatomy's col2im",
    )


def _times_read(size: int, window: int, padding: int) -> np.ndarray:
    """Under how many windows each pixel lies: ones, added back to where they were copied from."""
    outputs = np.prod(plan((size, size), window, 1, padding).output)
    return col2im(np.ones((window * window, outputs)), (size, size), window, padding=padding)[:, :, 0]
