"""The shortcut without parameters of the residual networks for CIFAR-10."""

from __future__ import annotations

from cnnrepro.engine import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="cnnrepro")
class IdentityShortcut(keras.layers.Layer):
    """Identity across a change of size: every ``strides``-th pixel, and zeros for the channels that are new.

    Option A of He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2016), section 3.3. The paper
    says "extra zero entries padded for increasing dimensions" and not on which side; here, as in Facebook's
    reimplementation fb.resnet.torch, they follow the old channels.

    Args:
        filters: channels of the output, at least those of the input.
        strides: step in both directions, in pixels.

    Input shape: ``(N, H, W, C)``. Output shape: ``(N, ceil(H / strides), ceil(W / strides), filters)``.

    Example:
        >>> IdentityShortcut(32, strides=2)(keras.ops.ones((1, 28, 28, 16))).shape
        (1, 14, 14, 32)
    """

    def __init__(self, filters: int, strides: int = 1, **kwargs):
        super().__init__(**kwargs)
        if filters < 1 or strides < 1:
            raise ValueError(
                f"`filters` and `strides` must be positive integers. Received: filters={filters}, strides={strides}"
            )
        self.filters, self.strides = filters, strides

    def build(self, input_shape) -> None:
        """Check that no channel would be lost."""
        if input_shape[-1] > self.filters:
            raise ValueError(
                f"`filters` must be at least the number of input channels, so that none is dropped. "
                f"Received: filters={self.filters}, input_shape={tuple(input_shape)}"
            )
        self.built = True

    def call(self, inputs):
        """Subsample, then pad the channels."""
        # A pool of one pixel picks the pixels that a slice would; the gradient of a slice is several times slower.
        picked = ops.average_pool(inputs, 1, self.strides)  # (N, ceil(H/s), ceil(W/s), C)
        new = self.filters - inputs.shape[-1]
        return ops.pad(picked, ((0, 0), (0, 0), (0, 0), (0, new)))  # (N, …, …, filters)

    def compute_output_shape(self, input_shape):
        """The shape of the output; unknown sizes stay unknown."""
        batch, *sizes, _ = input_shape
        return (batch, *(None if size is None else -(-size // self.strides) for size in sizes), self.filters)

    def get_config(self):
        """The arguments, for saving."""
        return super().get_config() | {"filters": self.filters, "strides": self.strides}
