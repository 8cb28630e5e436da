"""L2 pooling: the root of the sum of the squares in each window, or of their mean."""

from __future__ import annotations

from cnnrepro.engine import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
class L2Pooling2D(keras.layers.AveragePooling2D):
    """The Euclidean norm of each window of a feature map: the root of the **sum** of squares, or of their mean.

    The pooling of the notes' "L2-norm pooling" (CS231n, section "Pooling Layer"), and p = 2 in the Lp pooling of
    Sermanet, Chintala and LeCun, "Convolutional Neural Networks Applied to House Numbers Digit Classification" (2012),
    there with Gaussian weights in the window. With padding "same" the zeros outside of the map add nothing.

    With ``mean`` it is the root mean square, of the size that maxima and averages have: that of the values of a window
    where they are equal, while the norm grows with the window. With padding "same" the mean is over the pixels inside
    of the map.

    The gradient to a value is its share of the norm, x / √Σx², or x / (n·√(Σx² / n)) with the mean over n pixels. Where
    a window is all zero the norm has a corner, and the gradient here is 0.

    Args:
        pool_size, strides, padding, data_format: as of ``keras.layers.MaxPooling2D``. With padding "same", ``strides``
            must be one number for both directions.
        mean: take the root of the mean of squares in place of their sum.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', C)``, with H' = ⌊(H - pool) / stride⌋ + 1 for "valid" and
    ⌈H / stride⌉ for "same".

    Example:
        >>> L2Pooling2D()(keras.ops.ones((1, 28, 28, 6)))[0, 0, 0, 0]  # √(1 + 1 + 1 + 1)
        2.0
        >>> L2Pooling2D(mean=True)(keras.ops.ones((1, 28, 28, 6)))[0, 0, 0, 0]
        1.0
    """

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        *,
        mean: bool = False,
        **kwargs,
    ):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.mean = mean
        if padding not in ("valid", "same"):
            raise ValueError(f'`padding` must be "valid" or "same". Received: padding={padding!r}')
        if padding == "same" and self.strides[0] != self.strides[1]:
            raise ValueError(
                f'`strides` must be equal in both directions with padding "same". Received: strides={self.strides}'
            )

    def call(self, inputs):
        """Square, sum or average over windows, take roots."""
        exact = keras.backend.result_type(self.compute_dtype, "float32")  # a square overflows float16 at 256
        squares = ops.square(ops.cast(inputs, exact))
        energy = super().call(squares) if self.mean else self._sums(squares)  # (N, H', W', C)
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

    def get_config(self):
        """The arguments, for saving; ``mean`` where it is true alone, so that other networks keep their digest."""
        return super().get_config() | ({"mean": True} if self.mean else {})
