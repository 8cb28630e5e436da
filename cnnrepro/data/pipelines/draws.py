"""What is drawn for each picture in an epoch: which window, mirrored or not, which colours.

The numbers of an image are a row of raw 64-bit numbers that follow from (seed, epoch) and the image's number in its
split alone. They are drawn before anything else happens, so it makes no difference who uses them, where, in which order
and with which library, and a run that is resumed draws what it would have drawn. (See
``data/random_numbers``: NumPy promises that the raw numbers never change.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnnrepro.data.pipelines.definition import Pipeline

# Set apart from the order of the epoch, which is drawn from (seed, epoch) alone.
_AUGMENTATION = 2012

# Columns of raw numbers, the same for every pipeline: 0, 1 place of the window; 2 mirror; 3 … 6 colours (Box and Muller
# make two normal numbers of two uniform ones; three are wanted); 7, 8 scale or area, and ratio of sides.
_COLUMNS = 9


@dataclass(frozen=True, eq=False)
class Draws:
    """Numbers for N images; a field that a pipeline does not use is not there.

    Args:
        values: by name: "top", "left" (N,) int32, of a window, pixels of the (padded) canvas; "box" (N, 4) float32:
            top, left, height and width of a window that is resampled; "mirrored" (N,) bool; "alphas" (N, 3) float32.
    """

    values: Mapping[str, np.ndarray]

    def at(self, positions: np.ndarray) -> Draws:
        """The numbers of the images at these positions, in this order."""
        return Draws({name: value[positions] for name, value in self.values.items()})

    def to_dict(self) -> dict[str, np.ndarray]:
        """The arrays by name, to go beside the images."""
        return dict(self.values)


def draw(pipeline: Pipeline, count: int, canvas: int, seed: int, epoch: int) -> Draws:
    """The numbers of an epoch for the ``count`` images of a split, in the split's own order.

    Args:
        pipeline: what is drawn.
        count: images.
        canvas: side of a picture, in pixels.
        seed: from 0 up.
        epoch: from 0 up.
    """
    sequence = np.random.SeedSequence((seed, epoch, _AUGMENTATION))
    raw = np.random.PCG64(sequence).random_raw(count * _COLUMNS).reshape(count, _COLUMNS)
    uniform = (raw >> np.uint64(11)) * 2.0**-53  # (count, columns), 0 ≤ u < 1, every multiple of 2⁻⁵³ alike
    size = pipeline.size(canvas)
    values: dict[str, np.ndarray] = {}
    if pipeline.crop == "window":
        spare = canvas + 2 * pipeline.padding - size
        places = max(1, spare) if pipeline.offsets == "paper" else spare + 1
        values["top"], values["left"] = (np.floor(uniform[:, axis] * places).astype(np.int32) for axis in (0, 1))
    elif pipeline.resamples:
        values["box"] = _boxes(pipeline, uniform, canvas, size)
    if pipeline.mirror:
        values["mirrored"] = uniform[:, 2] < 0.5
    if pipeline.colour_noise:
        values["alphas"] = (pipeline.colour_noise * _normal(uniform[:, 3:7])).astype(np.float32)
    return Draws(values)


def evaluation(pipeline: Pipeline, count: int, canvas: int) -> Draws:
    """The numbers that give the centre of every image, as it is: for validation and test."""
    size = pipeline.size(canvas)
    middle = (canvas + 2 * pipeline.padding - size) // 2
    values: dict[str, np.ndarray] = {}
    if pipeline.crop == "window":
        values["top"] = values["left"] = np.full(count, middle, np.int32)
    elif pipeline.resamples:
        values["box"] = np.tile(np.array([middle, middle, size, size], np.float32), (count, 1))
    if pipeline.mirror:
        values["mirrored"] = np.zeros(count, bool)
    if pipeline.colour_noise:
        values["alphas"] = np.zeros((count, 3), np.float32)
    return Draws(values)


def _normal(uniform: np.ndarray) -> np.ndarray:
    """Three standard normal numbers of four uniform ones, (N, 4) -> (N, 3): Box and Muller 1958."""
    radius = np.sqrt(-2 * np.log1p(-uniform[:, [0, 0, 2]]))  # log(1 - u), as u may be 0 and is never 1
    angle = 2 * np.pi * uniform[:, [1, 1, 3]]
    return radius * np.stack([np.cos(angle[:, 0]), np.sin(angle[:, 1]), np.cos(angle[:, 2])], axis=1)


def _boxes(pipeline: Pipeline, uniform: np.ndarray, canvas: int, size: int) -> np.ndarray:
    """Windows that are brought to the network's size, (N, 4) float32: top, left, height, width on the canvas."""
    if pipeline.crop == "scale":
        # A window of `size` out of the enlarged canvas is one of size / factor out of this one.
        low, high = pipeline.scale
        height = width = size / (low + (high - low) * uniform[:, 7])
    else:
        (low, high), (narrow, wide) = pipeline.area, np.log(pipeline.aspect)
        area = (low + (high - low) * uniform[:, 7]) * canvas**2
        ratio = np.exp(narrow + (wide - narrow) * uniform[:, 8])  # width over height
        # A window that is too long for the canvas shrinks to it, in its ratio.
        fit = np.minimum(1, canvas / np.sqrt(area * np.maximum(ratio, 1 / ratio)))
        width, height = fit * np.sqrt(area * ratio), fit * np.sqrt(area / ratio)
    top, left = (uniform[:, axis] * np.maximum(0, canvas - side) for axis, side in ((0, height), (1, width)))
    return np.stack([top, left, height, width], axis=1).astype(np.float32)
