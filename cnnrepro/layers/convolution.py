"""Convolution computed in another way than TensorFlow's where that is faster: on small maps of many channels."""

from __future__ import annotations

from cnnrepro import engine
from cnnrepro.engine import keras

ops = keras.ops

# Measured on two cores (Zen 4). In bfloat16, on small maps of many channels, TensorFlow's gradient of the filters makes
# 60 to 300 GFLOP/s, the convolution below 110 to 390: it is 1.0 to 2.8 times as fast.
# At 16x16x64 and 28x28x16 it is the other way round.
LARGEST_MAP = 14 * 14  # pixels
FEWEST_CHANNELS = 64  # of input and output
# A filter of 3x3 on a map of 2x2 meets zeros with more than half of its numbers. With 64 images and 512 channels
# TensorFlow takes 27 ms in float32 and 29 in bfloat16 for output and both gradients, the products below 12 and 10; with
# 64 channels 1.4 and 1.4 ms, and 0.9 and 1.3.
TINY_MAP = 2 * 2  # pixels


class Conv2D(keras.layers.Conv2D):
    """``keras.layers.Conv2D``, but faster to train: arguments, weights, names and saved files are Keras's.

    So are the numbers, to rounding.

    On a CPU, in bfloat16, TensorFlow's gradient of the filters is the slowest of a convolution's three parts, since
    its threads cannot share a batch there. For a batch of feature maps x and the gradient g of the outputs it is

        dW[i, j, c, f] = Σ_(n, h, w) x[n, h + i, w + j, c] · g[n, h, w, f],

    and that is a convolution itself: of C images with N channels, by F filters as large as the maps. So it is computed
    here, for small maps with many channels.

    On maps of up to four pixels, in float32 too, output and gradients are sums of matrix products, one for each place
    of the filter that meets the map. Everything else is Keras's.

    Args:
        filters, kernel_size, strides, padding, …: as of ``keras.layers.Conv2D``, in its order.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', filters)``.

    Example:
        >>> Conv2D(384, 3, padding="same")(keras.ops.ones((2, 6, 6, 256))).shape
        (2, 6, 6, 384)
    """

    def convolution_op(self, inputs, kernel):
        """Convolve."""
        pixels = self._pixels_where_tensorflow_is_slow(inputs, kernel)
        if pixels and pixels <= TINY_MAP and self.compute_dtype in ("float32", "bfloat16"):
            return _convolve_tiny(inputs, ops.cast(kernel, self.compute_dtype))
        if pixels and self.compute_dtype == "bfloat16":
            return _convolve(inputs, ops.cast(kernel, self.compute_dtype))
        return super().convolution_op(inputs, kernel)

    def _pixels_where_tensorflow_is_slow(self, inputs, kernel) -> int | None:
        """The size of the maps where another way may be the faster one, else None."""
        if engine.backend() != "tensorflow" or engine.gpus() or self.data_format != "channels_last":
            return None
        height, width, channels = inputs.shape[1:]
        slow = (
            self.padding == "same"
            and set(self.strides) == set(self.dilation_rate) == {1}
            and all(size % 2 for size in self.kernel_size)
            and max(self.kernel_size) > 1
            and None not in (height, width)
            and height * width <= LARGEST_MAP
            and kernel.shape[-2] == channels  # one group
            and min(channels, kernel.shape[-1]) >= FEWEST_CHANNELS
        )
        return height * width if slow else None


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


@ops.custom_gradient
def _convolve_tiny(x, filters):
    """As ``_convolve``, by a product for each place of the filter: y[h, w] = Σ_(i, j) x[h + i, w + j] · W[i, j]."""
    meeting = _meeting(x.shape[1:3], filters.shape[:2])

    def gradient(upstream):  # (N, H, W, F)
        of_inputs = _sum_of_products(
            upstream,
            x.shape,
            [(there, here, ops.transpose(filters[place])) for place, (here, there) in meeting.items()],
        )
        of_filters = [
            ops.matmul(ops.transpose(_pixels(x, *meeting[i, j][0])), _pixels(upstream, *meeting[i, j][1]))
            if (i, j) in meeting
            else ops.zeros_like(filters[i, j])
            for i in range(filters.shape[0])
            for j in range(filters.shape[1])
        ]
        return of_inputs, ops.reshape(ops.stack(of_filters), filters.shape)

    products = [(here, there, filters[place]) for place, (here, there) in meeting.items()]
    return _sum_of_products(x, (*x.shape[:3], filters.shape[-1]), products), gradient


def _meeting(sides, filter_sides):
    """For each place of the filter that meets the map: the pixels it reads, and those it writes, as two spans each."""
    spans = []
    for side, size in zip(sides, filter_sides, strict=True):
        offsets = {place: place - size // 2 for place in range(size)}
        spans.append(
            {
                place: ((max(0, by), side + min(0, by)), (max(0, -by), side + min(0, -by)))
                for place, by in offsets.items()
                if abs(by) < side
            }
        )
    rows, columns = spans
    return {(i, j): ((rows[i][0], columns[j][0]), (rows[i][1], columns[j][1])) for i in rows for j in columns}


def _pixels(maps, rows, columns):
    """The pixels of a rectangle, (N · pixels, channels)."""
    return ops.reshape(maps[:, slice(*rows), slice(*columns)], (-1, maps.shape[-1]))


def _sum_of_products(maps, shape, products):
    """Σ of products, each of the pixels that are read with a matrix, added where they are written.

    Args:
        maps: (N, H, W, channels) that are read.
        shape: of the result, (N, H, W, channels).
        products: of each place of the filter the pixels to read, those to write, and the matrix.
    """
    _, height, width, channels = shape
    total = 0.0
    for read, (rows, columns), matrix in products:
        product = ops.cast(ops.matmul(_pixels(maps, *read), matrix), "float32")
        product = ops.reshape(product, (-1, rows[1] - rows[0], columns[1] - columns[0], channels))
        around = ((0, 0), (rows[0], height - rows[1]), (columns[0], width - columns[1]), (0, 0))
        total = total + ops.pad(product, around)
    return ops.cast(total, maps.dtype)


engine.save_as(Conv2D, keras.layers.Conv2D)
