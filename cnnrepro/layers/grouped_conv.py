"""Convolution in groups, computed so that it trains on a CPU."""

from __future__ import annotations

from cnnrepro.engine import keras
from cnnrepro.layers.convolution import Conv2D

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
class GroupedConv2D(Conv2D):
    """A convolution whose filters each see one group of the input's channels: ``Conv2D(groups=g)``, but fast.

    AlexNet's convolutions 2, 4 and 5 (Krizhevsky, Sutskever and Hinton 2012, section 3.5): each half of the filters
    was on one GPU and saw the maps on that GPU alone.

    The variables are those of ``keras.layers.Conv2D`` with the same arguments, so that weights can be exchanged, and so
    are the numbers, to rounding. The way is another: the channels are split, each group is convolved, the results are
    put side by side. TensorFlow's own grouped convolution on a CPU takes several times longer in a training step
    (``benchmarks/layers.py``).

    Args:
        filters, kernel_size, strides, padding, …, groups: as of ``keras.layers.Conv2D``, in its order.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', filters)``.

    Example:
        >>> GroupedConv2D(256, 5, padding="same", groups=2)(keras.ops.ones((1, 27, 27, 96))).shape
        (1, 27, 27, 256)
    """

    def convolution_op(self, inputs, kernel):
        """Split the channels, convolve each group with its filters, concatenate."""
        channels = -1 if self.data_format == "channels_last" else 1
        parts = [
            super(GroupedConv2D, self).convolution_op(part, filters)
            for part, filters in zip(
                ops.split(inputs, self.groups, axis=channels), ops.split(kernel, self.groups, axis=-1), strict=True
            )
        ]
        return ops.concatenate(parts, axis=channels)
