"""Checks of AlexNet's recipe as S1 tells it: weight decay, first weights, the learning rate, patches at test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy import output_size
from cnnrepro.claims.check_helpers.autodiff import step_by_step
from cnnrepro.claims.check_helpers.wording import spelled, tiny
from cnnrepro.claims.verdict import DOES_NOT_HOLD, Part, Verdict, conclude_parts, right_or_wrong, word_of
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.draws import draw
from cnnrepro.engine import keras
from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.recipes.catalogue import RECIPES, Recipe

ops = keras.ops

# Statements 23 and 78: the values of S1.
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, DEVIATION = 0.01, 0.9, 0.0005, 0.01
DIVISOR, REDUCTIONS = 10, 3  # of the learning rate, statements 23, 61 and 78
BIASES_OF_ONE = {"conv2", "conv4", "conv5", "dense6", "dense7"}
REGULARISED = False  # "no regularization layers (L1, L2) at all"
BATCH, EPOCHS = 128, 90
STEPS = 20
RECIPE = "alexnet-2012"


def recipe() -> Verdict:
    """Statement 23: AlexNet's recipe as the package has it, and whether its weight decay is an L2 penalty."""
    paths = {
        "paper": _by_the_paper(),
        "penalty": _by_keras(penalty=WEIGHT_DECAY / 2),
        "none": _by_keras(),
        "option": _by_keras(weight_decay=WEIGHT_DECAY),
    }
    apart = {name: float(np.abs(path - paths["paper"]).max()) for name, path in paths.items()}
    is_penalty = apart["penalty"] < apart["none"] / 100
    theirs = RECIPES[RECIPE]
    weights, biases = _first_weights(theirs)
    ones = {name for name, bias in biases.items() if np.all(bias == 1)}
    zeros = {name for name, bias in biases.items() if np.all(bias == 0)}
    deviations = [float(kernel.std()) for kernel in weights.values()]
    means = [abs(float(kernel.mean())) for kernel in weights.values()]
    spread = max(abs(deviation / DEVIATION - 1) for deviation in deviations)
    centred = max(means) < DEVIATION / 10
    rates = [theirs.learning_rate * theirs.schedule.factor**times for times in range(theirs.schedule.times + 1)]
    ratios = [before / after for before, after in pairwise(rates)]
    response = LocalResponseNormalization()
    parts = (
        Part(
            right_or_wrong([theirs.optimizer in ("sgd", "coupled_sgd"), theirs.momentum == MOMENTUM]),
            f"The paper's section 5 gives momentum {theirs.momentum:g}.",
        ),
        Part(right_or_wrong([theirs.weight_decay == WEIGHT_DECAY]), f"Its update decays by {theirs.weight_decay:g}."),
        Part(
            right_or_wrong([spread < 0.05, centred]),
            f"{len(deviations)} layers built by the recipe start with deviations {min(deviations):.4f} to "
            f"{max(deviations):.4f}.",
        ),
        Part(
            right_or_wrong([ones == BIASES_OF_ONE, zeros == set(biases) - BIASES_OF_ONE]),
            f"{len(ones)} of {len(biases)} start at 1, {', '.join(sorted(ones))}; “both dense layers” are hidden ones.",
        ),
        Part(
            right_or_wrong(
                [rates[0] == LEARNING_RATE, len(ratios) == REDUCTIONS, *(abs(r - DIVISOR) < 1e-9 for r in ratios)]
            ),
            f"The paper's rates: {', '.join(f'{rate:g}' for rate in rates)}.",
        ),
        Part(
            right_or_wrong([is_penalty == REGULARISED]),
            f"Weight decay {WEIGHT_DECAY} is descent on the loss + {WEIGHT_DECAY / 2}·|w|², an L2 penalty, to "
            f"{tiny(apart['penalty'])} after {STEPS} steps."
            if is_penalty
            else f"Its weight decay is no L2 penalty: they part by {tiny(apart['penalty'])}.",
        ),
    )
    return conclude_parts(
        23,
        parts,
        (
            f"It needs no layer: after {STEPS} steps the paper's update and Keras's SGD with an L2 penalty of "
            f"{WEIGHT_DECAY / 2} differ by {tiny(apart['penalty'])}, without it by {tiny(apart['none'])}; Keras's own "
            f"weight_decay={WEIGHT_DECAY}, outside the momentum, by {tiny(apart['option'])}.",
            f"The values are those of the recipe {RECIPE}, taken from the paper's section 5; the weights are those of "
            f"a network that it starts, drawn with seed 0.",
            f"Where others differ: Caffe's reproduction starts those biases at 0.1; the authors' code divides the α of "
            f"response normalisation, {response.alpha:g}, by n = {response.size}: {response.alpha / response.size:g}. "
            f"The notes leave that layer out.",
        ),
        f"the recipe {RECIPE} and its network at 67x67x3; {STEPS} steps by NumPy and Keras's SGD",
    )


def _first_weights(theirs: Recipe) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Filters and biases by layer, as a recipe starts AlexNet at 67x67x3, drawn by its own initialisers with seed 0."""
    options = theirs.options_for("alexnet", {})
    model = models.outline("alexnet", (67, 67, 3), 2, **options)
    layers = [layer for layer in model.layers if getattr(layer, "kernel_initializer", None)]

    def drawn(initializer: keras.Initializer, shape: tuple[int, ...]) -> np.ndarray:
        config = initializer.get_config()
        seeded = config | {"seed": 0} if "seed" in config else config
        return ops.convert_to_numpy(type(initializer).from_config(seeded)(shape))

    weights = {layer.name: drawn(layer.kernel_initializer, tuple(layer.kernel.shape)) for layer in layers}
    biases = {layer.name: drawn(layer.bias_initializer, tuple(layer.bias.shape)) for layer in layers}
    return weights, biases


# Of Caffe's bvlc_alexnet: steps and batch. Of the challenge of 2012: training images.
CAFFE_STEPS, CAFFE_BATCH, IMAGES = 450_000, 256, 1_281_167


def batch_and_epochs() -> Verdict:
    """Statement 78: batches of 128 for 90 epochs."""
    theirs = RECIPES[RECIPE]
    steps = theirs.epochs * IMAGES / theirs.batch_size
    by_caffe = CAFFE_STEPS * CAFFE_BATCH / IMAGES
    return conclude_parts(
        78,
        (
            Part(right_or_wrong([theirs.batch_size == BATCH]), f"The paper gives {theirs.batch_size} examples a step."),
            Part(right_or_wrong([theirs.epochs == EPOCHS]), f"It gives “roughly {theirs.epochs} cycles”."),
        ),
        (
            f"{theirs.epochs} epochs of {IMAGES:,} images in batches of {theirs.batch_size} are {steps:,.0f} steps.",
            f"Caffe's reproduction takes {CAFFE_STEPS:,} steps of {CAFFE_BATCH}: {by_caffe:.1f} epochs with twice the "
            f"batch.",
            f"Compared with the recipe {RECIPE}, whose figures are the paper's; how long the authors' own run was is "
            f"known from their word alone: “roughly {theirs.epochs}”.",
        ),
        f"the recipe {RECIPE}, after Krizhevsky, Sutskever and Hinton 2012, section 5",
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


WATCHED = "loss"  # and by what it was seen that nothing improved


def plateau() -> Verdict:
    """Statement 61: dividing by 10 on a plateau, by the authors and by Keras's ReduceLROnPlateau."""
    theirs = RECIPES[RECIPE].schedule
    divided = abs(1 / theirs.factor - DIVISOR) < 1e-9
    stalled, falling = _rates([1.0] * 25), _rates([1.0 / (1 + epoch) for epoch in range(25)])
    dropped = [number for number, (a, b) in enumerate(pairwise(stalled), start=2) if b < 0.99 * a]
    ratios = [a / b for a, b in pairwise(stalled) if b < 0.99 * a]
    kept = falling[-1] == falling[0]
    callback = keras.callbacks.ReduceLROnPlateau()
    right = bool(ratios) and all(abs(ratio - DIVISOR) < 0.01 for ratio in ratios)
    parts = (
        Part(
            word_of([divided, WATCHED in theirs.metric]) if divided else DOES_NOT_HOLD,
            f"The paper's section 5 divides by {1 / theirs.factor:.0f}, by hand, when the validation "
            f"{'loss' if WATCHED in theirs.metric else 'error rate'} stops improving.",
        ),
        Part(
            right_or_wrong([right, kept]),
            f"By default it divides by {ratios[0] if ratios else 1:.0f} where the validation loss has not improved for "
            f"{callback.patience} epochs, and not where it improves.",
        ),
    )
    return conclude_parts(
        61,
        parts,
        (
            f"A loss that never improves: the rate falls at the end of epochs {spelled(dropped)} of {len(stalled)}, "
            f"and again every {callback.patience} epochs after; how often follows from how long it goes on. The paper "
            f"says {REDUCTIONS} times (statement 23).",
            f"A loss that falls in every one of {len(falling)} epochs: the rate stays at {falling[-1]:g}.",
            f"Defaults: monitor {callback.monitor!r}, factor {callback.factor}, patience {callback.patience}.",
        ),
        f"the recipe {RECIPE}, after the paper's section 5; Keras's ReduceLROnPlateau with its defaults, shown two "
        f"made-up curves of 25 epochs",
    )


def _rates(losses: Sequence[float]) -> list[float]:
    """The learning rate after each epoch under Keras's callback, where the validation losses are these."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(LEARNING_RATE))
    callback = keras.callbacks.ReduceLROnPlateau()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        rates.append(float(ops.convert_to_numpy(model.optimizer.learning_rate)))
    return rates


IMAGE, PATCH = 256, 224
PUBLISHED_PATCHES = 2048  # the paper, section 4.1: by how much the training set grows


def patches() -> Verdict:
    """Statement 24: patches of 224 in 256 and mirrors in training; five and their mirrors at test, averaged."""
    pipeline, gap = PIPELINES[RECIPES[RECIPE].pipeline], IMAGE - PATCH
    drawn = draw(pipeline, 4000, IMAGE, seed=0, epoch=0).values
    starts = np.concatenate([drawn["top"], drawn["left"]])
    mirrored = drawn["mirrored"].mean() if pipeline.mirror else 0.0
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
    parts = (
        Part(
            right_or_wrong([pipeline.size(IMAGE) == PATCH, starts.min() >= 0, starts.max() <= gap, np.ptp(starts) > 0]),
            f"The recipe {RECIPE} (the paper's section 4.1) draws patches of {pipeline.size(IMAGE)} that begin at "
            f"pixel {starts.min()} to {starts.max()} of {IMAGE}.",
        ),
        Part(
            right_or_wrong([abs(mirrored - 0.5) < 0.05]),
            f"It mirrors {mirrored:.0%} of {len(drawn['top']):,} patches.",
        ),
        Part(
            right_or_wrong([pipeline.views == 2 * len(places), inside, at_corners, different == len(ten)]),
            f"Section 4.1 has four corners, the centre and mirrors: {different} different patches.",
        ),
        Part(
            right_or_wrong([distribution]),
            f"It averages softmax outputs; the mean of ten sums to {average.sum():.6f}.",
        ),
    )
    return conclude_parts(
        24,
        parts,
        (
            f"Corners at {spelled(map(str, corners))}, the centre at {places[4]}: crops with stride {gap} "
            f"are these four corners.",
            f"The five patches read every pixel, {covered.min()} to {covered.max()} times; opposite corners share "
            f"{overlap:.0%} of a patch, so the ten predictions are far from independent.",
            f"There are {IMAGE} − {PATCH} + 1 = {offsets} offsets a direction: {offsets**2 * 2:,} patches with "
            f"mirrors, {offsets}·{offsets}·2. The paper counts {PUBLISHED_PATCHES:,} = {gap}·{gap}·2, "
            + ("one offset less a direction." if gap * gap * 2 == PUBLISHED_PATCHES else "which is another count."),
            f"ImageNet's images are of many sizes: the {IMAGE}x{IMAGE} are the middle of each, scaled to a shorter "
            f"side of {IMAGE} (section 2).",
        ),
        f"the pipeline of the recipe {RECIPE}; patches of {PATCH} cut from a random {IMAGE}x{IMAGE} image",
    )
