"""Checks of the convolution as an operation: what it computes, as a matrix product, and its backward pass."""

from __future__ import annotations

import numpy as np
from scipy import signal

from cnnrepro import anatomy
from cnnrepro.anatomy.convolution import filter_rows
from cnnrepro.anatomy.convolution_backward import input_gradient_as_convolution
from cnnrepro.claims.checks.autodiff import agree, difference, precision, pulled_back
from cnnrepro.claims.checks.concluding import conclude, right_or_wrong, shape_text, tiny
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, Verdict
from cnnrepro.engine import keras

ops = keras.ops

# Statement 7: the two matrices as S2 has them, for 227x227x3, 96 filters of 11x11x3, stride 4.
X_COL, W_ROW = (363, 3025), (96, 3015)
# Statement 8: size, window, stride, padding, dilation of the convolutions whose backward pass is looked at.
GEOMETRIES = ((9, 3, 1, "valid", 1), (9, 3, 1, "same", 1), (10, 3, 2, "valid", 1), (11, 5, 2, "same", 1))
GEOMETRIES += ((10, 2, 3, "valid", 1), (11, 3, 1, "valid", 2), (12, 3, 1, "same", 3), (8, 1, 1, "valid", 1))


def _convolve(x, filters, stride=1, padding="valid", dilation=1):
    return ops.conv(x, filters, stride, padding, "channels_last", dilation)


def matrix_product() -> Verdict:
    """Statement 7: convolution as one matrix product, with the sizes that the notes give."""
    random = np.random.default_rng(0)
    image = random.normal(size=(227, 227, 3)).astype("float32")
    layer = keras.layers.Conv2D(96, 11, strides=4)
    by_keras = ops.convert_to_numpy(layer(image[None]))[0]
    columns = anatomy.im2col(image, 11, stride=4)
    (rows,) = filter_rows(ops.convert_to_numpy(layer.kernel))
    product = (rows @ columns).T.reshape(55, 55, 96)  # (3025, 96), row by row
    equal = difference(product, by_keras) < 1e-4
    memory = anatomy.columns_bytes((227, 227, 3), 11, stride=4)
    multipliable = W_ROW[1] == columns.shape[0]
    return conclude(
        7,
        right_or_wrong([columns.shape == X_COL, rows.shape == W_ROW, equal]),
        {
            DOES_NOT_HOLD: f"W_row is {shape_text(rows.shape)}, not {shape_text(W_ROW)}; the rest holds: X_col is "
            f"{shape_text(columns.shape)}, and their product, reshaped to {shape_text(product.shape)}, is the "
            f"convolution.",
            HOLDS: f"W_row is {shape_text(rows.shape)} and X_col {shape_text(columns.shape)}, and their product is the "
            f"convolution.",
        },
        (
            f"im2col makes {shape_text(columns.shape)} of 227x227x3 (the notes: {shape_text(X_COL)}); the filters make "
            f"{shape_text(rows.shape)} (the notes: {shape_text(W_ROW)}).",
            f"A matrix of {shape_text(W_ROW)} can{'' if multipliable else 'not'} be multiplied with one of "
            f"{shape_text(columns.shape)}: {W_ROW[1]:,} columns against {columns.shape[0]:,} rows.",
            f"The product of {shape_text(rows.shape)} and {shape_text(columns.shape)}, reshaped to "
            f"{shape_text(product.shape)}, differs from Keras's Conv2D by {tiny(difference(product, by_keras))} of the "
            f"largest value.",
            f"X_col takes {memory.columns:,} bytes in float32, the image {memory.input:,}: {memory.ratio:.1f} times as "
            f"much, since 11x11 windows with stride 4 overlap.",
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
        made = anatomy.output_size(size, window, stride, padding, dilation)
        arriving = random.normal(size=(2, made, made, 4))
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
            HOLDS: f"In all {len(right)} geometries the gradient to the input is the output's gradient convolved with "
            f"the flipped filters; it differs from automatic differentiation by {tiny(max(apart))} of the largest "
            f"value.",
            DOES_NOT_HOLD: f"It differs from automatic differentiation in {len(right) - sum(right)} of {len(right)} "
            f"geometries.",
        },
        (
            f"The convolution with flipped filters, input and output channels exchanged, and automatic differentiation "
            f"({precision()[0]}) differ by at most {tiny(max(apart))}; it and the way through im2col by "
            f"{tiny(max(by_hand))}.",
            f"Without the flip the result is another in all {sum(one > 0.01 for one in unflipped)} of {len(unflipped)} "
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
        layer = ops.convert_to_numpy(
            _convolve(
                image[None, :, :, None].astype("float32"),
                np.ascontiguousarray(kernel)[:, :, None, None].astype("float32"),
            )
        )[0, :, :, 0]
        reference = even if name == "even" else skew
        matches[name] = (
            difference(layer, signal.convolve2d(image, reference, mode="valid")),
            difference(layer, signal.correlate2d(image, reference, mode="valid")),
        )
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
