"""The canvas of a photograph, the square of pixels that windows are cut from: short side to 256, the middle square.

Krizhevsky, Sutskever and Hinton 2012, section 2: "we first rescaled the image such that the shorter side was of length
256, and then cropped out the central 256 x 256 patch".

Reduced with a triangle filter as wide as the reduction (antialiased), as Pillow's BILINEAR does; plain bilinear
interpolation, the default of ``tf.image.resize``, skips pixels and leaves jagged edges. Rows and columns are filtered
one after the other: the same numbers as TensorFlow's own antialiased resize in half its time (1.07 against 2.19 ms for
a 500 x 375 picture on one core), and at most one grey level from Pillow's, which rounds between the two.

Decoding and cropping in one step (``tf.io.decode_and_crop_jpeg``) is not used: where the crop cuts into a block of the
JPEG, colours at the edge differ by up to 16 grey levels, and with a margin that prevents it the whole is slower than
without (391 against 461 pictures/s on two cores), as only the sides of the middle square fall away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.data import tf_helpers
from cnnrepro.data.folder.decoding import decode

if TYPE_CHECKING:
    import tensorflow as tf

VERSION = 1  # goes up when a canvas gets other pixels: cached forms are then made again


def to_canvas(picture: tf.Tensor, side: int) -> tf.Tensor:
    """The square in the middle of a picture, its short side brought to ``side`` pixels.

    Args:
        picture: (H, W, 3) uint8, of any size from 1 x 1 up.
        side: of the canvas, in pixels.

    Returns:
        (side, side, 3) uint8.
    """
    tf = tf_helpers.tensorflow()
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]
    scale = side / tf.cast(tf.minimum(height, width), tf.float32)
    rows = _filtered(tf.reshape(picture, (1, height, 1, width * 3)), side, scale, height)  # (1, side, 1, W·3)
    turned = tf.transpose(tf.reshape(rows, (side, width, 3)), (1, 0, 2))  # (W, side, 3)
    both = _filtered(tf.reshape(turned, (1, width, 1, side * 3)), side, scale, width)  # (1, side, 1, side·3)
    upright = tf.transpose(tf.reshape(both, (side, side, 3)), (1, 0, 2))  # before the cast: oneDNN complains of uint8
    return tf.cast(tf.round(upright), tf.uint8)


def decode_to_canvas(data: tf.Tensor, side: int, plain: tf.Tensor) -> tf.Tensor:
    """An encoded photograph on its canvas; for tf.data.

    Plain JPEGs are decoded by TensorFlow, which gives Pillow's pixels exactly and holds no lock of Python's; everything
    else by Pillow (see ``decoding``).

    Args:
        data: () string, the bytes of a file.
        side: of the canvas, in pixels.
        plain: () bool, whether this is a plain JPEG (``decoding.is_plain_jpeg``).

    Returns:
        (side, side, 3) uint8.
    """
    tf = tf_helpers.tensorflow()

    def by_pillow() -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(decode, [data], tf.uint8, stateful=False), (None, None, 3))

    return to_canvas(tf.cond(plain, lambda: decode_plain(data), by_pillow), side)


def decode_plain(data: tf.Tensor) -> tf.Tensor:
    """A plain JPEG, () string -> (H, W, 3) uint8; the slow and exact transform, whose pixels are Pillow's."""
    return tf_helpers.tensorflow().io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")


def _filtered(rows: tf.Tensor, side: int, scale: tf.Tensor, extent: tf.Tensor) -> tf.Tensor:
    """The first spatial axis filtered down (or up) to ``side``, so that its middle stays in the middle."""
    tf = tf_helpers.tensorflow()
    shift = (side - tf.cast(extent, tf.float32) * scale) / 2
    return tf.raw_ops.ScaleAndTranslate(
        images=rows,
        size=[side, 1],
        scale=tf.stack([scale, 1.0]),
        translation=tf.stack([shift, 0.0]),
        kernel_type="triangle",
        antialias=True,
    )
