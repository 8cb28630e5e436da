"""L2 pooling: the root of the sum of the squares in each window."""

from __future__ import annotations

from cnnrepro.engine import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
class L2Pooling2D(keras.layers.AveragePooling2D):
    """The Euclidean norm of each window of a feature map: the root of the **sum** of squares, not of their mean.

    The pooling of the notes' "L2-norm pooling" (CS231n, section "Pooling Layer"), and p = 2 in the Lp pooling of
    Sermanet, Chintala and LeCun, "Convolutional Neural Networks Applied to House Numbers Digit Classification" (2012),
    there with Gaussian weights in the window. With padding "same" the zeros outside of the map add nothing.

    The gradient to a value is its share of the norm, x / √Σx². Where a window is all zero the norm has a corner, and
    the gradient here is 0.

    Args:
        pool_size, strides, padding, data_format: as of ``keras.layers.MaxPooling2D``. With padding "same", ``strides``
            must be one number for both directions.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', C)``, with H' = ⌊(H - pool) / stride⌋ + 1 for "valid" and
    ⌈H / stride⌉ for "same".

    Example:
        >>> L2Pooling2D()(keras.ops.ones((1, 28, 28, 6)))[0, 0, 0, 0]  # √(1 + 1 + 1 + 1)
        2.0
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs,
    ):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        if padding not in ("valid", "same"):
            raise ValueError(f'`padding` must be "valid" or "same". Received: padding={padding!r}')
        if padding == "same" and self.strides[0] != self.strides[1]:
            raise ValueError(
                f'`strides` must be equal in both directions with padding "same". Received: strides={self.strides}'
            )

    def call(self, inputs):
        """Square, sum over windows, take roots."""
        exact = keras.backend.result_type(self.compute_dtype, "float32")  # a square overflows float16 at 256
        energy = self._sums(ops.square(ops.cast(inputs, exact)))  # (N, H', W', C)
        alive = energy > 0
        norm = ops.sqrt(ops.where(alive, energy, 1))  # a root of 0 would have an infinite slope, and 0 · ∞ is NaN
        return ops.cast(ops.where(alive, norm, 0), self.compute_dtype)

    def _sums(self, squares):
        height, width = self.pool_size
        if self.padding == "valid":
            return super().call(squares) * (height * width)
        # An average pool divides by the pixels inside of the map, which are fewer at the border.
        channels = squares.shape[-1 if self.data_format == "channels_last" else 1]
        ones = ops.ones((height, width, channels, 1), squares.dtype)
        return ops.depthwise_conv(squares, ones, self.strides, "same", data_format=self.data_format)
