"""What is promised of the stages of AlexNet's data pipeline, measured on the pictures of a page."""

from __future__ import annotations

import numpy as np

from cnnrepro import data
from cnnrepro.data import draws as drawing
from cnnrepro.data.pipelines import PIPELINES
from cnnrepro.experiments.alexnet_pipeline import CANVAS, DRAWS, Material, canvas_of


def checks(shown: Material, seed: int) -> list[tuple[str, str, str, str]]:
    """What is promised of the stages, measured here: (promise, measured, allowed, verdict)."""
    return [_canvas_check(shown.picture), *_colour_checks(shown.splits, seed), _placement_check(shown.splits, seed)]


def _row(promise: str, measured: float, allowed: float, form: str) -> tuple[str, str, str, str]:
    return promise, format(measured, form), f"≤ {format(allowed, form)}", "kept" if measured <= allowed else "broken"


def _canvas_check(picture: np.ndarray) -> tuple[str, str, str, str]:
    from PIL import Image

    height, width = picture.shape[:2]
    short = min(height, width)
    box = ((width - short) / 2, (height - short) / 2, (width + short) / 2, (height + short) / 2)
    theirs = np.asarray(Image.fromarray(picture).resize((CANVAS, CANVAS), Image.Resampling.BILINEAR, box=box))
    gap = np.abs(canvas_of(picture).astype(int) - theirs).max()
    return _row("canvas against Pillow's, grey levels", float(gap), 1.0, ".0f")


def _colour_checks(splits: data.Splits, seed: int) -> list[tuple[str, str, str, str]]:
    statistics = data.statistics_of(splits)
    pixels = np.asarray(splits.examples["train"].images[:]).reshape(-1, 3) / 255
    covariance = np.cov(pixels.T, bias=True)
    values, vectors = np.linalg.eigh(covariance)
    apart = np.abs(values[::-1] - statistics.variances).max()
    turned = 1 - np.abs((vectors[:, ::-1] * statistics.directions).sum(axis=0)).min()
    alphas = drawing.draw(PIPELINES["alexnet-2012"], DRAWS, CANVAS, seed, 0).values["alphas"].astype(float)
    shifts = (alphas * statistics.variances) @ statistics.directions.T
    said = (statistics.directions * (0.1 * statistics.variances) ** 2) @ statistics.directions.T
    # The standard error of a variance is itself times √(2 / n): 1.4 % for 10,000 draws; four of them are allowed.
    off = np.abs(np.cov(shifts.T) - said).max() / np.abs(said).max()
    return [
        _row("principal variances against all pixels at once", apart, 1e-5, ".1e"),
        _row("principal directions, 1 - |cosine|", turned, 1e-5, ".1e"),
        _row(f"covariance of {DRAWS:,} draws of the noise, relative", off, 4 * (2 / DRAWS) ** 0.5, ".1%"),
    ]


def _placement_check(splits: data.Splits, seed: int) -> tuple[str, str, str, str]:
    from cnnrepro.layers.augment import Augment

    pipeline = PIPELINES["alexnet-2012"]
    size = min(32, splits.sizes["train"])
    beside, inside = (data.Feed(splits, pipeline, place) for place in ("cpu", "step"))
    images, _ = next(iter(beside.batches("train", size, seed=seed)))
    inputs, _ = next(iter(inside.batches("train", size, seed=seed)))
    made = Augment(pipeline, inside.constants, inside.size)(inputs)
    gap = float(np.abs(np.asarray(images) - np.asarray(made)).max())
    return _row("in tf.data against in the training step, grey levels", gap, 0.0, ".0f")
