"""A trained classifier slid over an image in one pass, and crop by crop.

CS231n notes, "Converting FC layers to CONV layers"; Long, Shelhamer and Darrell, "Fully Convolutional Networks for
Semantic Segmentation" (2015), section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.trace_rows import spell_shape
from cnnrepro.data import Splits, standardise
from cnnrepro.engine import keras
from cnnrepro.experiments.digits_classifier import OPTIONS
from cnnrepro.lessons.dense_to_convolution.scattered_images import Scattered
from cnnrepro.lessons.network_outputs import layer_outputs, outputs
from cnnrepro.training.scores import softmax


@dataclass(frozen=True, eq=False)
class Slid:
    """A classifier at every position of an image, in two ways."""

    one_pass: np.ndarray  # logits (rows, columns, classes) of the converted network, run once
    by_crops: np.ndarray  # the same from the classifier itself, on the crop at every position
    stride: int  # pixels from one position to the next
    size: tuple[int, int]  # height and width of a crop

    @property
    def probabilities(self) -> np.ndarray:
        """Of the one pass, (rows, columns, classes)."""
        return softmax(self.one_pass)

    @property
    def probabilities_of_crops(self) -> np.ndarray:
        """Of the crops, (rows, columns, classes)."""
        return softmax(self.by_crops)

    @property
    def difference(self) -> np.ndarray:
        """The largest difference of a position's logits, (rows, columns)."""
        return np.abs(self.one_pass - self.by_crops).max(axis=-1)

    @property
    def spread(self) -> float:
        """The standard deviation of the crops' logits: what a difference is to be compared with."""
        return float(self.by_crops.std())

    @property
    def other_answers(self) -> int:
        """At how many positions the two ways answer with another class."""
        return int((self.one_pass.argmax(-1) != self.by_crops.argmax(-1)).sum())


def slide(model: keras.Model, network: keras.Model, image: np.ndarray) -> Slid:
    """Classify every position of a standardised image (H, W, C) in one pass, and crop by crop."""
    height, width = model.input_shape[1:3]
    stride, _ = anatomy.effective_stride(network, (height, width))
    (at_once,) = outputs(network, image[None])
    (one_by_one,) = outputs(model, anatomy.crops(image, (height, width), stride))
    return Slid(at_once[0], one_by_one.reshape(at_once[0].shape), stride, (height, width))


def agreement(title: str, slid: Slid) -> tuple[str, ...]:
    """Cells: title, smallest and largest difference of a position's scores, their spread, other answers."""
    least, most = slid.difference.min(), slid.difference.max()
    answers = f"{slid.other_answers} of {slid.difference.size}"
    return title, f"{least:.1e}", f"{most:.1e}", f"{slid.spread:.2g}", answers


def answers(slid: Slid, names: Sequence[str]) -> list[tuple[str, int, str]]:
    """What one pass answers: for each class that it names, at how many positions, and with what mean probability."""
    probabilities = slid.probabilities.reshape(-1, len(names))
    named, sure = probabilities.argmax(axis=-1), probabilities.max(axis=-1)
    return [
        (names[label], int((named == label).sum()), f"{100 * sure[named == label].mean():.1f} %")
        for label in np.unique(named).tolist()
    ]


def padded_twin(model: keras.Model, *, seed: int) -> keras.Model:
    """The classifier's form with a border of zeros around each image, with fresh weights from a seed."""
    keras.utils.set_random_seed(seed)
    options = OPTIONS | {"padded": True}
    return models.build("lenet5_modern", model.input_shape[1:], model.output_shape[-1], **options)


def head(model: keras.Model, network: keras.Model, size: tuple[int, int]) -> list[tuple[str, ...]]:
    """The layers from Flatten on: kind, weights and output before; the same after; output for ``size``; parameters."""
    own = model.input_shape[1:]
    traces = [anatomy.trace(model), anatomy.trace(network, own), anatomy.trace(network, (*size, own[2]))]
    names = [layer.name for layer in model.layers]
    rows = []
    for name in names[names.index("flatten") :]:
        if name.startswith("dropout"):
            continue
        old, new, large = (trace[name] for trace in traces)
        before = old.kind, _kernel(model.get_layer(name)), spell_shape(old.output_shape)
        after = new.kind, _kernel(network.get_layer(name)), spell_shape(new.output_shape)
        rows.append((name, *before, *after, spell_shape(large.output_shape), f"{new.parameters:,}"))
    return rows


def _kernel(layer: keras.Layer) -> str:
    return spell_shape(tuple(layer.kernel.shape)) if hasattr(layer, "kernel") else ""


def readings(scattered: Scattered, slid: Slid, model: keras.Model, splits: Splits) -> list[tuple[str, ...]]:
    """For each scattered image: class, answer on its own, how far the nearest position is, answer there."""
    names = splits.info.classes
    alone = softmax(outputs(model, standardise(scattered.images, splits))[0])
    last = np.array(slid.one_pass.shape[:2]) - 1
    rows = []
    for corner, label, own in zip(scattered.corners, scattered.labels, alone, strict=True):
        cell = np.minimum(np.round(np.array(corner) / slid.stride).astype(int), last)
        offset = ", ".join(_signed(pixels) for pixels in (cell * slid.stride - corner).tolist())
        rows.append((names[label], _answer(own, names), offset, _answer(slid.probabilities[tuple(cell)], names)))
    return rows


def _signed(number: int) -> str:
    return f"{number:+d}".replace("-", "−") if number else "0"


def _answer(probabilities: np.ndarray, names: Sequence[str]) -> str:
    """The likeliest class and its probability."""
    answer = int(probabilities.argmax())
    return f"{names[answer]} ({100 * probabilities[answer]:.1f} %)"


def away(scattered: Scattered, slid: Slid, pixels: int) -> np.ndarray:
    """Which positions lie further than so many pixels, down or across, from every image; (rows, columns) of truths."""
    rows, columns = (np.arange(count) * slid.stride for count in slid.one_pass.shape[:2])
    near = [
        np.maximum(np.abs(rows - top)[:, None], np.abs(columns - left)[None]) <= pixels
        for top, left in scattered.corners
    ]
    return ~np.any(near, axis=0)


def trunk_differences(
    model: keras.Model, network: keras.Model, image: np.ndarray, layers: Sequence[str]
) -> dict[str, np.ndarray]:
    """Where the feature maps of the crops of a standardised image differ from those of the whole image.

    For each layer, (h, w) of a crop's map: the largest absolute difference over all crops and channels, in standard
    deviations of the crops' maps.
    """
    size = model.input_shape[1:3]
    stride, _ = anatomy.effective_stride(network, size)
    whole = layer_outputs(network, layers, image[None])
    of_crops = layer_outputs(model, layers, anatomy.crops(image, size, stride))
    trace = anatomy.trace(model)
    differences = {}
    for name, cropped in of_crops.items():
        step = stride // trace[name].stride  # cells of this map from one crop to the next
        windows = anatomy.crops(whole[name][0], cropped.shape[1:3], step)
        differences[name] = np.abs(windows - cropped).max(axis=(0, -1)) / cropped.std()
    return differences
