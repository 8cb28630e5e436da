"""What a training takes, before it starts: steps, arithmetic, bytes, memory, hours; each with where it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnnrepro import data, machine, models
from cnnrepro.errors import UsageError, brief
from cnnrepro.models.fit import fit_notes
from cnnrepro.recipes.catalogue import Recipe, recipe
from cnnrepro.training.plan import gpus
from cnnrepro.training.plan.throughput import STEPS, measure_throughput
from cnnrepro.training.resolve import on_gpu, resolve_precision
from cnnrepro.training.steps_at_once import PASSES

if TYPE_CHECKING:
    import keras

    from cnnrepro.anatomy.trace_rows import Totals

EXACT, MEASURED, PROJECTED = "exact", "measured", "projected"


@dataclass(frozen=True)
class Line:
    """A line of an estimate.

    Args:
        what: its name.
        value: a number in ``unit``, or a text.
        unit: "" for texts and counts.
        kind: "exact" (counted, published or given), "measured" (here, now) or "projected" (from an assumption).
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


_LARGEST_BATCH = 64  # images on a CPU: beyond it a step takes longer and an image does not


@dataclass(frozen=True)
class _Setting:
    """What the arithmetic needs of model, data and recipe."""

    model: str
    options: Mapping[str, object]
    chosen: Recipe
    pipeline: str
    info: data.DatasetInfo
    epochs: int
    batch: int
    precision: str

    @property
    def images(self) -> int:
        return self.info.sizes["train"]

    @property
    def images_seen(self) -> int:
        return self.images * self.epochs

    @property
    def input_shape(self) -> tuple[int, int, int]:
        height, _, channels = self.info.input_shape
        size = data.pipeline(self.pipeline).size(height)
        return size, size, channels

    def network(self) -> keras.Model:
        return models.build(self.model, self.input_shape, len(self.info.classes), **self.options)

    @cached_property
    def totals(self) -> Totals:
        """Parameters, multiply-adds and bytes of the network, counted on an outline of it."""
        from cnnrepro import anatomy, engine

        return anatomy.trace(engine.without_weights(self.network)).totals

    @property
    def operations(self) -> int:
        """Of training on one image."""
        return PASSES * 2 * self.totals.known_multiply_adds


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
        raise UsageError(f"throughput must be a positive number of images/s. Received: {brief(throughput)}")
    gpu = gpus.device(device) if device else None
    chosen = recipe(recipe_name)
    options = chosen.options_for(model, options or {})
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise UsageError(f"{name} must be at least 1. Received: {brief(value)}")
    info = data.info(dataset)
    if info.kind == "folder":
        from cnnrepro.data.folder.picture_splits import look_at_folder

        info = look_at_folder(info)
    images = info.sizes["train"]
    if batch_size is not None and batch_size > images:
        raise UsageError(
            f"batch_size must be at most {images}, the training images of {dataset}. Received: {brief(batch_size)}"
        )
    setting = _Setting(
        model,
        options,
        chosen,
        pipeline=pipeline or chosen.pipeline_for(model),
        info=info,
        epochs=epochs or chosen.epochs,
        batch=min(batch_size or chosen.batch_size, images),
        precision=resolve_precision(gpu.precision if gpu else precision),
    )
    lines = [*_work(setting), *_bytes(setting), *_memory(setting, gpu), *_speed_and_hours(setting, gpu, throughput)]
    return Estimate(model, dataset, recipe_name, tuple(lines))


def _work(setting: _Setting) -> list[Line]:
    totals = setting.totals
    partly = f" (at least; not counted: {', '.join(totals.unknown)})" if totals.unknown else ""
    side, _, channels = setting.input_shape
    network_input = f"{side} x {side} x {channels}, {len(setting.info.classes):,} classes"
    steps = math.ceil(setting.images / setting.batch)
    per_epoch = f"{steps:,} an epoch of batch {setting.batch}, {setting.epochs} epochs"
    counted = f"one pass forwards, counted layer by layer{partly}"
    arithmetic = setting.operations * setting.images_seen / 1e15
    factors = f"{PASSES} passes · 2 · multiply-adds · {setting.images_seen:,} images"
    notes = fit_notes(setting.model, setting.input_shape, len(setting.info.classes) or None, setting.options)
    return [
        *(Line("does not fit", f"{side} x {side}", "", EXACT, note) for note in notes),
        Line("network sees", network_input, "", EXACT, f"pipeline {setting.pipeline}"),
        Line("parameters", totals.parameters, "", EXACT, "counted"),
        Line("training images", setting.images, "", EXACT, "the training split"),
        Line("steps", steps * setting.epochs, "", EXACT, per_epoch),
        Line("multiply-adds an image", totals.known_multiply_adds, "", EXACT, counted),
        Line("arithmetic", arithmetic, "10¹⁵ operations", EXACT, factors),
    ]


def _bytes(setting: _Setting) -> list[Line]:
    stored = math.prod(setting.info.input_shape)
    form = f"{stored:,} bytes a picture in the cached uint8 form"
    lines = [
        Line("read an epoch", stored * setting.images / 1e9, "GB", EXACT, form),
        Line("read in all", stored * setting.images_seen / 1e9, "GB", EXACT, "the same in every epoch"),
    ]
    if setting.info.kind == "pictures":
        basis = "the published files; each epoch, with --cache none"
        lines.append(Line("read once, as JPEG", setting.info.download_megabytes / 1e3, "GB", EXACT, basis))
    return lines


def _memory(setting: _Setting, gpu: gpus.Device | None) -> list[Line]:
    totals = setting.totals
    copies = 3 + (1 if setting.chosen.optimizer == "adam" else 0)  # weights, gradients, and momenta: one, or Adam's two
    weights = totals.parameters * 4 * copies
    basis = f"{copies} · 4 bytes a parameter"
    if not isinstance(totals.training_bytes, int):
        return [Line("memory for weights", weights / 1e9, "GB", PROJECTED, basis)]
    # Outputs are counted at 4 bytes a number; in a 16-bit format they take 2.
    needed = weights + totals.training_bytes * setting.batch / (1 if setting.precision == "float32" else 2)
    basis += f", and outputs with gradients of {setting.batch} images in {setting.precision}; libraries reuse some"
    lines = [Line("memory for a batch", needed / 1e9, "GB", PROJECTED, basis)]
    if gpu:
        fits = "fits" if needed <= gpu.memory_gb * 1e9 else "does not fit, if nothing is reused"
        lines.append(Line("memory of the device", gpu.memory_gb, "GB", EXACT, f"{gpu.title}: {fits}"))
    return lines


def _speed_and_hours(setting: _Setting, gpu: gpus.Device | None, throughput: float | None) -> list[Line]:
    """Images a second and hours: given, projected for a GPU, or measured here."""
    if throughput is not None:
        speed, kind, basis = float(throughput), EXACT, "as given with --throughput"
    elif gpu is not None:
        speed, kind = gpu.teraflops * 1e12 * gpus.UTILISATION / setting.operations, PROJECTED
        basis = (
            f"{gpus.UTILISATION:.0%} of {gpu.teraflops:g} · 10¹² operations/s in {gpu.precision} ({gpu.title}; "
            f"{gpu.source}), the share that the paper's two GTX 580 reached"
        )
    else:
        batch = setting.batch if on_gpu() else min(setting.batch, _LARGEST_BATCH)
        speed, kind = measure_throughput(setting.network, setting.chosen, batch, setting.precision), MEASURED
        basis = (
            f"here ({machine.describe().summary()}), {setting.precision}, median of {STEPS} steps of {batch} random "
            f"images, the machine as busy as it was"
        )
    hours = setting.images_seen / speed / 3600
    basis_of_hours = f"{setting.images_seen:,} images at that speed; without validation, test, and waiting for pictures"
    lines = [Line("training images/s", speed, "", kind, basis), Line("hours", hours, "h", PROJECTED, basis_of_hours)]
    if hours > 48:
        lines.append(Line("days", hours / 24, "d", PROJECTED, "hours / 24"))
    return lines
