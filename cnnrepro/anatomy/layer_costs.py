"""What each kind of layer costs and sees: tables of multiply-adds, of what costs none, and of windows.

A layer that is in none of the tables is unknown, and said to be so. Kinds are looked up by name, so that none of
Keras's modules is needed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnrepro.anatomy.graph import Call, take_apart

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
# A product that is added to a sum counts one: convolutions, dense and recurrent layers, and the matrix products of
# attention. As in the published figures, what is done to values one by one counts 0: additions, comparisons, means and
# scalings (pooling, normalisation, activations, merges), look-ups, and interpolation.


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


def _einsum_dense(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _contraction(layer.equation, [(None, *inputs), tuple(layer.kernel.shape)], (None, *outputs))


def _einsum(operation: Any, inputs: Sequence[Shape], outputs: Shape) -> int | None:
    subscripts = getattr(operation, "subscripts", "")
    if "->" not in subscripts:
        return None
    return _contraction(subscripts, [(None, *shape) for shape in inputs], (None, *outputs))


def _contraction(equation: str, shapes: Sequence[tuple], outputs: tuple) -> int | None:
    """The products of an Einstein sum for one image; its first axis is that of the batch."""
    left, _, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes) or len(terms) < 2 or not right:
        return None
    sizes: dict[str, int | None] = {}
    for term, shape in zip((*terms, right), (*shapes, outputs), strict=True):
        before, _, behind = term.partition("...")
        sizes |= dict(zip(before, shape, strict=False))
        sizes |= dict(zip(reversed(behind), reversed(shape), strict=False))
    hidden = set(left) - set(right) - set(".,")
    return _product(*outputs[1:], *(sizes[letter] for letter in hidden))


def _matrix_product(operation: Any, inputs: Sequence[Shape], outputs: Shape) -> int | None:
    return _product(inputs[0][-1], *outputs) if len(inputs) == 2 and inputs[0] else None


def _dot(layer: Any, inputs: Sequence[Shape], outputs: Shape) -> int | None:
    axes = getattr(layer, "axes", None)
    if axes is None or len(inputs) != 2:  # ops.dot: along the last axis
        return _matrix_product(layer, inputs, outputs)
    axis = axes if isinstance(axes, int) else axes[0]  # counted with that of the batch
    return _product(inputs[0][axis if axis < 0 else axis - 1], *outputs)


def _per_step(cell: Any, depth: int | None) -> int | None:
    """The multiply-adds of one step of a recurrent cell, for inputs of that many values."""
    name = kind(cell)
    if name == "StackedRNNCells":
        counts, width = [], depth
        for part in cell.cells:
            counts.append(_per_step(part, width))
            width = getattr(part, "units", None)
        return None if None in counts else sum(counts)
    if name not in GATES or depth is None:
        return None
    return GATES[name] * cell.units * (depth + cell.units)


GATES = {"LSTMCell": 4, "GRUCell": 3, "SimpleRNNCell": 1}


def _recurrent(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _product(inputs[0], _per_step(layer.cell, inputs[-1]))


def _convolutional_lstm(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    """Four gates, each a convolution of the input and one of the state, at each step and place."""
    single = inputs[1:]
    depth = channels(layer, single)
    per_step = outputs[1:] if layer.return_sequences else outputs
    places = _product(*spatial(layer.data_format, per_step))
    window = math.prod(layer.kernel_size)
    return None if depth is None else _product(inputs[0], places, window, 4 * layer.filters, depth + layer.filters)


def _bidirectional(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    counts = []
    for part in (layer.forward_layer, layer.backward_layer):
        made = part.compute_output_shape((None, *inputs))
        counts.append(known_cost(part, inputs, tuple(made[0] if isinstance(made[0], (list, tuple)) else made)[1:]))
    return None if None in counts else sum(counts)


def _at_each_step(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return _product(inputs[0], known_cost(layer.layer, inputs[1:], outputs[1:]))


def _wrapped(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    return known_cost(layer.layer, inputs, outputs)


def _attention(layer: Any, inputs: Sequence[Shape], outputs: Shape) -> int | None:
    """Queries against keys, and the weights times the values; both are sums of products."""
    if len(inputs) < 2 or not all(len(shape) == 2 for shape in inputs[:3]):
        return None
    (queries, depth), (keys, width) = inputs[:2]
    return None if None in (depth, width) else _product(queries, keys, depth + width)


def _multi_head(layer: Any, inputs: Mapping[str, Shape], outputs: Shape) -> int | None:
    """Projections of queries, keys and values, the two products of attention, and the projection of its output."""
    if "query" not in inputs or "value" not in inputs:
        return None
    query, value = inputs["query"], inputs["value"]
    key = inputs.get("key", value)
    axes = tuple(getattr(layer, "_attention_axes", None) or ())
    if axes and len(axes) != len(query) - 1:  # along some axes alone
        return None
    grouped = kind(layer) == "GroupedQueryAttention"
    heads = layer.num_query_heads if grouped else layer.num_heads
    of_keys = layer.num_key_value_heads if grouped else heads
    size = layer.head_dim if grouped else layer.key_dim
    value_size = size if grouped else layer.value_dim
    queries, keys = _product(*query[:-1]), _product(*value[:-1])
    if None in (queries, keys, query[-1], value[-1], key[-1], outputs[-1]):
        return None
    projections = queries * query[-1] * heads * size + keys * of_keys * (key[-1] * size + value[-1] * value_size)
    return projections + queries * keys * heads * (size + value_size) + queries * heads * value_size * outputs[-1]


# Of layers with one input: the layer, the shapes of its input and its output.
COSTS: Mapping[str, Callable[[Any, Shape, Shape], int | None]] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "GroupedConv2D"), _convolution),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    **dict.fromkeys(("Dense", "RadialBasis"), _dense),
    "TableConv2D": _table_convolution,
    "EinsumDense": _einsum_dense,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN"), _recurrent),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _convolutional_lstm),
    "Bidirectional": _bidirectional,
    "TimeDistributed": _at_each_step,
    "SpectralNormalization": _wrapped,
}
# Of layers with several: the layer, the shapes of its inputs, the shape of its output.
COSTS_OF_SEVERAL: Mapping[str, Callable[[Any, Sequence[Shape], Shape], int | None]] = {
    "Dot": _dot,
    "Matmul": _matrix_product,
    "Einsum": _einsum,
    **dict.fromkeys(("Attention", "AdditiveAttention"), _attention),
}
# The same, by the names of the arguments that they are given as: the order does not tell a key from a value.
COSTS_BY_ARGUMENT: Mapping[str, Callable[[Any, Mapping[str, Shape], Shape], int | None]] = dict.fromkeys(
    ("MultiHeadAttention", "GroupedQueryAttention"), _multi_head
)
# Their state comes as further inputs.
_FIRST_INPUT_COUNTS = frozenset(
    ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional", "TimeDistributed")
)


def multiply_adds(layer: Any, inputs: Sequence[Shape], outputs: Shape, arguments: Sequence[str] = ()) -> int | None:
    """What a call of a layer costs for one image; None where that is not known.

    Args:
        layer: the layer.
        inputs: the shapes of what it reads, without the batch axis and without masks.
        outputs: the shape of its first output, without the batch axis.
        arguments: the names of the arguments that the inputs are given as.
    """
    name = kind(layer)
    if name in FREE:
        return 0
    if name in COSTS_BY_ARGUMENT:
        return COSTS_BY_ARGUMENT[name](layer, dict(zip(arguments, inputs, strict=False)), outputs)
    if name in COSTS_OF_SEVERAL:
        return COSTS_OF_SEVERAL[name](layer, inputs, outputs)
    if name not in COSTS or (len(inputs) != 1 and name not in _FIRST_INPUT_COUNTS):
        return None
    return COSTS[name](layer, inputs[0], outputs)


def known_cost(layer: Any, inputs: Shape, outputs: Shape) -> int | None:
    """What a layer or a model within another costs at one step; None where that is not known."""
    if not hasattr(layer, "inputs") or not hasattr(layer, "layers"):
        return multiply_adds(layer, [inputs], outputs)
    counts = [cost_of_call(call) for call in take_apart(layer).calls]
    return None if None in counts else sum(counts)


def cost_of_call(call: Call) -> int | None:
    """What a call costs for one image; None where that is not known."""
    shapes = [call.input_shapes[place][1:] for place in call.read]
    names = [call.arguments[place] for place in call.read]
    return multiply_adds(call.operation, shapes, call.output_shapes[0][1:], names)


# ---- what stays at its place ---------------------------------------------------------------------------------------

PASS_AT_INFERENCE = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"),
        *("GaussianNoise", "StochasticDepth", "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom"),
        *("RandomTranslation", "RandomContrast", "RandomBrightness", "RandomShear", "RandomPerspective"),
        *("RandomColorDegeneration", "RandomColorJitter", "RandomElasticTransform", "RandomErasing", "RandomHue"),
        *("RandomGaussianBlur", "RandomGrayscale", "RandomInvert", "RandomPosterization", "RandomSaturation"),
        *("RandomSharpness", "AugMix", "CutMix", "MixUp", "RandAugment"),
    }
)
# Value by value: an output sees what its input sees.
ELEMENTWISE = PASS_AT_INFERENCE | frozenset(
    {
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Identity", "BatchNormalization", "Normalization"),
        *("Rescaling", "LocalResponseNormalization", "LayerScale", "Masking", "Solarization"),
        *("Abs", "Absolute", "Arccos", "Arccosh", "Arcsin", "Arcsinh", "Arctan", "Arctanh", "BatchNorm", "Cast"),
        *("Cbrt", "Ceil", "Celu", "Clip", "Conj", "Conjugate", "ConvertToTensor", "Copy", "Cos", "Cosh", "Deg2rad"),
        *("Elu", "Erf", "Erfc", "Erfinv", "Exp", "Exp2", "Expm1", "Fabs", "Floor", "Gelu", "HardShrink"),
        *("HardSigmoid", "HardSilu", "HardSwish", "HardTanh", "Heaviside", "I0", "Imag", "Isfinite", "Isinf"),
        *("Isnan", "Isneginf", "Isposinf", "Isreal", "LeakyRelu", "Log", "Log10", "Log1p", "Log2", "LogicalNot"),
        *("LogSigmoid", "NanToNum", "Negative", "OnesLike", "Rad2deg", "Real", "Reciprocal", "Relu", "Relu6"),
        *("Round", "Rsqrt", "SaturateCast", "Selu", "Sigmoid", "Sign", "Signbit", "Silu", "Sin", "Sinc", "Sinh"),
        *("SoftShrink", "Softplus", "Softsign", "SparsePlus", "SparseSigmoid", "Sqrt", "Square", "Squareplus"),
        *("StopGradient", "Tan", "Tanh", "TanhShrink", "Threshold", "Trunc", "ZerosLike"),
    }
)
# Value by value if their axis is the channels.
ALONG_AN_AXIS = frozenset({"Softmax", "LogSoftmax", "UnitNormalization", "RMSNormalization"})
# The statistics of one image: over the channels of a place, or over places too, which the layer's axis decides.
OF_ONE_IMAGE = frozenset({"LayerNormalization", "GroupNormalization"})
# CustomScaleLayer is Inception-ResNet's: one path plus a multiple of another.
MERGES = frozenset(
    {
        *("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract", "Divide", "TrueDivide"),
        *("DivideNoNan", "Power", "FloorDivide", "Fmax", "Fmin", "Fmod", "Mod", "Hypot", "Arctan2", "Logaddexp"),
        *("Logaddexp2", "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd"),
        *("LogicalOr", "LogicalXor", "Where", "CustomScaleLayer"),
    }
)
GLOBAL_POOLS = frozenset(f"Global{kind}Pooling{axes}D" for kind in ("Average", "Max") for axes in (1, 2, 3))
ADAPTIVE_POOLS = frozenset(f"Adaptive{kind}Pooling{axes}D" for kind in ("Average", "Max") for axes in (1, 2, 3))
# One value from all along an axis: ops.mean and its like.
REDUCTIONS = frozenset(
    {
        *(
            "All",
            "Amax",
            "Amin",
            "Any",
            "Argmax",
            "Argmin",
            "CountNonzero",
            "Logsumexp",
            "Max",
            "Mean",
            "Median",
            "Min",
        ),
        *("Nanargmax", "Nanargmin", "Nanmax", "Nanmean", "Nanmedian", "Nanmin", "Nanprod", "Nanstd", "Nansum"),
        *("Nanvar", "Prod", "Ptp", "Std", "Sum", "Var"),
    }
)
RESHAPES = frozenset({"Flatten", "Reshape", "ExpandDims", "Squeeze", "Ravel", "View"})
# A view of what is there already: no memory of its own.
VIEWS = RESHAPES | {"Identity", "StopGradient"}
RESIZINGS = frozenset({"Resizing", "Resize", *(f"UpSampling{axes}D" for axes in (1, 2, 3))})
# What cuts off or adds at the edges.
EDGES = frozenset(f"{kind}{axes}D" for kind in ("ZeroPadding", "Cropping") for axes in (1, 2, 3)) | {
    *("CenterCrop", "RandomCrop", "Pad"),
}
# Values are moved, compared, drawn, looked up or normalised, which counts 0. Where their places come from is
# not followed, but for flips, which are taken for what they see unflipped.
MOVES = frozenset(
    {
        *("Append", "Arange", "Argpartition", "Argsort", "Array", "ArraySplit", "BroadcastTo", "CropImages", "Cumprod"),
        *("Cumsum", "DepthToSpace", "Diag", "Diagflat", "Diagonal", "Diff", "Digitize", "Dsplit", "Dstack"),
        *("EmptyLike", "ExtractPatches", "Flip", "Fliplr", "Flipud", "Fold", "Full", "FullLike", "GetItem", "Glu"),
        *("Hsplit", "Hstack", "IsIn", "Linspace", "Meshgrid", "Moveaxis", "MultiHot", "Nancumprod", "Nancumsum"),
        *("OneHot", "PadImages", "Rearrange", "Repeat", "RGBToGrayscale", "RGBToHSV", "HSVToRGB", "Roll", "Rot90"),
        *("Scatter", "ScatterUpdate", "Select", "Slice", "SliceUpdate", "Sort", "SpaceToDepth", "Sparsemax", "Split"),
        *("Stack", "Swapaxes", "Take", "TakeAlongAxis", "Tile", "TopK", "Transpose", "Tril", "Triu", "Unfold"),
        *("Unstack", "Vsplit", "Vstack", "LayerNorm", "RMSNorm", "Normalize", "Moments", "Quantile", "Percentile"),
        *("AveragePool", "MaxPool", "AdaptiveAveragePool", "AdaptiveMaxPool", "Permute", "RepeatVector", "Embedding"),
        *("CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup"),
        *("TextVectorization", "MaxNumBoundingBoxes", "AutoContrast", "Equalization"),
        "ContrastLimitedAdaptiveHistogramEqualization",
    }
)

# ---- windows -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """How a layer's units look at its input along one axis.

    Args:
        size, stride, dilation: in units of the input.
        padding: "same", "valid", "causal", or units in front.
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
    | ADAPTIVE_POOLS
    | REDUCTIONS
    | RESHAPES
    | RESIZINGS
    | EDGES
    | MOVES
    | {"InputLayer", "IdentityShortcut", "L2Pooling2D", "TrainableSubsampling2D", *_POOLS}
)
TRANSPOSED = frozenset(f"Conv{axes}DTranspose" for axes in (1, 2, 3))

# ---- memory --------------------------------------------------------------------------------------------------------
# Written over their input where nothing else reads that: the gradient is computed from the output.
IN_PLACE = frozenset({"ReLU", "Relu", "Dropout"})
IN_PLACE_ACTIVATIONS = frozenset({"linear", "relu", "sigmoid", "softmax", "tanh"})


def works_in_place(layer: Any) -> bool:
    """Whether a layer needs no memory of its own for its output."""
    name = kind(layer)
    return name in IN_PLACE or (
        name == "Activation" and getattr(layer.activation, "__name__", "") in IN_PLACE_ACTIVATIONS
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
