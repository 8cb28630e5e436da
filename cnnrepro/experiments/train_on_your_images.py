"""One run on pictures of one's own: from a folder to a page. Without a folder, two photographs are cut to pieces."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data, models, paths
from cnnrepro.experiments.parameters import parse_assignments
from cnnrepro.experiments.results import Arm
from cnnrepro.files import folder_beside
from cnnrepro.recipes.table import recipe
from cnnrepro.runs.spec import RunSpec

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.runs.record import RunRecord

NAME = "train_on_your_images"

TILE = 64  # pixels; 427 x 640 pixels make 6 · 10 = 60 whole tiles a photograph
QUALITY = 92  # of the JPEGs, as cameras write them
THUMBNAIL = 112  # pixels of a picture in a row of many, half of the usual 224; a page stays small


def plan(
    dataset: str,
    model: str,
    options: str,
    recipe: str,
    pipeline: str,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    canvas: int,
    train_images: int,
    precision: str,
    seed: int,
    on_error: str,
) -> tuple[Arm, ...]:
    """The one run.

    Args:
        dataset: "folder:PATH" or the name of a data set; empty for the pieces of two photographs.
        model: name of a model.
        options: options of the model, "name=value" separated by blanks.
        recipe: name of a recipe.
        pipeline: name of a pipeline; empty for the recipe's.
        epochs, batch_size, train_images: as in ``RunSpec``; 0 for the recipe's, or for all images.
        canvas: of photographs, as in ``RunSpec``; 0 for the default there. Small images keep their own size.
        learning_rate: 0 for the recipe's.
        precision, seed, on_error: as in ``RunSpec``.
    """
    dataset = dataset or f"{data.FOLDER}{pieces(paths.runs_dir() / 'examples' / 'two_photographs')}"
    spec = RunSpec(
        model=model,
        dataset=dataset,
        recipe=recipe,
        pipeline=pipeline or None,
        epochs=epochs or None,
        batch_size=batch_size or None,
        learning_rate=learning_rate or None,
        canvas=_canvas(dataset, canvas),
        train_images=train_images or None,
        precision=precision,
        seed=seed,
        on_error=on_error,
        options=models.parse_options(model, parse_assignments(options.split())),
    )
    return (Arm(models.entry(model).title, (spec,)),)


def _canvas(dataset: str, canvas: int) -> int | None:
    """The canvas of photographs; images that have a size of their own keep it, whatever is asked for."""
    info = data.info(dataset)
    if info.kind in ("folder", "pictures") or canvas == info.input_shape[0]:
        return canvas or None
    return None


def parameters_of(record: RunRecord) -> dict[str, object]:
    """The notebook's parameters that name the run of a record."""
    spec = record.spec
    return {
        "dataset": spec.dataset,
        "model": spec.model,
        "options": " ".join(f"{name}={value}" for name, value in spec.options),
        "recipe": spec.recipe,
        "pipeline": spec.pipeline,
        "epochs": spec.epochs,
        "batch_size": spec.batch_size,
        "learning_rate": spec.learning_rate or 0.0,
        "canvas": spec.canvas or 0,
        "train_images": spec.train_images or 0,
        "precision": spec.precision,
        "seed": spec.seed,
        "on_error": spec.on_error,
    }


def pieces(folder: Path) -> Path:
    """A folder of two classes: the tiles of scikit-learn's two photographs, 60 JPEGs of 64 x 64 pixels each.

    Written once; a folder that is there is taken as it is.
    """
    from PIL import Image

    if folder.is_dir():
        return folder
    paths.require_writable(folder.parent, "--runs")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder_beside(folder.parent, ".pieces-") as scratch:
        made = scratch / "made"
        for name in data.PHOTOGRAPHS:
            pixels, place = data.photograph(name), made / name
            place.mkdir(parents=True)
            for top in range(0, pixels.shape[0] - TILE + 1, TILE):
                for left in range(0, pixels.shape[1] - TILE + 1, TILE):
                    tile = Image.fromarray(pixels[top : top + TILE, left : left + TILE])
                    tile.save(place / f"row{top // TILE}_column{left // TILE}.jpg", quality=QUALITY)
        try:
            made.rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    return folder


def class_rows(splits: data.Splits) -> list[tuple[str, int, int, int]]:
    """For each class its images in the training, validation and test split."""
    counts = [np.bincount(one.labels, minlength=len(splits.info.classes)) for one in splits.examples.values()]
    return [(name, *map(int, numbers)) for name, *numbers in zip(splits.info.classes, *counts, strict=True)]


def sample(splits: data.Splits, count: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Training images, the classes by turns, and their labels."""
    labels = splits.examples["train"].labels
    turn = np.zeros(len(labels))
    for label in np.unique(labels):  # the first of a class, the middle one, and so on: neighbours often look alike
        members = np.flatnonzero(labels == label)
        turn[members] = (np.arange(len(members)) * 0.618034) % 1  # Weyl's sequence: any first few are spread out
    chosen = np.lexsort((labels, turn))[:count]
    return thumbnails(np.asarray(splits.examples["train"].images[chosen])), labels[chosen]


def seen(arm: Arm, splits: data.Splits, count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The first images of the first epoch as the network gets them, stretched to 0 … 255, and their labels."""
    from cnnrepro.training.resolve import resolve

    run = resolve(arm.specs[0], splits, placement="cpu")
    size = min(count, splits.sizes["train"])
    images, labels = next(iter(run.feed.batches("train", size, seed=arm.specs[0].seed)))
    return thumbnails(displayed(np.asarray(images))), np.asarray(labels)


def displayed(images: np.ndarray) -> np.ndarray:
    """What a network gets, stretched to 0 … 255 so that it can be looked at; uint8."""
    low, high = np.percentile(images, (0.5, 99.5))
    return np.clip(255 * (images - low) / max(high - low, 1e-6), 0, 255).astype(np.uint8)


def thumbnails(images: np.ndarray, side: int = THUMBNAIL) -> np.ndarray:
    """Square pictures (n, H, H, C) uint8, made smaller for a page by averaging where they are larger than ``side``."""
    from PIL import Image

    if images.shape[1] <= side:
        return images
    grey = images.shape[-1] == 1
    flat = [Image.fromarray(one[..., 0] if grey else one) for one in images]
    made = np.stack([np.asarray(one.resize((side, side), Image.Resampling.BOX)) for one in flat])
    return made[..., None] if grey else made


def score_rows(record: RunRecord) -> list[tuple[str, str, str]]:
    """The scores on the test split: (measure, one view of each image, ten views)."""
    test = record.test or {}
    rows = []
    for name, title in (("top1_error", "top-1 error"), ("top5_error", "top-5 error"), ("loss", "loss")):
        cells = [test.get(key) for key in (name, f"ten_crop_{name}")]
        if cells[0] is not None:
            rows.append((title, *("–" if one is None else _score(name, one) for one in cells)))
    return rows


def _score(name: str, value: float) -> str:
    """An error in percent; a loss with as many figures as it takes not to look like nought."""
    if name != "loss":
        return f"{value:.2%}"
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.1e}"


def recipe_rows(record: RunRecord) -> list[tuple[str, str]]:
    """What was done, line by line: recipe, steps, pipeline, options, time."""
    chosen, spec = recipe(record.spec.recipe), record.spec
    told = data.pipeline(spec.pipeline)
    decay = f", weight decay {chosen.weight_decay:g} ({chosen.decayed})" if chosen.weight_decay else ""
    momentum = f", momentum {chosen.momentum:g}" if chosen.momentum else ""
    rate = spec.learning_rate or chosen.learning_rate
    images = record.data["sizes"]["train"]
    steps = math.ceil(images / spec.batch_size)
    speed = max(record.history["images_per_second"], default=0.0)
    options = ", ".join(f"{name}={value}" for name, value in spec.options)
    return [
        ("recipe", f"{chosen.name}: {chosen.source}"),
        ("optimiser", f"{chosen.optimizer}, learning rate {rate:g} {chosen.schedule.describe()}{momentum}{decay}"),
        ("epochs", f"{spec.epochs}, each of {steps:,} steps of at most {spec.batch_size} images"),
        ("in all", f"{spec.epochs * steps:,} steps, {spec.epochs * images:,} images"),
        ("pipeline", f"{told.name}: {told.describe()}"),
        ("canvas, network", " and ".join(f"{side}×{side}" for side in _sides(record))),
        ("options", options or "none"),
        ("took", f"{record.wall_seconds / 60:.1f} minutes, {speed:,.0f} images/s in the fastest epoch"),
    ]


def least_sure(predictions: pd.DataFrame, splits: data.Splits, count: int = 10) -> tuple[np.ndarray, list[str]]:
    """The test images whose answer had the lowest probability, right or wrong, and that answer in words.

    Args:
        predictions: a row a test image: label, predicted, confidence.
        splits: the data set.
        count: images, at most.

    Returns:
        (count, H, W, C) uint8, the least sure first; "china? 71 %", or "flower? 52 %, is china" for a wrong answer.
    """
    names = splits.info.classes
    frame = predictions.sort_values("confidence", kind="stable")[:count]
    words = []
    for label, predicted, confidence in zip(frame["label"], frame["predicted"], frame["confidence"], strict=True):
        truth = "" if label == predicted else f", is {names[label]}"
        words.append(f"{names[predicted]}? {_percent(confidence)}{truth}")
    return thumbnails(np.asarray(splits.examples["test"].images[frame.index.to_numpy()])), words


def _percent(probability: float) -> str:
    """A probability in percent; near certainty rounded down, so that 100 % is kept for it."""
    spelled = f"{math.floor(1e4 * probability) / 100:.2f}" if probability > 0.99 else f"{100 * probability:.0f}"
    return f"{spelled}\N{NO-BREAK SPACE}%"


def skipped_rows(splits: data.Splits, most: int = 20) -> list[tuple[str, str]]:
    """The pictures that could not be read, and why."""
    return list(splits.skipped[:most])


def _sides(record: RunRecord) -> tuple[int, int]:
    told = record.data["input"]
    return told["canvas"][0], told["size"]
