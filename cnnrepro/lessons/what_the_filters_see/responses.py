"""What layers answer: the maps of one image, the patches that excite a filter most, and units that stay silent.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (arXiv:1311.2901, 2013; ECCV 2014), figure 2,
shows the patches of the strongest responses beside deconvolutions of them; here there are the patches alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro import anatomy, data
from cnnrepro.data import Splits, standardise
from cnnrepro.engine import keras
from cnnrepro.lessons.network_outputs import layer_outputs

RECTIFIED = {"conv1": "conv1_activation", "conv2": "conv2_activation", "dense3": "dense3", "dense4": "dense4"}


def feature_maps(model: keras.Model, image: np.ndarray, splits: Splits, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """The maps (H, W, channels) of named layers for one image (H, W, C) of the data set, pixels 0 … 255."""
    maps = layer_outputs(model, layers, standardise(image[None], splits))
    return {name: values[0] for name, values in maps.items()}


@dataclass(frozen=True, eq=False)
class Exciting:
    """The patches of images that excite a filter most, at most one of each image; the strongest first."""

    channel: int  # the filter's number
    patches: np.ndarray  # (count, height, width, C) uint8
    responses: np.ndarray  # (count,)
    labels: np.ndarray  # (count,), the classes of the images

    def title(self, names: Sequence[str]) -> str:
        """The filter and the commonest class among its patches: "filter 3 · 5 of 8: 7"."""
        classes, counts = np.unique(self.labels, return_counts=True)
        return f"filter {self.channel} · {counts.max()} of {len(self.labels)}: {names[classes[counts.argmax()]]}"


def exciting(model: keras.Model, splits: Splits, layer: str, *, filters: int, count: int) -> list[Exciting]:
    """The ``count`` test patches with the highest response, for the first filters with at least ``count`` that respond.

    A unit at row r and column c of a map sees the square of ``receptive_field`` pixels that begins at
    ``offset − (receptive_field − 1) / 2 + r · stride``, always inside the image, as this network pads nothing.
    """
    images, labels = data.arrays(splits, "test")
    row = anatomy.trace(model)[layer]
    side, first = row.receptive_field, int(row.offset - (row.receptive_field - 1) / 2)
    maps = layer_outputs(model, [layer], standardise(images, splits))[layer]  # (N, h, w, channels)
    strongest = maps.max(axis=(1, 2))  # (N, channels)
    strongest_patches = []
    for channel in np.flatnonzero((strongest > 0).sum(axis=0) >= count)[:filters].tolist():
        best = np.argsort(-strongest[:, channel], kind="stable")[:count]
        cells = [np.unravel_index(maps[image, :, :, channel].argmax(), maps.shape[1:3]) for image in best]
        corners = first + row.stride * np.array(cells)
        patches = [
            images[image, top : top + side, left : left + side]
            for image, (top, left) in zip(best, corners, strict=True)
        ]
        strongest_patches.append(Exciting(channel, np.stack(patches), strongest[best, channel], labels[best]))
    return strongest_patches


def silence(model: keras.Model, splits: Splits) -> dict[str, tuple[int, int, float]]:
    """For each layer that ends in ReLU: units or filters, those that are 0 on all test images, the share of zeros."""
    images, _ = data.arrays(splits, "test")
    values = layer_outputs(model, list(RECTIFIED.values()), standardise(images, splits))
    counts = {}
    for name, layer in RECTIFIED.items():
        zero = values[layer].reshape(-1, values[layer].shape[-1]) == 0
        counts[name] = zero.shape[1], int(zero.all(axis=0).sum()), float(zero.mean())
    return counts


def silence_rows(before: keras.Model, after: keras.Model, splits: Splits) -> list[tuple[str, ...]]:
    """Rows of (layer, units, dead before, dead after, zeros before, zeros after), from ``silence`` of both networks."""
    first, last = silence(before, splits), silence(after, splits)
    return [
        (name, f"{units}", f"{first[name][1]}", f"{dead}", f"{100 * first[name][2]:.0f} %", f"{100 * zeros:.0f} %")
        for name, (units, dead, zeros) in last.items()
    ]
