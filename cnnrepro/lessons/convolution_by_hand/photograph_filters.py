"""Filters that people designed, on a photograph: edges, blurs and waves; strides, dilations and paddings; colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnrepro.anatomy.convolution import Array
from cnnrepro.lessons.photographs import BRIGHTNESS, SOBEL, Map, balanced, filtered


def gaussian(sides: int = 7, sigma: float = 1.5) -> Array:
    """A blur that falls off with the distance; its weights sum to 1."""
    away = np.arange(sides) - (sides - 1) / 2
    bell = np.exp(-(away**2) / (2 * sigma**2))
    return np.outer(bell, bell) / bell.sum() ** 2


def gabor(sides: int = 11, degrees: float = 60.0, wavelength: float = 6.0) -> Array:
    """A wave under a bell: answers to stripes of one direction and width, as neurons of the visual cortex do.

    The wave runs in the direction of ``degrees`` from the horizontal, with so many cells from crest to crest. The
    weights sum to 0, and the positive ones to 1.
    """
    y, x = np.mgrid[:sides, :sides] - (sides - 1) / 2
    along = x * np.cos(np.radians(degrees)) - y * np.sin(np.radians(degrees))
    bell = np.exp(-(x**2 + y**2) / (2 * (sides / 5) ** 2))
    wave = bell * np.cos(2 * np.pi * along / wavelength)
    return balanced(wave - bell * wave.sum() / bell.sum())


def designed_filters() -> dict[str, tuple[Array, str]]:
    """The filters of the page by name, each with the kind of map it makes.

    Blur and sharpening keep the brightness, as their weights sum to 1. The others have weights that sum to 0 and say
    how much brighter one side is than the other.
    """
    upright = np.array(SOBEL)
    return {
        "blur": (gaussian(), "grey"),
        "sharpen": (np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]), "grey"),
        "upright edges (Sobel)": (balanced(upright), "signed"),
        "level edges (Sobel)": (balanced(upright.T), "signed"),
        "slanting edges": (balanced([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]), "signed"),
        "slanting stripes (Gabor)": (gabor(), "signed"),
    }


def feature_maps(brightness: Array) -> list[Map]:
    """The photograph through each filter, without padding, whose edge would be the strongest of all."""
    return [
        Map(name, filtered(brightness, kernel), kind, kernel) for name, (kernel, kind) in designed_filters().items()
    ]


def own_filter(title: str, brightness: Array, weights: Sequence[Sequence[float]]) -> Map:
    """The photograph through a filter of one's own.

    Weights that sum to 0 are scaled so that the positive ones sum to 1, others so that all of them do: whatever the
    numbers, an even surface is answered with 0 by the first and keeps its brightness under the second.
    """
    kernel = np.asarray(weights, np.float64)
    total = kernel.sum()
    if np.isclose(total, 0):
        kernel = balanced(kernel) if kernel.any() else kernel
        return Map(title, filtered(brightness, kernel), "signed", kernel)
    return Map(title, filtered(brightness, kernel / total), "grey", kernel / total)


def geometries(brightness: Array) -> list[Map]:
    """The upright Sobel edges with strides and dilations, and a wide blur with three kinds of padding."""
    edges, wide = balanced(SOBEL), gaussian(21, 6.0)
    words = {"no padding (valid)": 0, "padding 10 (same)": 10, "padding 20 (full)": 20}
    maps = {f"stride {stride}": (filtered(brightness, edges, stride=stride), "signed") for stride in (1, 2, 4)}
    maps |= {f"dilation {d}": (filtered(brightness, edges, dilation=d), "signed") for d in (2, 4, 8)}
    maps |= {f"21x21 blur, {name}": (filtered(brightness, wide, padding=p), "grey") for name, p in words.items()}
    return [Map(f"{name}: {map_.shape[1]}x{map_.shape[0]}", map_, kind) for name, (map_, kind) in maps.items()]


def mixed_colours(colours: Array) -> list[Map]:
    """Three filters of 1x1x3: the brightness, red against green, and blue against yellow."""
    mixtures = {
        "brightness": (BRIGHTNESS, "grey"),
        "red − green": ((1.0, -1.0, 0.0), "signed"),
        "blue − yellow": ((-0.5, -0.5, 1.0), "signed"),
    }
    return [
        Map("the photograph", colours, "colour"),
        *(
            Map(name, filtered(colours, np.reshape(weights, (1, 1, 3, 1))), kind)
            for name, (weights, kind) in mixtures.items()
        ),
    ]
