"""FC → CONV: a trained classifier with a dense head as a fully convolutional network, run once over a larger image.

A dense layer over a flattened map of h x w x C is a convolution with a window of h x w and no padding, at its one
position; a dense layer after it is a 1x1 convolution. CS231n notes, "Converting FC layers to CONV layers"; Long,
Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation" (2015), section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnrepro.anatomy.convolution import pair
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError

layers = keras.layers

# Layers of Keras by what they need: single cells, the channels of one position, or a map of whatever size.
# fmt: off
CELLWISE = (
    layers.ActivityRegularization, layers.Add, layers.AlphaDropout, layers.Average, layers.Dropout, layers.ELU,
    layers.GaussianDropout, layers.GaussianNoise, layers.Identity, layers.LeakyReLU, layers.Maximum, layers.Minimum,
    layers.Multiply, layers.ReLU, layers.Subtract)
CHANNELWISE = (
    layers.Activation, layers.BatchNormalization, layers.Concatenate, layers.LayerNormalization, layers.Softmax)
SPATIAL = (
    layers.AveragePooling2D, layers.Conv2D, layers.Cropping2D, layers.DepthwiseConv2D, layers.MaxPooling2D,
    layers.Normalization, layers.PReLU, layers.Rescaling, layers.SeparableConv2D, layers.SpatialDropout2D,
    layers.ZeroPadding2D)
# fmt: on
OPERATIONS = ("Add", "Divide", "Maximum", "Minimum", "Multiply", "Relu", "Relu6", "Sigmoid", "Subtract", "Tanh")
NOT_CELLWISE = ("softmax", "log_softmax", "sparsemax", "glu")
POOLS = {layers.GlobalAveragePooling2D: layers.AveragePooling2D, layers.GlobalMaxPooling2D: layers.MaxPooling2D}


def convolutionalize(model: keras.Model) -> keras.Model:
    """The same classifier for images of any size from its own on, with a map of predictions.

    On an image of the model's own size the map is 1x1 and holds the model's prediction. On a larger image, one pass
    does what classifying the crops at every (effective) stride would do, and shares the work where crops overlap.
    Whether the numbers agree depends on the padding in the trunk:

    * "valid" throughout: they are equal to float rounding at every position.
    * With zero padding they differ at every position: a crop sees zeros beyond its edges where the larger image has
      pixels, and the head looks at the whole map of the crop, its borders included. In the trunk's maps the cells whose
      receptive field touches no padding are equal.
    * "same" with a stride above 1 pads, by TensorFlow's rule, more or less in front as the size goes: on a size that
      differs by no multiple of the effective stride, even the grid that is sampled may shift.

    What happens to the layers: the first Dense after Flatten becomes a convolution with the window of the map before;
    other Dense layers 1x1 convolutions; GlobalAveragePooling2D and GlobalMaxPooling2D pool with the window they had and
    stride 1. Activations, normalisation, dropout, branches and merges stay; a layer that is not Keras's own is
    built again from its configuration and trusted to work on any size. Weights are copied, none is shared; constraints
    (they name axes) and regularisers of Dense are left out.

    Args:
        model: a built functional or sequential model with one image input (H, W, C), H and W known.

    Returns:
        A functional model (N, H', W', C) → (N, H'', W'', classes), not compiled.

    Raises:
        UsageError: something cannot be converted; the layer is named.
    """
    model = _functional(model)
    own = model.inputs[0]
    if None in own.shape[1:]:
        raise UsageError(f"The size of the images must be known, as the crops have it. Received: {tuple(own.shape)}.")
    return _Conversion().network(model, own.shape, f"{model.name}_convolutional")


def crops(image: ArrayLike, size: int | tuple[int, int], stride: int | tuple[int, int]) -> NDArray:
    """The crops of an image at every stride, row by row.

    Args:
        image: (H, W, C).
        size: (height, width) of a crop, or one number.
        stride: pixels from one crop to the next, (vertical, horizontal), or one number.

    Returns:
        (H'·W', height, width, C), H' = ⌊(H − height)/stride⌋ + 1.

    Raises:
        UsageError: no image (H, W, C), a crop larger than it, or a stride below 1.
    """
    image = np.asarray(image)
    (height, width), (down, across) = (pair(name, value) for name, value in (("size", size), ("stride", stride)))
    if image.ndim != 3 or not (0 < height <= image.shape[0] and 0 < width <= image.shape[1]) or min(down, across) < 1:
        raise UsageError(
            f"Crops lie inside an image (H, W, C) and strides are positive. "
            f"Received: image {image.shape}, size={size}, stride={stride}."
        )
    windows = np.lib.stride_tricks.sliding_window_view(image, (height, width), axis=(0, 1))[::down, ::across]
    return np.moveaxis(windows, 2, -1).reshape(-1, height, width, image.shape[2])  # from (H', W', C, height, width)


def effective_stride(network: keras.Model, size: tuple[int, int]) -> tuple[int, int]:
    """Pixels of the input from one cell of the output to the next, (vertical, horizontal), found by asking for sizes.

    The output has ⌊(size + c) / S⌋ cells: it grows by one every S pixels.

    Args:
        network: fully convolutional, as `convolutionalize` returns it.
        size: (height, width) of an image that it can take.
    """
    channels = network.inputs[0].shape[-1]

    def output(axis: int, more: int) -> int:
        shape = (1, size[0] + more * (axis == 0), size[1] + more * (axis == 1), channels)
        return network.compute_output_shape(shape)[1 + axis]

    def least(axis: int, cells: int) -> int:  # the fewest pixels more that give so many cells: doubling, then halving
        low, high = 0, 1
        while output(axis, high) < cells:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if output(axis, middle) >= cells else (middle, high)
        return high

    return tuple(least(axis, output(axis, 0) + 2) - least(axis, output(axis, 0) + 1) for axis in (0, 1))


@dataclass(frozen=True)
class _Tensor:
    """A tensor of the new network, what it was in the old one, and the window that Flatten leaves to the next Dense."""

    tensor: Any  # held, so that its id stays its own
    was: keras.KerasTensor
    window: tuple[int, int] | None = None

    @property
    def flat(self) -> bool:
        return len(self.was.shape) == 2  # it was a vector, and is a map now


class _Conversion:
    """One conversion: which tensors there are, and which layer was replaced by which."""

    def __init__(self) -> None:
        self.seen: dict[int, _Tensor] = {}  # by the id of the new tensor
        self.replaced: dict[tuple, Any] = {}

    def network(self, model: keras.Model, shape: tuple, name: str) -> keras.Model:
        """Call every layer's replacement along the graph of a model for inputs of one shape."""
        own = model.inputs[0]
        image = keras.Input((None, None, own.shape[-1]), dtype=own.dtype, name=own.name)
        self.seen[id(image)] = _Tensor(image, keras.KerasTensor(shape, dtype=own.dtype))
        new = keras.models.clone_model(model, image, clone_function=lambda layer: layer, call_function=self.call)
        if any(self.seen[id(output)].window not in (None, (1, 1)) for output in new.outputs):
            raise UsageError(f"The model {model.name!r} ends with a flattened map; a Dense layer must follow it.")
        return keras.Model(image, new.outputs if len(new.outputs) > 1 else new.outputs[0], name=name)

    def call(self, layer: Any, *args, **kwargs) -> Any:
        """Put the replacement of a layer on the new tensors, and note what its outputs were."""
        leaves = keras.tree.flatten((args, kwargs))
        given = [self.seen[id(leaf)] for leaf in leaves if id(leaf) in self.seen]
        _require_convertible(layer, given)
        old_args, old_kwargs = keras.tree.map_structure(
            lambda leaf: self.seen[id(leaf)].was if id(leaf) in self.seen else leaf, (args, kwargs)
        )
        was = keras.tree.flatten(layer.compute_output_spec(*old_args, **old_kwargs))
        outputs = self.replace(layer, given[0], args, kwargs)
        window = None if isinstance(layer, layers.Dense) else given[0].window
        if isinstance(layer, layers.Flatten) and not given[0].flat:
            window = tuple(given[0].was.shape[1:3])
        for tensor, old in zip(keras.tree.flatten(outputs), was, strict=True):
            if len(tensor.shape) != 4 or tensor.shape[1:3] != (None, None):
                raise _cannot(layer, f"its output on images of any size is {tuple(tensor.shape)}, no map of any size")
            self.seen[id(tensor)] = _Tensor(tensor, old, window)
        return outputs

    def replace(self, layer: Any, given: _Tensor, args: tuple, kwargs: dict) -> Any:
        """The output of the replacement, which is made and given its weights when the layer first comes up."""
        sized = type(layer) in POOLS or isinstance(layer, keras.Model)
        key = id(layer), given.was.shape if sized else given.window
        try:
            if key in self.replaced:
                return self.replaced[key](*args, **kwargs)
            new = self.replaced[key] = _replacement(layer, given)
            outputs = new(*args, **kwargs)
            if isinstance(layer, layers.Layer) and not isinstance(layer, keras.Model):
                values = zip(layer.get_weights(), new.get_weights(), strict=True)
                # A dense kernel (h·w·C, units) becomes (h, w, C, units); every other shape must stay.
                new.set_weights([old.reshape(now.shape) if type(layer) is layers.Dense else old for old, now in values])
            return outputs
        except UsageError:
            raise
        except Exception as error:  # whatever a layer raises that was written for one size
            raise _cannot(layer, (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")) from error


def _functional(model: keras.Model) -> keras.Model:
    """The layers of a functional or sequential model, with one image input, as a functional model of its own."""
    inputs = getattr(model, "inputs", None)  # none in a subclassed model, nor in a sequential one that is not built
    if not isinstance(model, keras.Model) or not inputs:
        raise UsageError(f"A built functional or sequential model is converted. Received: {model!r}.")
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs)
        raise UsageError(f"A model with one input of images (N, H, W, C) is converted. Received: {shapes}.")
    outputs = getattr(model, "inference_outputs", model.outputs)  # heads that train alone have no part in the answer
    return keras.Model(inputs[0], outputs if len(outputs) > 1 else outputs[0], name=model.name)


def _replacement(layer: Any, given: _Tensor) -> Any:
    """What does at every position what the layer does at one; without its weights, except for a model inside."""
    if isinstance(layer, keras.Model):
        return _Conversion().network(_functional(layer), given.was.shape, layer.name)
    if isinstance(layer, layers.Flatten):
        return layers.Identity(name=layer.name, dtype=layer.dtype_policy.name)
    if type(layer) in POOLS:
        return POOLS[type(layer)](given.was.shape[1:3], strides=1, name=layer.name, dtype=layer.dtype_policy)
    config = layer.get_config()
    if type(layer) is layers.Dense and given.flat:
        kept = ("name", "trainable", "dtype", "activation", "use_bias", "kernel_regularizer", "bias_regularizer")
        config = {name: config[name] for name in kept} | {"filters": layer.units}
        return layers.Conv2D.from_config(config | {"kernel_size": given.window or (1, 1)})
    if given.flat and "axis" in config:
        config["axis"] = -1
    return layer.__class__.from_config(config)


def _cannot(layer: Any, why: str) -> UsageError:
    return UsageError(f"The layer {layer.name!r} ({type(layer).__name__}) cannot be made convolutional: {why}.")


def _require_convertible(layer: Any, given: list[_Tensor]) -> None:
    """Raise where a layer has no counterpart that works at every position."""
    if not given:
        raise _cannot(layer, "it takes no tensor of the network")
    if len({(seen.flat, seen.window, *seen.was.shape[1:-1]) for seen in given}) > 1:
        sizes = " and ".join(str(tuple(seen.was.shape[1:])) for seen in given)
        raise _cannot(layer, f"it joins {sizes}, and what was stretched over the crop would differ at every position")
    first, own = given[0], type(layer).__module__.startswith("keras.")
    if getattr(layer, "data_format", None) == "channels_first":
        raise _cannot(layer, "its channels come first")
    if not isinstance(layer, layers.Layer):
        if type(layer).__name__ not in OPERATIONS:
            raise _cannot(layer, "this operation may depend on the size of the image")
        return
    if type(layer) in (layers.Dense, layers.Flatten) or (isinstance(layer, keras.Model) and not first.flat):
        return
    if type(layer) not in CELLWISE + CHANNELWISE + (() if first.flat else (*SPATIAL, *POOLS)) and (own or first.flat):
        raise _cannot(layer, "it has no counterpart that works at every position of a larger image")
    if first.window not in (None, (1, 1)) and type(layer) not in CELLWISE:
        activation = getattr(getattr(layer, "activation", None), "__name__", "softmax")
        if type(layer) is not layers.Activation or activation in NOT_CELLWISE:
            raise _cannot(layer, "it works across a flattened map; put a Dense layer in between")
    axes = layer.get_config().get("axis") if own else None
    if axes is not None and any(axis not in (-1, len(first.was.shape) - 1) for axis in np.ravel(axes)):
        raise _cannot(layer, f"it works along axis {axes} and not along the channels")
