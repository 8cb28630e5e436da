"""Automatic differentiation that is the same on every backend: the gradient is read off one step of descent.

Keras has no gradient function that all backends share, but it trains on all of them. So the arrays are made weights, a
step of plain gradient descent with learning rate 1 is taken on the function, and the gradient is how far they moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnrepro.engine import backend, keras

ops = keras.ops


def precision() -> tuple[str, float]:
    """The widest number format to compute gradients in, and the rounding to allow for, relative to the largest value.

    JAX has float64 only where it was switched on for the whole process.
    """
    return ("float32", 1e-4) if backend() == "jax" else ("float64", 1e-10)


def step_by_step() -> bool:
    """Whether a few steps are quicker uncompiled: on TensorFlow and PyTorch; JAX is slow without its compiler."""
    return backend() != "jax"


class _Moved(keras.Model):
    """A model whose weights are the arrays and whose output is the function of them."""

    def __init__(self, function: Callable, arrays: Sequence[NDArray], dtype: str):
        super().__init__(dtype=dtype)
        self.function = function
        self.arrays = [keras.Variable(array, dtype=dtype) for array in arrays]
        self.built = True

    def call(self, inputs):
        values = [ops.convert_to_tensor(array) for array in self.arrays]
        return ops.reshape(self.function(*values), (1, 1))


def gradients(function: Callable, *arrays: ArrayLike) -> list[NDArray]:
    """The gradients of a function of tensors to each of them, at these values.

    Args:
        function: from as many tensors to one number, in ``keras.ops``.
        arrays: the values.

    Returns:
        One array of the shape of each value, in float64; with the rounding of ``precision``.
    """
    dtype, _ = precision()
    starts = [np.asarray(array, dtype) for array in arrays]
    model = _Moved(function, starts, dtype)
    model.compile(
        optimizer=keras.optimizers.SGD(1.0), loss=lambda _, outputs: ops.sum(outputs), run_eagerly=step_by_step()
    )
    model.train_on_batch(np.zeros((1, 1), dtype), np.zeros((1, 1), dtype))
    ends = [ops.convert_to_numpy(array) for array in model.arrays]
    return [np.asarray(start - end, np.float64) for start, end in zip(starts, ends, strict=True)]


def pulled_back(function: Callable, output_gradient: ArrayLike, *arrays: ArrayLike) -> list[NDArray]:
    """The gradients of ⟨function(arrays), output_gradient⟩: what reaches the arrays when that arrives at the output."""
    dtype, _ = precision()
    arriving = ops.convert_to_tensor(np.asarray(output_gradient, dtype))
    return gradients(lambda *tensors: ops.sum(function(*tensors) * arriving), *arrays)


def difference(first: ArrayLike, second: ArrayLike) -> float:
    """The largest difference of two arrays, as a share of the largest value in either."""
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    scale = max(np.abs(first).max(), np.abs(second).max())
    return float(np.abs(first - second).max() / scale) if scale else 0.0


def agree(first: ArrayLike, second: ArrayLike) -> bool:
    """Whether two arrays are equal but for the rounding that ``precision`` allows for."""
    return np.shape(first) == np.shape(second) and difference(first, second) <= precision()[1]
