"""Checks of convolution: what it computes and connects, as a matrix product, backwards, and with 1x1 filters."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product

import numpy as np
from scipy import signal

from cnnrepro import anatomy
from cnnrepro.anatomy import receptive_field
from cnnrepro.anatomy.convolution import filter_rows
from cnnrepro.anatomy.convolution_backward import input_gradient_as_convolution
from cnnrepro.anatomy.geometry import geometry
from cnnrepro.claims.check_helpers.autodiff import agree, difference, gradients, precision, pulled_back
from cnnrepro.claims.check_helpers.networks import drawn, of_kinds, one_of_each_builder, outline, traced
from cnnrepro.claims.check_helpers.wording import shape_text, spelled, tiny
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
from cnnrepro.engine import keras, without_weights

ops = keras.ops

# Statement 7: the two matrices as S2 has them, for 227x227x3, 96 filters of 11x11x3, stride 4.
X_COL, W_ROW, OUTPUT = (363, 3025), (96, 3015), (55, 55, 96)

# Statement 8: size, window, stride, padding, dilation of the convolutions whose backward pass is looked at.
GEOMETRIES = (
    *((9, 3, 1, "valid", 1), (9, 3, 1, "same", 1), (10, 3, 2, "valid", 1), (11, 5, 2, "same", 1)),
    *((10, 2, 3, "valid", 1), (11, 3, 1, "valid", 2), (12, 3, 1, "same", 3), (8, 1, 1, "valid", 1)),
)


def _convolve(x, filters, stride=1, padding="valid", dilation=1):
    return ops.conv(x, filters, stride, padding, "channels_last", dilation)


def matrix_product() -> Verdict:
    """Statement 7: convolution as one matrix product, with the sizes that the notes give."""
    random = np.random.default_rng(0)
    image = random.normal(size=(227, 227, 3)).astype("float32")
    layer = keras.layers.Conv2D(96, 11, strides=4)
    layer.build((None, *image.shape))
    drawn(layer)
    by_keras = ops.convert_to_numpy(layer(image[None]))[0]
    columns = anatomy.im2col(image, 11, stride=4)
    (rows,) = filter_rows(ops.convert_to_numpy(layer.kernel))
    product = (rows @ columns).T.reshape(55, 55, 96)  # (3025, 96), row by row
    apart = difference(product, by_keras)
    memory = anatomy.columns_bytes((227, 227, 3), 11, stride=4)
    multipliable = W_ROW[1] == columns.shape[0]
    parts = (
        Part(right_or_wrong([columns.shape == X_COL]), f"im2col makes {shape_text(columns.shape)} of 227x227x3."),
        Part(
            right_or_wrong([rows.shape == W_ROW]),
            f"W_row is {shape_text(rows.shape)}; the notes say {shape_text(W_ROW)}.",
        ),
        Part(
            right_or_wrong([apart < 1e-4, product.shape == OUTPUT]),
            f"The product, reshaped to {shape_text(product.shape)}, differs from Keras's Conv2D by {apart:.0e} of the "
            f"largest value, which is rounding."
            if apart < 1e-4
            else f"It differs from Keras's Conv2D by {apart:.0e}.",
        ),
        Part(
            right_or_wrong([memory.ratio > 2]),
            f"X_col takes {memory.columns:,} bytes in float32, {memory.ratio:.1f} times as much as the image.",
        ),
    )
    return conclude_parts(
        7,
        parts,
        (
            f"A matrix of {shape_text(W_ROW)} can{'' if multipliable else 'not'} be multiplied with one of "
            f"{shape_text(columns.shape)}: {W_ROW[1]:,} columns against {columns.shape[0]:,} rows.",
            f"The image takes {memory.input:,} bytes; X_col takes more since 11x11 windows with stride 4 overlap, each "
            f"value being copied {memory.ratio:.1f} times on average.",
        ),
        "cnnrepro.anatomy's im2col and Keras's Conv2D on a random 227x227x3 image",
    )


def backward_pass() -> Verdict:
    """Statement 8: the gradient to the input as a convolution, against automatic differentiation and im2col."""
    random = np.random.default_rng(0)
    apart, by_hand, unflipped, right = [], [], [], []
    for size, window, stride, padding, dilation in GEOMETRIES:
        x, filters = random.normal(size=(2, size, size, 3)), random.normal(size=(window, window, 3, 4))
        where = {"stride": stride, "padding": padding, "dilation": dilation}
        outputs = anatomy.output_size(size, window, stride, padding, dilation)
        arriving = random.normal(size=(2, outputs, outputs, 4))
        size_in = x.shape[1:3]
        convolved = input_gradient_as_convolution(filters, arriving, size_in, **where)
        through_columns = anatomy.convolution_gradients(x, filters, arriving, **where).inputs
        automatic = pulled_back(lambda x, f, where=where: _convolve(x, f, **where), arriving, x, filters)[0]
        right.append(agree(convolved, automatic) and agree(convolved, through_columns))
        apart.append(difference(convolved, automatic))
        by_hand.append(difference(convolved, through_columns))
        if window > 1:
            plain = input_gradient_as_convolution(filters[::-1, ::-1], arriving, size_in, **where)
            unflipped.append(difference(plain, automatic))
    strided = sum(stride > 1 for _, _, stride, _, _ in GEOMETRIES)
    return conclude(
        8,
        right_or_wrong(right),
        {
            HOLDS: f"In all {len(right)} geometries the gradient to the input is what the layer's operation makes of "
            f"the output's gradient with the filters flipped, a true convolution; it differs from automatic "
            f"differentiation by {tiny(max(apart))} of the largest value.",
            DOES_NOT_HOLD: f"It differs from automatic differentiation in {len(right) - sum(right)} of {len(right)} "
            f"geometries.",
        },
        (
            f"The operation with flipped filters, input and output channels exchanged, and automatic differentiation "
            f"({precision()[0]}) differ by at most {tiny(max(apart))}; it and the way through im2col by "
            f"{tiny(max(by_hand))}.",
            f"Without the flip the result is another in all {sum(gap > 0.01 for gap in unflipped)} of {len(unflipped)} "
            f"geometries with windows above 1x1, by {min(unflipped):.0%} of the largest value or more.",
            f"With stride S (in {strided} of the {len(right)}) S − 1 rows and columns of zeros go between those of the "
            f"gradient first: a convolution with stride 1/S, as some say.",
        ),
        f"{len(right)} geometries with strides, padding and dilation; Keras's convolution on its backend",
    )


def cross_correlation() -> Verdict:
    """Statement 48: the layer's operation is a convolution; against SciPy's convolution and correlation."""
    random = np.random.default_rng(0)
    image, skew = random.normal(size=(12, 12)), random.normal(size=(3, 3))
    even = skew + skew[::-1, ::-1]  # the same when it is turned by 180 degrees
    matches = {}
    for name, kernel in (("skew", skew), ("turned", skew[::-1, ::-1]), ("even", even)):
        batch, filters = image[None, :, :, None].astype("float32"), kernel[:, :, None, None].astype("float32")
        layer = ops.convert_to_numpy(_convolve(batch, filters))[0, :, :, 0]
        reference = even if name == "even" else skew
        matches[name] = [
            difference(layer, operation(image, reference, mode="valid"))
            for operation in (signal.convolve2d, signal.correlate2d)
        ]
    as_it_stands, turned, symmetric = (pair[0] < 1e-5 for pair in matches.values())
    if_flipped = HOLDS_IF if turned and symmetric else DOES_NOT_HOLD
    return conclude(
        48,
        HOLDS if as_it_stands else if_flipped,
        {
            HOLDS_IF: f"It holds if the filter is flipped first, or is the same when turned by 180 degrees: the layer "
            f"computes a cross-correlation, which differs from the convolution of the same filter by "
            f"{matches['skew'][0]:.0%} of the largest value.",
            HOLDS: f"The layer equals SciPy's convolution, to {tiny(matches['skew'][0])}.",
        },
        (
            f"A random 3x3 filter: Keras differs from SciPy's correlate2d by {tiny(matches['skew'][1])} of the largest "
            f"value, from its convolve2d by {matches['skew'][0]:.0%}.",
            f"The same filter turned by 180 degrees: Keras differs from the convolution of the filter as it was by "
            f"{tiny(matches['turned'][0])}.",
            f"A filter that is the same when turned: both agree, to {tiny(max(matches['even']))}.",
        ),
        "Keras's convolution on its backend, SciPy's convolve2d and correlate2d",
    )


def shared_gradients() -> Verdict:
    """Statement 54: the gradients that each neuron of a depth slice has for its weights add up."""
    random = np.random.default_rng(0)
    x, filters = random.normal(size=(1, 10, 10, 3)), random.normal(size=(3, 3, 3, 4))
    arriving = random.normal(size=(1, 8, 8, 4))
    automatic = pulled_back(_convolve, arriving, x, filters)[1]
    patches = anatomy.im2col(x[0], 3)  # (27, 64)
    apart = patches[:, :, None] * arriving.reshape(1, 64, 4)  # (27, 64, 4): of each neuron for weights of its own
    added = apart.sum(axis=1).reshape(filters.shape)
    averaged = added / apart.shape[1]
    neurons = apart.shape[1] * apart.shape[2]
    return conclude(
        54,
        right_or_wrong([agree(added, automatic)]),
        {
            HOLDS: f"The gradients of the {apart.shape[1]} neurons of each of {apart.shape[2]} slices, added up, are "
            f"the gradient of the shared filter: they differ by {tiny(difference(added, automatic))} of the largest "
            f"value.",
        },
        (
            f"Unshared, the {neurons} neurons of an 8x8x4 map would have {apart.size:,} gradients for weights of their "
            f"own; added over each slice {added.size} are left.",
            f"Their sum and automatic differentiation of Keras's convolution differ by "
            f"{tiny(difference(added, automatic))}; their mean would differ by {difference(averaged, automatic):.0%}.",
        ),
        "cnnrepro.anatomy's im2col and automatic differentiation of Keras's convolution",
    )


CONVOLUTIONS = ("Conv2D", "GroupedConv2D", "TableConv2D")

# Statement 3: input, window, and the claimed connections of a neuron.
CONNECTIONS = (((16, 16, 20), 3, 180), ((32, 32, 3), 5, 75))


def connections() -> Verdict:
    """Statement 3: weights of a neuron, and how many inputs really have an influence on it."""
    built, right = [], []
    for shape, window, claimed in CONNECTIONS:
        layer = keras.layers.Conv2D(1, window)
        layer.build((None, *shape))
        weights = int(np.prod(layer.kernel.shape[:3]))
        filters = np.ones((window, window, shape[2], 1))
        middle = _influences(shape, filters, "valid")
        built.append((weights, layer.count_params(), middle, _influences(shape, filters, "same", corner=True)))
        right.append(weights == middle == claimed)
    (first, with_first_bias, middle, corner), (second, with_bias, second_middle, second_corner) = built
    parts = (
        Part(right_or_wrong(right[:1]), f"Conv2D(1, 3) on 16x16x20 has 3·3·20 = {first} weights."),
        Part(
            right_or_wrong([right[1], with_bias == CONNECTIONS[1][2] + 1]),
            f"Conv2D(1, 5) on 32x32x3 has 5·5·3 = {second} weights, and {with_bias} parameters with its bias.",
        ),
    )
    return conclude_parts(
        3,
        parts,
        (
            f"By automatic differentiation {middle} and {second_middle} inputs have an influence on a neuron whose "
            f"window lies within the input.",
            f"In the corner of a zero-padded input fewer have: {corner} and {second_corner}; the rest of the window is "
            f"padding.",
            f"The notes give {CONNECTIONS[0][2]} without a bias; the layer has {with_first_bias} parameters with it.",
        ),
        "Keras's Conv2D and automatic differentiation",
    )


def _influences(shape: tuple[int, int, int], filters: np.ndarray, padding: str, *, corner: bool = False) -> int:
    """How many inputs change one output: in the middle of the map, or in its corner."""
    at = 0 if corner else shape[0] // 2 - 2
    tensor = filters.astype(precision()[0])
    (gradient,) = gradients(lambda x: _convolve(x, tensor, padding=padding)[0, at, at, 0], np.zeros((1, *shape)))
    return int(np.count_nonzero(gradient))


def full_depth() -> Verdict:
    """Statement 49: every filter extends through the full depth of its input."""
    full, partial, explained, networks = 0, [], [], 0
    for name, model in one_of_each_builder():
        networks += 1
        for call in of_kinds(model, *CONVOLUTIONS):
            layer, channels = call.operation, call.input_shapes[0][-1]
            table = getattr(layer, "table", None)
            depths = {len(sources) for sources in table} if table else {layer.kernel.shape[2]}
            if depths == {channels}:
                full += 1
            else:
                partial.append((name, call.name, channels, sorted(depths)))
                explained.append(table or layer.groups > 1)
    names = sorted({name for name, *_ in partial})
    return conclude(
        49,
        word_of([True] * full + [False] * len(partial)) if all(explained) else DOES_NOT_HOLD,
        {
            HOLDS_IF: f"It holds if there are no groups and no table of connections, as in {full} of "
            f"{full + len(partial)} convolutions here; not in {len(partial)} of {spelled(names)}.",
            HOLDS: f"All {full} convolutions have filters of full depth.",
        },
        (
            f"{networks} networks, one of each builder, have {full + len(partial)} convolutions; in {full} every "
            f"filter sees all channels.",
            *(
                f"{layer} of {name}: filters see {spelled(depths)} of {channels} channels."
                for name, layer, channels, depths in partial
            ),
        ),
        f"{networks} networks, one of each builder of cnnrepro",
    )


def one_by_one() -> Verdict:
    """Statement 14: a 1x1 convolution is a dot product over the channels of each pixel."""
    random = np.random.default_rng(0)
    image = random.normal(size=(1, 32, 32, 3)).astype("float32")
    layer = keras.layers.Conv2D(8, 1)
    layer.build((None, *image.shape[1:]))
    drawn(layer)
    output = ops.convert_to_numpy(layer(image))
    kernel = ops.convert_to_numpy(layer.kernel)
    products = image @ kernel[0, 0]  # (1, 32, 32, 3) times (3, 8): one dot product a pixel and filter
    order = random.permutation(32 * 32)
    shuffled = image.reshape(1, -1, 3)[:, order].reshape(image.shape)
    after = ops.convert_to_numpy(layer(shuffled)).reshape(1, -1, 8)
    moved = np.abs(after - output.reshape(1, -1, 8)[:, order]).max()
    length = int(np.prod(kernel.shape[:3]))
    seen = receptive_field([(1, 1)]).size
    return conclude(
        14,
        right_or_wrong([np.abs(output - products).max() < 1e-5, moved < 1e-5, length == image.shape[3], seen == 1]),
        {
            HOLDS: f"On 32x32x3 every output of a 1x1 convolution is a dot product of {length} numbers, the channels "
            f"of one pixel: Keras's layer equals the matrix product, and mixes channels only.",
        },
        (
            f"Keras's 1x1 convolution and the product of each pixel with a {length}x8 matrix differ by "
            f"{tiny(difference(output, products))} of the largest output, over {32 * 32:,} pixels.",
            f"Shuffling all {order.size:,} pixels before the layer or after it gives the same: differences of "
            f"{tiny(moved)}; no pixel sees another.",
            f"A filter has {length} weights and 1 bias, and its receptive field is {seen} pixel.",
        ),
        "Keras's Conv2D on a random 32x32x3 image",
    )


def reduction() -> Verdict:
    """Statement 63: 1x1 convolutions reduce the dimension; what that saves in GoogLeNet's modules."""
    rows = anatomy.trace(outline("googlenet", auxiliary_heads=False))
    shapes = {row.name: row.output_shape for row in rows}
    reduced, direct, narrower = 0, 0, []
    for row in rows:
        size = {"_3x3": 3, "_5x5": 5}.get(row.name[-4:])
        if size is None or not row.name.startswith("inception_"):
            continue
        before = rows[f"{row.name}_reduce"]
        entering = before.multiply_adds // int(np.prod(before.output_shape))  # channels that the 1x1 filters see
        narrower.append(shapes[before.name][-1] < entering)
        reduced += before.multiply_adds + row.multiply_adds
        direct += size * size * entering * int(np.prod(row.output_shape))
    return conclude(
        63,
        right_or_wrong([*narrower, reduced < direct]),
        {
            HOLDS: f"In GoogLeNet all {len(narrower)} before larger filters hand on fewer channels than they get, and "
            f"the 3x3 and 5x5 filters with them cost {reduced / 1e6:,.0f} million multiply-adds in place of "
            f"{direct / 1e6:,.0f} million: {direct / reduced:.1f} times less.",
        },
        (
            f"{sum(narrower)} of {len(narrower)} 1x1 reductions in the nine modules have fewer outputs than inputs.",
            f"Reductions and the 3x3 and 5x5 filters behind them take {reduced:,} multiply-adds; the same filters "
            f"straight on the module's input would take {direct:,}.",
            f"The whole network takes {rows.totals.multiply_adds:,} multiply-adds an image.",
        ),
        "cnnrepro's googlenet, built at 224x224x3",
    )


FIRST_LAYER = (227, 11, 4, 96)  # statement 65: size, window, stride and filters of AlexNet's first layer


def connected_regions() -> Verdict:
    """Statement 65: every neuron of the first volume is connected to the same 11x11x3 region, with other weights."""
    size, window, stride, maps = FIRST_LAYER
    places = np.arange(size * size * 3).reshape(size, size, 3)
    columns = anatomy.im2col(places, window, stride=stride)  # where each neuron of a slice reads: (363, 3025)
    regions, neurons = len(np.unique(columns[0])), columns.shape[1] * maps
    layer = keras.layers.Conv2D(maps, window, strides=stride)
    layer.build((None, size, size, 3))
    (rows,) = filter_rows(ops.convert_to_numpy(drawn(layer).kernel))
    sets = len(np.unique(rows, axis=0))
    return conclude_parts(
        65,
        (
            Part(
                right_or_wrong([regions == 1]),
                f"The {neurons:,} neurons read {regions:,} regions; only the {maps} of one depth column share theirs.",
            ),
            Part(
                word_of([sets == maps, sets == neurons]),
                f"There are {sets} sets of weights for {neurons:,} neurons: other ones within a depth column, the same "
                f"for the {columns.shape[1]:,} of a depth slice.",
            ),
        ),
        (
            f"{window}x{window}x3 windows with stride {stride} over {size}x{size}x3 start at {regions:,} places.",
            f"Each region is read by {neurons // regions} neurons, one of each slice; the page that the note follows "
            f"says so of the neurons of a depth column.",
        ),
        "cnnrepro.anatomy's im2col on the numbers of the cells, and a layer of Keras with drawn weights",
    )


SHIFTS = tuple(product((1, 2, 4), ("valid", "same"), (1, 2, 3, 4)))  # statement 68: stride, padding, pixels
SEEN = 24  # columns of the scene that a picture shows


def shifted_maps() -> Verdict:
    """Statement 68: shared weights slide over the input, so that a shifted input gives a shifted map."""
    random = np.random.default_rng(0)
    scene, filters = random.normal(size=(SEEN, SEEN + 4, 3)), random.normal(size=(3, 3, 3, 4))
    shares = {case: _equal_cells(scene, filters, *case) for case in SHIFTS}
    whole = {case: share == 1.0 for case, share in shares.items()}
    on_places = {case: case[2] % case[0] == 0 for case in SHIFTS}
    zeros = {case: geometry(SEEN, 3, case[0], case[1]).padding_after > 0 for case in SHIFTS}
    condition = {case: on_places[case] and not zeros[case] for case in SHIFTS}
    padded = [shares[case] for case in SHIFTS if on_places[case] and zeros[case]]
    between = [shares[case] for case in SHIFTS if not on_places[case]]
    least, most, best = min(padded, default=1), max(padded, default=1), max(between, default=1)
    number = sum(whole.values())
    return conclude(
        68,
        word_of(whole.values()) if whole == condition else right_or_wrong(whole.values()),
        {
            HOLDS_IF: f"It holds if the shift is a multiple of the stride and no padding is read: the map is the same, "
            f"shifted, in {number} of {len(whole)} cases. With zeros at the border {least:.0%} to "
            f"{most:.0%} of the cells are equal, with a shift between the strides {best:.0%}.",
            HOLDS: f"The map is shifted with its input in all {len(whole)} cases.",
            DOES_NOT_HOLD: f"The map is shifted with its input in {number} of {len(whole)} cases.",
        },
        (
            f"A 3x3 filter over {SEEN} columns of a scene, and over {SEEN} that begin 1 to 4 columns further on: all "
            f"cells that both maps have are equal in {number} of {len(whole)} combinations of stride, padding and "
            f"shift.",
            f"With zero padding, {len(padded)} cases, the cells at the border read zeros where the shifted picture has "
            f"pixels: up to {1 - least:.0%} of the cells differ.",
            f"With stride 2 or 4, {len(between)} cases have a shift that is no multiple of it; no shift of the map "
            f"makes more than {best:.0%} of the cells equal.",
        ),
        f"Keras's convolution, {len(SHIFTS)} combinations of stride, padding and shift",
    )


def _equal_cells(scene: np.ndarray, filters: np.ndarray, stride: int, padding: str, by: int) -> float:
    """The share of equal cells in two maps of a scene, the second seen some columns further on, at the best shift."""
    pictures = np.stack([scene[:, start : start + SEEN] for start in (0, by)]).astype("float32")
    first, second = ops.convert_to_numpy(_convolve(pictures, filters.astype("float32"), stride, padding))
    return max(
        float(np.isclose(first[:, cells:], second[:, : second.shape[1] - cells], rtol=0, atol=1e-4).mean())
        for cells in range(5)
    )


REPEATS = 3
VERY = 100  # times as fast as loops: what counts as very efficient


def fast_product() -> Verdict:
    """Statement 69: the matrix multiply can be very efficient: timed side by side with loops and with the layer."""
    random = np.random.default_rng(0)
    image = random.normal(size=(227, 227, 3)).astype("float32")
    layer = keras.layers.Conv2D(96, 11, strides=4)
    layer.build((None, *image.shape))
    (rows,) = filter_rows(ops.convert_to_numpy(drawn(layer).kernel))
    rows = rows.astype("float32")
    columns = anatomy.im2col(image, 11, stride=4).astype("float32")
    blocks = np.ascontiguousarray(columns.T)
    batch, part, few = ops.convert_to_tensor(image[None]), image[None, :27, :27], random.normal(size=(11, 11, 3, 4))
    apart = difference(rows @ columns, np.stack([rows @ block for block in blocks], axis=1))
    multiply_adds, in_loops = rows.shape[0] * columns.size, 5 * 5 * few.size
    product = _seconds(lambda: rows @ columns)
    loops = _seconds(lambda: anatomy.convolve_loops(part, few, stride=4)) / in_loops / (product / multiply_adds)
    one_by_one = _seconds(lambda: [rows @ block for block in blocks]) / product
    copying = _seconds(lambda: anatomy.im2col(image, 11, stride=4)) / product
    layers = _seconds(lambda: ops.convert_to_numpy(layer(batch))) / product
    return conclude(
        69,
        right_or_wrong([apart < 1e-4, loops > VERY]),
        {
            HOLDS: f"A multiply-add takes {loops:,.0f} times as long in loops of Python as in one product of "
            f"{shape_text(rows.shape)} and {shape_text(columns.shape)}. Against that product, {len(blocks):,} products "
            f"of a block each take {one_by_one:.1f} times as long, making X_col {copying:.1f}, Keras's layer in all "
            f"{layers:.1f}.",
            DOES_NOT_HOLD: f"A multiply-add takes {loops:.2f} times as long in loops of Python as in one product.",
        },
        (
            f"The one product and {len(blocks):,} products of a block each do the same {multiply_adds:,} multiply-adds "
            f"and give the same, to {tiny(apart)} of the largest value.",
            f"X_col has {columns.nbytes:,} bytes for an image of {image.nbytes:,}, and is written and read once more.",
            f"Times are the shortest of {REPEATS}, side by side on this machine as busy as it was; other runs give "
            f"others. The loops are the definition's, on {in_loops:,} multiply-adds.",
        ),
        "AlexNet's first layer on a random 227x227x3 image: NumPy's matrix product, loops, and Keras's Conv2D",
    )


def _seconds(function: Callable[[], object]) -> float:
    """The shortest time of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def assumption_of_images() -> Verdict:
    """Statement 70: to assume images makes the forward function more efficient and has fewer parameters."""
    first = traced("alexnet")["conv1"]
    dense = anatomy.trace(without_weights(lambda: _as_dense(first.output_shape)))["dense"]
    work, parameters = dense.multiply_adds / first.multiply_adds, dense.parameters / first.parameters
    return conclude_parts(
        70,
        (
            Part(
                right_or_wrong([work > 1]),
                f"The layer takes {first.multiply_adds:,} multiply-adds, a dense one with the same output "
                f"{dense.multiply_adds:,}, {work:,.0f} times as many.",
            ),
            Part(
                right_or_wrong([parameters > VASTLY]),
                f"It has {first.parameters:,} parameters, the dense one {dense.parameters:,}.",
            ),
        ),
        (
            f"AlexNet's first layer makes {shape_text(first.output_shape)} of 227x227x3: local windows save "
            f"{work:,.0f} times the work; with shared weights there are {parameters:,.0f} times fewer parameters.",
            f"A dense layer of that size would take {dense.parameters * 4 / 1e9:,.0f} GB in float32.",
        ),
        "conv1 of the built alexnet, and a Keras Dense with its input and output, without memory for weights",
    )


VASTLY = 1000  # times fewer


def _as_dense(output: tuple[int, int, int]) -> keras.Model:
    """A dense layer from an image of 227x227x3 to as many numbers as a map has."""
    image = keras.Input((227, 227, 3))
    units = int(np.prod(output))
    return keras.Model(image, keras.layers.Dense(units, name="dense")(keras.layers.Flatten()(image)))
