"""Checks of dense layers: as convolutions, and on maps that were not flattened."""

from __future__ import annotations

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy import SoftmaxCrossEntropy
from cnnrepro.claims.check_helpers.networks import (
    STEPS,
    digits,
    drawn,
    of_kinds,
    one_of_each_builder,
    step_losses,
    traced,
)
from cnnrepro.claims.check_helpers.wording import shape_text, spelled, tiny
from cnnrepro.claims.verdict import (
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


def without_flattening() -> Verdict:
    """Statement 62: the output of the pooling layers must be flattened before it is passed to a dense layer."""
    flat = traced("INPUT -> CONV -> RELU -> POOL -> FC", filters=8)
    unflattened = anatomy.trace(without_weights(_unflattened))
    needing, without = [], []
    for name, model in one_of_each_builder():
        answering = {row.name for row in anatomy.trace(model) if row.at_inference}  # not in heads that only train
        flattens = any(call.name in answering for call in of_kinds(model, "Flatten"))
        (needing if flattens else without).append(name)
    answer = unflattened["logits"].output_shape == flat["logits"].output_shape
    return conclude(
        62,
        word_of([not answer, not without]),
        {
            HOLDS_IF: f"It holds if the dense layer is to see all positions; a global average does without, as in "
            f"{len(without)} of {len(needing) + len(without)} networks here. Keras takes an unflattened map too, and "
            f"gives {shape_text(unflattened['logits'].output_shape)} scores.",
            HOLDS: f"All {len(needing)} networks flatten.",
        },
        (
            f"Dense(10) on a 16x16x8 map gives {shape_text(unflattened['logits'].output_shape)}, a 1x1 convolution "
            f"with {unflattened['logits'].parameters} parameters; flattened it gives {flat['logits'].output_shape[0]} "
            f"scores with {flat['logits'].parameters:,}.",
            f"On the way to the answer {len(needing)} of {len(needing) + len(without)} networks flatten a map; "
            f"{spelled(without)} average it.",
        ),
        "Keras's Dense, and one network of each builder of cnnrepro",
    )


def _unflattened() -> keras.Model:
    """A dense layer straight on a map of 16x16x8."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.MaxPooling2D(2)(keras.layers.Conv2D(8, 3, padding="same", activation="relu")(image))
    return keras.Model(image, keras.layers.Dense(10, name="logits")(x))


SLIDING = "INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC"
LARGE = 60  # side of the image that the classifier for 28 pixels slides over


def dense_as_convolution() -> Verdict:
    """Statement 16: a classifier with a dense head, slid over a larger image; a convolution as a dense layer."""
    images, labels = digits(50)
    image = np.random.default_rng(0).uniform(size=(LARGE, LARGE, 1)).astype("float32")
    image[16:44, 16:44] = images[7]
    scores = {padding: _slid(padding, images, labels, image) for padding in ("valid", "same")}
    one_pass, cropped, work = scores["valid"]
    apart = np.abs(one_pass - cropped).max()
    spread = cropped.std()
    padded_pass, padded_crops, _ = scores["same"]
    borders = np.abs(padded_pass - padded_crops)
    changed = np.mean(padded_pass.argmax(axis=-1) != padded_crops.argmax(axis=-1))
    layer, size = drawn(_built(keras.layers.Conv2D(3, 3), (6, 6, 2))), (6, 6, 2)
    matrix, by_dense, by_layer = _as_matrix(layer, size)
    alike = np.abs(by_dense - by_layer).max()
    kernel = ops.convert_to_numpy(layer.kernel)
    weights = [np.unique(column[column != 0]) for column in matrix.T]  # of each unit
    filters = [np.unique(kernel[..., place]) for place in range(kernel.shape[-1])]
    local = all(np.count_nonzero(column) == kernel[..., 0].size for column in matrix.T)
    shared = all(np.array_equal(unit, filters[place % len(filters)]) for place, unit in enumerate(weights))
    parts = (
        Part(
            right_or_wrong([apart <= 1e-4 * spread]),
            f"One pass over {LARGE}x{LARGE} gives the scores of all {len(cropped)} crops, to {tiny(apart)}, with "
            f"{work[1] / work[0]:.1f} times fewer multiply-adds.",
        ),
        Part(
            right_or_wrong([alike < 1e-5]),
            f"A 3x3 convolution of {shape_text(size)} and a Dense of {shape_text(matrix.shape)} weights differ by "
            f"{tiny(alike)}.",
        ),
        Part(
            right_or_wrong([local, shared]),
            f"{np.mean(matrix == 0):.0%} of those are 0; the {np.count_nonzero(matrix):,} others have just the "
            f"{len(np.unique(matrix[matrix != 0]))} values of {len(filters)} filters.",
        ),
    )
    return conclude_parts(
        16,
        parts,
        (
            f"A classifier of 28x28 digits without padding, trained for {STEPS - 1} steps and converted: over "
            f"{len(cropped)} positions its scores and those of the crops differ by at most {tiny(apart)}; their "
            f"standard deviation is {spread:.2g}.",
            f"One pass takes {work[0]:,} multiply-adds, {len(cropped)} crops {work[1]:,}.",
            f"With zero padding (“same”) the borders of the crops differ: scores by {borders.max():.2g} at most, "
            f"{borders.mean() / padded_crops.std():.0%} of their standard deviation on average, and the answer at "
            f"{changed:.0%} of the positions.",
        ),
        f"a pattern of two convolutions and two dense layers at 28x28x1, slid over {LARGE}x{LARGE}x1; a convolution of "
        f"{shape_text(size)}",
    )


def _built(layer: keras.layers.Layer, size: tuple[int, ...]) -> keras.layers.Layer:
    layer.build((None, *size))
    return layer


def _as_matrix(layer: keras.layers.Layer, size: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A convolution as a dense layer: its weights (inputs, units), and the outputs of both for one random image."""
    inputs = int(np.prod(size))
    bias = ops.convert_to_numpy(layer(np.zeros((1, *size), "float32"))).ravel()
    images = np.eye(inputs, dtype="float32").reshape(inputs, *size)  # one input is 1 in each
    matrix = ops.convert_to_numpy(layer(images)).reshape(inputs, -1) - bias
    dense = _built(keras.layers.Dense(matrix.shape[1]), (inputs,))
    dense.set_weights([matrix, bias])
    image = np.random.default_rng(0).normal(size=(1, *size)).astype("float32")
    return matrix, ops.convert_to_numpy(dense(image.reshape(1, -1))), ops.convert_to_numpy(layer(image)).reshape(1, -1)


def _slid(padding: str, images: np.ndarray, labels: np.ndarray, image: np.ndarray) -> tuple:
    """Scores at every position, by one pass and by crops (positions, 10), and the multiply-adds of both."""
    model = drawn(models.build(SLIDING, images.shape[1:], 10, filters=8, units=32, padding=padding))
    step_losses(model, images, labels, SoftmaxCrossEntropy())
    sliding = anatomy.convolutionalize(model)
    stride = anatomy.effective_stride(sliding, images.shape[1:3])
    crops = anatomy.crops(image, images.shape[1:3], stride)
    by_crops = ops.convert_to_numpy(model(crops))
    maps = ops.convert_to_numpy(sliding(image[None]))
    work = (
        anatomy.trace(sliding, image.shape).totals.multiply_adds,
        anatomy.trace(model).totals.multiply_adds * len(crops),
    )
    return maps.reshape(-1, 10), by_crops, work
