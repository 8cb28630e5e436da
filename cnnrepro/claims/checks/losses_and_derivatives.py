"""Checks of output layers, losses and derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnrepro import models
from cnnrepro.anatomy import MulticlassHinge, SoftmaxCrossEntropy
from cnnrepro.claims.check_helpers.autodiff import gradients
from cnnrepro.claims.check_helpers.networks import STEPS, digits, drawn, step_losses
from cnnrepro.claims.check_helpers.wording import tiny
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF, Part, Verdict, conclude, conclude_parts, right_or_wrong
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
    kinks = _at_kinks()
    (left, right), (smooth_left, smooth_right) = slopes["ReLU"], slopes["tanh"]
    return conclude(
        57,
        HOLDS_IF if as_expected else right_or_wrong(joined.values()),
        {
            HOLDS_IF: f"It holds if the kinks are left out: at 0 the slope of ReLU is {left:.0f} on the left and "
            f"{right:.0f} on the right, and a maximum has the same where values tie. They are met often: "
            f"{kinks.zeros:.1%} of the inputs of a first ReLU are exactly 0 on digits, and {kinks.ties:.1%} of the "
            f"2x2 windows behind it tie.",
            HOLDS: f"Slopes on both sides agree for all {len(joined)} functions.",
        },
        (
            f"One-sided difference quotients at 0: ReLU {left:.2f} and {right:.2f}, maximum of two "
            f"{slopes['max of two'][0]:.2f} and {slopes['max of two'][1]:.2f}, tanh {smooth_left:.2f} and "
            f"{smooth_right:.2f}.",
            f"Training goes on all the same: automatic differentiation gives ReLU the slope {given:g} at 0.",
            f"Of {kinks.values:,} inputs of the first ReLU of a network with random weights and biases of 0, on "
            f"{DIGITS} digits as they are, {kinks.zeros:.1%} are exactly 0: windows on the black ground.",
            f"Of {kinks.windows:,} 2x2 windows behind it {kinks.ties:.1%} have their largest value more than once, "
            f"nearly all of them 0 ({kinks.at_zero:.1%}).",
        ),
        "Keras's activations by one-sided differences, and a convolution on embedded digits",
    )


def _applied(function: Callable, values: ArrayLike) -> np.ndarray:
    return ops.convert_to_numpy(function(ops.convert_to_tensor(values)))


def _one_sided(function: Callable) -> tuple[float, float]:
    """Difference quotients at 0, to the left and to the right."""
    low, middle, high = map(float, _applied(function, [-H, 0.0, H]))
    return (middle - low) / H, (high - middle) / H


DIGITS = 50


@dataclass(frozen=True)
class Kinks:
    """Inputs of a ReLU and the share that is exactly 0; windows of a pool, the share of ties, and of ties at 0."""

    values: int
    zeros: float
    windows: int
    ties: float
    at_zero: float


def _at_kinks() -> Kinks:
    """How often a first ReLU, and a 2x2 maximum behind it, meet their kinks on digits."""
    images, _ = digits(DIGITS)
    model = drawn(models.build("INPUT -> CONV -> RELU -> FC", (28, 28, 1), 10, filters=8))
    sums = ops.convert_to_numpy(model.get_layer("conv1")(images))
    number, height, width, maps = sums.shape
    cells = np.maximum(sums, 0).reshape(number, height // 2, 2, width // 2, 2, maps)
    largest = cells.max(axis=(2, 4), keepdims=True)
    tied = (cells == largest).sum(axis=(2, 4)) > 1
    at_zero = tied & (largest[:, :, 0, :, 0] == 0)
    return Kinks(sums.size, (sums == 0).mean(), tied.size, tied.mean(), at_zero.mean())


def output_layers() -> Verdict:
    """Statement 22: softmax for one class of several, sigmoid for several labels; SVM or softmax loss."""
    scores = np.random.default_rng(0).normal(scale=3, size=(1000, 10)).astype("float32")
    softmax = _applied(keras.activations.softmax, scores)
    sigmoid = _applied(keras.activations.sigmoid, scores)
    total = np.abs(softmax.sum(axis=1) - 1).max()
    second = np.sort(softmax, axis=1)[:, -2].max()
    several = int(((sigmoid > 0.5).sum(axis=1) > 1).sum())
    pair = np.stack([scores[:, 0], np.zeros(len(scores))], axis=1).astype("float32")
    same = np.abs(_applied(keras.activations.softmax, pair)[:, 0] - sigmoid[:, 0]).max()
    images, labels = digits(50)
    falls = {}
    for loss in (SoftmaxCrossEntropy(), MulticlassHinge()):
        model = drawn(models.build("INPUT -> CONV -> RELU -> POOL -> FC", (28, 28, 1), 10, filters=8))
        losses = step_losses(model, images, labels, loss)
        falls[loss.name] = losses[0], losses[-1]
    (soft, softer), (hinge, hinged) = falls.values()
    parts = (
        Part(
            right_or_wrong([total < 1e-5, second <= 0.5]),
            f"Softmax outputs sum to 1 within {tiny(total)}; the second largest is {second:.3f} at most, so never two "
            f"exceed one half.",
        ),
        Part(
            right_or_wrong([several > 0, same < 1e-5]),
            f"In {several} of {len(scores):,} cases several sigmoids exceed 0.5; for two classes softmax and sigmoid "
            f"differ by {tiny(same)}.",
        ),
        Part(
            right_or_wrong(after < before for before, after in falls.values()),
            f"Both train: softmax {soft:.2f} to {softer:.2f}, SVM {hinge:.2f} to {hinged:.2f}.",
        ),
    )
    return conclude_parts(
        22,
        parts,
        (
            f"Sigmoids of {len(scores):,} random score vectors sum to {sigmoid.sum(axis=1).min():.1f} to "
            f"{sigmoid.sum(axis=1).max():.1f}, softmax outputs of the same to 1.",
            f"{STEPS - 1} steps of Adam on {len(images)} digits: cross-entropy from {soft:.2f} to {softer:.2f}, "
            f"multiclass hinge from {hinge:.2f} to {hinged:.2f}.",
        ),
        f"Keras's activations, and a small network on a batch of {len(images)} embedded digits",
    )
