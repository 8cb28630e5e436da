"""Checks of receptive fields: the recursion of the notes, and what dilation does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, product

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy import receptive_field
from cnnrepro.claims.check_helpers.autodiff import difference, gradients
from cnnrepro.claims.check_helpers.networks import outline, traced, windowed
from cnnrepro.claims.check_helpers.wording import spelled, tiny
from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    Part,
    Verdict,
    conclude,
    conclude_parts,
    right_or_wrong,
    word_of,
)
from cnnrepro.engine import keras

ops = keras.ops

CHAINS = ("lenet5_modern", "alexnet", "zfnet", "vgg16")  # networks without branches
THREE_BY_THREE = 7  # statement 11: what three 3x3 layers with stride 1 see


def by_the_notes(layers: Sequence[tuple[int, int]]) -> list[int]:
    """The recursion as S1 has it: first F · S, then R + (F − 1) · S with the layer's own stride."""
    (window, stride), *rest = layers
    fields = [window * stride]
    for window, stride in rest:
        fields.append(fields[-1] + (window - 1) * stride)
    return fields


def field_formula() -> Verdict:
    """Statement 11: the recursion against receptive fields, over all short chains and along built networks."""
    shapes = list(product(product((2, 3, 5), (1, 2)), repeat=3))
    right = {chain: by_the_notes(chain) == list(receptive_field(chain).sizes) for chain in shapes}
    plain = [all(stride == 1 for _, stride in chain) for chain in shapes]
    along = {name: [(call.window, call.stride) for call in windowed(outline(name))] for name in CHAINS}
    agreeing = {
        name: sum(a == b for a, b in zip(by_the_notes(chain), receptive_field(chain).sizes, strict=True))
        for name, chain in along.items()
    }
    firsts = [((window, stride),) for window, stride in product((2, 3, 5, 11), (1, 2, 4))]
    first_right = {chain: by_the_notes(chain)[0] == receptive_field(chain).size for chain in firsts}
    first_plain = [chain[0][1] == 1 for chain in firsts]
    three = receptive_field([(3, 1)] * 3).size
    vgg, alexnet = along["vgg16"], along["alexnet"]
    measured = _reach(_influence([(3, 2), (3, 1)]))
    parts = (
        Part(
            _if_just(first_right.values(), first_plain),
            f"A first layer: right at stride 1, in {sum(first_right.values())} of {len(firsts)} pairs of window and "
            f"stride; AlexNet's sees {receptive_field(alexnet[:1]).size} pixels, the formula says "
            f"{by_the_notes(alexnet)[0]}.",
        ),
        Part(
            _if_just(right.values(), plain),
            f"Further ones: right where no stride is above 1, in {sum(right.values())} of {len(right)} chains; else "
            "(F − 1) counts times the strides before it.",
        ),
        Part(
            right_or_wrong([three == by_the_notes([(3, 1)] * 3)[-1] == THREE_BY_THREE]),
            f"Three 3x3 see {three}x{three}.",
        ),
    )
    return conclude_parts(
        11,
        parts,
        (
            "Layers of built networks for which the recursion is right: "
            + ", ".join(f"{agreeing[name]} of {len(along[name])} of {name}" for name in CHAINS)
            + ".",
            f"It gives {by_the_notes(vgg)[-1]} for VGG-16's last pool and {by_the_notes(alexnet)[-1]} for AlexNet's; "
            f"the trace gives {spelled(traced(name)['pool5'].receptive_field for name in ('vgg16', 'alexnet'))}.",
            f"By automatic differentiation, 3x3 with stride 2 and then 3x3 with stride 1 see {measured} pixels: the "
            f"recursion says {by_the_notes([(3, 2), (3, 1)])[-1]}, the product of strides "
            f"{receptive_field([(3, 2), (3, 1)]).size}.",
        ),
        f"{len(right)} chains of three layers, and the built {', '.join(CHAINS)}",
    )


def _if_just(right: Iterable[bool], condition: Sequence[bool]) -> str:
    """Holds under a condition, where it is right in just the cases that meet it."""
    right = list(right)
    return word_of(right) if right == list(condition) else right_or_wrong(right)


def _influence(layers: Sequence[tuple[int, ...]], size: int = 65) -> np.ndarray:
    """The gradient of one unit behind a chain of one-dimensional filters of ones, to each pixel."""

    def unit(x):
        for layer in layers:
            window, stride, dilation = (*layer, 1)[:3]
            filters = ops.ones((window, 1, 1), dtype=x.dtype)
            x = ops.conv(x, filters, stride, "valid", "channels_last", dilation)
        return x[0, x.shape[1] // 2, 0]

    return gradients(unit, np.zeros((1, size, 1)))[0][0, :, 0]


def layers_needed(pixels: int, *, doubling: bool) -> int:
    """The fewest 3x3 layers that see so many pixels, with dilation 1, 2, 4, 8 … or without."""
    depth, seen = 0, 1
    while seen < pixels:
        depth += 1
        seen = receptive_field([(3, 1, 2**layer if doubling else 1) for layer in range(depth)]).size
    return depth


def dilation() -> Verdict:
    """Statement 15: dilation sees as much with fewer layers; the holes are gaps between the filter's cells."""
    wanted = (15, 63, 255)
    plain = [layers_needed(pixels, doubling=False) for pixels in wanted]
    dilated = [layers_needed(pixels, doubling=True) for pixels in wanted]
    fewer = [few < many for few, many in zip(dilated, plain, strict=True)]
    random = np.random.default_rng(0)
    x, filters = random.normal(size=(1, 15, 15, 2)), random.normal(size=(3, 3, 2, 2))
    gaps = np.zeros((5, 5, 2, 2))
    gaps[::2, ::2] = filters
    single = x.astype("float32"), filters.astype("float32")
    by_keras = ops.convert_to_numpy(ops.conv(*single, padding="valid", dilation_rate=2))
    with_gaps = anatomy.convolve_im2col(x, gaps)
    same = np.abs(by_keras - with_gaps).max() < 1e-4
    doubled, constant = _influence([(3, 1, 1), (3, 1, 2), (3, 1, 4)]), _influence([(3, 1, 2)] * 3)
    parts = (
        Part(
            right_or_wrong([same]),
            f"Keras's 3x3 filter with dilation 2 equals a 5x5 one with zeros between its cells, to "
            f"{tiny(difference(by_keras, with_gaps))} of the largest output.",
        ),
        Part(
            right_or_wrong(fewer),
            f"3x3 layers needed to see {spelled(wanted)} pixels: {spelled(plain)} without dilation, {spelled(dilated)} "
            f"where it doubles.",
        ),
    )
    return conclude_parts(
        15,
        parts,
        (
            f"Dilation 1, 2, 4, 8 and so on, against 1 throughout: {dilated[-1]} layers against {plain[-1]} for "
            f"{wanted[-1]} pixels.",
            f"Doubling leaves no hole: three layers reach {_reach(doubled)} pixels and miss {_holes(doubled)} of them. "
            f"Dilation 2 three times reaches {_reach(constant)} and misses {_holes(constant)}, every other one.",
        ),
        "cnnrepro.anatomy's receptive fields, Keras's convolution, automatic differentiation",
    )


def _reach(influence: np.ndarray) -> int:
    seen = np.flatnonzero(influence)
    return int(seen[-1] - seen[0] + 1)


def _holes(influence: np.ndarray) -> int:
    """Pixels between the first and the last seen one that have no influence."""
    return _reach(influence) - np.count_nonzero(influence)


def field_is_filter_size() -> Verdict:
    """Statement 66: the receptive field of a neuron is the filter's size."""
    along = {name: [(call.window, call.stride) for call in windowed(outline(name))] for name in CHAINS}
    own = [receptive_field([layer]).size == layer[0] for chain in along.values() for layer in chain]
    on_image = {
        name: [window == size for (window, _), size in zip(chain, receptive_field(chain).sizes, strict=True)]
        for name, chain in along.items()
    }
    just_first = all(right[0] and not any(right[1:]) for right in on_image.values())
    of_image = [right for chain in on_image.values() for right in chain]
    last = {name: (chain[-1][0], receptive_field(chain).size) for name, chain in along.items()}
    dilated = receptive_field([(3, 1, 2)]).size
    return conclude(
        66,
        word_of([*own, *of_image]) if just_first else right_or_wrong(of_image),
        {
            HOLDS_IF: f"It holds if the layer's own input is meant, in {sum(own)} of {len(own)} layers; of the image "
            f"it holds in the first layer alone, in {sum(of_image)}: VGG-16's last pool is {last['vgg16'][0]} wide and "
            f"sees {last['vgg16'][1]} pixels.",
            HOLDS: f"It holds in all {len(of_image)} layers, of the image too.",
            DOES_NOT_HOLD: f"Of the image it holds in {sum(of_image)} of {len(of_image)} layers.",
        },
        (
            "Layers whose field on the image is their window: "
            + ", ".join(f"{sum(right)} of {len(right)} of {name}" for name, right in on_image.items())
            + ".",
            "Window and field of the last layer with a window: "
            + ", ".join(f"{window} and {size} in {name}" for name, (window, size) in last.items())
            + ".",
            f"With dilation 2 a 3x3 filter has 9 weights and a field of {dilated}x{dilated} on its own input.",
        ),
        f"windows and fields of the built {', '.join(CHAINS)}",
    )


def growing_fields() -> Verdict:
    """Statement 75: the receptive field grows to a larger part of the image as the network gets deeper."""
    sizes = {name: outline(name).inputs[0].shape[1] for name in CHAINS}
    fields = {
        name: list(receptive_field([(call.window, call.stride) for call in windowed(outline(name))]).sizes)
        for name in CHAINS
    }
    grows = [after > before for chain in fields.values() for before, after in pairwise(chain)]
    ends = {name: (chain[0], chain[-1], chain[-1] / sizes[name]) for name, chain in fields.items()}
    calls = windowed(outline("resnet50"))
    pointwise = sum(call.window == 1 for call in calls)
    return conclude(
        75,
        right_or_wrong(grows),
        {
            HOLDS: f"It grows with every layer that has a window, in all {len(grows)} of four networks: in VGG-16 from "
            f"{ends['vgg16'][0]} pixels to {ends['vgg16'][1]} of {sizes['vgg16']}, {ends['vgg16'][2]:.0%} of the side.",
            DOES_NOT_HOLD: f"It grows in {sum(grows)} of {len(grows)} layers.",
        },
        (
            "From the first layer to the last pool: "
            + ", ".join(f"{a} to {b} of {sizes[name]} in {name}" for name, (a, b, _) in ends.items())
            + ".",
            f"1x1 windows leave it as it is: {pointwise} of the {len(calls)} windows of ResNet-50.",
            f"A dense layer sees all of the image: after {len(fields['vgg16'])} layers with windows VGG-16's first one "
            f"reads every unit of the last map.",
        ),
        f"windows and strides of the built {', '.join(CHAINS)}",
    )
