"""Pictures of the data: a sample of it, and the mistakes a network was surest of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cnnrepro.report import style
from cnnrepro.report.figures.panels import panel_grid, without_ticks

MOST_SHOWN = 18  # pictures; a page is no photo album


def examples(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], *, columns: int = 10) -> Figure:
    """Draw pictures in rows, each under the name of its class.

    Args:
        images: uint8, shape (n, H, W, C) with C of 1 or 3.
        labels: n class numbers.
        class_names: the name of each class number.
        columns: pictures in a row.

    Raises:
        ValueError: there are no pictures, or the shapes do not fit each other.
    """
    images = _checked(images, labels)
    return _grid(images, [str(class_names[int(label)]) for label in labels], columns)


def captioned(images: np.ndarray, words: Sequence[str], *, columns: int = 5) -> Figure:
    """Draw pictures in rows, each under words of its own.

    Args:
        images: uint8, shape (n, H, W, C) with C of 1 or 3.
        words: n captions.
        columns: pictures in a row.
    """
    return _grid(_checked(images, words), words, columns)


def mistakes(
    images: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    class_names: Sequence[str],
    *,
    title: str,
) -> Figure:
    """Draw the pictures that were read wrongly, the surest mistake first.

    Pictures that were read rightly are left out, so a whole test set may be given.

    Args:
        images: uint8, shape (n, H, W, C) with C of 1 or 3.
        labels: n true class numbers.
        predicted: n predicted class numbers.
        confidence: n probabilities (0 to 1) that the network gave its prediction.
        class_names: the name of each class number.
        title: whose mistakes they are.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    images = _checked(images, labels, predicted, confidence)
    labels, predicted, confidence = np.asarray(labels), np.asarray(predicted), np.asarray(confidence)
    wrong = np.flatnonzero(labels != predicted)
    if not len(wrong):
        return _nothing_wrong(title)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_SHOWN]
    words = [
        f"{class_names[int(labels[i])]} read as {class_names[int(predicted[i])]} · {_percent(confidence[i])}"
        for i in surest
    ]
    count = "one mistake" if len(wrong) == 1 else f"all {len(wrong)} mistakes"
    many = f"the {len(surest)} surest of {len(wrong):,} mistakes" if len(surest) < len(wrong) else count
    return _grid(images[surest], words, 6, f"{title}: {many}")


def _checked(images: np.ndarray, *others: Sequence) -> np.ndarray:
    if not hasattr(images, "shape"):  # an array, or pictures that are read when they are asked for
        images = np.asarray(images)
    if len(images.shape) != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"Pictures need the shape (n, H, W, 1 or 3). Received: {images.shape}")
    if any(len(other) != len(images) for other in others):
        raise ValueError(f"Every picture needs its label. Received: {len(images)} and {[len(o) for o in others]}")
    return images


def _percent(probability: float) -> str:
    """A probability in whole percent; 100 % is kept for certainty, as a sure mistake is the interesting one."""
    percent = math.floor(float(probability) * 100) if probability > 0.99 else round(float(probability) * 100)
    return f"{percent} %"


@style.applied()
def _grid(images: np.ndarray, words: Sequence[str], columns: int, title: str = "") -> Figure:
    cell = style.WIDTH / columns  # inches
    size = min(9.0, max(6.5, cell * 6.5))
    captions = [style.wrapped(text, int(cell * 125 / size)) for text in words]
    lines = max(text.count("\n") + 1 for text in captions)
    picture = cell * 0.92 * images.shape[1] / images.shape[2]
    rows = math.ceil(len(images) / columns)
    height = rows * (picture + lines * size * 1.25 / 72 + 0.14) + (0.42 if title else 0.1)
    figure, panels = panel_grid(len(images), columns, height, w_pad=0.03, h_pad=0.03)
    # Strokes of one channel on an empty ground are shown as ink on paper.
    shade = "gray_r" if images.shape[-1] == 1 and np.median(images) == 0 else "gray"
    for axes, image, caption in zip(panels, images, captions, strict=True):
        shown = image[..., 0] if image.shape[-1] == 1 else image
        axes.imshow(shown, cmap=shade, vmin=0, vmax=255, interpolation="nearest")
        without_ticks(axes)
        axes.set_title(caption, fontsize=size, fontweight="normal", loc="center", pad=3)
    if title:
        figure.suptitle(style.wrapped(title, 95), x=0.005, ha="left", fontsize=10.5, fontweight="bold")
    return figure


@style.applied()
def _nothing_wrong(title: str) -> Figure:
    figure = Figure(figsize=(style.WIDTH, 1.5), layout="none")
    figure.text(0.5, 0.62, "No mistakes", ha="center", va="center", fontsize=15, color=style.colour(2))
    figure.text(0.5, 0.3, style.wrapped(title, 110), ha="center", va="center", color=style.QUIET)
    return figure
