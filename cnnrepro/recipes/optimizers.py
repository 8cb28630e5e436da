"""Keras optimisers for the recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.recipes.table import Recipe

if TYPE_CHECKING:
    import keras


def make_optimizer(chosen: Recipe, learning_rate: float | None = None) -> keras.optimizers.Optimizer:
    """A fresh Keras optimiser for a recipe, with its own learning rate or the one given."""
    from cnnrepro.engine import keras

    rate = chosen.learning_rate if learning_rate is None else learning_rate
    if chosen.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    if chosen.optimizer == "coupled_sgd":
        from cnnrepro.recipes.coupled_sgd import CoupledSGD

        return CoupledSGD(rate, chosen.momentum, chosen.weight_decay, chosen.decayed)
    return keras.optimizers.SGD(rate, momentum=chosen.momentum)
