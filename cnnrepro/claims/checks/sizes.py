"""Checks of output sizes and padding: the formulas of the notes against the layers of Keras and built networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from cnnrepro.anatomy import output_size
from cnnrepro.anatomy.convolution import col2im, window_layout
from cnnrepro.anatomy.geometry import geometry
from cnnrepro.claims.check_helpers.networks import WindowedCall, of_kinds, outline, windowed
from cnnrepro.claims.check_helpers.wording import shape_text, spelled
from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    Part,
    Verdict,
    conclude,
    conclude_parts,
    right_or_wrong,
    word_of,
)
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError

SIZES, WINDOWS, STRIDES, PADDINGS = range(5, 29), (1, 2, 3, 5, 7), (1, 2, 3, 4), (0, 1, 2)


def formula(size: int, window: int, stride: int, padding: int = 0) -> Fraction:
    """(W − F + 2P)/S + 1, as the notes have it: not rounded."""
    return Fraction(size - window + 2 * padding, stride) + 1


def _geometries(paddings: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    for size, window, stride, padding in product(SIZES, WINDOWS, STRIDES, paddings):
        if window <= size + 2 * padding:
            yield size, window, stride, padding


def convolution_size() -> Verdict:
    """Statement 1: (W − F + 2P)/S + 1, with and without the floor, against Conv2D."""
    exact, floored, lost = [], [], 0
    layers = {key: keras.layers.Conv2D(1, key[0], strides=key[1]) for key in product(WINDOWS, STRIDES)}
    for size, window, stride, padding in _geometries(PADDINGS):
        padded = size + 2 * padding
        keras_size = layers[window, stride].compute_output_shape((None, padded, padded, 1))[1]
        by_formula = formula(size, window, stride, padding)
        exact.append(by_formula == keras_size)
        floored.append(by_formula // 1 == keras_size)
        lost += geometry(size, window, stride, padding).input_cells_lost > 0
    image = np.zeros((1, 28, 28, 1), "float32")
    ran = keras.layers.Conv2D(1, 5, strides=2)(image).shape[1]
    uneven = geometry(224, 7, 2, "same")
    return conclude_parts(
        1,
        (
            Part(
                word_of(exact),
                f"Right where the stride divides W − F + 2P, in {sum(exact):,} of {len(exact):,} geometries of Conv2D; "
                f"elsewhere it is no whole number.",
            ),
            Part(
                right_or_wrong(floored),
                f"Conv2D gave the rounded size in {sum(floored):,} of {len(floored):,} geometries.",
            ),
        ),
        (
            f"Keras rounds down without a word: 5x5 with stride 2 over 28 cells would be {float(formula(28, 5, 2))}, "
            f"and the layer gives {ran}.",
            f"In {lost:,} of the geometries cells of the input at the far end lie under no window at all.",
            f"Keras's padding “same” has no one P: 7x7 with stride 2 over 224 is padded by {uneven.padding_before} in "
            f"front and {uneven.padding_after} behind, and gives {uneven.output}.",
        ),
        f"Keras's Conv2D over {len(exact):,} geometries",
    )


def pooling_size() -> Verdict:
    """Statement 2: (W − F)/S + 1, with and without the floor, against MaxPooling2D and networks that round up."""
    exact, floored, ceiled = [], [], []
    layers = {key: keras.layers.MaxPooling2D(key[0], strides=key[1]) for key in product(WINDOWS, STRIDES)}
    for size, window, stride, _ in _geometries((0,)):
        keras_size = layers[window, stride].compute_output_shape((None, size, size, 1))[1]
        by_formula = formula(size, window, stride)
        exact.append(by_formula == keras_size)
        floored.append(by_formula // 1 == keras_size)
        ceiled.append(output_size(size, window, stride, rounding="ceil") == keras_size)
    halving = [call for call in of_kinds(outline("googlenet"), "MaxPooling2D") if call.operation.strides[0] == 2]
    sizes = [(call.input_shapes[0][1], call.output_shapes[0][1]) for call in halving]
    differing = [(size, real) for size, real in sizes if formula(size, 3, 2) // 1 != real]
    size, real = differing[0] if differing else sizes[0]
    return conclude_parts(
        2,
        (
            Part(
                word_of(exact),
                f"Right where the stride divides W − F, in {sum(exact)} of {len(exact)} geometries of MaxPooling2D.",
            ),
            Part(
                word_of([not differing, True]) if all(floored) else DOES_NOT_HOLD,
                f"MaxPooling2D rounds down in {sum(floored)} of {len(floored)} geometries without padding; "
                f"Caffe's pools round up, as {len(differing)} of the {len(sizes)} stride-2 pools of GoogLeNet need.",
            ),
        ),
        (
            f"Rounded up as in Caffe, {len(ceiled) - sum(ceiled)} of the {len(ceiled)} geometries have another size.",
            f"GoogLeNet's first such pool, 3x3 with stride 2, takes {size} to {real}; the formula gives "
            f"{float(formula(size, 3, 2))}, and rounded down {formula(size, 3, 2) // 1}.",
            f"The pools of the notes' AlexNet are exact: 3x3 with stride 2 takes 55 to {formula(55, 3, 2)}, 27 to "
            f"{formula(27, 3, 2)} and 13 to {formula(13, 3, 2)}.",
        ),
        f"Keras's MaxPooling2D over {len(exact)} geometries, and the built googlenet",
    )


# Statement 4: size, padding and claimed output of AlexNet's first layer, 11x11 with stride 4: S0 and S2, then S1.
FIRST_LAYER = ((227, 0, (55, 55, 96)), (224, 2, (55, 55, 96)))


def alexnet_first_layer() -> Verdict:
    """Statement 4: the two ways to 55x55x96, exact and rounded down, and on the built networks."""
    built = [
        tuple(of_kinds(outline(name), "Conv2D")[0].output_shapes[0][1:]) for name in ("alexnet", "alexnet_one_tower")
    ]
    values = [formula(size, 11, 4, padding) for size, padding, _ in FIRST_LAYER]
    words = [
        DOES_NOT_HOLD if shape != claimed else HOLDS if value.denominator == 1 else HOLDS_IF
        for shape, value, (_, _, claimed) in zip(built, values, FIRST_LAYER, strict=True)
    ]
    bare, padded = formula(224, 11, 4), geometry(224, 11, 4, 2)
    try:
        output_size(224, 11, 4, 2, rounding="exact")
        refused = "It is exact"
    except UsageError:
        refused = "An exact rule refuses it"
    parts = (
        Part(words[0], f"227 without padding gives (227 − 11)/4 + 1 = {values[0]}; built, {shape_text(built[0])}."),
        Part(
            words[1],
            f"224 with padding 2 gives (224 − 11 + 4)/4 + 1 = {float(values[1])}; built and rounded down, "
            f"{shape_text(built[1])}.",
        ),
    )
    return conclude_parts(
        4,
        parts,
        (
            f"{refused}: with 224 and padding 2 the first layer of alexnet_one_tower leaves {padded.cells_lost} line "
            f"of padding unused.",
            f"224 without padding, as the paper prints it, gives (224 − 11)/4 + 1 = {float(bare)}, rounded down "
            f"{bare // 1}: the paper's 224 and its 55x55 do not go together without padding.",
        ),
        "cnnrepro's alexnet at 227x227x3 and alexnet_one_tower at 224x224x3",
    )


# Statement 12: what the notes say that these give.
PLAIN = {"flat": 30_000, "map": (98, 98, 1), "maps": (98, 98, 32), "weights_of_32": 3_072, "weights_of_200": 120_000}


def plain_sizes() -> Verdict:
    """Statement 12: flattened images, a 3x3 convolution, dense neurons; read off Keras layers."""
    built = {
        "flat": keras.layers.Flatten().compute_output_shape((None, 100, 100, 3))[1],
        "map": keras.layers.Conv2D(1, 3).compute_output_shape((None, 100, 100, 3))[1:],
        "maps": keras.layers.Conv2D(32, 3).compute_output_shape((None, 100, 100, 3))[1:],
        "weights_of_32": _weights_of_a_neuron(32),
        "weights_of_200": _weights_of_a_neuron(200),
    }
    found = {
        "flat": f"Flatten makes {built['flat']:,} values of 100x100x3.",
        "map": f"Conv2D(1, 3) makes {shape_text(built['map'])} of it.",
        "maps": f"Conv2D(32, 3) makes {shape_text(built['maps'])}.",
        "weights_of_32": f"Dense(1) has {built['weights_of_32']:,} weights on 32x32x3.",
        "weights_of_200": f"Dense(1) has {built['weights_of_200']:,} weights on 200x200x3.",
    }
    right = {name: built[name] == claimed for name, claimed in PLAIN.items()}
    return conclude_parts(
        12,
        [Part(right_or_wrong([right[name]]), sentence) for name, sentence in found.items()],
        (
            f"{sum(right.values())} of {len(right)} figures of the notes are those of the layers.",
            "Keras's Dense adds 1 bias to the weights of each neuron; the notes of S3 leave it out.",
        ),
        "Keras's Flatten, Conv2D and Dense",
    )


def _weights_of_a_neuron(size: int) -> int:
    dense = keras.layers.Dense(1)
    dense.build((None, size * size * 3))
    return int(np.prod(dense.kernel.shape))


def same_padding() -> Verdict:
    """Statement 13: "same" with stride 1 keeps the size; with other strides it gives ceil(W/S)."""
    kept, rounded_up, cases = [], [], 0
    for window, dilation in product(range(1, 9), (1, 2, 3)):
        layer = keras.layers.Conv2D(1, window, padding="same", dilation_rate=dilation)
        kept += [layer.compute_output_shape((None, size, size, 1))[1:3] == (size, size) for size in range(4, 33)]
    for window, stride in product(range(1, 9), (2, 3, 4, 5)):
        layer = keras.layers.Conv2D(1, window, strides=stride, padding="same")
        outputs = {size: layer.compute_output_shape((None, size, size, 1))[1] for size in range(4, 33)}
        cases += sum(output == size for size, output in outputs.items())
        rounded_up += [output == -(-size // stride) for size, output in outputs.items()]
    even = geometry(100, 4, 1, "same")
    return conclude(
        13,
        right_or_wrong(kept),
        {
            HOLDS: f"It keeps the size in all {len(kept)} geometries with stride 1; with stride S > 1 the output is "
            f"W/S rounded up, whatever the filter, in {sum(rounded_up)} of {len(rounded_up)}.",
            DOES_NOT_HOLD: f"It keeps the size in {sum(kept)} of {len(kept)} geometries with stride 1 alone.",
        },
        (
            f"Stride 1: the size was kept in {sum(kept)} of {len(kept)} combinations of size, window and dilation.",
            f"Strides 2 to 5: W/S rounded up in {sum(rounded_up)} of {len(rounded_up)}, and the size of the input in "
            f"{cases}.",
            f"A window of even size has no middle cell: 4x4 is padded by {even.padding_before} in front and "
            f"{even.padding_after} behind.",
        ),
        f"Keras's Conv2D over {len(kept) + len(rounded_up):,} geometries",
    )


# Statement 20: sizes the notes recommend (S0, S2).
RECOMMENDED = (32, 64, 96, 224, 384, 512)


def halvings(size: int) -> int:
    """How many times a size can be halved without a remainder."""
    return (size & -size).bit_length() - 1


def lines_lost(size: int, layers: Sequence[WindowedCall]) -> int | None:
    """Rows (or columns) of feature maps that no window reads on the way through a chain; None where nothing is left."""
    lost = 0
    for layer in layers:
        try:
            windows = geometry(size, layer.window, layer.stride, layer.padding)
        except UsageError:
            return None
        lost, size = lost + windows.input_cells_lost, windows.output
    return lost


def layer_sizing() -> Verdict:
    """Statement 20: inputs should be divisible by 2 many times; through VGG-16 and AlexNet."""
    vgg, alexnet = windowed(outline("vgg16")), windowed(outline("alexnet"))
    sizes = {*RECOMMENDED, 28, 224, 227}
    in_vgg = {size: lines_lost(size, vgg) for size in sizes}
    in_alexnet = {size: lines_lost(size, alexnet) for size in sizes}
    whole = [size for size in range(32, 513) if lines_lost(size, vgg) == 0]
    fits = [size for size in range(67, 513) if lines_lost(size, alexnet) == 0]
    by_rule = [in_vgg[size] == 0 for size in RECOMMENDED]
    elsewhere = [in_alexnet[size] == 0 for size in RECOMMENDED if size >= 67]  # AlexNet needs 67 pixels
    odd, near = sum(size % 2 for size in fits), min(fits, key=lambda size: abs(size - 224))
    times = sum(layer.stride == 2 for layer in vgg)
    return conclude_parts(
        20,
        (
            Part(
                right_or_wrong(halvings(size) >= times for size in RECOMMENDED),
                f"They can be halved {spelled(map(halvings, RECOMMENDED))} times without a remainder; VGG-16 halves "
                f"{times} times.",
            ),
            Part(
                word_of([*by_rule, *elsewhere]) if all(by_rule) else DOES_NOT_HOLD,
                f"VGG-16, which halves in 2x2 pools, reads every line at {sum(by_rule)} of these {len(by_rule)} sizes; "
                f"AlexNet wants {near} or one of {len(fits) - 1} others, and {odd} of the {len(fits)} are odd.",
            ),
        ),
        (
            f"VGG-16 reads every line at {len(whole)} sizes from 32 to 512, all multiples of {np.gcd.reduce(whole)}.",
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
    least = int(_times_read(100, 3, 0).min())
    once = corner[1] >= 1 and output_size(9, 3, 1, 1) == 9  # centred on every pixel
    parts = (
        Part(
            right_or_wrong([corner[0] < inside, edge[0] < inside]),
            f"Without padding a 3x3 filter reads a corner pixel {corner[0]} time, one at the edge {edge[0]}, one "
            f"inside {inside} times.",
        ),
        Part(
            HOLDS if corner[1] == inside else HOLDS_IF if once and corner[2] == inside else DOES_NOT_HOLD,
            f"With “same” a corner pixel is read {corner[1]} times: the filter is centred on it once. To be read "
            f"{corner[2]} times it takes padding by F − 1 = 2, and the output grows.",
        ),
    )
    return conclude_parts(
        59,
        parts,
        (
            f"With one line of padding (“same”): corner {corner[1]}, edge {edge[1]}, inside {inside}; with two lines: "
            f"corner {corner[2]}, edge {edge[2]}, but the output grows to {output_size(9, 3, 1, 2)} for 9 pixels.",
            f"The 98x98 map of 100x100 leaves no pixel unread, so nothing is lost outright: the least read one is read "
            f"{least} time.",
        ),
        "counts of windows over each pixel by cnnrepro.anatomy's col2im",
    )


def _times_read(size: int, window: int, padding: int) -> np.ndarray:
    """Under how many windows each pixel lies: ones, added back to where they were copied from."""
    outputs = np.prod(window_layout((size, size), window, 1, padding).output)
    return col2im(np.ones((window * window, outputs)), (size, size), window, padding=padding)[:, :, 0]


OPTIONS = ("valid", "same")  # statement 52
OTHERS = ("causal", "full", "reflect", "half", 1, (1, 1))


def padding_words() -> Verdict:
    """Statement 52: Keras has two options for padding, valid and same."""
    taken = {dimension: [word for word in (*OPTIONS, *OTHERS) if _takes(dimension, word)] for dimension in (1, 2, 3)}
    sizes = [keras.layers.Conv2D(1, 3, padding=word).compute_output_shape((None, 28, 28, 1))[1] for word in OPTIONS]
    explicit = keras.layers.ZeroPadding2D(2).compute_output_shape((None, 224, 224, 3))[1]
    only = tuple(taken[2]) == OPTIONS
    more = [str(word) for word in taken[1] if word not in OPTIONS]
    named = ", ".join(map(str, taken[2]))
    return conclude(
        52,
        HOLDS_IF if only and more else right_or_wrong([only]),
        {
            HOLDS: f"In all of Keras's convolutions: {named}.",
            HOLDS_IF: f"It holds if the layer is Conv2D or Conv3D: of {len(OPTIONS) + len(OTHERS)} values tried it "
            f"takes {named} alone; Conv1D also takes {spelled(more)}. Other paddings are a layer "
            f"of their own, ZeroPadding2D.",
            DOES_NOT_HOLD: f"Conv2D takes {named}: {len(taken[2])} options.",
        },
        (
            f"Of {len(OPTIONS) + len(OTHERS)} values tried Conv2D takes {len(taken[2])} ({named}), "
            f"Conv1D {len(taken[1])}, Conv3D {len(taken[3])}; the others raise an error, the number 1 too.",
            f"3x3 over 28 gives {sizes[0]} with valid and {sizes[1]} with same.",
            f"AlexNet's padding of 2 is neither: ZeroPadding2D(2) makes {explicit} of 224, and a valid convolution "
            f"follows.",
        ),
        f"Keras {keras.__version__}'s Conv1D, Conv2D and Conv3D",
    )


def _takes(dimension: int, padding: object) -> bool:
    layer = getattr(keras.layers, f"Conv{dimension}D")
    try:
        layer(1, 3, padding=padding).compute_output_shape((None, *(28,) * dimension, 1))
    except (ValueError, AttributeError, TypeError):
        return False
    return True
