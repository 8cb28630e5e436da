"""How far a unit sees and how much each pixel counts: growth with depth, dilation and gaps, the effective field.

Source: Luo, Li, Urtasun and Zemel, "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks"
(NIPS 2016). They back-propagate a gradient of one from a central unit of networks with random weights; so does this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.convolution_backward import input_gradient_as_convolution
from cnnrepro.anatomy.graph import take_apart
from cnnrepro.anatomy.rules import COSTS, kind
from cnnrepro.errors import UsageError
from cnnrepro.lessons.geometry_and_receptive_fields.sizes import Step

WINDOW = 3  # of all filters here
CHANNELS = 8  # of the hidden maps


@dataclass(frozen=True)
class Growth:
    """Receptive field and effective stride behind so many convolutions (on the longest path), pooling included."""

    title: str
    depths: tuple[int, ...]
    fields: tuple[int, ...]
    strides: tuple[int, ...]


def growth(name: str) -> Growth:
    """How receptive field and effective stride of the feature maps grow with depth."""
    model = models.outline(name)
    depth: dict = {}
    seen: dict[int, tuple[int, int]] = {}
    for call, row in zip(take_apart(model).calls, anatomy.trace(model), strict=True):
        own = max((depth[one] for one in call.inputs), default=0) + (kind(call.operation) in COSTS)
        depth.update(dict.fromkeys(call.outputs, own))
        if row.at_inference and row.stride is not None and len(row.output_shape) == 3:
            field, stride = seen.get(own, (0, 0))
            seen[own] = max(field, row.receptive_field), max(stride, row.stride)
    depths = tuple(sorted(seen))
    return Growth(models.entry(name).title, depths, *zip(*(seen[one] for one in depths), strict=True))


def counts(dilations: Sequence[int]) -> np.ndarray:
    """On how many paths each pixel reaches one unit, through 3x3 filters with these dilations, one behind the other.

    Returns:
        (R, R) whole numbers, R the receptive field; 0 where the filters' holes leave a pixel out.

    Raises:
        UsageError: no dilations, or one that is no positive whole number.
    """
    if not dilations:
        raise UsageError("A chain of filters has at least one dilation. Received: []")
    anatomy.receptive_field([(WINDOW, 1, dilation) for dilation in dilations])  # checks them
    paths = np.ones(1, dtype=int)
    for dilation in dilations:
        taps = np.zeros((WINDOW - 1) * dilation + 1, dtype=int)
        taps[::dilation] = 1
        paths = np.convolve(paths, taps)
    return np.outer(paths, paths)  # the two axes are independent of each other


def growth_by_dilation(layers: int) -> dict[str, tuple[int, ...]]:
    """Receptive field behind 1, 2, … 3x3 layers: without dilation, and with dilations 1, 2, 4, 8, …"""
    kinds = {"dilation 1": [1] * layers, "dilation 1, 2, 4, 8, …": [2**layer for layer in range(layers)]}
    return {
        name: anatomy.receptive_field([(WINDOW, 1, dilation) for dilation in dilations]).sizes
        for name, dilations in kinds.items()
    }


def windows(steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Window and stride of each step that has a window of more than one cell."""
    return [(step.window, step.stride) for step in steps if step.window > 1]


@dataclass(frozen=True)
class ClaimedField:
    """What a recursion claims of a layer's receptive field, and what it is, in pixels.

    Args:
        layer, window, stride: of a convolution or pooling.
        before: the product of the strides before it.
        claimed: by the recursion.
        right: the receptive field.
    """

    layer: str
    window: int
    stride: int
    before: int
    claimed: int
    right: int

    def cells(self) -> tuple:
        """A row of a table: the fields in their order, and claimed minus right."""
        difference = f"{self.claimed - self.right:+,}".replace("-", "−") if self.claimed != self.right else "0"
        return *astuple(self), difference


def against(steps: Sequence[Step], claimed: Sequence[int]) -> list[ClaimedField]:
    """A recursion's receptive fields beside the right ones.

    Args:
        steps: of a network, see ``chain``.
        claimed: by the recursion, one value a step that has a window.
    """
    moving = [step for step in steps if step.window > 1]
    right = anatomy.receptive_field(windows(steps))
    before = (1, *right.strides[:-1])
    return [
        ClaimedField(step.name, step.window, step.stride, *figures)
        for step, *figures in zip(moving, before, claimed, right.sizes, strict=True)
    ]


@dataclass(frozen=True)
class Influence:
    """How strongly each pixel of its receptive field moves one unit.

    Args:
        depth: layers of 3x3 filters, stride 1.
        strength: root mean square of the gradient over draws and input channels, (R, R).
    """

    depth: int
    strength: np.ndarray

    def side(self, share: float) -> int:
        """Pixels across the smallest centred square that holds a share of the squared gradient."""
        energy = self.strength**2
        size = len(energy)
        for side in range(1, size + 1, 2):
            cut = (size - side) // 2
            if energy[cut : size - cut, cut : size - cut].sum() >= share * energy.sum():
                return side
        return size

    def profile(self) -> tuple[list[float], list[float]]:
        """Along the middle line: places from −1 to 1 (the ends of the receptive field), strength over its largest."""
        middle = self.strength[len(self.strength) // 2]
        return list(np.linspace(-1, 1, len(middle))), list(middle / self.strength.max())


def influences(depths: Sequence[int], draws: int, seed: int = 0) -> list[Influence]:
    """The effective receptive field of a unit behind so many 3x3 convolutions with ReLU, before any training.

    Nothing is padded and the input is as large as the receptive field, so that one unit is left. Weights are drawn
    from N(0, 2 / fan-in), pixels from N(0, 1).

    Args:
        depths: layers, one result each.
        draws: networks and images to average over.
        seed: of the first draw.

    Raises:
        UsageError: a depth or a number of draws below 1.
    """
    if min(draws, *depths) < 1:
        raise UsageError(f"depths and draws must be at least 1. Received: depths={list(depths)}, draws={draws}")
    results = []
    for depth in depths:
        random = np.random.default_rng([seed, depth])
        squares = [np.square(_gradient(depth, random)).mean(axis=-1) for _ in range(draws)]
        results.append(Influence(depth, np.sqrt(np.mean(squares, axis=0))))
    return results


def _gradient(depth: int, random: np.random.Generator) -> np.ndarray:
    """The gradient of the last layer's sum of one unit's channels, weighted at random, to the pixels: (R, R, 3)."""
    size = depth * (WINDOW - 1) + 1
    x = random.normal(size=(1, size, size, 3))
    passed = []
    for _ in range(depth):
        fan_in = WINDOW * WINDOW * x.shape[-1]
        filters = random.normal(0, np.sqrt(2 / fan_in), (WINDOW, WINDOW, x.shape[-1], CHANNELS))
        before = anatomy.convolve_im2col(x, filters)
        passed.append((filters, x.shape[1:3], before > 0))
        x = np.maximum(before, 0)
    gradient = random.normal(size=x.shape)
    for filters, lengths, positive in reversed(passed):
        gradient = input_gradient_as_convolution(filters, gradient * positive, lengths)
    return gradient[0]
