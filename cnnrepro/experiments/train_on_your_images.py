"""One run on pictures of one's own: from a folder to a page. Without a folder, two photographs are cut to pieces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import data, models, paths
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.parameters import parse_assignments
from cnnrepro.experiments.results import Arm
from cnnrepro.files import folder_beside
from cnnrepro.runs.spec import RunSpec

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

NAME = "train_on_your_images"

TILE = 64  # pixels; 427 x 640 pixels make 6 · 10 = 60 whole tiles a photograph
QUALITY = 92  # of the JPEGs, as cameras write them


def arms(
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
        unfinished = scratch / "unfinished"
        for name in data.PHOTOGRAPHS:
            pixels, place = data.photograph(name), unfinished / name
            place.mkdir(parents=True)
            for top in range(0, pixels.shape[0] - TILE + 1, TILE):
                for left in range(0, pixels.shape[1] - TILE + 1, TILE):
                    tile = Image.fromarray(pixels[top : top + TILE, left : left + TILE])
                    tile.save(place / f"row{top // TILE}_column{left // TILE}.jpg", quality=QUALITY)
        try:
            unfinished.rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    return folder


EXPERIMENT = Experiment(
    name=NAME,
    title="Training on your images",
    question="How well does a classic network tell the classes of a folder of pictures apart?",
    expected="pieces of a temple and of a flower are told apart nearly always",
    minutes=1.0,
    arms=arms,
    smoke={"epochs": 2, "canvas": 32},
)
