"""A network as a table: one row a layer that computes with weights or changes the size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import pandas as pd

# Layers that neither have weights nor change the size of what they pass on; they would only make the table longer.
PASSING = ("InputLayer", "ReLU", "Activation", "Dropout", "Add")


def layer_table(model: keras.Model) -> pd.DataFrame:
    """The layers of a model in order.

    Args:
        model: a functional or sequential model.

    Returns:
        Columns ``layer`` (its name), ``kind``, ``output`` (height × width × channels, or units) and ``parameters``.
        Activations, dropout and additions are left out; their sizes and parameters are those of the row before.
    """
    import pandas as pd

    rows = [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "output": " × ".join(str(size) for size in layer.output.shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in model.layers
        if type(layer).__name__ not in PASSING
    ]
    return pd.DataFrame(rows)
