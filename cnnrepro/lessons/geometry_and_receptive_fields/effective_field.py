"""How much each pixel of a receptive field counts, before any training.

Source: Luo, Li, Urtasun and Zemel, "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks"
(NIPS 2016). They back-propagate a gradient of one from a central unit of networks with random weights; so does this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy
from cnnrepro.errors import UsageError
from cnnrepro.lessons.geometry_and_receptive_fields.what_a_unit_sees import WINDOW

CHANNELS = 8  # of the hidden maps


@dataclass(frozen=True)
class Influence:
    """How strongly each pixel of its receptive field moves one unit."""

    depth: int  # layers of 3x3 filters, stride 1
    strength: np.ndarray  # root mean square of the gradient over draws and input channels, (R, R)

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
    from N(0, 2 / fan-in), pixels from N(0, 1), and the gradient is averaged over so many draws of both. Raises
    UsageError for a depth or a number of draws below 1.
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
        gradient = anatomy.input_gradient_as_convolution(filters, gradient * positive, lengths)
    return gradient[0]
