"""From the splits to what a network is fed: ``Feed`` for every pipeline, ``batches`` for standardised images.

Random numbers are data here. What happens to an image in an epoch (which window, mirrored or not, which colours) is
drawn beforehand from (seed, epoch, number of the image), and travels with the image. So tf.data on the CPU and the head
of the training step on a GPU, TensorFlow and JAX, make the same pictures, and a run that is resumed goes on with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data import tf_helpers
from cnnrepro.data.image_statistics import Statistics, of_splits
from cnnrepro.data.labelled_images import Examples, picture_batches
from cnnrepro.data.pipelines import draws as drawing
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.definition import Pipeline
from cnnrepro.data.pipelines.draws import Draws
from cnnrepro.data.random_numbers import permutation
from cnnrepro.data.splits import Splits, of_split, scale_and_shift
from cnnrepro.errors import UsageError, brief, unknown

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

PLACEMENTS = ("cpu", "step")
"""Where images are augmented: by tf.data, or at the head of the training step."""

_AT_ONCE = 4  # images of a batch that tf.data augments side by side
_SMALL = 64  # pixels: up to here a whole batch stays in the processor's caches


@dataclass(frozen=True)
class BatchShare:
    """The contiguous slice of each batch that one of several workers reads.

    The order of an epoch and the draws follow from (seed, epoch, number of the image), so a worker that cuts its slices
    out of the whole order makes the pictures that one process alone would make of them. A last, smaller batch is
    divided where all devices together can divide it; otherwise every worker reads the whole of it, as a batch with
    padding in it would have another mean and other batch statistics.

    Args:
        worker: from 0 up.
        workers: how many there are.
        devices: those of all workers together; a multiple of ``workers``.
    """

    worker: int = 0
    workers: int = 1
    devices: int = 1

    def is_divided(self, images: int) -> bool:
        """Whether a batch of so many images is divided among the devices; otherwise each has the whole of it."""
        return images % self.devices == 0

    def pieces(self, order: np.ndarray, batch_size: int) -> list[tuple[np.ndarray, int]]:
        """What this worker reads in an epoch, one piece after the other.

        Args:
            order: (N,) positions of an epoch, of all workers.
            batch_size: images a batch, of all workers; the devices can divide it.

        Returns:
            Positions, and how many of them make a batch here; each batch of a piece has that size.
        """
        if self.workers == 1:
            return [(order, batch_size)]
        whole = len(order) // batch_size * batch_size
        pieces = [(self._slices(order[:whole], batch_size), batch_size // self.workers)] if whole else []
        rest = order[whole:]
        if len(rest):
            own = self._slices(rest, len(rest)) if self.is_divided(len(rest)) else rest
            pieces.append((own, len(own)))
        return pieces

    def _slices(self, order: np.ndarray, batch_size: int) -> np.ndarray:
        """This worker's contiguous part of every batch; (N,) -> (N / workers,)."""
        return order.reshape(-1, self.workers, batch_size // self.workers)[:, self.worker].reshape(-1)


WHOLE_BATCHES = BatchShare()


@dataclass(frozen=True, eq=False)
class Feed:
    """What becomes of the images of a data set on their way into a network, and where.

    Args:
        splits: the data set.
        pipeline: what is done.
        placement: "cpu": in tf.data, so that float32 images reach the network; "step": at the head of the training
            step, on the GPU where there is one, so that uint8 images cross the bus.
        deterministic: give shuffled batches in their order; otherwise the one that is ready first goes first. A split
            in its own order is always given in that: what is predicted of it is held against labels kept apart.
        share: which part of each batch is read here, where several workers train one network.

    Raises:
        UsageError: an unknown placement, or a pipeline that these images cannot go through.
    """

    splits: Splits
    pipeline: Pipeline
    placement: str = "cpu"
    deterministic: bool = True
    share: BatchShare = WHOLE_BATCHES

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise unknown("placement of the augmentation", self.placement, PLACEMENTS)
        self.pipeline.check(self.splits.canvas)

    @property
    def size(self) -> int:
        """Side of the images that the network takes."""
        return self.pipeline.size(self.splits.canvas[0])

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what the network takes."""
        return (self.size, self.size, self.splits.canvas[2])

    @cached_property
    def statistics(self) -> Statistics:
        """Mean image, mean colour and principal colours of the training split."""
        return of_splits(self.splits)

    @cached_property
    def constants(self) -> dict[str, np.ndarray]:
        """What the pipeline needs of the statistics."""
        return self.pipeline.constants(self.splits, lambda: self.statistics)

    @property
    def background(self) -> np.ndarray:
        """What a pixel of the pipeline's frame is to the network, (C,) float32."""
        nothing = np.zeros(self.splits.canvas[2], np.float32)  # a mean image is padded with zeros as pictures are
        return self.constants.get("shift", nothing)

    def batches(self, split: str, batch_size: int, *, seed: int | None = None, epoch: int = 0) -> tf.data.Dataset:
        """A split in batches, each image exactly once, the ragged last batch included.

        Args:
            split: "train", "validation" or "test".
            batch_size: images a batch, of all workers together.
            seed: shuffles and augments, from 0 up; None gives the centre of every image, in the split's own order.
            epoch: from 0 up; each has its own order and its own draws.

        Returns:
            A tf.data.Dataset of (what ``headed`` takes, labels (N,) int64): images (N, S, S, C) float32 with placement
            "cpu"; a mapping with "image" (N, H, W, C) uint8 and the draws with placement "step".
        """
        examples, ordered = of_split(self.splits, split), self.deterministic or seed is None
        pieces = self.share.pieces(_order(len(examples), batch_size, seed, epoch), batch_size)
        with tf_helpers.tensorflow().device("/CPU:0"):  # tf.data runs there; on a GPU all would be copied to and fro
            if self.pipeline.name == "plain" and self.placement == "cpu" and examples.in_memory:
                return _standardised(self.splits, examples, pieces, ordered)
            if seed is None:
                drawn = drawing.evaluation(self.pipeline, len(examples), self.splits.canvas[0])
            else:
                drawn = drawing.draw(self.pipeline, len(examples), self.splits.canvas[0], seed, epoch)
            return _joined(self._piece(examples, drawn, order, size, ordered) for order, size in pieces)

    def _piece(self, examples: Examples, drawn: Draws, order: np.ndarray, size: int, ordered: bool) -> tf.data.Dataset:
        """Images, draws and labels at these positions, in batches."""
        tf = tf_helpers.tensorflow()
        images = picture_batches(examples.images, order, size)
        others = (drawn.at(order).to_dict(), examples.labels[order])
        beside = tf_helpers.in_batches(others, size)
        finish = self._augmented if self.placement == "cpu" else self._as_they_are
        return tf.data.Dataset.zip((images, beside)).map(
            tf_helpers.as_written(finish),
            num_parallel_calls=tf_helpers.batches_at_once(),
            deterministic=ordered,
        )

    def taken(self, split: str, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of a split in NumPy, nothing drawn: images as the network takes them and their labels.

        Args:
            split, batch_size: as for ``batches``.

        Returns:
            Images (N, S, S, C) float32 and labels (N,), batch by batch, whatever the placement.
        """
        from cnnrepro.engine import keras
        from cnnrepro.layers.augmentation import Augment

        head = Augment(self.pipeline, self.constants, self.size) if self.placement == "step" else None
        for given, labels in self.batches(split, batch_size):
            images = keras.tree.map_structure(np.asarray, given)
            yield keras.ops.convert_to_numpy(head(images)) if head else images, np.asarray(labels)

    def stored(self, split: str, batch_size: int) -> tf.data.Dataset:
        """The stored images of a split, (N, H, W, C) uint8, in their order."""
        examples = of_split(self.splits, split)
        tf = tf_helpers.tensorflow()
        with tf.device("/CPU:0"):
            images = picture_batches(examples.images, np.arange(len(examples)), batch_size)
            return tf_helpers.prefetched(images)

    def headed(self, network: keras.Model) -> keras.Model:
        """What is trained on ``batches``: the network itself, or with placement "step" one that augments first."""
        if self.placement == "cpu":
            return network
        from cnnrepro.layers.augmentation import Augment
        from cnnrepro.models.auxiliary import Headed

        return Headed(Augment(self.pipeline, self.constants, self.size), network)

    def viewing(self, network: keras.Model) -> keras.Model:
        """From stored images (N, H, W, C) uint8 to the logits of all views, (N, views, classes), in one pass."""
        from cnnrepro.engine import keras
        from cnnrepro.layers.augmentation import Views

        inputs = keras.Input(self.splits.canvas, dtype="uint8", name="stored")
        views = Views(self.pipeline, self.constants, self.size)(inputs)  # (N · views, S, S, C)
        logits = network(views)
        return keras.Model(inputs, keras.ops.reshape(logits, (-1, self.pipeline.views, logits.shape[-1])))

    def describe(self) -> dict[str, object]:
        """What a record says of it: plain values."""
        description = {"pipeline": self.pipeline.to_dict(), "placement": self.placement, "size": self.size}
        description |= {"canvas": list(self.splits.canvas), "views": self.pipeline.views}
        if self.constants and "statistics" in self.__dict__:  # the constants call for them where they need them
            description["statistics"] = self.statistics.fingerprint
        return description

    def _augmented(self, images: tf.Tensor, beside: tuple[Mapping[str, tf.Tensor], tf.Tensor]):
        from cnnrepro.layers.augmentation import augment

        tf, ops = tf_helpers.tensorflow(), tf_helpers.tensor_ops()
        drawn, labels = beside
        if images.shape[1] <= _SMALL:  # digits, 64 a batch: 1.2 to 2.8 times as fast as one by one
            return augment(images, drawn, self.constants, self.pipeline, self.size, ops=ops), labels

        def augment_one(image_and_draws: tuple[tf.Tensor, Mapping[str, tf.Tensor]]) -> tf.Tensor:
            # A batch of one stays in the processor's caches. From the cached form: 1,462 images/s all at once, 2,142 to
            # 2,502 one by one.
            image, its_draws = image_and_draws
            draws = {name: value[None] for name, value in its_draws.items()}
            return augment(image[None], draws, self.constants, self.pipeline, self.size, ops=ops)[0]

        result = tf.TensorSpec((self.size, self.size, images.shape[-1]), tf.float32)
        return tf.map_fn(augment_one, (images, drawn), fn_output_signature=result, parallel_iterations=_AT_ONCE), labels

    def _as_they_are(self, images: tf.Tensor, beside: tuple[Mapping[str, tf.Tensor], tf.Tensor]):
        drawn, labels = beside
        return {"image": images, **drawn}, labels


def batches(
    splits: Splits,
    split: str,
    batch_size: int,
    *,
    seed: int | None = None,
    epoch: int = 0,
    deterministic: bool = True,
) -> tf.data.Dataset:
    """The standardised images of a split in batches, each image exactly once, the ragged last batch included.

    With a seed, the whole split is shuffled before it is cut into batches. The order follows from (seed, epoch) alone:
    it is the same in another process, after a resumption, and whatever else draws random numbers. (It is a NumPy
    permutation, because the order of ``Dataset.shuffle`` also depends on TensorFlow's global seed.)

    Args:
        splits: the data set.
        split: "train", "validation" or "test".
        batch_size: images a batch.
        seed: from 0 up; None keeps the split's own order.
        epoch: from 0 up; each has its own order.
        deterministic: give the batches in their order; otherwise the one that is ready first goes first.

    Returns:
        A tf.data.Dataset of images (N, H, W, C) float32, with the training split's mean and standard deviation brought
        to 0 and 1 a channel, and labels (N,) int64.

    Raises:
        UsageError: an unknown split, a batch size below 1, a seed or epoch below 0.
    """
    feed = Feed(splits, PIPELINES["plain"], deterministic=deterministic)
    return feed.batches(split, batch_size, seed=seed, epoch=epoch)


def _standardised(
    splits: Splits, examples: Examples, pieces: Iterable[tuple[np.ndarray, int]], deterministic: bool
) -> tf.data.Dataset:
    """Standardised images and labels of examples in memory, in batches; call it with the CPU as device."""
    tf = tf_helpers.tensorflow()
    images, labels = tf.constant(examples.images), tf.constant(examples.labels)
    height, width, _ = shape = examples.images.shape[1:]
    # A number for each of an image's values. With three to go along, one a channel, it takes four times as long (128 of
    # CIFAR-10: 1.80 ms, and 0.46 so).
    scale, shift = (np.tile(of_channels, height * width) for of_channels in scale_and_shift(splits))

    def gather(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:  # (N,) -> (N, H, W, C), (N,)
        pixels = tf.cast(tf.reshape(tf.gather(images, positions), (-1, len(scale))), tf.float32)  # (N, H · W · C)
        return tf.reshape(pixels * scale + shift, (-1, *shape)), tf.gather(labels, positions)

    def piece(order: np.ndarray, size: int) -> tf.data.Dataset:
        positions = tf_helpers.in_batches(order, size)
        some = tf_helpers.batches_at_once()
        return positions.map(tf_helpers.as_written(gather), num_parallel_calls=some, deterministic=deterministic)

    return _joined(piece(order, size) for order, size in pieces)


def _joined(pieces: Iterable[tf.data.Dataset]) -> tf.data.Dataset:
    """One piece after the other."""
    return tf_helpers.prefetched(reduce(lambda first, second: first.concatenate(second), pieces))


def _order(count: int, batch_size: int, seed: int | None, epoch: int) -> np.ndarray:
    """The positions of an epoch, (count,) int64: shuffled where there is a seed."""
    _require_at_least("batch_size", batch_size, 1)
    _require_at_least("epoch", epoch, 0)
    if seed is None:
        return np.arange(count, dtype=np.int64)
    _require_at_least("seed", seed, 0)
    return permutation(count, seed, epoch)


def _require_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} must be at least {least}. Received: {brief(value)}")
