"""What the notebook what_the_filters_see computes: filters, feature maps, the patches that excite them.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (arXiv:1311.2901, 2013; ECCV 2014), figure 2,
shows the patches of the strongest responses beside deconvolutions of them; here there are the patches alone. What
hiding a part of an image does is in ``occlusion``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy, data
from cnnrepro.data import Splits
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.experiments.digits_classifier import outputs, standardise

RECTIFIED = {"conv1": "conv1_activation", "conv2": "conv2_activation", "dense3": "dense3", "dense4": "dense4"}


def first_filters(model: keras.Model) -> np.ndarray:
    """The filters of the first convolution, (height, width, filters), for grey images."""
    kernel = keras.ops.convert_to_numpy(model.get_layer("conv1").kernel)  # (height, width, 1, filters)
    return kernel[:, :, 0]


def roughness(filters: np.ndarray) -> np.ndarray:
    """Geary's C of each filter: 1 on average where its weights stand in random order, below 1 where neighbours agree.

    The mean squared difference of neighbours (down and across), over twice the variance of the weights: a smooth
    gradient has a C near 0, a chessboard near 2. Geary, "The Contiguity Ratio and Statistical Mapping", The
    Incorporated Statistician 5(3), 1954.

    Args:
        filters: (height, width, filters).

    Returns:
        (filters,); NaN for a filter whose weights are all equal.
    """
    filters = np.asarray(filters, np.float64)
    down, across = np.diff(filters, axis=0), np.diff(filters, axis=1)
    pairs = down[..., 0].size + across[..., 0].size
    squares = (down**2).sum((0, 1)) + (across**2).sum((0, 1))
    variance = filters.var(axis=(0, 1), ddof=1)
    return squares / pairs / (2 * np.where(variance > 0, variance, np.nan))


@dataclass(frozen=True, eq=False)
class Change:
    """How far training moved the first filters.

    Args:
        distance: of each filter from its start, over the length of its start.
        cosine: between each filter and its start.
        rough_before, rough_after, rough_added: Geary's C of each filter, and of what training added to it.
    """

    distance: np.ndarray
    cosine: np.ndarray
    rough_before: np.ndarray
    rough_after: np.ndarray
    rough_added: np.ndarray

    def rows(self) -> list[tuple[str, str, str]]:
        """Rows of (measure, mean and spread, range)."""
        smoother = int((self.rough_after < self.rough_before).sum())
        return [
            ("distance from the start, in lengths of the start", *_spell(self.distance)),
            ("cosine with the start", *_spell(self.cosine)),
            ("roughness (Geary’s C) before", *_spell(self.rough_before)),
            ("roughness (Geary’s C) after", *_spell(self.rough_after)),
            ("roughness (Geary’s C) of what was added", *_spell(self.rough_added)),
            ("filters that became smoother", f"{smoother} of {len(self.rough_after)}", ""),
        ]


def _spell(values: np.ndarray) -> tuple[str, str]:
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}", f"{values.min():.2f} to {values.max():.2f}"


def change(before: np.ndarray, after: np.ndarray) -> Change:
    """Compare filters (height, width, filters) with what they were before training."""
    old, new = (np.asarray(one, np.float64).reshape(-1, one.shape[-1]) for one in (before, after))
    lengths = np.linalg.norm(old, axis=0), np.linalg.norm(new, axis=0)
    return Change(
        distance=np.linalg.norm(new - old, axis=0) / lengths[0],
        cosine=(old * new).sum(0) / (lengths[0] * lengths[1]),
        rough_before=roughness(before),
        rough_after=roughness(after),
        rough_added=roughness(after - before),
    )


def feature_maps(model: keras.Model, image: np.ndarray, splits: Splits, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """The maps (H, W, channels) of named layers for one image (H, W, C) of the data set, pixels 0 … 255."""
    part = keras.Model(model.inputs[0], [model.get_layer(name).output for name in layers])
    made = outputs(part, standardise(image[None], splits))
    return {name: maps[0] for name, maps in zip(layers, made, strict=True)}


@dataclass(frozen=True, eq=False)
class Exciting:
    """The patches of images that excite a filter most, at most one of each image.

    Args:
        channel: the filter's number.
        patches: (count, height, width, C) uint8, the strongest first.
        responses: (count,).
        labels: (count,), the classes of the images.
    """

    channel: int
    patches: np.ndarray
    responses: np.ndarray
    labels: np.ndarray

    def title(self, names: Sequence[str]) -> str:
        """The filter and the commonest class among its patches: "filter 3 · 5 of 8: 7"."""
        classes, counts = np.unique(self.labels, return_counts=True)
        return f"filter {self.channel} · {counts.max()} of {len(self.labels)}: {names[classes[counts.argmax()]]}"


def exciting(model: keras.Model, splits: Splits, layer: str, *, filters: int, count: int) -> list[Exciting]:
    """The test patches with the highest response, for the first filters of a layer that respond to enough images.

    A unit at row r and column c of a map sees the square of ``receptive_field`` pixels that begins at
    ``offset − (receptive_field − 1) / 2 + r · stride``, here always inside the image, as nothing is padded.

    Args:
        model: the classifier.
        splits: its data set.
        layer: a convolution's activation.
        filters: how many filters, in the order of their numbers.
        count: patches a filter.
    """
    images, labels = data.arrays(splits, "test")
    row = anatomy.trace(model)[layer]
    field, stride, first = row.receptive_field, row.stride, row.offset - (row.receptive_field - 1) / 2
    if first != int(first) or first < 0:
        raise UsageError(f"The patches of {layer!r} reach into padding or lie between pixels. Received: from {first}")
    part = keras.Model(model.inputs[0], model.get_layer(layer).output)
    (maps,) = outputs(part, standardise(images, splits))  # (N, h, w, channels)
    strongest = maps.max(axis=(1, 2))  # (N, channels)
    found = []
    for channel in np.flatnonzero((strongest > 0).sum(axis=0) >= count)[:filters].tolist():
        best = np.argsort(-strongest[:, channel], kind="stable")[:count]
        patches = []
        for image in best:
            cell = np.unravel_index(maps[image, :, :, channel].argmax(), maps.shape[1:3])
            top, left = (int(first) + stride * int(place) for place in cell)
            patches.append(images[image, top : top + field, left : left + field])
        found.append(Exciting(channel, np.stack(patches), strongest[best, channel], labels[best]))
    return found


def silence(model: keras.Model, splits: Splits) -> dict[str, tuple[int, int, float]]:
    """For each layer that ends in ReLU: units or filters, those that are 0 on all test images, the share of zeros."""
    images, _ = data.arrays(splits, "test")
    part = keras.Model(model.inputs[0], [model.get_layer(name).output for name in RECTIFIED.values()])
    made = outputs(part, standardise(images, splits))
    found = {}
    for name, values in zip(RECTIFIED, made, strict=True):
        units = values.shape[-1]
        zero = values.reshape(-1, units) == 0
        found[name] = units, int(zero.all(axis=0).sum()), float(zero.mean())
    return found


def silence_rows(before: keras.Model, after: keras.Model, splits: Splits) -> list[tuple[str, ...]]:
    """Rows of (layer, units, dead before, dead after, zeros before, zeros after), from ``silence`` of both networks."""
    first, last = silence(before, splits), silence(after, splits)
    return [
        (name, f"{units}", f"{first[name][1]}", f"{dead}", f"{100 * first[name][2]:.0f} %", f"{100 * zeros:.0f} %")
        for name, (units, dead, zeros) in last.items()
    ]
