"""L2 pooling: the root of the sum of the squares in each window."""

from __future__ import annotations

from cnnrepro.engine import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
class L2Pooling2D(keras.layers.Layer):
    """The Euclidean norm of each window of a feature map: the root of the **sum** of squares, not of their mean.

    The pooling of the notes' "L2-norm pooling" (CS231n, section "Pooling Layer"), and p = 2 in the Lp pooling of
    Sermanet, Chintala and LeCun, "Convolutional Neural Networks Applied to House Numbers Digit Classification" (2012),
    there with Gaussian weights in the window. With padding "same" the zeros outside of the map add nothing.

    The gradient to a value is its share of the norm, x / √Σx². Where a window is all zero the norm has a corner, and
    the gradient here is 0.

    Args:
        pool_size: height and width of the window, in pixels: a number for both, or two.
        strides: step from window to window; that of the window's size by default. With padding "same" it must be one
            number for both directions.
        padding: "valid" or "same".

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', C)``, with H' = ⌊(H - pool) / stride⌋ + 1 for "valid" and
    ⌈H / stride⌉ for "same".

    Example:
        >>> L2Pooling2D()(keras.ops.ones((1, 28, 28, 6)))[0, 0, 0, 0]  # √(1 + 1 + 1 + 1)
        2.0
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = 2,
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.pool_size = pair("pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair("strides", strides)
        if padding not in ("valid", "same"):
            raise ValueError(f'`padding` must be "valid" or "same". Received: padding={padding!r}')
        if padding == "same" and self.strides[0] != self.strides[1]:
            raise ValueError(
                f'`strides` must be equal in both directions with padding "same". Received: strides={self.strides}'
            )
        self.padding = padding

    def call(self, inputs):
        """Square, sum over windows, take roots."""
        exact = keras.backend.result_type(self.compute_dtype, "float32")  # a square overflows float16 at 256
        energy = self._sums(ops.square(ops.cast(inputs, exact)))  # (N, H', W', C)
        alive = energy > 0
        norm = ops.sqrt(ops.where(alive, energy, 1))  # a root of 0 would have an infinite slope, and 0 · ∞ is NaN
        return ops.cast(ops.where(alive, norm, 0), self.compute_dtype)

    def _sums(self, squares):
        if self.padding == "valid":
            height, width = self.pool_size
            return ops.average_pool(squares, self.pool_size, self.strides, data_format="channels_last") * (
                height * width
            )
        # An average pool divides by the pixels inside of the map, which are fewer at the border.
        ones = ops.ones((*self.pool_size, squares.shape[-1], 1), squares.dtype)
        return ops.depthwise_conv(squares, ones, self.strides, "same", data_format="channels_last")

    def compute_output_shape(self, input_shape):
        """The shape of the output; unknown sizes stay unknown."""
        batch, *sizes, channels = input_shape
        pooled = (
            pooled_size(size, window, stride, self.padding)
            for size, window, stride in zip(sizes, self.pool_size, self.strides, strict=True)
        )
        return (batch, *pooled, channels)

    def get_config(self):
        """The arguments, for saving."""
        return super().get_config() | {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}


def pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width from one number or two; raises ValueError where they are no positive integers."""
    numbers = (value, value) if isinstance(value, int) else tuple(value)
    if len(numbers) != 2 or not all(isinstance(number, int) and number > 0 for number in numbers):
        raise ValueError(f"`{name}` must be a positive integer or two. Received: {name}={value}")
    return numbers


def pooled_size(size: int | None, window: int, stride: int, padding: str) -> int | None:
    """Windows along one direction; None where the size is not known."""
    if size is None:
        return None
    return -(-size // stride) if padding == "same" else (size - window) // stride + 1
