"""Checks of AlexNet's recipe as S1 tells it: weight decay, first weights, the learning rate, patches at test."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy import output_size
from cnnrepro.claims.check_helpers.autodiff import step_by_step
from cnnrepro.claims.check_helpers.wording import spelled, tiny
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, Verdict, conclude, right_or_wrong
from cnnrepro.engine import keras
from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.recipes.catalogue import RECIPES

ops = keras.ops

# Statement 23: the values of S1.
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, DEVIATION, REDUCTIONS = 0.01, 0.9, 0.0005, 0.01, 3
BIASES_OF_ONE = {"conv2", "conv4", "conv5", "dense6", "dense7"}
REGULARISED = False  # "no regularisation (L1, L2) at all"
STEPS = 20


def recipe() -> Verdict:
    """Statement 23: AlexNet's recipe, and whether its weight decay is an L2 penalty."""
    paths = {
        "paper": _by_the_paper(),
        "penalty": _by_keras(penalty=WEIGHT_DECAY / 2),
        "none": _by_keras(),
        "option": _by_keras(weight_decay=WEIGHT_DECAY),
    }
    apart = {name: float(np.abs(path - paths["paper"]).max()) for name, path in paths.items()}
    is_penalty = apart["penalty"] < apart["none"] / 100
    model = models.build("alexnet", (67, 67, 3), 2)
    weighted = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    ones = {name for name, (_, bias) in weighted.items() if np.all(bias == 1)}
    zeros = {name for name, (_, bias) in weighted.items() if np.all(bias == 0)}
    deviations = [float(kernel.std()) for kernel, _ in weighted.values()]
    measured = max(abs(deviation / DEVIATION - 1) for deviation in deviations) < 0.05
    sgd = RECIPES["sgd"]
    rates = (sgd.learning_rate, sgd.momentum) == (LEARNING_RATE, MOMENTUM)
    biases = ones == BIASES_OF_ONE and zeros == set(weighted) - BIASES_OF_ONE
    response = LocalResponseNormalization()
    others_right = biases and measured and rates
    return conclude(
        23,
        right_or_wrong([is_penalty == REGULARISED, others_right]),
        {
            DOES_NOT_HOLD: f"It was regularised by L2, if not by a layer: with weight decay {WEIGHT_DECAY} the paper's "
            f"update is descent with momentum on the loss + {WEIGHT_DECAY / 2}·|w|², to {tiny(apart['penalty'])} after "
            f"{STEPS} steps. "
            + ("The other values checked are the paper's." if others_right else "Other values differ too."),
            HOLDS: f"The values are the paper's, and its weight decay is no L2 penalty: they part by "
            f"{tiny(apart['penalty'])}.",
        },
        (
            f"It needs no layer: after {STEPS} steps the paper's update and Keras's SGD with an L2 penalty of "
            f"{WEIGHT_DECAY / 2} differ by {tiny(apart['penalty'])}, without it by {tiny(apart['none'])}; Keras's own "
            f"weight_decay={WEIGHT_DECAY}, outside the momentum, by {tiny(apart['option'])}.",
            f"In the built alexnet {len(ones)} of {len(weighted)} layers start with biases of 1, "
            f"{', '.join(sorted(ones))}; “both dense layers” are the hidden ones: the third dense layer starts at 0.",
            f"The first weights of its {len(deviations)} layers have standard deviations from {min(deviations):.4f} to "
            f"{max(deviations):.4f} (the notes: {DEVIATION}); {LEARNING_RATE} divided by 10 {REDUCTIONS} times ends at "
            f"{LEARNING_RATE / 10**REDUCTIONS:g}.",
            f"Where others differ: Caffe's reproduction starts those biases at 0.1; the authors' code divides the α of "
            f"response normalisation, {response.alpha:g}, by n = {response.size}: {response.alpha / response.size:g}. "
            f"The notes leave that layer out.",
        ),
        f"{STEPS} steps of a least-squares problem by NumPy and Keras's SGD; cnnrepro's alexnet at 67x67x3",
    )


def _problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(16, 8)), random.normal(size=(16, 1)), random.normal(size=(8, 1))


def _by_the_paper() -> np.ndarray:
    """v ← 0.9 v − 0.0005 ε w − ε g, w ← w + v (section 5), on the mean square of a linear model; in float64."""
    inputs, targets, weights = _problem()
    velocity = np.zeros_like(weights)
    for _ in range(STEPS):
        gradient = 2 * inputs.T @ (inputs @ weights - targets) / len(inputs)
        velocity = MOMENTUM * velocity - WEIGHT_DECAY * LEARNING_RATE * weights - LEARNING_RATE * gradient
        weights = weights + velocity
    return weights


def _by_keras(penalty: float = 0.0, weight_decay: float | None = None) -> np.ndarray:
    """The same problem by Keras's SGD, with a penalty times |w|² in the loss, or the optimiser's own weight decay."""
    inputs, targets, weights = _problem()
    dense = keras.layers.Dense(1, use_bias=False, kernel_regularizer=keras.regularizers.L2(penalty))
    model = keras.Sequential([keras.Input((8,)), dense])
    dense.set_weights([weights])
    optimizer = keras.optimizers.SGD(LEARNING_RATE, MOMENTUM, weight_decay=weight_decay)
    model.compile(optimizer=optimizer, loss="mean_squared_error", run_eagerly=step_by_step())
    for _ in range(STEPS):
        model.train_on_batch(inputs.astype("float32"), targets.astype("float32"))
    return ops.convert_to_numpy(dense.kernel).astype(np.float64)


FACTOR = 10  # statement 61: the learning rate is divided by it


def plateau() -> Verdict:
    """Statement 61: dividing by 10 on a plateau is Keras's ReduceLROnPlateau."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(LEARNING_RATE))
    callback = keras.callbacks.ReduceLROnPlateau()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(40):
        callback.on_epoch_end(epoch, {"val_loss": 1.0})  # a loss that never improves
        rates.append(float(ops.convert_to_numpy(model.optimizer.learning_rate)))
    steps = sorted(set(np.round(rates, 8)), reverse=True)
    spelled_steps = ", ".join(f"{rate:g}" for rate in steps)
    ratios = [before / after for before, after in pairwise(steps)]
    first = 1 + next((epoch for epoch, rate in enumerate(rates) if rate < 0.99 * rates[0]), len(rates))
    right = bool(ratios) and all(abs(ratio - FACTOR) < 0.01 for ratio in ratios)
    return conclude(
        61,
        right_or_wrong([right, len(ratios) == REDUCTIONS]),
        {
            HOLDS: f"By default it divides the rate by {ratios[0] if ratios else 1:.0f} where the validation loss has "
            f"not improved for {callback.patience} epochs: {spelled_steps}. The authors did it by hand, after the "
            f"validation error.",
        },
        (
            f"With a validation loss that never improves, {len(rates)} epochs see the rates "
            f"{spelled_steps}; the first reduction comes at the end of epoch {first}.",
            f"Defaults: monitor {callback.monitor!r}, factor {callback.factor}, patience {callback.patience}; it looks "
            f"at the loss, the paper at the error rate.",
        ),
        "Keras's ReduceLROnPlateau with its defaults",
    )


IMAGE, PATCH = 256, 224
PUBLISHED_PATCHES = 2048  # the paper, section 4.1: by how much the training set grows


def patches() -> Verdict:
    """Statement 24: patches of 224 in 256, five and their mirrors, predictions averaged."""
    gap = IMAGE - PATCH
    corners = list(product((0, gap), repeat=2))
    places = [*corners, (gap // 2, gap // 2)]
    image = np.random.default_rng(0).uniform(size=(IMAGE, IMAGE, 1)).astype("float32")
    cut = [image[top : top + PATCH, left : left + PATCH] for top, left in places]
    ten = [*cut, *(patch[:, ::-1] for patch in cut)]
    inside = all(patch.shape[:2] == (PATCH, PATCH) for patch in ten)
    by_stride = anatomy.crops(image, PATCH, gap)
    at_corners = all(any(np.array_equal(patch, crop) for crop in by_stride) for patch in cut[:4])
    different = len({patch.tobytes() for patch in map(np.ascontiguousarray, ten)})
    covered = np.zeros((IMAGE, IMAGE), int)
    for top, left in places:
        covered[top : top + PATCH, left : left + PATCH] += 1
    scores = np.random.default_rng(1).normal(size=(10, 1000)).astype("float32")
    average = ops.convert_to_numpy(keras.activations.softmax(ops.convert_to_tensor(scores))).mean(axis=0)
    distribution = abs(average.sum() - 1) < 1e-5 and average.min() >= 0
    offsets = output_size(IMAGE, PATCH, 1)
    overlap = (PATCH - gap) ** 2 / PATCH**2
    return conclude(
        24,
        right_or_wrong([inside, at_corners, different == 10, distribution, covered.min() >= 1]),
        {
            HOLDS: f"Ten different patches of {PATCH}x{PATCH} fit into {IMAGE}x{IMAGE}, four at corners {gap} pixels "
            f"apart, and the mean of ten softmax outputs is a distribution again; a training patch is one of "
            f"{offsets}·{offsets}·2 = {offsets**2 * 2:,}.",
        },
        (
            f"Corners at {spelled(map(str, corners))}, the centre at {places[4]}: crops with stride {gap} "
            f"are these four corners.",
            f"The five patches read every pixel, {covered.min()} to {covered.max()} times; opposite corners share "
            f"{overlap:.0%} of a patch, so the ten predictions are far from independent.",
            f"There are {IMAGE} − {PATCH} + 1 = {offsets} offsets a direction: {offsets**2 * 2:,} patches with "
            f"mirrors. The paper counts {PUBLISHED_PATCHES:,} = {gap}·{gap}·2, "
            + ("one offset less a direction." if gap * gap * 2 == PUBLISHED_PATCHES else "which is another count."),
            f"The mean of ten softmax vectors of 1,000 classes sums to {average.sum():.6f}, its smallest value is "
            f"{average.min():.1e}.",
        ),
        f"patches of {PATCH} cut from a random {IMAGE}x{IMAGE} image",
    )
