"""One run on pictures of one's own: from a folder to a page. Without a folder, two photographs are cut to pieces."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data, models, paths
from cnnrepro.experiments.parameters import parse_assignments
from cnnrepro.experiments.runs import Arm
from cnnrepro.training.recipes import recipe
from cnnrepro.training.spec import RunSpec

if TYPE_CHECKING:
    from cnnrepro.training.record import RunRecord

NAME = "train_on_your_images"

TILE = 64  # pixels; 427 x 640 pixels make 6 · 10 = 60 whole tiles a photograph
QUALITY = 92  # of the JPEGs, as cameras write them


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
        epochs, batch_size, canvas, train_images: as in ``RunSpec``; 0 for the recipe's, or for the default there.
        learning_rate: 0 for the recipe's.
        precision, seed, on_error: as in ``RunSpec``.
    """
    spec = RunSpec(
        model=model,
        dataset=dataset or f"{data.FOLDER}{pieces(paths.runs_dir() / 'examples' / 'two_photographs')}",
        recipe=recipe,
        pipeline=pipeline or None,
        epochs=epochs or None,
        batch_size=batch_size or None,
        learning_rate=learning_rate or None,
        canvas=canvas or None,
        train_images=train_images or None,
        precision=precision,
        seed=seed,
        on_error=on_error,
        options=models.parse_options(model, parse_assignments(options.split())),
    )
    return (Arm(models.entry(model).title, (spec,)),)


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
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".pieces-") as scratch:
        made = Path(scratch) / "made"
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
    return np.asarray(splits.examples["train"].images[chosen]), labels[chosen]


def seen(arm: Arm, splits: data.Splits, count: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The first images of the first epoch as the network gets them, stretched to 0 … 255, and their labels."""
    from cnnrepro.training import fit

    run = fit.resolve(arm.specs[0], splits, placement="cpu")
    size = min(count, splits.sizes["train"])
    images, labels = next(iter(run.feed.batches("train", size, seed=arm.specs[0].seed)))
    return displayed(np.asarray(images)), np.asarray(labels)


def displayed(images: np.ndarray) -> np.ndarray:
    """What a network gets, stretched to 0 … 255 so that it can be looked at; uint8."""
    low, high = np.percentile(images, (0.5, 99.5))
    return np.clip(255 * (images - low) / max(high - low, 1e-6), 0, 255).astype(np.uint8)


def score_rows(record: RunRecord) -> list[tuple[str, str, str]]:
    """The scores on the test split: (measure, one view of each image, ten views)."""
    test = record.test or {}
    rows = []
    for name, title in (("top1_error", "top-1 error"), ("top5_error", "top-5 error"), ("loss", "loss")):
        cells = [test.get(key) for key in (name, f"ten_crop_{name}")]
        if cells[0] is not None:
            spelled = ["–" if one is None else f"{one:.3f}" if name == "loss" else f"{one:.2%}" for one in cells]
            rows.append((title, *spelled))
    return rows


def recipe_rows(record: RunRecord) -> list[tuple[str, str]]:
    """What was done, line by line: recipe, pipeline, data."""
    chosen = recipe(record.spec.recipe)
    told = data.pipeline(record.spec.pipeline)
    decay = f", weight decay {chosen.weight_decay:g} ({chosen.decayed})" if chosen.weight_decay else ""
    momentum = f", momentum {chosen.momentum:g}" if chosen.momentum else ""
    rate = record.spec.learning_rate or chosen.learning_rate
    return [
        ("recipe", f"{chosen.name}: {chosen.source}"),
        ("optimiser", f"{chosen.optimizer}, learning rate {rate:g} {chosen.schedule.describe()}{momentum}{decay}"),
        ("epochs, batch", f"{record.spec.epochs}, {record.spec.batch_size}"),
        ("pipeline", f"{told.name}: {told.describe()}"),
        ("canvas, network", " and ".join(f"{side} x {side}" for side in _sides(record))),
        ("options", ", ".join(f"{name}={value}" for name, value in record.spec.options)),
    ]


def skipped_rows(splits: data.Splits, most: int = 20) -> list[tuple[str, str]]:
    """The pictures that could not be read, and why."""
    return list(splits.skipped[:most])


def _sides(record: RunRecord) -> tuple[int, int]:
    told = record.data["input"]
    return told["canvas"][0], told["size"]
