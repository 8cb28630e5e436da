"""The same network for another input size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    import keras


def resized(model: keras.Model, input_shape: tuple[int, ...]) -> keras.Model:
    """Build a model's layers anew, with fresh weights, over an input of another shape.

    Args:
        model: a functional or sequential model with one input.
        input_shape: without the batch axis: ``(height, width, channels)``.

    Raises:
        UsageError: the model has several inputs or no configuration, or a layer cannot take what it would get.
    """
    if len(model.inputs) != 1:
        raise UsageError(
            f"The model {model.name!r} has {len(model.inputs)} inputs; an input shape can be given for models with one."
        )
    size = "x".join(map(str, input_shape))
    axes = len(model.inputs[0].shape) - 1
    if len(input_shape) != axes:
        raise UsageError(f"The model {model.name!r} takes inputs of {axes} axes. Received: {size}")
    try:
        config = model.get_config()
        entry = next(layer for layer in config["layers"] if layer["class_name"] == "InputLayer")
        key = "batch_shape" if "batch_shape" in entry["config"] else "batch_input_shape"
        entry["config"][key] = (None, *input_shape)
        for layer in config["layers"]:
            layer.pop("build_config", None)  # the shapes it was built for
        config.pop("build_input_shape", None)
        return type(model).from_config(config)
    except Exception as error:
        from cnnrepro.engine import reason_of

        raise UsageError(f"The model {model.name!r} cannot take an input of {size}: {reason_of(error)}") from error
