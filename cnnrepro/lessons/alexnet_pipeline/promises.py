"""What is promised of the stages of AlexNet's data pipeline, measured on the pictures of a page."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cnnrepro import data
from cnnrepro.data.image_statistics import of_pieces
from cnnrepro.layers.augmentation import Augment
from cnnrepro.lessons.alexnet_pipeline.canvas_and_mean import CANVAS, Material, canvas_of, middle_square
from cnnrepro.lessons.alexnet_pipeline.colour_noise import covariances, first_images
from cnnrepro.lessons.alexnet_pipeline.cut_windows import DRAWS


def check_promises(shown: Material, seed: int) -> list[tuple[str, str, str, str]]:
    """What is promised of the stages, measured here: (promise, measured, allowed, verdict)."""
    return [_canvas_check(shown.picture), *_colour_checks(shown.splits, seed), _placement_check(shown.splits, seed)]


def _row(promise: str, measured: float, allowed: float, form: str) -> tuple[str, str, str, str]:
    return promise, format(measured, form), f"≤ {format(allowed, form)}", "kept" if measured <= allowed else "broken"


def _canvas_check(picture: np.ndarray) -> tuple[str, str, str, str]:
    image, square = Image.fromarray(picture), middle_square(picture)
    theirs = np.asarray(image.resize((CANVAS, CANVAS), Image.Resampling.BILINEAR, box=square))
    gap = np.abs(canvas_of(picture).astype(int) - theirs).max()
    return _row("canvas against Pillow’s, grey levels", float(gap), 1.0, "g")


def _colour_checks(splits: data.Splits, seed: int) -> list[tuple[str, str, str, str]]:
    images = first_images(splits)
    whole = len(images) == splits.sizes["train"]
    statistics = data.statistics_of(splits) if whole else of_pieces([images])
    pixels = images.reshape(-1, images.shape[-1]) / 255
    values, vectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    apart = np.abs(values[::-1] - statistics.variances).max()
    turned = 1 - np.abs((vectors[:, ::-1] * statistics.directions).sum(axis=0)).min()
    measured, formula = covariances(splits, seed)
    # The standard error of a variance is itself times √(2 / n): 1.4 % for 10,000 draws; four of them are allowed.
    off = np.abs(measured - formula).max() / np.abs(formula).max()
    where = "all pixels" if whole else f"all pixels of {len(images)} pictures"
    return [
        _row(f"principal variances against {where} at once", apart, 1e-5, ".1e"),
        _row("principal directions against the same, 1 − |cosine|", max(0.0, turned), 1e-5, ".1e"),
        _row(f"covariance of {DRAWS:,} draws of the noise against Σ p pᵀ (0.1 λ)²", off, 4 * (2 / DRAWS) ** 0.5, ".1%"),
    ]


def _placement_check(splits: data.Splits, seed: int) -> tuple[str, str, str, str]:
    pipeline = data.PIPELINES["alexnet-2012"]
    size = min(32, splits.sizes["train"])
    beside, inside = (data.Feed(splits, pipeline, place) for place in ("cpu", "step"))
    images, _ = next(iter(beside.batches("train", size, seed=seed)))
    inputs, _ = next(iter(inside.batches("train", size, seed=seed)))
    augmented = Augment(pipeline, inside.constants, inside.size)(inputs)
    gap = float(np.abs(np.asarray(images) - np.asarray(augmented)).max())
    return _row(f"{size} pictures in tf.data against in the training step, grey levels", gap, 0.0, "g")
