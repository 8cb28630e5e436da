"""Checks of pooling: what it discards, the way of its gradient, its parameters, and what it saves."""

from __future__ import annotations

from collections import Counter

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.graph import take_apart
from cnnrepro.anatomy.layer_costs import kind
from cnnrepro.anatomy.pooling import route
from cnnrepro.claims.check_helpers.autodiff import agree, difference, precision, pulled_back
from cnnrepro.claims.check_helpers.networks import one_of_each_builder, outline, windowed
from cnnrepro.claims.check_helpers.wording import spelled, tiny
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF, Part, Verdict, conclude, conclude_parts, right_or_wrong, word_of
from cnnrepro.engine import keras

ops = keras.ops

# Statement 9: size, window, stride, padding of the pools looked at.
POOLS = ((8, 2, 2, "valid"), (9, 3, 2, "valid"), (9, 2, 2, "valid"), (8, 3, 1, "same"), (10, 3, 2, "same"))


def _layer(window: int, stride: int, padding: str) -> keras.layers.Layer:
    return keras.layers.MaxPooling2D(window, strides=stride, padding=padding, dtype=precision()[0])


def switches() -> Verdict:
    """Statement 9: the gradient goes to the winner, by switches kept from the forward pass."""
    random = np.random.default_rng(0)
    right, apart, to_winners, most = [], [], [], 0
    for size, window, stride, padding in POOLS:
        x = random.normal(size=(2, size, size, 3))
        pooled = anatomy.pool(x, window, stride=stride, padding=padding)
        arriving = random.normal(size=pooled.output.shape)
        routed = route(arriving, pooled.switches, (size, size))
        automatic = pulled_back(_layer(window, stride, padding), arriving, x)[0]
        largest = np.isin(x, ops.convert_to_numpy(_layer(window, stride, padding)(x)))  # no value is there twice
        to_winners.append(not automatic[~largest].any() and agree(automatic.sum(), arriving.sum()))
        right.append(agree(routed, automatic))
        apart.append(difference(routed, automatic))
        wins = route(np.ones_like(arriving), pooled.switches, (size, size))
        most = max(most, int(wins.max()))
        if (size, window, stride) == (8, 2, 2):
            share = np.count_nonzero(wins) / wins.size
    ties = np.ones((1, 8, 8, 1))
    to_ties = pulled_back(_layer(2, 2, "valid"), np.ones((1, 4, 4, 1)), ties)[0]
    first = anatomy.pooling_gradient(ties, np.ones((1, 4, 4, 1)), 2)
    where = "the first cell of the window" if agree(to_ties, first) else "another cell than the first, or several"
    return conclude_parts(
        9,
        (
            Part(
                right_or_wrong(to_winners),
                f"All of the gradient of Keras's MaxPooling2D is at inputs that are the largest of a window, and none "
                f"elsewhere, in {sum(to_winners)} of {len(to_winners)} geometries.",
            ),
            Part(
                right_or_wrong(right),
                f"Sent where the switches point it is that gradient in {sum(right)} of {len(right)} geometries, to "
                f"{tiny(max(apart))} of the largest value; the inputs are not looked at again.",
            ),
        ),
        (
            f"Switches and automatic differentiation ({precision()[0]}) differ by at most {tiny(max(apart))} of the "
            f"largest value, over {len(right)} geometries.",
            f"Of 2x2 windows with stride 2, {share:.0%} of the cells get a gradient, the others 0.",
            f"Where windows overlap, a cell that wins in several gets the sum: up to {most} here.",
            f"Where all 4 cells of a window are equal, all of the gradient goes to {where} on this backend.",
        ),
        f"{len(right)} geometries, cnnrepro.anatomy's pooling and Keras's MaxPooling2D",
    )


POOLING_KINDS = {f"{prefix}{kind}Pooling2D" for prefix in ("", "Global") for kind in ("Max", "Average", "L2")} | {
    "TrainableSubsampling2D"
}


def parameters_of_pools() -> Verdict:
    """Statement 50: pooling layers have no learnable parameters."""
    counts: dict[str, list[int]] = {}
    learned: list[tuple[str, str, int]] = []
    networks = 0
    for name, model in one_of_each_builder():
        networks += 1
        for call in take_apart(model).calls:
            what = kind(call.operation)
            if what in POOLING_KINDS:
                parameters = sum(int(np.prod(weight.shape)) for weight in call.operation.trainable_weights)
                counts.setdefault(what, []).append(parameters)
                if parameters:
                    learned.append((name, call.name, parameters))
    pools = sum(map(len, counts.values()))
    names = sorted({name for name, _, _ in learned})
    return conclude(
        50,
        word_of(count == 0 for numbers in counts.values() for count in numbers),
        {
            HOLDS_IF: f"It holds if the pool is a maximum or a mean, as in {pools - len(learned)} of {pools} pools "
            f"here; the subsampling of {spelled(names)} has {spelled(count for *_, count in learned)} parameters, a "
            f"coefficient and a bias a map.",
            HOLDS: f"None of {pools} pools has a parameter.",
        },
        (
            f"{networks} networks, one of each builder, have {pools} pools: "
            + ", ".join(f"{len(numbers)} {what}" for what, numbers in sorted(counts.items()))
            + ".",
            f"Pools with trainable weights: {len(learned)}"
            + "".join(f", {layer} of {name} with {count}" for name, layer, count in learned)
            + ".",
        ),
        f"{networks} networks, one of each builder of cnnrepro",
    )


PATTERN = "INPUT -> [[CONV -> RELU]*2 -> POOL?]*3 -> FC -> RELU -> FC"


def savings() -> Verdict:
    """Statement 53: pooling reduces parameters and computation."""
    flattened = [anatomy.trace(with_dense_head(pools)) for pools in (True, False)]
    in_convolutions = [sum(row.parameters for row in rows if row.kind == "Conv2D") for rows in flattened]
    work = [sum(row.multiply_adds for row in rows if row.kind == "Conv2D") for rows in flattened]
    dense = [rows["fc1"].parameters for rows in flattened]
    averaged = [anatomy.trace(with_global_average(pools)).totals for pools in (True, False)]
    pairs = [rows.totals for rows in flattened], averaged
    less_work = all(pooled.multiply_adds < unpooled.multiply_adds for pooled, unpooled in pairs)
    fewer = [pooled.parameters < unpooled.parameters for pooled, unpooled in pairs]
    parts = (
        Part(
            word_of(fewer) if in_convolutions[0] == in_convolutions[1] else right_or_wrong(fewer),
            f"Parameters fall where a dense layer reads the flattened map, in it from {dense[1]:,} to {dense[0]:,}; "
            f"the convolutions keep {in_convolutions[0]:,}, and with a global average nothing is saved.",
        ),
        Part(
            right_or_wrong([less_work]),
            f"The convolutions' multiply-adds go from {work[1]:,} to {work[0]:,}.",
        ),
    )
    return conclude_parts(
        53,
        parts,
        (
            f"Three pools in six 3x3 convolutions on 32x32x3; the convolutions have {in_convolutions[1]:,} parameters "
            f"without and {in_convolutions[0]:,} with them.",
            f"The first dense layer goes from {dense[1]:,} to {dense[0]:,} parameters, {dense[1] / dense[0]:.0f} times "
            f"fewer.",
            f"With a global average before the classes, the same network has {averaged[1].parameters:,} parameters "
            f"without pools and {averaged[0].parameters:,} with them; multiply-adds go from "
            f"{averaged[1].multiply_adds:,} to {averaged[0].multiply_adds:,}.",
        ),
        "networks of six convolutions on 32x32x3, with three pools and without",
    )


def with_dense_head(pools: bool) -> keras.Model:
    """Six convolutions on 32x32x3, with a pool after each two or without, and two dense layers on the flattened map."""
    return outline(PATTERN, filters=32, optional=pools)


def with_global_average(pools: bool) -> keras.Model:
    """The same convolutions with a global average in place of the hidden dense layer."""
    dense = with_dense_head(pools)
    means = keras.layers.GlobalAveragePooling2D()(dense.get_layer("flatten").input)
    return keras.Model(dense.input, keras.layers.Dense(10, name="logits")(means))


SIZES = range(2, 66)
DISCARDED = 0.75  # statement 10
HALF = 0.5  # statement 51


def _pooled(size: int, window: int = 2, stride: int = 2) -> int:
    layer = keras.layers.MaxPooling2D(window, strides=stride)
    return layer.compute_output_shape((None, size, size, 1))[1]


def _if_even(cases: dict[int, bool]) -> str:
    """Holds if sizes are even, where it does for these and no others."""
    just_even = all(right == (size % 2 == 0) for size, right in cases.items())
    return HOLDS_IF if just_even else right_or_wrong(cases.values())


def discarded_share() -> Verdict:
    """Statement 10: 2x2 pooling with stride 2 discards 75 % of the activations."""
    shares = {size: 1 - (_pooled(size) / size) ** 2 for size in SIZES}
    exact = {size: share == DISCARDED for size, share in shares.items()}
    even = [size for size in SIZES if size % 2 == 0]
    worst = max(shares, key=shares.get)
    overlapping = 1 - (_pooled(55, 3) / 55) ** 2
    return conclude(
        10,
        _if_even(exact),
        {
            HOLDS_IF: f"It holds if the sizes are even: then exactly {DISCARDED:.0%} go, and with odd sizes more, from "
            f"{1 - (_pooled(65) / 65) ** 2:.1%} at 65 to {shares[worst]:.1%} at {worst}.",
            HOLDS: f"{DISCARDED:.0%} go at every size from {SIZES[0]} to {SIZES[-1]}.",
        },
        (
            f"Of the sizes from {SIZES[0]} to {SIZES[-1]}, {sum(exact.values())} lose exactly {DISCARDED:.0%}; "
            f"{sum(exact[size] for size in even)} of them are even.",
            f"An odd size also loses its last row and column: 7x7 keeps {_pooled(7) ** 2} of 49 values, so that "
            f"{shares[7]:.1%} go; {worst}x{worst} loses {shares[worst]:.1%}.",
            f"Overlapping 3x3 pools with stride 2 discard as much: AlexNet's 55x55 goes to {_pooled(55, 3)}x"
            f"{_pooled(55, 3)}, by {overlapping:.1%}.",
        ),
        f"Keras's MaxPooling2D on {len(shares)} sizes",
    )


def halved_sizes() -> Verdict:
    """Statement 51: 2x2 pooling halves the dimensions."""
    halved = {size: _pooled(size) / size == HALF for size in SIZES}
    padded = keras.layers.MaxPooling2D(2, padding="same").compute_output_shape((None, 7, 7, 1))[1]
    unstrided = _pooled(28, 2, 1)
    in_vgg = [(call.size, call.output) for call in windowed(outline("vgg16")) if call.kind == "MaxPooling2D"]
    return conclude(
        51,
        _if_even(halved),
        {
            HOLDS_IF: f"It holds if the size is even and the stride is 2: of the sizes from {SIZES[0]} to {SIZES[-1]}, "
            f"{sum(halved.values())} are halved; 7 becomes {_pooled(7)}, or {padded} with padding “same”.",
            HOLDS: f"All sizes from {SIZES[0]} to {SIZES[-1]} are halved.",
        },
        (
            f"MaxPooling2D(2) halves {sum(halved.values())} of {len(halved)} sizes; of the other "
            f"{len(halved) - sum(halved.values())}, "
            f"{sum(size % 2 == 1 for size, yes in halved.items() if not yes)} are odd.",
            f"Odd sizes are rounded down: 7 becomes {_pooled(7)}, and 28 goes 28, {_pooled(28)}, "
            f"{_pooled(_pooled(28))}, {_pooled(_pooled(_pooled(28)))}; with padding “same” 7 becomes {padded}.",
            f"The stride does it, not the window: 2x2 with stride 1 makes {unstrided} of 28.",
            f"In VGG-16 at 224 all {sum(2 * small == large for large, small in in_vgg)} of {len(in_vgg)} pools halve "
            f"their input.",
        ),
        f"Keras's MaxPooling2D on {len(halved)} sizes, and the built vgg16",
    )


COMMON = ((3, 2), (2, 2))  # statement 67: window and stride; the second is said to be the more common
FAMILIES = ("lenet5_modern", "alexnet", "zfnet", "vgg16", "googlenet", "resnet50")  # those that S0 lists


def common_pools() -> Verdict:
    """Statement 67: only two variations of max pooling are commonly seen, 3x3/2 and, more commonly, 2x2/2."""
    pools = {
        name: [(call.window, call.stride) for call in windowed(outline(name)) if call.kind == "MaxPooling2D"]
        for name in FAMILIES
    }
    counted = Counter(shape for seen in pools.values() for shape in seen)
    users = Counter(shape for seen in pools.values() for shape in set(seen))
    others = {name: sum(shape not in COMMON for shape in seen) for name, seen in pools.items()}
    overlapping, plain = COMMON
    more = [counts[plain] > counts[overlapping] for counts in (counted, users)]
    elsewhere = ", ".join(f"{number} of the {len(pools[name])} in {name}" for name, number in others.items() if number)
    named = {shape: f"{shape[0]}x{shape[0]}/{shape[1]}" for shape in (*COMMON, *counted)}
    return conclude_parts(
        67,
        (
            Part(
                right_or_wrong([not any(others.values())]),
                f"{sum(others.values())} max pools of {sum(counted.values())} in {len(pools)} well-known networks "
                f"are neither{': ' + elsewhere if elsewhere else ''}.",
            ),
            Part(
                word_of(more),
                f"{named[plain]} is in {counted[plain]} pools of {users[plain]} networks, {named[overlapping]} in "
                f"{counted[overlapping]} of {users[overlapping]}.",
            ),
        ),
        (
            "Max pools by window and stride: "
            + ", ".join(f"{named[shape]} {number}" for shape, number in counted.most_common())
            + ".",
            "What is common in practice a few networks cannot say, only what well-known ones have: "
            + ", ".join(f"{name} {len(seen)}" for name, seen in pools.items())
            + ".",
        ),
        f"the max pools of the built {', '.join(FAMILIES)}",
    )
