"""Convolution whose filters' gradient is a convolution too, where that is faster."""

from __future__ import annotations

from cnnrepro import engine
from cnnrepro.engine import keras

ops = keras.ops

# Measured on two cores with bfloat16 (Zen 4): on small maps of many channels TensorFlow's gradient of the filters makes
# 60 to 300 thousand million operations a second, the convolution below 110 to 390: it is 1.0 to 2.8 times as fast.
# At 16x16x64 and 28x28x16 it is the other way round.
LARGEST_MAP = 14 * 14  # pixels
FEWEST_CHANNELS = 64  # of input and output


class Conv2D(keras.layers.Conv2D):
    """``keras.layers.Conv2D``, but faster to train: arguments, weights, names, numbers and saved files are Keras's.

    On a CPU, in bfloat16, TensorFlow's gradient of the filters is the slowest of a convolution's three parts, since
    its threads cannot share a batch there. For a batch of feature maps x and the gradient g of the outputs it is

        dW[i, j, c, f] = Σ_(n, h, w) x[n, h + i, w + j, c] · g[n, h, w, f],

    and that is a convolution itself: of C images with N channels, by F filters as large as the maps. So it is computed
    here, for small maps with many channels; everything else is Keras's.

    Args:
        filters, kernel_size, strides, padding, …: as of ``keras.layers.Conv2D``, in its order.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', filters)``.

    Example:
        >>> Conv2D(384, 3, padding="same")(keras.ops.ones((2, 6, 6, 256))).shape
        (2, 6, 6, 384)
    """

    def convolution_op(self, inputs, kernel):
        """Convolve."""
        if self._gradient_is_slow(inputs, kernel):
            return _convolve(inputs, ops.cast(kernel, self.compute_dtype))
        return super().convolution_op(inputs, kernel)

    def _gradient_is_slow(self, inputs, kernel) -> bool:
        """Whether TensorFlow's gradient of these filters takes longer than a convolution does."""
        if engine.backend() != "tensorflow" or self.compute_dtype != "bfloat16" or engine.gpus():
            return False
        height, width, channels = inputs.shape[1:] if self.data_format == "channels_last" else (None, None, None)
        return (
            self.padding == "same"
            and set(self.strides) == set(self.dilation_rate) == {1}
            and all(size % 2 for size in self.kernel_size)
            and max(self.kernel_size) > 1
            and None not in (height, width)
            and height * width <= LARGEST_MAP
            and kernel.shape[-2] == channels  # one group
            and min(channels, kernel.shape[-1]) >= FEWEST_CHANNELS
        )


@ops.custom_gradient
def _convolve(x, filters):
    """x (N, H, W, C) by filters (h, w, C, F) of odd sizes -> (N, H, W, F), with stride 1 and zeros around."""

    kernels = engine.tensorflow_kernels()
    strides = {"strides": (1, 1, 1, 1)}

    def gradient(upstream):  # (N, H, W, F)
        of_inputs = kernels.Conv2DBackpropInput(
            input_sizes=ops.shape(x), filter=filters, out_backprop=upstream, padding="SAME", **strides
        )
        height, width = (size // 2 for size in filters.shape[:2])  # zeros on each side
        by_offset = kernels.Conv2D(  # (F, h, w, C), from the last offset to the first
            input=ops.transpose(upstream, (3, 1, 2, 0)),  # (F, H, W, N)
            filter=ops.transpose(x, (1, 2, 0, 3)),  # (H, W, N, C)
            padding="EXPLICIT",
            explicit_paddings=(0, 0, height, height, width, width, 0, 0),
            **strides,
        )
        # A slice with steps of -1 does the same and takes ten times as long.
        return of_inputs, ops.transpose(ops.flip(by_offset, (1, 2)), (1, 2, 3, 0))

    return kernels.Conv2D(input=x, filter=filters, padding="SAME", **strides), gradient


engine.save_as(Conv2D, keras.layers.Conv2D)
