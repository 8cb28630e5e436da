"""What a training takes, before it starts: steps, arithmetic, bytes, memory, hours; each with where it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from cnnrepro import data, machine, models
from cnnrepro.errors import UsageError
from cnnrepro.recipes.catalogue import Recipe, recipe
from cnnrepro.training.plan import gpus
from cnnrepro.training.resolve import on_gpu, resolve_precision

EXACT, MEASURED, PROJECTED = "exact", "measured", "projected"


@dataclass(frozen=True)
class Line:
    """A line of an estimate.

    Args:
        what: its name.
        value: a number in ``unit``, or a text.
        unit: "" for texts and counts.
        kind: "exact" (counted or published), "measured" (here, now) or "projected" (from an assumption).
        basis: where it comes from, in a few words.
    """

    what: str
    value: float | int | str
    unit: str
    kind: str
    basis: str

    def text(self) -> str:
        """The value as people read it."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, int):
            return f"{self.value:,} {self.unit}".strip()
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2 if self.value >= 0.01 else 4
        return f"{self.value:,.{digits}f} {self.unit}".strip()


@dataclass(frozen=True)
class Estimate:
    """What a training takes.

    Args:
        model, dataset, recipe: their names.
        lines: one thing each.
    """

    model: str
    dataset: str
    recipe: str
    lines: tuple[Line, ...]

    def __getitem__(self, what: str) -> Line:
        """A line by its name."""
        return {line.what: line for line in self.lines}[what]

    def rows(self) -> list[tuple[str, str, str]]:
        """For a table: name, value, and whether it is exact, measured or projected, with the basis."""
        return [(line.what, line.text(), f"{line.kind}: {line.basis}") for line in self.lines]

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


# A training step computes each layer forwards once and backwards twice: for its inputs and for its weights.
PASSES = 3


@dataclass(frozen=True)
class _Setting:
    """What the arithmetic needs of data, pipeline and recipe."""

    chosen: Recipe
    sizes: Mapping[str, int]
    classes: int
    canvas: tuple[int, int, int]
    input_shape: tuple[int, int, int]
    epochs: int
    batch: int
    precision: str

    @property
    def steps(self) -> int:
        return math.ceil(self.sizes["train"] / self.batch)


def estimate(
    model: str,
    dataset: str,
    recipe_name: str = "adam",
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    throughput: float | None = None,
    precision: str = "auto",
    pipeline: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Estimate:
    """What it takes to train a model on a data set by a recipe. The data need not be here, except a folder's.

    Args:
        model: a name of ``cnnrepro.models.MODELS``.
        dataset: a name of ``cnnrepro.data.DATASETS``, or "folder:PATH".
        recipe_name: a name of ``cnnrepro.recipes.RECIPES``.
        epochs, batch_size: in place of the recipe's.
        device: a name of ``gpus.DEVICES``: hours are projected for that GPU.
        throughput: training images/s, where they are known: hours follow from them.
        precision: on this machine; as in ``RunSpec``.
        pipeline: in place of the recipe's.
        options: of the model.

    With neither ``device`` nor ``throughput`` the network is trained here for a few steps on random images.

    Raises:
        UsageError: an unknown name, or values out of range.
    """
    if device and throughput:
        raise UsageError("--device and --throughput both say how fast it goes; give one of them.")
    if throughput is not None and not (math.isfinite(throughput) and throughput > 0):
        raise UsageError(f"throughput must be a positive number of images/s. Received: {throughput!r}")
    gpu = gpus.device(device) if device else None
    chosen = recipe(recipe_name)
    chosen = replace(chosen, pipeline=pipeline or chosen.pipeline)
    options = chosen.options_for(model, options or {})
    setting = _setting(chosen, dataset, epochs, batch_size, gpu.precision if gpu else precision)
    totals = _totals(model, setting, options)
    lines = [*_work(setting, totals), *_bytes(setting, data.info(dataset)), *_memory(setting, totals, gpu)]
    lines += _speed_and_hours(model, setting, totals, gpu, throughput, options)
    return Estimate(model, dataset, recipe_name, tuple(lines))


def _setting(chosen: Recipe, dataset: str, epochs: int | None, batch_size: int | None, precision: str) -> _Setting:
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise UsageError(f"{name} must be at least 1. Received: {value!r}")
    info = data.info(dataset)
    if info.kind == "folder":
        from cnnrepro.data.folder.picture_splits import look_at_folder

        info = look_at_folder(info)
    pipeline = data.pipeline(chosen.pipeline)
    canvas = info.input_shape
    size = pipeline.size(canvas[0])
    return _Setting(
        chosen=chosen,
        sizes=info.sizes,
        classes=len(info.classes),
        canvas=canvas,
        input_shape=(size, size, canvas[2]),
        epochs=epochs or chosen.epochs,
        batch=min(batch_size or chosen.batch_size, info.sizes["train"]),
        precision=resolve_precision(precision),
    )


def _totals(model: str, setting: _Setting, options: Mapping[str, object]):
    """Parameters, multiply-adds and bytes of the network, counted on an outline of it."""
    from cnnrepro import anatomy, engine

    network = engine.without_weights(lambda: models.build(model, setting.input_shape, setting.classes, **options))
    return anatomy.trace(network).totals


def _work(setting: _Setting, totals) -> list[Line]:
    seen = setting.sizes["train"] * setting.epochs
    multiply_adds = totals.known_multiply_adds
    partly = f" ({len(totals.unknown)} layers not counted)" if totals.unknown else ""
    side, _, channels = setting.input_shape
    network_input = f"{side} x {side} x {channels}, {setting.classes:,} classes"
    per_epoch = f"{setting.steps:,} an epoch of batch {setting.batch}, {setting.epochs} epochs"
    counted = f"one pass forwards, counted layer by layer{partly}"
    operations = PASSES * 2 * multiply_adds * seen
    return [
        Line("network sees", network_input, "", EXACT, f"pipeline {setting.chosen.pipeline}"),
        Line("parameters", totals.parameters, "", EXACT, "counted"),
        Line("training images", setting.sizes["train"], "", EXACT, "the training split"),
        Line("steps", setting.steps * setting.epochs, "", EXACT, per_epoch),
        Line("multiply-adds an image", multiply_adds, "", EXACT, counted),
        Line(
            "arithmetic",
            operations / 1e15,
            "10¹⁵ operations",
            EXACT,
            f"{PASSES} passes · 2 · multiply-adds · {seen:,} images",
        ),
    ]


def _bytes(setting: _Setting, info: data.DatasetInfo) -> list[Line]:
    height, width, channels = setting.canvas
    stored = height * width * channels
    images = setting.sizes["train"]
    form = f"{stored:,} bytes a picture in the cached uint8 form"
    lines = [
        Line("read an epoch", stored * images / 1e9, "GB", EXACT, form),
        Line("read in all", stored * images * setting.epochs / 1e9, "GB", EXACT, "the same in every epoch"),
    ]
    if info.kind == "pictures":
        basis = "the published files; each epoch, with --cache none"
        lines.append(Line("read once, as JPEG", info.download_megabytes / 1e3, "GB", EXACT, basis))
    return lines


def _memory(setting: _Setting, totals, gpu: gpus.Device | None) -> list[Line]:
    half = setting.precision != "float32"
    copies = 3 + (1 if setting.chosen.optimizer == "adam" else 0)  # weights, gradients, and momenta: one, or Adam's two
    weights = totals.parameters * 4 * copies
    if not isinstance(totals.training_bytes, int):
        return [Line("memory for weights", weights / 1e9, "GB", PROJECTED, f"{copies} · 4 bytes a parameter")]
    # Outputs are counted at 4 bytes a number; in a 16-bit format they take 2.
    activations = totals.training_bytes * setting.batch / (2 if half else 1)
    basis = (
        f"{copies} · 4 bytes a parameter, and outputs with gradients of {setting.batch} images in {setting.precision}"
    )
    lines = [
        Line("memory for a batch", (weights + activations) / 1e9, "GB", PROJECTED, f"{basis}; libraries reuse some")
    ]
    if gpu:
        fits = "fits" if weights + activations <= gpu.memory_gb * 1e9 else "does not fit, if nothing is reused"
        lines.append(Line("memory of the device", gpu.memory_gb, "GB", EXACT, f"{gpu.title}: {fits}"))
    return lines


def _speed_and_hours(
    model: str,
    setting: _Setting,
    totals,
    gpu: gpus.Device | None,
    throughput: float | None,
    options: Mapping[str, object],
) -> list[Line]:
    """Images a second and hours: given, projected for a GPU, or measured here."""
    seen = setting.sizes["train"] * setting.epochs
    if throughput is not None:
        speed = Line("training images/s", float(throughput), "", EXACT, "as given with --throughput")
    elif gpu is not None:
        operations = PASSES * 2 * totals.known_multiply_adds
        rate = gpu.teraflops * 1e12 * gpus.UTILISATION / operations
        basis = (
            f"{gpus.UTILISATION:.0%} of {gpu.teraflops:g} · 10¹² operations/s in {gpu.precision} ({gpu.title}; "
            f"{gpu.source}), the share that the paper's two GTX 580 reached"
        )
        speed = Line("training images/s", rate, "", PROJECTED, basis)
    else:
        speed = _measured(model, setting, options)
    basis = f"{seen:,} images at that speed; without validation, test, and waiting for pictures"
    hours = seen / float(speed.value) / 3600
    lines = [speed, Line("hours", hours, "h", PROJECTED, basis)]
    if hours > 48:
        lines.append(Line("days", hours / 24, "d", PROJECTED, "hours / 24"))
    return lines


def _measured(model: str, setting: _Setting, options: Mapping[str, object]) -> Line:
    from cnnrepro.training.plan.throughput import measure

    measured = measure(
        model,
        setting.input_shape,
        setting.classes,
        setting.chosen.name,
        batch=setting.batch,
        precision=setting.precision,
        options=dict(options),
        on_gpu=on_gpu(),
    )
    basis = (
        f"here ({machine.describe().summary()}), {measured.precision}, median of {measured.steps} steps of "
        f"{measured.batch} random images"
    )
    return Line("training images/s", measured.images_per_second, "", MEASURED, basis)
