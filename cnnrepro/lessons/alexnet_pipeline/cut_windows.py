"""The windows of AlexNet's data pipeline: where they lie, what they show of a picture, and of small images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnnrepro import data
from cnnrepro.data.tf_helpers import tensor_ops
from cnnrepro.layers.augmentation import augment, five_places, ten_crop
from cnnrepro.layers.augmentation import windows as cut
from cnnrepro.lessons.alexnet_pipeline.canvas_and_mean import CANVAS
from cnnrepro.lessons.photographs import stretched, thumbnails

SIZE = 224  # Krizhevsky et al. 2012, section 4.1
DRAWS = 10_000  # for the laws: of 32 · 32 = 1,024 places each is drawn some ten times


def places(pipeline: str, seed: int) -> np.ndarray:
    """How often each place of a window was drawn, (33, 33) counts."""
    drawn = data.draw(data.PIPELINES[pipeline], DRAWS, CANVAS, seed, 0).values
    counts = np.zeros((CANVAS - SIZE + 1,) * 2, int)
    np.add.at(counts, (drawn["top"], drawn["left"]), 1)
    return counts


@dataclass(frozen=True, eq=False)
class CutWindows:
    """Windows of one canvas."""

    canvas: np.ndarray  # (H, H, 3) uint8
    images: np.ndarray  # (n, S', S', 3) uint8, made smaller for the page
    words: tuple[str, ...]  # n captions
    corners: tuple[tuple[int, int], ...]  # first row and column of each place
    size: int  # side of a window on the canvas, in pixels


def windows(canvas: np.ndarray, epochs: int, seed: int) -> CutWindows:
    """The windows of one canvas over some epochs, as the pipeline cuts them."""
    pipeline = data.PIPELINES["alexnet-2012"]
    size = pipeline.size(len(canvas))
    draws = [data.draw(pipeline, 1, len(canvas), seed, epoch).values for epoch in range(epochs)]
    drawn = {name: np.concatenate([values[name] for values in draws]) for name in ("top", "left", "mirrored")}
    images = cut(np.repeat(canvas[None], epochs, axis=0), *drawn.values(), size, ops=tensor_ops()).numpy()
    corners = tuple(zip(drawn["top"].tolist(), drawn["left"].tolist(), strict=True))
    return CutWindows(canvas, thumbnails(images), tuple(_captions(drawn)), corners, size)


def _captions(drawn: Mapping[str, np.ndarray]) -> list[str]:
    """Of each window its first row and column, and whether it is mirrored."""
    three = zip(drawn["top"], drawn["left"], drawn["mirrored"], strict=True)
    return [f"{top}, {left}{' mirrored' * bool(flag)}" for top, left, flag in three]


def ten_views(canvas: np.ndarray) -> CutWindows:
    """The ten views of a canvas, with the five places that they come from."""
    size = data.PIPELINES["alexnet-2012"].size(len(canvas))
    names = ("top left", "top right", "bottom left", "bottom right", "centre")
    views = np.asarray(ten_crop(np.ascontiguousarray(canvas[None]), size, ops=tensor_ops()))[0]
    captions = (*names, *(f"{name}, mirrored" for name in names))
    return CutWindows(canvas, thumbnails(views), captions, five_places(len(canvas), size), size)


def digits(splits: data.Splits, seed: int, count: int = 10) -> tuple[np.ndarray, list[str]]:
    """Grey images through the same stages: on their canvas, cut and mirrored, and as the network gets them.

    (3 · count, H, H, 1) uint8, the windows in a frame of background, and a caption for each.
    """
    pipeline, side = data.PIPELINES["alexnet-2012"], splits.canvas[0]
    size = pipeline.size(side)
    images = np.asarray(splits.examples["train"].images[:count])
    drawn = data.draw(pipeline, count, side, seed, 0).values
    constants = pipeline.constants(splits, lambda: data.statistics_of(splits))
    windowed = np.asarray(cut(images, drawn["top"], drawn["left"], drawn["mirrored"], size, ops=tensor_ops()))
    final = stretched(np.asarray(augment(images, drawn, constants, pipeline, size, ops=tensor_ops())))
    border = (side - size) // 2
    around = ((0, 0), (border, side - size - border), (border, side - size - border), (0, 0))
    framed = [np.pad(small, around) for small in (windowed, final)]
    captions = [f"{side}×{side}"] * count + _captions(drawn) + ["less the mean"] * count
    return np.concatenate([images, *framed]), captions
