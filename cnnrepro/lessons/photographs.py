"""Photographs on a page, what a filter makes of them, and pictures made small or visible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro.anatomy import convolve_im2col
from cnnrepro.anatomy.convolution import Array, Padding
from cnnrepro.data import photograph
from cnnrepro.errors import UsageError, brief

SMALLEST, LARGEST = 64, 640  # pixels of the longer side: the photographs have 640
THUMBNAIL = 112  # pixels of a picture in a row of many, half of the usual 224; a page stays small

# ITU-R BT.601, the weights of red, green and blue in the brightness of a colour.
BRIGHTNESS = (0.299, 0.587, 0.114)

SOBEL = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))


@dataclass(frozen=True)
class Map:
    """One picture of a page."""

    title: str
    values: Array  # (H, W) or, in colour, (H, W, 3)
    kind: str = "grey"  # "colour" and "grey" run from 0 to 1; "signed" has 0 in its middle
    kernel: Array | None = None  # the filter that made it, if it is to be shown beside


def picture(name: str, size: int) -> Array:
    """A photograph of ``data.PHOTOGRAPHS``, (H, W, 3) from 0 to 1, made smaller by averaging.

    Raises:
        UsageError: no such photograph, or a size (of its longer side) below 64 or above 640 pixels.
    """
    from PIL import Image

    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
        raise UsageError(f"size must be a whole number of pixels from {SMALLEST} to {LARGEST}. Received: {brief(size)}")
    pixels = photograph(name)
    height, width = pixels.shape[:2]
    factor = size / max(height, width)
    smaller = Image.fromarray(pixels).resize((round(width * factor), round(height * factor)), Image.Resampling.BOX)
    return np.asarray(smaller, np.float64) / 255


def grey(colours: Array) -> Array:
    """The brightness of a picture (H, W, 3), which is a 1x1 convolution: (H, W)."""
    return filtered(colours, np.reshape(BRIGHTNESS, (1, 1, 3, 1)))


def filtered(image: Array, kernel: Array, *, stride: int = 1, padding: Padding = "valid", dilation: int = 1) -> Array:
    """One filter over one image: (H, W) with a kernel (kh, kw), or (H, W, C) with (kh, kw, C, 1); gives (H', W')."""
    image, kernel = np.asarray(image), np.asarray(kernel)
    image, kernel = image.reshape(*image.shape[:2], -1), kernel.reshape(*kernel.shape[:2], -1, 1)
    return convolve_im2col(image[None], kernel, stride=stride, padding=padding, dilation=dilation)[0, :, :, 0]


def balanced(kernel: Array) -> Array:
    """The kernel scaled so that its positive weights sum to 1: answers to pictures in 0 to 1 then lie in −1 to 1."""
    kernel = np.asarray(kernel, np.float64)
    return kernel / kernel[kernel > 0].sum()


def stretched(images: np.ndarray) -> np.ndarray:
    """What a network gets, stretched to 0 … 255 so that it can be looked at; uint8."""
    low, high = np.percentile(images, (0.5, 99.5))
    return np.clip(255 * (images - low) / max(high - low, 1e-6), 0, 255).astype(np.uint8)


def thumbnails(images: np.ndarray, side: int = THUMBNAIL) -> np.ndarray:
    """Square pictures (n, H, H, C) uint8, made smaller for a page by averaging where they are larger than ``side``."""
    from PIL import Image

    if images.shape[1] <= side:
        return images
    flat = [Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image) for image in images]
    small = np.stack([np.asarray(image.resize((side, side), Image.Resampling.BOX)) for image in flat])
    return small.reshape(len(small), side, side, -1)
