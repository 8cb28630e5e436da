"""What each kind of layer costs and sees: one table of multiply-adds, one of windows.

A layer that is in none of the tables is unknown, and said to be so. Kinds are looked up by name, so that none of
Keras's modules is needed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]  # without the batch axis


def spatial(layout: str, shape: Shape) -> Shape:
    """The spatial axes of a shape (H, W, C), or (C, H, W) where the layout is "channels_first"."""
    return shape[1:] if layout == "channels_first" else shape[:-1]


def channels(layer: Any, shape: Shape) -> int | None:
    """The channels of a shape."""
    return shape[0] if getattr(layer, "data_format", None) == "channels_first" else shape[-1]


def _product(*numbers: int | None) -> int | None:
    """A product; None where a factor is not known."""
    return None if None in numbers else math.prod(numbers)


# ---- multiply-adds -------------------------------------------------------------------------------------------------
# A product that is added to a sum counts one. As in the published figures, only sums over weights count: convolutions
# and dense layers. Additions, comparisons, means and scalings one by one (pooling, normalisation, activations, merges)
# count 0.


def _convolution(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    depth = channels(layer, inputs)
    window = _product(*layer.kernel_size)
    per_output = None if depth is None else window * (depth // getattr(layer, "groups", 1))
    return _product(per_output, *outputs)


def _transposed(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _product(*layer.kernel_size, *inputs, channels(layer, outputs))


def _depthwise(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _product(*layer.kernel_size, *outputs)


def _separable(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    middle = _product(channels(layer, inputs), layer.depth_multiplier)
    positions = _product(*spatial(layer.data_format, outputs))
    return None if None in (middle, positions) else positions * middle * (math.prod(layer.kernel_size) + layer.filters)


def _dense(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _product(inputs[-1], *outputs)


def _table_convolution(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _product(*layer.kernel_size, layer.connections, *outputs[:-1])


COSTS: Mapping[str, Callable[[Any, Shape, Shape], int | None]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "GroupedConv2D"), _convolution),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    **dict.fromkeys(("Dense", "RadialBasis"), _dense),
    "TableConv2D": _table_convolution,
}

# ---- what stays at its place ---------------------------------------------------------------------------------------

PASS_AT_INFERENCE = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"),
        *("GaussianNoise", "StochasticDepth", "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom"),
        *("RandomTranslation", "RandomContrast", "RandomBrightness"),
    }
)
# Value by value: an output sees what its input sees.
ELEMENTWISE = PASS_AT_INFERENCE | frozenset(
    {
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Identity", "BatchNormalization", "Normalization"),
        *("Rescaling", "LocalResponseNormalization", "LayerScale"),
        *("Absolute", "Abs", "Cast", "Clip", "Elu", "Exp", "Gelu", "HardSigmoid", "HardSwish", "HardSilu", "Log"),
        *("Negative", "Relu", "Relu6", "Sigmoid", "Silu", "Softplus", "Sqrt", "Square", "Tanh"),
    }
)
# Value by value if their axis is the channels.
ALONG_AN_AXIS = frozenset({"Softmax", "LogSoftmax", "UnitNormalization", "RMSNormalization"})
# The statistics of one image: over the channels of a place, or over places too, which the layer's axis decides.
OF_ONE_IMAGE = frozenset({"LayerNormalization", "GroupNormalization"})
# CustomScaleLayer is Inception-ResNet's: one path plus a multiple of another.
MERGES = frozenset(
    ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract", "Divide", "TrueDivide")
) | {"CustomScaleLayer"}
GLOBAL_POOLS = frozenset(f"Global{kind}Pooling{axes}D" for kind in ("Average", "Max") for axes in (1, 2, 3))
RESHAPES = frozenset({"Flatten", "Reshape"})
# A view of what is there already: no memory of its own.
VIEWS = RESHAPES | {"Identity"}

# ---- windows -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """How a layer's units look at its input along one axis.

    Args:
        size, stride, dilation: in units of the input.
        padding: "same", "valid", or units in front.
    """

    size: int
    stride: int
    dilation: int = 1
    padding: str | int = "valid"

    def padding_before(self, units: int | None) -> int | None:
        """Units of padding in front of an axis; None where it depends on a length that is not known."""
        if isinstance(self.padding, int):
            return self.padding
        if self.padding != "same":
            return (self.size - 1) * self.dilation if self.padding == "causal" else 0
        extent = (self.size - 1) * self.dilation + 1
        if units is None:
            return (extent - 1) // 2 if self.stride == 1 else None
        outputs = -(-units // self.stride)
        return max((outputs - 1) * self.stride + extent - units, 0) // 2


def _convolution_windows(layer: Any) -> list[Window]:
    axes = zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    return [Window(size, stride, dilation, layer.padding) for size, stride, dilation in axes]


def _pooling_windows(layer: Any) -> list[Window]:
    sizes, strides = layer.pool_size, layer.strides or layer.pool_size
    sizes, strides = ((value,) if isinstance(value, int) else tuple(value) for value in (sizes, strides))
    return [Window(size, stride, 1, layer.padding) for size, stride in zip(sizes, strides, strict=True)]


def _subsampled(layer: Any) -> list[Window]:
    return [Window(1, layer.strides)] * 2


_POOLS = [f"{kind}Pooling{axes}D" for kind in ("Max", "Average") for axes in (1, 2, 3)]

WINDOWS: Mapping[str, Callable[[Any], list[Window]]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "GroupedConv2D", "TableConv2D"), _convolution_windows),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"), _convolution_windows),
    **dict.fromkeys((*_POOLS, "L2Pooling2D", "TrainableSubsampling2D"), _pooling_windows),
    "IdentityShortcut": _subsampled,
}
FREE = (
    ELEMENTWISE
    | ALONG_AN_AXIS
    | OF_ONE_IMAGE
    | MERGES
    | GLOBAL_POOLS
    | RESHAPES
    | {"InputLayer", "Permute", "IdentityShortcut", "L2Pooling2D", "TrainableSubsampling2D", *_POOLS}
    | {f"{kind}{axes}D" for kind in ("ZeroPadding", "Cropping", "UpSampling") for axes in (1, 2, 3)}
)


def kind(layer: Any) -> str | None:
    """The name of the known class that a layer is of, or None for a stranger.

    Known are Keras's classes and this package's. A class derived from one of them counts as it while it computes the
    same way; one that has a ``call`` of its own does not, nor does a stranger's class of a known name.
    """
    own = type(layer)
    for known in own.__mro__:
        if known.__module__.partition(".")[0] in ("keras", "cnnrepro"):
            return known.__name__ if own.call is known.call else None
    return None
