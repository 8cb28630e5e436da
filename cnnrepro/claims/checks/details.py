"""Checks of details: Keras's words for padding, derivatives at kinks, what ResNet introduced."""

from __future__ import annotations

import numpy as np

from cnnrepro.claims.checks.autodiff import gradients
from cnnrepro.claims.checks.concluding import conclude, right_or_wrong, spelled, word_of
from cnnrepro.claims.checks.networks import digits, drawn, of_kinds, outline
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, Verdict
from cnnrepro.engine import keras
from cnnrepro.models import build

ops = keras.ops

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


def _one_sided(function) -> tuple[float, float]:
    """Difference quotients at 0, to the left and to the right."""
    low, middle, high = (float(value) for value in ops.convert_to_numpy(function(ops.convert_to_tensor([-H, 0.0, H]))))
    return (middle - low) / H, (high - middle) / H


def _at_kinks() -> tuple[int, int]:
    """How many values enter the ReLU of a network, and how many of them are exactly 0."""
    images, _ = digits(50)
    model = drawn(build("INPUT -> CONV -> RELU -> FC", (28, 28, 1), 10, filters=8))
    noisy = images + np.random.default_rng(0).normal(scale=0.01, size=images.shape).astype("float32")
    sums = ops.convert_to_numpy(model.get_layer("conv1")(noisy))
    return sums.size, int((sums == 0).sum())


# Statement 58: arXiv's numbers begin with year and month. Batch normalisation: Ioffe and Szegedy; highway networks,
# with gated skip connections: Srivastava, Greff and Schmidhuber; ResNet: He, Zhang, Ren and Sun.
ARXIV = {"batch normalisation": "1502.03167", "highway networks": "1505.00387", "ResNet": "1512.03385"}


def what_resnet_introduced() -> Verdict:
    """Statement 58: ResNet introduced skip connections and batch normalisation."""
    month = {name: 12 * int(number[:2]) + int(number[2:4]) for name, number in ARXIV.items()}
    before = {name: month["ResNet"] - when for name, when in month.items() if name != "ResNet"}
    first = [months <= 0 for months in before.values()]
    model = outline("resnet50")
    normalised, joined = len(of_kinds(model, "BatchNormalization")), len(of_kinds(model, "Add"))
    convolutions = len(of_kinds(model, "Conv2D"))
    return conclude(
        58,
        word_of(first),
        {
            DOES_NOT_HOLD: f"ResNet uses both, in {joined} shortcuts and {normalised} batch normalisations of "
            f"ResNet-50, but batch normalisation was published {before['batch normalisation']} months before it and "
            f"gated skip connections {before['highway networks']}; new are shortcuts that are the identity.",
            HOLDS: "Neither was published before ResNet.",
        },
        (
            "arXiv: "
            + ", ".join(f"{name} {number}" for name, number in ARXIV.items())
            + " (year and month come first).",
            f"The built ResNet-50 has {joined} additions of a shortcut, and a batch normalisation behind each of its "
            f"{convolutions} convolutions ({normalised}).",
        ),
        "arXiv's numbers of the three papers, and cnnrepro's resnet50",
    )
