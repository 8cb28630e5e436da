"""The value that names a training run."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache

from cnnrepro import data, models
from cnnrepro.data.pipelines.probes import checked_texts
from cnnrepro.errors import UsageError, brief, unknown
from cnnrepro.recipes.catalogue import recipe

PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")

EVALUATE = ("as_trained", "reestimated")

# Fields that came after first records, which do without them, with their defaults.
LATER = {"evaluate": "as_trained", "momenta": (), "network": "", "probes": ()}

SMALLEST_CANVAS, LARGEST_CANVAS = 8, 8192  # pixels; 7/8 of less is no picture, and of more no camera takes one

LARGEST_SEED = 2**32 - 1  # NumPy's legacy generator, which Keras seeds too, takes no more


def _require(condition: bool, name: str, allowed: str, received: object) -> None:
    if not condition:
        raise UsageError(f"{name} must be {allowed}. Received: {brief(received)}")


def _is_count(value: object, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _check_seed(seed: object) -> None:
    allowed = f"a whole number from 0 to {LARGEST_SEED}"
    _require(_is_count(seed, 0) and seed <= LARGEST_SEED, "seed", allowed, seed)


@dataclass(frozen=True)
class RunSpec:
    """One training run, named completely by plain values, and checked when it is made.

    Args:
        model: a name of ``cnnrepro.models.MODELS``, a layer pattern, or a network of one's own as
            ``cnnrepro.models.own_network`` names it, whose code is then run.
        dataset: a name of ``cnnrepro.data.DATASETS``.
        recipe: a name of ``cnnrepro.recipes.RECIPES``.
        seed: reaches initial weights, data order and dropout; 0 to 2³² − 1.
        epochs: passes over the training split; None for the recipe's.
        batch_size: images a step, None for the recipe's; the last batch of an epoch may be smaller.
        learning_rate: in place of the recipe's.
        precision: "float32", "mixed_bfloat16", "mixed_float16", or "auto": mixed bfloat16 where the processor or GPU
            computes it natively, float32 elsewhere.
        deterministic: the same bits on the same machine each time.
        train_images: use only so many images of the training split, stratified by class.
        options: options of the model; a mapping, kept as sorted pairs, completed by the recipe's and the defaults.
        pipeline: a name of ``cnnrepro.data.PIPELINES``: what becomes of an image on its way into the network; None for
            the recipe's.
        canvas: side of the square that photographs are brought to; None for 256, and for images of one small size.
        on_error: what a picture that cannot be read does: "stop" ends the run, "skip" leaves the picture out.
        evaluate: by which statistics of batch norm the trained network is tested and kept: "as_trained", its moving
            averages, or "reestimated" on training images, see ``training.evaluations``.
        momenta: further momenta of batch norm by whose averages the same training is judged.
        network: of a network of one's own, the digest of all that decides its numbers; found when the run is named.
        probes: further tests of the trained network, on test images moved in their frame: "shift 4", "scale 0.75", or
            on images that it was trained on: "training"; see ``data.pipelines.probes``.

    Raises:
        UsageError: an unknown name, or a value of the wrong type or out of range.
    """

    model: str
    dataset: str
    recipe: str = "adam"
    seed: int = 0
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    precision: str = "auto"
    deterministic: bool = True
    train_images: int | None = None
    options: tuple[tuple[str, object], ...] = ()
    pipeline: str | None = None
    canvas: int | None = None
    on_error: str = "stop"
    evaluate: str = "as_trained"
    momenta: tuple[float, ...] = ()
    network: str = ""
    probes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if models.is_own(self.model):
            object.__setattr__(self, "model", models.own_network.located(self.model))
        self._check_values()
        models.require_room(self.model, self.input_shape)
        if models.is_own(self.model) and not self.network:
            object.__setattr__(self, "network", self.own_network().digest)

    def own_network(self) -> models.own_network.OwnNetwork:
        """What a network of one's own is. Loads Keras, and runs the user's code."""
        classes = data.info(self.dataset).classes
        if not classes:
            from cnnrepro.data.folder.picture_splits import look_at_folder

            classes = look_at_folder(data.info(self.dataset)).classes
        return models.own_network.describe(self.model, self.input_shape, len(classes), dict(self.options))

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """What the network gets of an image, by the data set, the canvas and the pipeline: height, width, channels."""
        side = data.pipeline(self.pipeline).size(self._canvas_side)
        return side, side, data.info(self.dataset).input_shape[2]

    @property
    def _canvas_side(self) -> int:
        """Height and width of an image before the pipeline, in pixels."""
        info = data.info(self.dataset)
        if self.canvas is not None and info.kind in ("pictures", "folder"):
            return self.canvas
        return info.input_shape[0]

    def fit_notes(self) -> tuple[str, ...]:
        """What is otherwise with the network at this size of images than at its own, in sentences. Loads Keras."""
        from cnnrepro.models.fit import fit_notes

        return fit_notes(self.model, self.input_shape, len(data.info(self.dataset).classes) or None, dict(self.options))

    def _check_values(self) -> None:
        """Complete and check all but whether the images are large enough for the model."""
        self._complete()
        info = data.info(self.dataset)
        data.pipeline(self.pipeline)
        _require(_is_count(self.epochs, 1), "epochs", "a whole number of at least 1", self.epochs)
        _check_seed(self.seed)
        _require(isinstance(self.deterministic, bool), "deterministic", "true or false", self.deterministic)
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)
        if self.learning_rate is not None:
            rate = self.learning_rate
            number = isinstance(rate, (int, float)) and not isinstance(rate, bool) and 0 < rate < math.inf
            _require(number and rate <= sys.float_info.max, "learning_rate", "a positive number", rate)
            object.__setattr__(self, "learning_rate", float(rate))
        if self.on_error not in data.ON_ERROR:
            raise unknown("way to meet a bad picture", self.on_error, data.ON_ERROR)
        if self.evaluate not in EVALUATE:
            raise unknown("way to evaluate", self.evaluate, EVALUATE)
        momenta = tuple(self.momenta)
        _require(all(type(one) in (int, float) and 0 <= one < 1 for one in momenta), "momenta", "in [0, 1)", momenta)
        object.__setattr__(self, "momenta", tuple(map(float, momenta)))
        if self.canvas is not None:
            fits = _is_count(self.canvas, SMALLEST_CANVAS) and self.canvas <= LARGEST_CANVAS
            allowed = f"a whole number of pixels from {SMALLEST_CANVAS} to {LARGEST_CANVAS}"
            _require(fits, "canvas", allowed, self.canvas)
        probes = checked_texts(self.probes, data.pipeline(self.pipeline), self._canvas_side)
        object.__setattr__(self, "probes", probes)
        self._check_counts(info.sizes.get("train"))

    def _complete(self) -> None:
        """Fill in what the recipe and the model say where the caller says nothing."""
        chosen = recipe(self.recipe)
        own = {"epochs": chosen.epochs, "batch_size": chosen.batch_size, "pipeline": chosen.pipeline_for(self.model)}
        for name, value in own.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        options = chosen.options_for(self.model, dict(self.options))
        object.__setattr__(self, "options", tuple(sorted(options.items())))

    def _check_counts(self, images: int | None) -> None:
        """Check what depends on the size of the training split; of a folder it is not known before it is looked at."""
        most = f" to {images}, the training split of {self.dataset}" if images else " up"
        if self.train_images is not None:
            _require(
                _is_count(self.train_images, 1) and (images is None or self.train_images <= images),
                "train_images",
                f"a whole number from 1{most}",
                self.train_images,
            )
            images = self.train_images
        most = f" to {images}, the training images of {self.dataset}" if images else " up"
        _require(
            _is_count(self.batch_size, 1) and (images is None or self.batch_size <= images),
            "batch_size",
            f"a whole number from 1{most}",
            self.batch_size,
        )

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)} | {"options": dict(self.options)}
        for name in [name for name in LATER if values[name] == LATER[name]]:
            del values[name]
        return values

    def flat(self) -> dict[str, object]:
        """Plain values without mappings among them: an option of the model as ``options.NAME``."""
        values = self.to_dict()
        options = values.pop("options")
        return values | {f"options.{name}": value for name, value in options.items()}

    @classmethod
    def from_dict(cls, values: Mapping) -> RunSpec:
        """The spec that ``to_dict`` wrote; raises UsageError for a field it does not know."""
        for name in values:
            if name not in cls.__dataclass_fields__:
                raise unknown("field of a run", name, cls.__dataclass_fields__)
        others = dict(values)
        if models.is_own(str(others.get("model"))) and not others.get("network"):  # only who names it runs its code
            raise UsageError("A run of a network of one's own needs the network's digest, and here is none.")
        seed, options = others.pop("seed", 0), others.pop("options", {})
        try:
            options = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
            for name in {"momenta", "probes"} & others.keys():
                others[name] = tuple(others[name])
            types = (*map(type, others.values()), *map(type, options.values()))  # 1 is not true
            like = _checked(tuple(others.items()), tuple(options.items()), types)
        except (AttributeError, TypeError):  # values that cannot be hashed, which the check below refuses or takes
            return cls(**values)  # it has its digest, so that nothing is run
        return like.with_seed(seed)

    def with_seed(self, seed: int) -> RunSpec:
        """This run with another seed; the rest is not checked again: stores hold thousands that differ in no more."""
        _check_seed(seed)
        other = object.__new__(RunSpec)
        vars(other).update(vars(self), seed=seed)
        return other

    def data_title(self) -> str:
        """The data set in a few words: its name, or "the pictures of NAME" without the way to them."""
        return data.info(self.dataset).title if self.dataset.startswith(data.FOLDER) else self.dataset

    def model_name(self) -> str:
        """The model's name; of a network of one's own without the folders in which its file lies."""
        return models.own_network.short(self.model) if models.is_own(self.model) else self.model

    def title(self) -> str:
        """A short name for progress bars and errors: "resnet20 on mnist_5k, seed 0, batchnorm_momentum=0.99"."""
        chosen = recipe(self.recipe)
        row = models.entry(self.model)
        defaults = {name: option.default for name, option in row.options.items()} | dict(chosen.options)
        special = [f"{name}={value}" for name, value in self.options if name not in defaults or value != defaults[name]]
        if self.pipeline != chosen.pipeline_for(self.model):
            special.append(f"pipeline {self.pipeline}")
        return ", ".join([f"{self.model_name()} on {self.data_title()}", f"seed {self.seed}", *special])


@lru_cache(maxsize=1024)
def _checked(
    others: tuple[tuple[str, object], ...], options: tuple[tuple[str, object], ...], types: tuple[type, ...]
) -> RunSpec:
    values = {field.name: field.default for field in fields(RunSpec)} | dict(others) | {"options": dict(options)}
    if MISSING in values.values():
        raise TypeError("a field without a default is missing")
    spec = object.__new__(RunSpec)
    vars(spec).update(values)
    spec._check_values()  # a record of a run that failed on images too small for its model can still be read
    return spec
