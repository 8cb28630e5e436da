"""The windows of AlexNet's data pipeline: where they lie, what they show of a picture, and of small images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro import data
from cnnrepro.data.pipelines import draws as drawing
from cnnrepro.data.pipelines.published import PIPELINES
from cnnrepro.experiments.train_on_your_images import displayed, thumbnails

CANVAS, SIZE = 256, 224  # Krizhevsky et al. 2012, sections 2 and 4.1
DRAWS = 10_000  # for the laws: of 32 · 32 = 1,024 places each is drawn some ten times


def places(pipeline: str, seed: int) -> np.ndarray:
    """How often each place of a window was drawn, (33, 33) counts."""
    drawn = drawing.draw(PIPELINES[pipeline], DRAWS, CANVAS, seed, 0).values
    counts = np.zeros((CANVAS - SIZE + 1,) * 2, int)
    np.add.at(counts, (drawn["top"], drawn["left"]), 1)
    return counts


@dataclass(frozen=True, eq=False)
class Cut:
    """Windows of one canvas.

    Args:
        canvas: (H, H, 3) uint8.
        images: (n, S', S', 3) uint8, made smaller for the page.
        words: n captions.
        corners: first row and column of each place.
        size: side of a window on the canvas, in pixels.
    """

    canvas: np.ndarray
    images: np.ndarray
    words: tuple[str, ...]
    corners: tuple[tuple[int, int], ...]
    size: int


def windows(canvas: np.ndarray, epochs: int, seed: int) -> Cut:
    """The windows of one canvas over some epochs, as the pipeline cuts them."""
    from cnnrepro.data.pipelines.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import windows as cut

    pipeline = PIPELINES["alexnet-2012"]
    side = canvas.shape[0]
    size = pipeline.size(side)
    drawn = [drawing.draw(pipeline, 1, side, seed, epoch).values for epoch in range(epochs)]
    top, left, mirrored = (np.concatenate([one[name] for one in drawn]) for name in ("top", "left", "mirrored"))
    made = cut(np.repeat(canvas[None], epochs, axis=0), top, left, mirrored, size, ops=tensor_ops()).numpy()
    three = zip(top.tolist(), left.tolist(), mirrored, strict=True)
    words = tuple(f"{row}, {column}{' mirrored' * bool(flag)}" for row, column, flag in three)
    return Cut(canvas, thumbnails(made), words, tuple(zip(top.tolist(), left.tolist(), strict=True)), size)


def ten_views(canvas: np.ndarray) -> Cut:
    """The ten views of a canvas, with the five places that they come from."""
    from cnnrepro.data.pipelines.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import ten_corners, ten_crop

    side = canvas.shape[0]
    size = PIPELINES["alexnet-2012"].size(side)
    names = ("top left", "top right", "bottom left", "bottom right", "centre")
    seen = ten_crop(np.ascontiguousarray(canvas[None]), size, ops=tensor_ops())
    words = (*names, *(f"{name}, mirrored" for name in names))
    return Cut(canvas, thumbnails(np.asarray(seen)[0]), words, ten_corners(side, size), size)


def digits(splits: data.Splits, seed: int, count: int = 10) -> tuple[np.ndarray, list[str]]:
    """Digits through the same stages: on their canvas, cut and mirrored, and as the network gets them.

    Args:
        splits: grey images.
        seed: of what is drawn.
        count: images.

    Returns:
        (3 · count, H, H, 1) uint8, the windows in a frame of background, and a caption for each.
    """
    from cnnrepro.data.pipelines.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import augment
    from cnnrepro.layers.augmentation import windows as cut

    pipeline, side = PIPELINES["alexnet-2012"], splits.canvas[0]
    size = pipeline.size(side)
    images = np.asarray(splits.examples["train"].images[:count])
    drawn = drawing.draw(pipeline, count, side, seed, 0).values
    constants = pipeline.constants(splits, lambda: data.statistics_of(splits))
    place = (drawn["top"], drawn["left"], drawn["mirrored"], size)
    windowed = np.asarray(cut(images, *place, ops=tensor_ops()))
    final = displayed(np.asarray(augment(images, drawn, constants, pipeline, size, ops=tensor_ops())))
    border = (side - size) // 2
    around = ((0, 0), (border, side - size - border), (border, side - size - border), (0, 0))
    framed = [np.pad(one, around) for one in (windowed, final)]
    three = zip(drawn["top"], drawn["left"], drawn["mirrored"], strict=True)
    words = [f"{top}, {left}{' mirrored' * bool(flag)}" for top, left, flag in three]
    return np.concatenate([images, *framed]), [*([f"{side}×{side}"] * count), *words, *(["less the mean"] * count)]
