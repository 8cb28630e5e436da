"""The convolution and its gradients by hand beside Keras's and those of automatic differentiation."""

from __future__ import annotations

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.convolution import Array
from cnnrepro.claims.check_helpers import autodiff
from cnnrepro.claims.check_helpers.wording import shape_text, tiny
from cnnrepro.engine import keras

GEOMETRIES = ((9, 3, 1, "valid", 1), (11, 5, 2, "same", 1), (12, 3, 1, "same", 3))


def products(colours: Array, seed: int = 0) -> list[tuple]:
    """The loops, the matrix product and Keras's layer on a photograph: what was compared, the largest difference."""
    kernel = np.random.default_rng(seed).normal(size=(11, 11, 3, 4))
    photograph = colours[None]
    product = anatomy.convolve_im2col(photograph, kernel, stride=4)
    corner = photograph[:, :43, :43]  # 9x9 positions; the loops take a millisecond for each
    loops = anatomy.convolve_loops(corner, kernel, stride=4)
    tensors = (keras.ops.convert_to_tensor(np.asarray(values, "float32")) for values in (photograph, kernel))
    by_keras = keras.ops.convert_to_numpy(keras.ops.conv(*tensors, 4, "valid"))
    return [
        ("loops", shape_text(loops.shape[1:]), _apart(product[:, :9, :9], loops)),
        ("Keras, float32", shape_text(product.shape[1:]), _apart(product, by_keras)),
    ]


def agreement(seed: int = 0) -> list[tuple]:
    """The gradients by hand against automatic differentiation, a row a geometry.

    Its name, and the largest differences of the gradients to input (by the convolution with flipped filters), filters
    and bias, as shares of the largest gradient.
    """
    random = np.random.default_rng(seed)
    rows = []
    for size, window, stride, padding, dilation in GEOMETRIES:
        where = {"stride": stride, "padding": padding, "dilation": dilation}
        output = anatomy.output_size(size, window, stride, padding, dilation)
        x, filters = random.normal(size=(2, size, size, 3)), random.normal(size=(window, window, 3, 4))
        arriving = random.normal(size=(2, output, output, 4))

        def layer(x, filters, bias, geometry=(stride, padding, "channels_last", dilation)):
            return keras.ops.conv(x, filters, *geometry) + bias

        automatic = autodiff.pulled_back(layer, arriving, x, filters, np.zeros(4))
        by_hand = anatomy.convolution_gradients(x, filters, arriving, **where)
        flipped = anatomy.input_gradient_as_convolution(filters, arriving, (size, size), **where)
        name = f"{window}x{window}, stride {stride}, padding {padding}, dilation {dilation}"
        rows.append((name, *map(_apart, (flipped, by_hand.filters, by_hand.bias), automatic)))
    return rows


def _apart(first: Array, second: Array) -> str:
    """The largest difference as a share of the largest value: "2e-16", or "0"."""
    return tiny(autodiff.difference(first, second))
