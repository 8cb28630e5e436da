"""Checks of output layers, losses and derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from cnnrepro import models
from cnnrepro.anatomy import MulticlassHinge, SoftmaxCrossEntropy
from cnnrepro.claims.check_helpers.autodiff import gradients
from cnnrepro.claims.check_helpers.networks import STEPS, digits, drawn, step_losses
from cnnrepro.claims.check_helpers.wording import tiny
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF, Verdict, conclude, right_or_wrong
from cnnrepro.engine import keras

ops = keras.ops

KINKED = {"ReLU": keras.activations.relu, "max of two": lambda x: ops.max(ops.stack([x, ops.zeros_like(x)]), axis=0)}
SMOOTH = {"sigmoid": keras.activations.sigmoid, "tanh": keras.activations.tanh}
H = 1e-3


def differentiable() -> Verdict:
    """Statement 57: every layer is a differentiable function."""
    slopes = {name: _one_sided(function) for name, function in (KINKED | SMOOTH).items()}
    joined = {name: abs(right - left) < 0.01 for name, (left, right) in slopes.items()}
    as_expected = all(joined[name] for name in SMOOTH) and not any(joined[name] for name in KINKED)
    given = float(gradients(lambda x: ops.sum(keras.activations.relu(x)), np.zeros(1))[0][0])
    values, ties = _at_kinks()
    (left, right), (smooth_left, smooth_right) = slopes["ReLU"], slopes["tanh"]
    return conclude(
        57,
        HOLDS_IF if as_expected else right_or_wrong(joined.values()),
        {
            HOLDS_IF: f"It holds if the kinks are left out: at 0 the slope of ReLU is {left:.0f} on the left and "
            f"{right:.0f} on the right, and a maximum has the same where values tie. Of {values:,} inputs of a "
            f"ReLU {ties} were 0.",
            HOLDS: f"Slopes on both sides agree for all {len(joined)} functions.",
        },
        (
            f"One-sided difference quotients at 0: ReLU {left:.2f} and {right:.2f}, maximum of two "
            f"{slopes['max of two'][0]:.2f} and {slopes['max of two'][1]:.2f}, tanh {smooth_left:.2f} and "
            f"{smooth_right:.2f}.",
            f"Training goes on all the same: automatic differentiation gives ReLU the slope {given:g} at 0.",
            f"{ties} of {values:,} inputs of the first ReLU of a network with random weights are exactly 0, on 50 "
            f"digits with noise.",
        ),
        "Keras's activations by one-sided differences",
    )


def _applied(function: Callable, values: ArrayLike) -> np.ndarray:
    return ops.convert_to_numpy(function(ops.convert_to_tensor(values)))


def _one_sided(function: Callable) -> tuple[float, float]:
    """Difference quotients at 0, to the left and to the right."""
    low, middle, high = map(float, _applied(function, [-H, 0.0, H]))
    return (middle - low) / H, (high - middle) / H


def _at_kinks() -> tuple[int, int]:
    """How many values enter the ReLU of a network, and how many of them are exactly 0."""
    images, _ = digits(50)
    model = drawn(models.build("INPUT -> CONV -> RELU -> FC", (28, 28, 1), 10, filters=8))
    noisy = images + np.random.default_rng(0).normal(scale=0.01, size=images.shape).astype("float32")
    sums = ops.convert_to_numpy(model.get_layer("conv1")(noisy))
    return sums.size, int((sums == 0).sum())


def output_layers() -> Verdict:
    """Statement 22: softmax for one class of several, sigmoid for several labels; SVM or softmax loss."""
    scores = np.random.default_rng(0).normal(scale=3, size=(1000, 10)).astype("float32")
    softmax = _applied(keras.activations.softmax, scores)
    sigmoid = _applied(keras.activations.sigmoid, scores)
    total = np.abs(softmax.sum(axis=1) - 1).max()
    second = np.sort(softmax, axis=1)[:, -2].max()
    several = int(((sigmoid > 0.5).sum(axis=1) > 1).sum())
    pair = np.stack([scores[:, 0], np.zeros(len(scores))], axis=1).astype("float32")
    binary = _applied(keras.activations.softmax, pair)[:, 0]
    images, labels = digits(50)
    falls = {}
    for loss in (SoftmaxCrossEntropy(), MulticlassHinge()):
        model = drawn(models.build("INPUT -> CONV -> RELU -> POOL -> FC", (28, 28, 1), 10, filters=8))
        losses = step_losses(model, images, labels, loss)
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
