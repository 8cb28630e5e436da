"""How far a unit sees: frames on a picture, growth with depth, a recursion beside the right fields, dilation.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.graph import take_apart
from cnnrepro.anatomy.layer_costs import COSTS, kind
from cnnrepro.claims.checks.receptive_fields import by_the_notes
from cnnrepro.data import photograph
from cnnrepro.errors import UsageError
from cnnrepro.lessons.geometry_and_receptive_fields.windows_and_sizes import chain

WINDOW = 3  # of all filters of a chain with dilations


@dataclass(frozen=True)
class Frame:
    """What one unit sees along each axis: the first and the last pixel, both included; below 0 it is padding."""

    label: str
    first: float
    last: float

    @property
    def size(self) -> int:
        """Pixels across."""
        return int(self.last - self.first + 1)


def frames(name: str, layers: Mapping[str, str]) -> list[Frame]:
    """The receptive field of the central unit behind some layers (-> what to call them) at the default input size."""
    trace = anatomy.trace(models.outline(name))
    drawn = []
    for layer, label in layers.items():
        row = trace[layer]
        centre = row.offset + (row.output_shape[0] // 2) * row.stride
        reach = (row.receptive_field - 1) / 2
        drawn.append(Frame(label, centre - reach, centre + reach))
    return drawn


def crop(name: str, size: int) -> np.ndarray:
    """The central pixels of a photograph, (size, size, 3), uint8."""
    image = photograph(name)
    top, left = ((length - size) // 2 for length in image.shape[:2])
    return image[top : top + size, left : left + size]


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
    depth_of: dict = {}
    seen: dict[int, tuple[int, int]] = {}
    for call, row in zip(take_apart(model).calls, anatomy.trace(model), strict=True):
        own = max((depth_of[tensor] for tensor in call.inputs), default=0) + (kind(call.operation) in COSTS)
        depth_of.update(dict.fromkeys(call.outputs, own))
        if row.at_inference and row.stride is not None and len(row.output_shape) == 3:
            field, stride = seen.get(own, (0, 0))
            seen[own] = max(field, row.receptive_field), max(stride, row.stride)
    depths = tuple(sorted(seen))
    return Growth(models.entry(name).title, depths, *zip(*(seen[depth] for depth in depths), strict=True))


@dataclass(frozen=True)
class ClaimedField:
    """What a recursion claims of the receptive field of a convolution or pooling, and what it is, in pixels."""

    layer: str
    window: int
    stride: int
    before: int  # the product of the strides before it
    claimed: int
    right: int

    def cells(self) -> tuple:
        """A row of a table: the fields in their order, and claimed minus right."""
        difference = f"{self.claimed - self.right:+,}".replace("-", "−") if self.claimed != self.right else "0"
        return *astuple(self), difference


def recursion(name: str) -> list[ClaimedField]:
    """What the notes' recursion claims along a network without branches, beside the right receptive fields."""
    steps = [step for step in chain(name) if step.window > 1]
    windows = [(step.window, step.stride) for step in steps]
    right = anatomy.receptive_field(windows)
    return [
        ClaimedField(step.name, step.window, step.stride, *figures)
        for step, *figures in zip(steps, (1, *right.strides[:-1]), by_the_notes(windows), right.sizes, strict=True)
    ]


def path_counts(dilations: Sequence[int]) -> np.ndarray:
    """On how many paths each pixel reaches one unit, through 3x3 filters with these dilations, one behind the other.

    Whole numbers (R, R), R the receptive field; 0 where the filters' holes leave a pixel out. Raises UsageError for no
    dilations, or one that is no positive whole number.
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
