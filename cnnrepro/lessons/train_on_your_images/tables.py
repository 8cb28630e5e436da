"""Rows of the tables: classes, pictures left out, scores, and what was done."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from cnnrepro import data
from cnnrepro.data.folder.findings import UNREADABLE, sentences
from cnnrepro.recipes.catalogue import recipe
from cnnrepro.runs.record import RunRecord


def class_rows(splits: data.Splits) -> list[tuple[str, int, int, int]]:
    """For each class its images in the training, validation and test split."""
    names = splits.info.classes
    counts = [np.bincount(examples.labels, minlength=len(names)).tolist() for examples in splits.examples.values()]
    return list(zip(names, *counts, strict=True))


def skipped_rows(splits: data.Splits, most: int = 20) -> list[tuple[str, str]]:
    """The pictures that could not be read, and why."""
    return list(splits.skipped[:most])


def finding_rows(splits: data.Splits) -> list[tuple[str]]:
    """What else is to be said of the pictures: left out, taken as splits, damaged, in two places; a sentence a row."""
    told = {reason: names for reason, names in splits.findings.left_out.items() if reason != UNREADABLE}
    return [(sentence,) for sentence in sentences(replace(splits.findings, left_out=told).to_dict())]


def score_rows(record: RunRecord) -> list[tuple[str, str, str]]:
    """The scores on the test split: (measure, one view of each image, ten views)."""
    rows = []
    for name, title in (("top1_error", "top-1 error"), ("top5_error", "top-5 error"), ("loss", "loss")):
        values = [record.test.get(key) for key in (name, f"ten_crop_{name}")]
        if values[0] is not None:
            spell = _spell_loss if name == "loss" else "{:.2%}".format
            rows.append((title, *("–" if value is None else spell(value) for value in values)))
    return rows


def _spell_loss(value: float) -> str:
    """With as many figures as it takes not to look like nought."""
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.1e}"


def recipe_rows(record: RunRecord) -> list[tuple[str, str]]:
    """What was done, line by line: recipe, steps, pipeline, options, time."""
    chosen, spec = recipe(record.spec.recipe), record.spec
    pipeline = data.pipeline(spec.pipeline)
    decay = f", weight decay {chosen.weight_decay:g} ({chosen.decayed})" if chosen.weight_decay else ""
    momentum = f", momentum {chosen.momentum:g}" if chosen.momentum else ""
    rate = spec.learning_rate or chosen.learning_rate
    images = record.data["sizes"]["train"]
    steps = math.ceil(images / spec.batch_size)
    speed = max(record.history["images_per_second"], default=0.0)
    canvas, size = record.data["input"]["canvas"][0], record.data["input"]["size"]
    options = ", ".join(f"{name}={value}" for name, value in spec.options)
    return [
        ("recipe", f"{chosen.name}: {chosen.source}"),
        ("optimiser", f"{chosen.optimizer}, learning rate {rate:g} {chosen.schedule}{momentum}{decay}"),
        ("epochs", f"{spec.epochs}, each of {steps:,} steps of at most {spec.batch_size} images"),
        ("in all", f"{spec.epochs * steps:,} steps, {spec.epochs * images:,} images"),
        ("pipeline", f"{pipeline.name}: {pipeline.describe()}"),
        ("canvas, network", f"{canvas}×{canvas} and {size}×{size}"),
        ("options", options or "none"),
        ("took", f"{record.wall_seconds / 60:.1f} minutes, {speed:,.0f} images/s in the fastest epoch"),
    ]
