"""The recipes: which optimiser, with which constants, from which source.

Plain data; Keras is loaded when an optimiser is made.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cnnrepro.errors import unknown

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Args:
        name: what users call it.
        optimizer: "sgd" or "adam".
        learning_rate: step size, constant over the run.
        momentum: of SGD; Adam's betas are Keras's defaults, 0.9 and 0.999.
        source: where the constants come from.
    """

    name: str
    optimizer: str
    learning_rate: float
    momentum: float
    source: str

    def to_dict(self) -> dict:
        """What decides the numbers, for a run's key."""
        return {key: value for key, value in asdict(self).items() if key != "source"}


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="adam",
            optimizer="adam",
            learning_rate=1e-3,
            momentum=0.0,
            source="Kingma and Ba 2015, section 2: the step size suggested there; Keras's epsilon, 1e-7 (theirs: 1e-8)",
        ),
        Recipe(
            name="sgd",
            optimizer="sgd",
            learning_rate=1e-2,
            momentum=0.9,
            source="Krizhevsky et al. 2012, section 5: learning rate 0.01, momentum 0.9; without its weight decay",
        ),
    )
}


def recipe(name: str) -> Recipe:
    """The recipe of that name; raises UsageError that lists the known ones."""
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]


def make_optimizer(chosen: Recipe, learning_rate: float | None = None) -> keras.optimizers.Optimizer:
    """A fresh Keras optimiser for a recipe, with its own learning rate or the one given."""
    from cnnrepro.engine import keras

    rate = chosen.learning_rate if learning_rate is None else learning_rate
    if chosen.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    return keras.optimizers.SGD(rate, momentum=chosen.momentum)
