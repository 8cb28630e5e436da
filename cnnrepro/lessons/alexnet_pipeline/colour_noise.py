"""The colours of AlexNet's data pipeline: principal colours, the noise along them, and what variances sum to."""

from __future__ import annotations

import numpy as np

from cnnrepro import data
from cnnrepro.data.image_statistics import forwards
from cnnrepro.data.pipelines.definition import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES
from cnnrepro.lessons.alexnet_pipeline.canvas_and_mean import CANVAS
from cnnrepro.lessons.alexnet_pipeline.cut_windows import DRAWS
from cnnrepro.lessons.photographs import thumbnails

TIMES = 5  # the noise so much stronger, so that it can be seen
PIXELS = 2**23  # at most, where pixels are looked at one by one: 200 MB as float64 of three colours

# Standard deviations of red, green and blue that stand beside the principal colours in fb.resnet.torch, "computed from
# random subset of ImageNet training images". They are reproduced as means of the pictures' own standard deviations
# (torchvision, pull request 1965).
IMAGENET_DEVIATIONS = (0.229, 0.224, 0.225)

CHANNELS = ("red", "green", "blue")


def first_images(splits: data.Splits) -> np.ndarray:
    """The training images, or as many of the first as are looked at pixel by pixel, (n, H, W, C) uint8."""
    height, width, _ = splits.canvas
    return np.asarray(splits.examples["train"].images[: max(2, PIXELS // (height * width))])


def recoloured(
    canvas: np.ndarray, splits: data.Splits, count: int, seed: int, *, power: float = 1.0
) -> tuple[np.ndarray, list[str]]:
    """One window under draws of the colour noise, and under the same draws ``TIMES`` as strong.

    Each α is multiplied by λ to the ``power``: by the variance, 1, as in the paper, or by the standard deviation, 0.5.

    (2 · count, S', S', 3) uint8, the first of each row as it is; and what was added to red, green and blue, of 255.
    """
    pipeline = data.PIPELINES["alexnet-2012"]
    size = pipeline.size(len(canvas))
    border = (len(canvas) - size) // 2
    window = canvas[border : border + size, border : border + size]
    alphas = data.draw(pipeline, count, CANVAS, seed, 0).values["alphas"].astype(float)
    alphas[0] = 0
    shifts = 255 * shifts_of(alphas, data.statistics_of(splits), power)
    both = np.concatenate([shifts, TIMES * shifts])
    recoloured = np.clip(window[None] + both[:, None, None, :], 0, 255).round().astype(np.uint8)
    captions = [", ".join(f"{value:+.0f}" for value in shift) for shift in both]
    captions[0] = captions[count] = "as it is"
    return thumbnails(recoloured), captions


def shifts_of(alphas: np.ndarray, statistics: data.Statistics, power: float = 1.0) -> np.ndarray:
    """Σ pᵢ αᵢ λᵢ for rows of α, (n, 3) -> (n, 3), pixels 0 … 1; with another power, λᵢ to that power."""
    return (alphas * statistics.variances**power) @ statistics.directions.T


def covariances(splits: data.Splits, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The covariance of the noise, (3, 3) each, grey levels squared: measured on many draws, and Σ p pᵀ (0.1 λ)²."""
    statistics, pipeline = data.statistics_of(splits), data.PIPELINES["alexnet-2012"]
    alphas = data.draw(pipeline, DRAWS, CANVAS, seed, 0).values["alphas"].astype(float)
    measured = np.cov(shifts_of(alphas, statistics).T)
    spread = (pipeline.colour_noise * statistics.variances) ** 2
    return 255**2 * measured, 255**2 * (statistics.directions * spread) @ statistics.directions.T


def covariance_rows(splits: data.Splits, seed: int) -> list[tuple[str, str, str]]:
    """The covariance of the noise, (pair of colours, measured, formula)."""
    measured, formula = covariances(splits, seed)
    return [
        (f"{CHANNELS[row]}, {CHANNELS[column]}", f"{measured[row, column]:.2f}", f"{formula[row, column]:.2f}")
        for row, column in zip(*np.triu_indices(3), strict=True)
    ]


def colour_rows(splits: data.Splits) -> list[tuple[str, ...]]:
    """The principal colours, computed and published: direction, variance, share."""
    statistics = data.statistics_of(splits)
    published = np.array(IMAGENET_DIRECTIONS), np.array(IMAGENET_VARIANCES)
    rows = []
    for whose, directions, variances in (
        ("computed", statistics.directions, statistics.variances),
        ("published for ImageNet", *published),
    ):
        for number, (direction, variance) in enumerate(zip(forwards(directions).T, variances, strict=True), start=1):
            spelled = ", ".join(f"{value:+.3f}" for value in direction)
            rows.append((whose, number, spelled, f"{variance:.4f}", f"{variance / variances.sum():.1%}"))
        rows.append((whose, "sum", "", f"{variances.sum():.4f}", "100%"))
    return rows


def variance_parts(images: np.ndarray) -> dict[str, float]:
    """What the variances of red, green and blue sum to, pixels 0 … 1, by the way they are computed.

    The variance of all pixels is the mean of the pictures' own variances plus the variance of their mean colours. Means
    of the pictures' own standard deviations leave the second part out, and their squares are at most the first.
    """
    pixels = images.reshape(len(images), -1, images.shape[-1])
    own = np.stack([picture.astype(np.float64).var(axis=0) for picture in pixels]) / 255**2
    colours = pixels.mean(axis=1) / 255
    within, between = own.mean(axis=0).sum(), colours.var(axis=0).sum()
    return {
        "all": float(within + between),
        "within": float(within),
        "between": float(between),
        "mean deviation": float((np.sqrt(own).mean(axis=0) ** 2).sum()),
    }


def variance_rows(splits: data.Splits) -> list[tuple[str, str, str]]:
    """The parts of the variance: (what, of these pictures, in the numbers copied for ImageNet)."""
    parts = variance_parts(first_images(splits))
    published = {"all": sum(IMAGENET_VARIANCES), "mean deviation": sum(value**2 for value in IMAGENET_DEVIATIONS)}
    titles = {
        "all": "variances of all pixels (the λ)",
        "within": "of that, within the pictures",
        "between": "of that, between the pictures’ mean colours",
        "mean deviation": "squares of the pictures’ mean standard deviations",
    }
    return [
        (title, f"{parts[name]:.3f}", f"{published[name]:.3f}" if name in published else "not published")
        for name, title in titles.items()
    ]
