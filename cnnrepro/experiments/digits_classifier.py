"""One small classifier of digits, trained with its weights kept, for notebooks that look into a trained network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data
from cnnrepro.errors import UsageError
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec

if TYPE_CHECKING:
    import keras

# LeNet-5 without zero padding, so that crops and one pass over a larger image agree to rounding, and with four times
# the published filters, so that there are 24 first-layer filters to look at.
OPTIONS = {"width": 4, "padded": False}

BATCH = 256  # images at a time: their first feature maps, 24 x 24 x 24 x 4 bytes each, take 14 MB


def plan(dataset: str, epochs: int, seed: int) -> tuple[Arm, ...]:
    """The one run: a wide LeNet-5 on a data set of grey images.

    Args:
        dataset: name of a data set.
        epochs: passes over the training split.
        seed: of weights and data order.

    Raises:
        UsageError: an unknown data set, one of colour images, or a value out of range.
    """
    shape = data.info(dataset).input_shape
    if shape[2] != 1:
        raise UsageError(f"Filters and feature maps are drawn for grey images. Received: {dataset!r}, {shape}")
    spec = RunSpec(
        model="lenet5_modern", dataset=dataset, seed=seed, epochs=epochs, precision="float32", options=OPTIONS
    )
    return (Arm("LeNet-5, four times as wide", (spec,), keep_weights=True),)


def untrained(arm: Arm, splits: data.Splits | None = None) -> keras.Model:
    """The network of an arm's first run as training began: the same seed, so the same initial weights.

    Args:
        arm: the arm.
        splits: its data, where they are loaded already.
    """
    from cnnrepro.training.epoch import build, numeric_mode
    from cnnrepro.training.resolve import resolve

    run = resolve(arm.specs[0], splits)
    with numeric_mode(run):
        return build(run)


def standardise(images: np.ndarray, splits: data.Splits) -> np.ndarray:
    """Pixels as the network expects them: the training split's mean and standard deviation brought to 0 and 1.

    Args:
        images: (…, H, W, C) on the scale 0 … 255.
        splits: the data set.

    Returns:
        The same shape in float32, as ``data.batches`` gives it.
    """
    mean, std = np.array(splits.mean), np.array(splits.std)
    scale, shift = (1 / (255 * std)).astype(np.float32), (-mean / std).astype(np.float32)
    return np.asarray(images, np.float32) * scale + shift


def outputs(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """What a network gives for standardised images (N, H, W, C), output by output, a batch at a time."""
    from cnnrepro.engine import keras

    parts = []
    for begin in range(0, len(images), BATCH):
        made = model(images[begin : begin + BATCH], training=False)
        parts.append([keras.ops.convert_to_numpy(one) for one in (made if isinstance(made, list) else [made])])
    return [np.concatenate(one) for one in zip(*parts, strict=True)]


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
