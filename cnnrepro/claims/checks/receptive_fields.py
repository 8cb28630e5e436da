"""Checks of receptive fields: the recursion of the notes, and what dilation does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy import receptive_field
from cnnrepro.claims.check_helpers.autodiff import difference, gradients
from cnnrepro.claims.check_helpers.networks import traced, windowed
from cnnrepro.claims.check_helpers.wording import spelled, tiny
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, Verdict, conclude, right_or_wrong, word_of
from cnnrepro.engine import keras
from cnnrepro.models import outline

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
    named = by_the_notes([(3, 1)] * 3)[-1] == receptive_field([(3, 1)] * 3).size == THREE_BY_THREE
    condition = list(right.values()) == plain
    vgg, alexnet = along["vgg16"], along["alexnet"]
    measured = _reach(_influence([(3, 2), (3, 1)]))
    return conclude(
        11,
        word_of(right.values()) if condition and named else right_or_wrong([*right.values(), named]),
        {
            HOLDS_IF: f"It holds if all strides are 1, as for three 3x3 layers ({THREE_BY_THREE}x{THREE_BY_THREE}); "
            f"else a layer adds (F − 1) times the product of the strides before it: AlexNet's first layer sees "
            f"{receptive_field(alexnet[:1]).size} pixels, not {by_the_notes(alexnet)[0]}.",
            DOES_NOT_HOLD: f"It is right for {sum(right.values())} of {len(right)} chains, and not just those with "
            f"stride 1.",
        },
        (
            f"Of {len(right)} chains of three layers the recursion is right in {sum(right.values())}; all strides are "
            f"1 in {sum(plain)}, and these are the same chains.",
            "Layers of built networks for which it is right: "
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
    return conclude(
        15,
        right_or_wrong([*fewer, same]),
        {
            HOLDS: f"To see {wanted[-1]} pixels, 3x3 layers whose dilation doubles number {dilated[-1]}, ordinary ones "
            f"{plain[-1]}; a filter with dilation 2 is the same filter with gaps of one cell.",
            DOES_NOT_HOLD: f"Layers needed for {spelled(wanted)} pixels: {spelled(dilated)} with dilation, "
            f"{spelled(plain)} without.",
        },
        (
            f"3x3 layers needed to see {spelled(wanted)} pixels: {spelled(plain)} without dilation, {spelled(dilated)} "
            f"with dilation 1, 2, 4, 8 and so on.",
            f"Keras's 3x3 filter with dilation 2 equals a 5x5 filter with zeros between its cells: the outputs differ "
            f"by {tiny(difference(by_keras, with_gaps))} of the largest.",
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
