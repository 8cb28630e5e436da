"""Pooling on numbers small enough to follow by eye: what is kept, and where the gradient goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy
from cnnrepro.anatomy.convolution import Array
from cnnrepro.anatomy.pooling import KINDS

IMAGE = np.array([[1, 3, 2, 0], [5, 4, 1, 1], [0, 2, 6, 0], [1, 1, 8, 0]])
# The 7 is the largest of two windows.
OVERLAPPED = np.array([[1, 0, 2, 1, 3], [0, 5, 7, 0, 1], [2, 1, 0, 2, 4], [1, 0, 3, 8, 1], [6, 1, 2, 1, 2]])


NAMES = {kind: "L2" if kind == "l2" else kind for kind in KINDS}


@dataclass(frozen=True)
class Pooling:
    """One map under one geometry of windows, forward and backward."""

    image: Array  # (H, W)
    window: int
    stride: int
    outputs: dict[str, Array]  # for each kind of pooling, by its name, (H', W')
    winners: Array  # how often each cell of the image is the largest of a window, (H, W)
    arriving: Array  # the gradient of the output, (H', W')
    to_input: dict[str, Array]  # for each kind, the gradient of the input, (H, W)

    @property
    def title(self) -> str:
        """The geometry in words."""
        return f"{self.window}x{self.window} windows, stride {self.stride}"


def small(stride: int = 2) -> Pooling:
    """2x2 windows: side by side, or with a stride of 1 one cell apart."""
    return pooling(IMAGE, 2, stride)


def overlapping() -> Pooling:
    """AlexNet's windows of 3x3 with stride 2."""
    return pooling(OVERLAPPED, 3, 2)


def pooling(image: Array, window: int, stride: int) -> Pooling:
    """A small map pooled, and the gradient 1, 2, 3, 4 … on its way back."""
    image = np.asarray(image, np.float64)
    outputs = {name: pooled(image, window, stride, kind) for kind, name in NAMES.items()}
    arriving = np.arange(1.0, outputs["max"].size + 1).reshape(outputs["max"].shape)

    def back(gradient: Array, kind: str) -> Array:
        batch, arriving = image[None, :, :, None], gradient[None, :, :, None]
        return anatomy.pooling_gradient(batch, arriving, window, stride=stride, kind=kind)[0, :, :, 0]

    return Pooling(
        image=image,
        window=window,
        stride=stride,
        outputs=outputs,
        winners=back(np.ones_like(arriving), "max"),
        arriving=arriving,
        to_input={name: back(arriving, kind) for kind, name in NAMES.items()},
    )


def pooled(image: Array, window: int, stride: int, kind: str) -> Array:
    """One map (H, W), or one in colour (H, W, C), pooled."""
    image = np.asarray(image)
    output = anatomy.pool(image.reshape(1, *image.shape[:2], -1), window, stride=stride, kind=kind).output[0]
    return output.reshape(*output.shape[:2], *image.shape[2:])
