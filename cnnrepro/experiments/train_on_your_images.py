"""One run on pictures of one's own: from a folder to a page. Without a folder, two photographs are cut to pieces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import data, models, paths
from cnnrepro.experiments.compare import as_text
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


# Parameters of the notebook that are named as in RunSpec. Of the first, empty or 0 stands for the recipe's, or all.
OPTIONAL = ("pipeline", "epochs", "batch_size", "learning_rate", "train_images")
REQUIRED = ("recipe", "precision", "seed", "on_error")


def arms(dataset: str, model: str, options: str, canvas: int, **others: object) -> tuple[Arm, ...]:
    """The one run.

    Args:
        dataset: "folder:PATH" or the name of a data set; empty for the pieces of two photographs.
        model: name of a model.
        options: options of the model, "name=value" separated by blanks.
        canvas: of photographs, as in ``RunSpec``; 0 for the default there. Small images keep their own size.
        **others: those of ``OPTIONAL`` and ``REQUIRED``.
    """
    dataset = dataset or f"{data.FOLDER}{pieces(paths.runs_dir() / 'examples' / 'two_photographs')}"
    spec = RunSpec(
        model=model,
        dataset=dataset,
        canvas=_canvas(dataset, canvas),
        options=models.parse_options(model, parse_assignments(options.split())),
        **{name: others[name] or None for name in OPTIONAL},
        **{name: others[name] for name in REQUIRED},
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
    given = {name: value for name, value in spec.options if value is not None}
    options = " ".join(f"{name}={as_text(value)}" for name, value in given.items())
    names = ("dataset", "model", "canvas", *OPTIONAL, *REQUIRED)
    return {name: getattr(spec, name) or 0 for name in names} | {"options": options}


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
    heading="{network} on {data}, {epochs}",
)
