"""Checks for which a few steps are trained: layer patterns, output layers and losses, a dense head that slides."""

from __future__ import annotations

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy import MulticlassHinge, SoftmaxCrossEntropy
from cnnrepro.claims.checks.autodiff import step_by_step
from cnnrepro.claims.checks.concluding import conclude, right_or_wrong, tiny
from cnnrepro.claims.checks.networks import digits, drawn
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, Verdict
from cnnrepro.engine import keras

ops = keras.ops
STEPS = 6

# Statement 18: the general pattern with its counts, and the four examples.
PATTERNS = (
    ("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC", {"N": 2, "M": 2, "K": 1}),
    ("INPUT -> FC", {}),
    ("INPUT -> CONV -> RELU -> FC", {}),
    ("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", {}),
    ("INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC", {}),
)


def _losses(model: keras.Model, images: np.ndarray, targets: np.ndarray, loss: object, rate: float = 1e-3) -> list:
    """The loss before each step of Adam on one batch."""
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss, run_eagerly=step_by_step())
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(images, targets)))
    return losses


def patterns() -> Verdict:
    """Statement 18: each pattern builds and trains."""
    images, labels = digits(50)
    falls, weighted = [], []
    for pattern, counts in PATTERNS:
        arguments = {} if pattern == "INPUT -> FC" else {"filters": 8}
        model = drawn(models.build(pattern, (28, 28, 1), 10, **arguments, **counts))
        losses = _losses(model, images, labels, SoftmaxCrossEntropy())
        falls.append((losses[0], losses[-1]))
        weighted.append(sum(bool(layer.weights) for layer in model.layers))
    right = [after < before for before, after in falls]
    return conclude(
        18,
        right_or_wrong(right),
        {
            HOLDS: f"The general pattern (N = 2, M = 2, K = 1) and the {len(right) - 1} examples build, and each "
            f"trains: after {STEPS - 1} steps of Adam on {len(images)} digits the loss has fallen in all {sum(right)}.",
            DOES_NOT_HOLD: f"The loss fell in {sum(right)} of {len(right)} networks.",
        },
        [
            f"{pattern}: {layers} layer{'s' * (layers > 1)} with weights; loss from {before:.2f} to {after:.2f}."
            for (pattern, _), layers, (before, after) in zip(PATTERNS, weighted, falls, strict=True)
        ],
        f"{len(PATTERNS)} patterns built for 28x28x1, a batch of {len(images)} embedded digits",
    )


def output_layers() -> Verdict:
    """Statement 22: softmax for one class of several, sigmoid for several labels; SVM or softmax loss."""
    scores = np.random.default_rng(0).normal(scale=3, size=(1000, 10)).astype("float32")
    softmax = ops.convert_to_numpy(keras.activations.softmax(ops.convert_to_tensor(scores)))
    sigmoid = ops.convert_to_numpy(keras.activations.sigmoid(ops.convert_to_tensor(scores)))
    total = np.abs(softmax.sum(axis=1) - 1).max()
    second = np.sort(softmax, axis=1)[:, -2].max()
    several = int(((sigmoid > 0.5).sum(axis=1) > 1).sum())
    pair = np.stack([scores[:, 0], np.zeros(len(scores))], axis=1).astype("float32")
    binary = ops.convert_to_numpy(keras.activations.softmax(ops.convert_to_tensor(pair)))[:, 0]
    images, labels = digits(50)
    falls = {}
    for loss in (SoftmaxCrossEntropy(), MulticlassHinge()):
        model = drawn(models.build("INPUT -> CONV -> RELU -> POOL -> FC", (28, 28, 1), 10, filters=8))
        losses = _losses(model, images, labels, loss)
        falls[loss.name] = losses[0], losses[-1]
    right = [total < 1e-5, second <= 0.5, several > 0, *(after < before for before, after in falls.values())]
    (soft, softer), (hinge, hinged) = falls.values()
    return conclude(
        22,
        right_or_wrong(right),
        {
            HOLDS: f"Softmax outputs of ten classes sum to 1, so that never two exceed one half; of sigmoids several "
            f"do, in {several} of {len(scores):,} cases. Both losses train: softmax {soft:.2f} to {softer:.2f}, SVM "
            f"{hinge:.2f} to {hinged:.2f}.",
        },
        (
            f"Of {len(scores):,} random score vectors the softmax sums to 1 within {tiny(total)}, and its second "
            f"largest value is at most {second:.3f}.",
            f"Sigmoids of the same scores sum to {sigmoid.sum(axis=1).min():.1f} to {sigmoid.sum(axis=1).max():.1f}; "
            f"in {several} cases more than one label is above 0.5.",
            f"For two classes both are one: softmax of (s, 0) and sigmoid of s differ by "
            f"{tiny(np.abs(binary - sigmoid[:, 0]).max())}.",
            f"{STEPS - 1} steps of Adam on {len(images)} digits: cross-entropy from {soft:.2f} to {softer:.2f}, "
            f"multiclass hinge from {hinge:.2f} to {hinged:.2f}.",
        ),
        f"Keras's activations, and a small network on a batch of {len(images)} embedded digits",
    )


SLIDING = "INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC"
LARGE = 60  # side of the image that the classifier for 28 pixels slides over


def dense_as_convolution() -> Verdict:
    """Statement 16: a trained classifier with a dense head, slid over a larger image in one pass."""
    images, labels = digits(50)
    image = np.random.default_rng(0).uniform(size=(LARGE, LARGE, 1)).astype("float32")
    image[16:44, 16:44] = images[7]
    found = {padding: _slid(padding, images, labels, image) for padding in ("valid", "same")}
    one_pass, cropped, work = found["valid"]
    apart = np.abs(one_pass - cropped).max()
    spread = cropped.std()
    padded_pass, padded_crops, _ = found["same"]
    borders = np.abs(padded_pass - padded_crops)
    changed = np.mean(padded_pass.argmax(axis=-1) != padded_crops.argmax(axis=-1))
    return conclude(
        16,
        right_or_wrong([apart <= 1e-4 * spread]),
        {
            HOLDS: f"Without padding in its convolutions the converted classifier gives, in one pass over "
            f"{LARGE}x{LARGE}, the scores of all {len(cropped)} crops (to {tiny(apart)}), with {work[1] / work[0]:.1f} "
            f"times fewer multiply-adds.",
            DOES_NOT_HOLD: f"The scores of one pass and of {len(cropped)} crops differ by {apart:.2g}.",
        },
        (
            f"A classifier of 28x28 digits, trained for {STEPS - 1} steps and converted: over {len(cropped)} positions "
            f"its scores and those of the crops differ by at most {tiny(apart)}; their standard deviation is "
            f"{spread:.2g}.",
            f"One pass takes {work[0]:,} multiply-adds, {len(cropped)} crops {work[1]:,}.",
            f"With zero padding (“same”) the borders of the crops differ: scores by {borders.max():.2g} at most, "
            f"{borders.mean() / padded_crops.std():.0%} of their standard deviation on average, and the answer at "
            f"{changed:.0%} of the positions.",
        ),
        f"a pattern of two convolutions and two dense layers at 28x28x1, slid over {LARGE}x{LARGE}x1",
    )


def _slid(padding: str, images: np.ndarray, labels: np.ndarray, image: np.ndarray) -> tuple:
    """Scores at every position, by one pass and by crops (positions, 10), and the multiply-adds of both."""
    model = drawn(models.build(SLIDING, images.shape[1:], 10, filters=8, units=32, padding=padding))
    _losses(model, images, labels, SoftmaxCrossEntropy())
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
