"""Augmentation of a batch: windows, mirrors, colours, views. One definition of each, wherever it runs.

All functions are pure and batched, and take what was drawn as an argument. ``ops`` is ``keras.ops``, or a namespace
with the same names for another library (``tensor_ops`` of ``cnnrepro.data.tf_helpers`` for tf.data); so the same lines
make the pictures in tf.data on the processor and at the head of the training step, on TensorFlow and on JAX. The layers
``Augment`` and ``Views`` do it at the head of a model, so that uint8 images cross the bus and the GPU does the work;
they hold no weights and draw nothing.

Krizhevsky, Sutskever and Hinton 2012, section 4.1, unless another source is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cnnrepro.engine import keras

Tensor = Any  # of whichever library `ops` belongs to


def windows(images: Tensor, top: Tensor, left: Tensor, mirrored: Tensor, size: int, *, ops=None) -> Tensor:
    """Cut a square window out of every image, and mirror it where that is asked.

    Of many images, one ``take`` of single pixels by their number in the batch, which suits a GPU. Of a single image, a
    slice: a processor copies its rows and looks up no pixel; for that, tf.data goes image by image.

    Args:
        images: (N, H, W, C).
        top: (N,) int32, first row of each window; not beyond H - size, which is not checked.
        left: (N,) int32, first column, likewise.
        mirrored: (N,) bool: left and right change places, in the window; None, for a single image: they do not.
        size: side of the windows, S.
        ops: see above.

    Returns:
        (N, S, S, C), of the images' type.
    """
    ops = ops or keras.ops
    count, (_, height, width, channels) = ops.shape(images)[0], images.shape
    if images.shape[0] == 1:
        return _sliced(images, top, left, mirrored, size, ops)
    inside = _numbers(top, left, mirrored, size, width, ops)
    before = ops.reshape(ops.arange(count, dtype="int32") * (height * width), (-1, 1, 1))
    return _pixels(images, before + inside, size, channels, ops)


def shared_windows(image: Tensor, top: Tensor, left: Tensor, mirrored: Tensor, size: int, *, ops=None) -> Tensor:
    """``windows`` out of one image that all share, (H, W, C) -> (N, S, S, C): the mean image where each window lies."""
    ops = ops or keras.ops
    _, width, channels = image.shape
    if top.shape[0] == 1:
        return _sliced(image[None], top, left, mirrored, size, ops)
    return _pixels(image, _numbers(top, left, mirrored, size, width, ops), size, channels, ops)


def resample(images: Tensor, box: Tensor, mirrored: Tensor, size: int, *, ops=None) -> Tensor:
    """Bring a window of any size, at any place, to a square, by bilinear interpolation.

    Sample i of a row lies at left + (i + 1/2) · width / size - 1/2, the centres of pixels being whole numbers, and is
    held inside the image; columns likewise. No smoothing: a canvas shrinks by 256 / 224 at most here.

    Args:
        images: (N, H, W, C).
        box: (N, 4) float32: top, left, height, width of each window.
        mirrored: (N,) bool.
        size: side of the result, S.
        ops: see above.

    Returns:
        (N, S, S, C) float32.
    """
    ops = ops or keras.ops
    count, (_, height, width, channels) = ops.shape(images)[0], images.shape
    steps = ops.reshape(ops.cast(ops.arange(size), "float32"), (1, size))
    backwards = (size - 1) - steps
    rows = _samples(box[:, 0:1], box[:, 2:3], steps, height, size, ops)
    columns = _samples(
        box[:, 1:2], box[:, 3:4], ops.where(ops.reshape(mirrored, (-1, 1)), backwards, steps), width, size, ops
    )
    image = ops.reshape(ops.arange(count, dtype="int32"), (-1, 1))
    flat = ops.reshape(images, (-1, width * channels))
    low, high, part = rows
    part = ops.reshape(part, (-1, size, 1))
    upper = ops.cast(ops.take(flat, image * height + low, axis=0), "float32")  # (N, S, W·C)
    lower = ops.cast(ops.take(flat, image * height + high, axis=0), "float32")
    mixed = ops.reshape(upper + part * (lower - upper), (-1, channels))  # a row for each pixel of (N, S, W)
    low, high, part = columns
    part = ops.reshape(part, (-1, 1, size, 1))
    line = ops.reshape(ops.arange(count * size, dtype="int32") * width, (-1, size, 1))
    before = ops.take(mixed, line + ops.reshape(low, (-1, 1, size)), axis=0)  # (N, S, S, C)
    after = ops.take(mixed, line + ops.reshape(high, (-1, 1, size)), axis=0)
    return before + part * (after - before)


def colour_shifts(alphas: Tensor, directions: Tensor, variances: Tensor, *, ops=None) -> Tensor:
    """What is added to every pixel of an image: Σ pᵢ αᵢ λᵢ.

    Args:
        alphas: (N, 3) or more columns; the first C are used.
        directions: (C, C), principal colours p in columns.
        variances: (C,), λ: variances of the training pixels along them, pixels 0 … 1.
        ops: see above.

    Returns:
        (N, C) float32, for pixels 0 … 1.
    """
    ops = ops or keras.ops
    channels = variances.shape[0]
    along = [alphas[:, i : i + 1] * (directions[:, i] * variances[i])[None] for i in range(channels)]
    return sum(along[1:], along[0])  # written out: a matrix product may round otherwise for one image than for many


def five_places(canvas: int, size: int) -> tuple[tuple[int, int], ...]:
    """Top and left of the five windows of a test picture: four corners, then the centre; each is seen mirrored too."""
    far, middle = canvas - size, (canvas - size) // 2
    return ((0, 0), (0, far), (far, 0), (far, far), (middle, middle))


def ten_crop(images: Tensor, size: int, *, ops=None) -> Tensor:
    """Four corners and the centre, then the mirror images of the five.

    Args:
        images: (N, H, W, C), square.
        size: side of a view, S.
        ops: see above.

    Returns:
        (N, 10, S, S, C), of the images' type.
    """
    ops = ops or keras.ops
    views = [images[:, top : top + size, left : left + size] for top, left in five_places(images.shape[1], size)]
    views += [ops.flip(view, axis=2) for view in views]
    return ops.stack(views, axis=1)


def augment(
    images: Tensor,
    draws: Mapping[str, Tensor],
    constants: Mapping[str, Tensor],
    pipeline: Any,
    size: int,
    *,
    ops=None,
) -> Tensor:
    """A batch from its canvas to what the network takes.

    Args:
        images: (N, H, W, C) uint8.
        draws: what was drawn for each, by name (``cnnrepro.data.pipelines.draws.Draws``).
        constants: what is the same for all, by name (``cnnrepro.data.pipelines.definition.Pipeline.constants``).
        pipeline: a ``cnnrepro.data.Pipeline``.
        size: side of the result, S.
        ops: see above.

    Returns:
        (N, S, S, C) float32.
    """
    ops = ops or keras.ops
    if pipeline.padding:
        images = padded(images, pipeline.padding, ops=ops)
    mean = constants.get("mean_image")
    if mean is not None and pipeline.padding:
        mean = padded(mean[None], pipeline.padding, ops=ops)[0]
    mirrored = draws.get("mirrored")
    if mirrored is None:
        mirrored = ops.arange(ops.shape(images)[0], dtype="int32") < 0
    # A single image is mirrored once and last, not its window and that of the mean each.
    at_the_end = images.shape[0] == 1 and pipeline.crop == "window"
    if pipeline.crop == "none":
        pixels, less = ops.cast(images, "float32"), mean
    elif pipeline.resamples:
        pixels, less = resample(images, draws["box"], mirrored, size, ops=ops), None
    else:
        place = (draws["top"], draws["left"], None if at_the_end else mirrored, size)
        pixels = ops.cast(windows(images, *place, ops=ops), "float32")
        less = None if mean is None else shared_windows(mean, *place, ops=ops)
    if "alphas" in draws:
        shifts = colour_shifts(draws["alphas"], constants["directions"], constants["variances"], ops=ops)
        pixels = _along_rows(pixels, 255 * shifts, ops, lambda row, shift: row + shift)
    if less is not None:
        pixels = pixels - less
    else:
        pixels = _along_rows(pixels, constants["scale"][None], ops, lambda row, scale: row * scale)
        pixels = _along_rows(pixels, constants["shift"][None], ops, lambda row, shift: row + shift)
    return _flipped(pixels, mirrored, ops) if at_the_end else pixels


def views(images: Tensor, constants: Mapping[str, Tensor], pipeline: Any, size: int, *, ops=None) -> Tensor:
    """The ten views of test images as the network takes them, (N, H, W, C) uint8 -> (N, 10, S, S, C) float32."""
    ops = ops or keras.ops
    mean = constants.get("mean_image")
    if pipeline.padding:
        images = padded(images, pipeline.padding, ops=ops)
        mean = None if mean is None else padded(mean[None], pipeline.padding, ops=ops)[0]
    pixels = ops.cast(ten_crop(images, size, ops=ops), "float32")
    if mean is not None:
        return pixels - ten_crop(mean[None], size, ops=ops)
    return pixels * constants["scale"] + constants["shift"]


def padded(images: Tensor, border: int, *, ops=None) -> Tensor:
    """Images with a border of zeros, (N, H, W, C) -> (N, H + 2 · border, W + 2 · border, C)."""
    ops = ops or keras.ops
    return ops.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))


class _Fixed(keras.layers.Layer):
    """A layer with constants, in float32 under every policy: pixels less a mean have no digits to spare."""

    def __init__(self, pipeline: Any, constants: Mapping[str, np.ndarray], size: int, **kwargs: Any):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.pipeline, self.size = pipeline, size
        self.constants = {name: np.asarray(value, np.float32) for name, value in constants.items()}


class Augment(_Fixed):
    """From stored images and what was drawn for them to what the network takes.

    Args:
        pipeline: a ``cnnrepro.data.Pipeline``.
        constants: of it, for the data set.
        size: side of the result, S.
    """

    def call(self, inputs):
        """{"image": (N, H, W, C) uint8, and the draws by name} -> (N, S, S, C) float32."""
        draws = {name: value for name, value in inputs.items() if name != "image"}
        return augment(inputs["image"], draws, self.constants, self.pipeline, self.size)

    def compute_output_shape(self, input_shape):
        """(N, S, S, C)."""
        return (input_shape["image"][0], self.size, self.size, input_shape["image"][-1])


class Views(_Fixed):
    """From stored images to their ten views, one after another: all go through the network in one pass.

    Args:
        pipeline: a ``cnnrepro.data.Pipeline``.
        constants: of it, for the data set.
        size: side of a view, S.
    """

    def call(self, inputs):
        """(N, H, W, C) uint8 -> (10 N, S, S, C) float32: all views of the first image, then of the next."""
        images = views(inputs, self.constants, self.pipeline, self.size)
        return keras.ops.reshape(images, (-1, self.size, self.size, inputs.shape[-1]))

    def compute_output_shape(self, input_shape):
        """(10 N, S, S, C)."""
        return (None, self.size, self.size, input_shape[-1])


def _along_rows(pixels: Tensor, colours: Tensor, ops, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Combine pixels (N, H, W, C) with a colour for each image, (N or 1, C).

    Rows and colours are laid out as vectors of W · C numbers: TensorFlow is slow at spreading three numbers over an
    image (colours and noise in tf.data: 3,382 images/s so, 1,556 otherwise).
    """
    _, height, width, channels = pixels.shape
    row = ops.reshape(ops.tile(colours, (1, width)), (-1, 1, width * channels))
    return ops.reshape(combine(ops.reshape(pixels, (-1, height, width * channels)), row), (-1, height, width, channels))


def _sliced(image: Tensor, top: Tensor, left: Tensor, mirrored: Tensor, size: int, ops) -> Tensor:
    """The window of the only image of a batch, (1, H, W, C) -> (1, S, S, C)."""
    cut = ops.slice(image, (0, top[0], left[0], 0), (1, size, size, image.shape[-1]))
    return cut if mirrored is None else _flipped(cut, mirrored, ops)


def _flipped(image: Tensor, mirrored: Tensor, ops) -> Tensor:
    """The only image of a batch, mirrored where that is asked."""
    return ops.cond(mirrored[0], lambda: ops.flip(image, axis=2), lambda: image)


def _numbers(top: Tensor, left: Tensor, mirrored: Tensor, size: int, width: int, ops) -> Tensor:
    """For every pixel of every window its number in its image, (N, S, S) int32: row · width + column."""
    steps = ops.reshape(ops.arange(size, dtype="int32"), (1, size))
    rows = ops.reshape(top, (-1, 1)) + steps
    columns = ops.reshape(left, (-1, 1)) + ops.where(ops.reshape(mirrored, (-1, 1)), (size - 1) - steps, steps)
    return ops.reshape(rows * width, (-1, size, 1)) + ops.reshape(columns, (-1, 1, size))


def _pixels(images: Tensor, numbers: Tensor, size: int, channels: int, ops) -> Tensor:
    flat = ops.take(ops.reshape(images, (-1, channels)), ops.reshape(numbers, (-1,)), axis=0)
    return ops.reshape(flat, (-1, size, size, channels))


def _samples(start: Tensor, extent: Tensor, steps: Tensor, most: int, size: int, ops) -> tuple[Tensor, Tensor, Tensor]:
    """Where samples lie, (N, S) each: the pixel before, the one after, and how far between the two."""
    at = ops.clip(start + (steps + 0.5) * (extent / size) - 0.5, 0.0, float(most - 1))
    low = ops.floor(at)
    after = ops.clip(low + 1, 0.0, float(most - 1))
    return ops.cast(low, "int32"), ops.cast(after, "int32"), at - low
