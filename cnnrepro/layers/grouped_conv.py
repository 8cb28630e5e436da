"""Convolution in groups, computed so that it trains on a CPU."""

from __future__ import annotations

from cnnrepro.engine import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
class GroupedConv2D(keras.layers.Conv2D):
    """A convolution whose filters each see one group of the input's channels: ``Conv2D(groups=g)``, but fast.

    AlexNet's convolutions 2, 4 and 5 (Krizhevsky, Sutskever and Hinton 2012, section 3.5): each half of the filters
    was on one GPU and saw the maps on that GPU alone.

    The variables and the numbers are those of ``keras.layers.Conv2D`` with the same arguments, so that weights can be
    exchanged. The way is another: the channels are split, each group is convolved, the results are put side by side.
    TensorFlow's own grouped convolution on a CPU takes several times longer in a training step
    (``benchmarks/layers.py``).

    Args:
        filters: channels of the output; a multiple of ``groups``.
        kernel_size: height and width of the filters, in pixels.
        groups: number of groups; the input's channels must be a multiple of it.
        strides: step of the filters, in pixels.
        padding: "valid" or "same".
        activation: a function or its name, applied at the end.
        use_bias: whether each filter has a bias.
        kernel_initializer: for the filters, of shape ``(height, width, C / groups, filters)``.
        bias_initializer: for the biases, of shape ``(filters,)``.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, H', W', filters)``.

    Example:
        >>> GroupedConv2D(256, 5, groups=2, padding="same")(keras.ops.ones((1, 27, 27, 96))).shape
        (1, 27, 27, 256)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        groups: int,
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        activation=None,
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            groups=groups,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )

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
