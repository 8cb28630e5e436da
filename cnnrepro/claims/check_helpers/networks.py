"""Networks for the checks: outlines without weights, and small ones that train for a few steps on digits."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy.graph import Call, take_apart
from cnnrepro.anatomy.layer_costs import WINDOWS, kind
from cnnrepro.claims.check_helpers.autodiff import step_by_step
from cnnrepro.data.embedded import read_digits
from cnnrepro.engine import keras
from cnnrepro.models import MODELS

if TYPE_CHECKING:
    from cnnrepro.anatomy import Trace


STEPS = 6


@dataclass(frozen=True)
class WindowedCall:
    """A convolution or pooling of a network: its name and kind, window, stride and padding, sizes before and after."""

    name: str
    kind: str
    window: int
    stride: int
    padding: str
    size: int
    output: int


@functools.cache
def outline(name: str, **options: object) -> keras.Model:
    """A model of the table, or of a pattern, without weights; built once, so nobody may change it."""
    return models.outline(name, **options)


def traced(name: str, **options: object) -> Trace:
    """Rows and totals of a model of the table, or of a pattern."""
    return anatomy.trace(outline(name, **options))


def of_kinds(model: keras.Model, *kinds: str) -> list[Call]:
    """A model's calls of layers of these kinds, in order."""
    return [call for call in take_apart(model).calls if kind(call.operation) in kinds]


def windowed(model: keras.Model) -> list[WindowedCall]:
    """A model's convolutions and poolings with square windows. Padding layers count with the layer behind them."""
    windowed_calls = []
    for call in of_kinds(model, *WINDOWS):
        name = kind(call.operation)
        window = WINDOWS[name](call.operation)[0]
        sizes = call.input_shapes[0][1], call.output_shapes[0][1]
        windowed_calls.append(WindowedCall(call.name, name, window.size, window.stride, window.padding, *sizes))
    return windowed_calls


def one_of_each_builder() -> Iterator[tuple[str, keras.Model]]:
    """Of each builder in the table of models the member with the fewest parameters, by name."""
    families: dict[str, str] = {}
    for name in sorted(MODELS, key=lambda name: MODELS[name].parameters):
        families.setdefault(MODELS[name].builder, name)
    for name in families.values():
        yield name, outline(name)


def drawn(model: keras.Model, seed: int = 0) -> keras.Model:
    """The model, or layer, with weights from N(0, 2 / fan-in) and zero biases, the same each time."""
    random = np.random.default_rng(seed)
    model.set_weights(
        [
            random.normal(0, np.sqrt(2 / np.prod(weight.shape[:-1])), weight.shape) if weight.ndim > 1 else weight * 0
            for weight in model.get_weights()
        ]
    )
    return model


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Embedded MNIST digits, as many of each class, (count, 28, 28, 1) from 0 to 1, and their labels."""
    images, labels = read_digits()
    chosen = slice(None, None, len(images) // count)
    return images[chosen].astype("float32") / 255, labels[chosen]


def step_losses(model: keras.Model, images: np.ndarray, targets: np.ndarray, loss: object) -> list[float]:
    """The loss before each of ``STEPS`` steps of Adam on one batch."""
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, run_eagerly=step_by_step())
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(images, targets)))
    return losses
