"""Keras optimizers for the recipes, with the weight decay of 2012 among them. Loads Keras.

Keras updates a variable by some ten operations, each of which reads and writes arrays of its size. On TensorFlow there
is one that goes through them once; the numbers are the same to rounding.
"""

from __future__ import annotations

from typing import Any

from cnnrepro import engine
from cnnrepro.engine import keras
from cnnrepro.errors import unknown
from cnnrepro.recipes.catalogue import OPTIMIZERS, Recipe

# Ending of the names of filters and matrices, here and in Keras; biases, gains and moving values have others.
KERNEL = "kernel"


class Adam(keras.optimizers.Adam):
    """``keras.optimizers.Adam`` with its arguments and state, its numbers to rounding; one operation on TensorFlow."""

    def update_step(self, gradient, variable, learning_rate):
        """One step of one variable."""
        kernels = engine.tensorflow_kernels()
        if kernels is None or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        number = self._get_variable_index(variable)
        step = keras.ops.cast(self.iterations + 1, variable.dtype)
        kernels.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=keras.ops.power(keras.ops.cast(self.beta_1, variable.dtype), step),
            beta2_power=keras.ops.power(keras.ops.cast(self.beta_2, variable.dtype), step),
            lr=keras.ops.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=keras.ops.cast(gradient, variable.dtype),
        )


class SGD(keras.optimizers.SGD):
    """``keras.optimizers.SGD`` with its arguments and state, its numbers to rounding; one operation on TensorFlow."""

    def update_step(self, gradient, variable, learning_rate):
        """One step of one variable."""
        kernels = engine.tensorflow_kernels()
        if kernels is None or not self.momentum:
            super().update_step(gradient, variable, learning_rate)
            return
        kernels.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=keras.ops.cast(learning_rate, variable.dtype),
            grad=keras.ops.cast(gradient, variable.dtype),
            momentum=self.momentum,
            use_nesterov=self.nesterov,
        )


engine.save_as(Adam, keras.optimizers.Adam)
engine.save_as(SGD, keras.optimizers.SGD)


@keras.saving.register_keras_serializable(package="cnnrepro")
class CoupledSGD(SGD):
    """v ← 0.9 v − decay · ε · w − ε · g; w ← w + v: weight decay that goes through momentum and rate.

    Krizhevsky, Sutskever and Hinton 2012, section 5. It is descent on the loss + decay / 2 · ‖w‖². Keras's own
    ``weight_decay`` is another rule: it takes decay · ε · w off the weights and keeps it out of v.

    Args:
        learning_rate: ε.
        momentum: 0.9 in the paper.
        decay: 0.0005 in the paper.
        decayed: "kernels": filters and matrices alone; "all": all that is trained; "none".
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        decay: float = 0.0,
        decayed: str = "kernels",
        **kwargs: Any,
    ):
        super().__init__(learning_rate=learning_rate, momentum=momentum, **kwargs)
        self.decay, self.decayed = decay, decayed

    def decays(self, path: str) -> bool:
        """Whether the variable of this path is decayed."""
        return self.decayed == "all" or (self.decayed == "kernels" and path.rsplit("/", 1)[-1].endswith(KERNEL))

    def update_step(self, gradient, variable, learning_rate):
        """One step of one variable."""
        # On TensorFlow what comes here is not the Keras variable, and has no path.
        path = self._trainable_variables[self._get_variable_index(variable)].path
        if self.decay and self.decays(path):
            gradient = gradient + keras.ops.cast(self.decay, variable.dtype) * keras.ops.convert_to_tensor(variable)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments, for saving."""
        return super().get_config() | {"decay": self.decay, "decayed": self.decayed}


def make_optimizer(recipe: Recipe, learning_rate: float | None = None) -> keras.optimizers.Optimizer:
    """A fresh Keras optimizer for a recipe, with its own learning rate or the one given."""
    rate = recipe.learning_rate if learning_rate is None else learning_rate
    if recipe.optimizer == "adam":
        return Adam(rate)
    if recipe.optimizer == "sgd":
        return SGD(rate, momentum=recipe.momentum)
    if recipe.optimizer == "coupled_sgd":
        return CoupledSGD(rate, recipe.momentum, recipe.weight_decay, recipe.decayed)
    raise unknown("optimizer", recipe.optimizer, OPTIMIZERS)
