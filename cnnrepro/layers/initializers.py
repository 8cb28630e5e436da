"""Initial weights that papers prescribe and Keras has no name for."""

from __future__ import annotations

import math

from cnnrepro.engine import keras
from cnnrepro.errors import UsageError, brief

# Krizhevsky et al. 2012, section 5; also Zeiler and Fergus 2013, section 3.1.
GAUSSIAN = "gaussian_0.01"
LECUN_1998 = "lecun_1998"
OWN_NAMES = (GAUSSIAN, LECUN_1998)


@keras.saving.register_keras_serializable(package="cnnrepro")
class LeCun1998(keras.initializers.RandomUniform):
    """Uniform between -2.4 / F and 2.4 / F, where F is the fan-in: the inputs of one unit.

    LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, appendix A.
    Meant for units with a scaled tanh: it keeps their sums in the range where the tanh is steep.
    """

    def __init__(self, seed: int | None = None):
        super().__init__(minval=-1.0, maxval=1.0, seed=seed)

    def __call__(self, shape, dtype=None):
        """Draw weights of a shape whose last axis is the units'."""
        fan_in = max(1, math.prod(shape[:-1]))
        return super().__call__(shape, dtype=dtype) * (2.4 / fan_in)

    def get_config(self) -> dict:
        """The arguments, for saving."""
        return {"seed": self.seed}


def initializer(name: str) -> keras.initializers.Initializer:
    """A fresh initialiser by its name: one of ``OWN_NAMES``, or one of Keras's.

    Each layer needs its own: a Keras initialiser that is used twice gives the same numbers twice.

    Raises:
        UsageError: nobody knows an initialiser of that name that can fill filters.
    """
    if name == GAUSSIAN:
        return keras.initializers.RandomNormal(stddev=0.01)
    if name == LECUN_1998:
        return LeCun1998()
    try:
        fresh = keras.initializers.get(name)
        fresh((1, 1, 1, 2))  # a filter's shape: "identity" is for matrices alone
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"kernel_initializer must be {', '.join(OWN_NAMES)} or the name of a Keras initialiser for filters, such "
            f"as he_normal. Received: {brief(name)}"
        ) from error
    return fresh
