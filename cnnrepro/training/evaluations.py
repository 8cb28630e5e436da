"""What is measured after each epoch besides Keras's validation.

- ``seen_loss`` and ``seen_accuracy``: on a fixed part of the training images, in evaluation mode. What Keras calls
  training loss is a mean over the epoch, while the weights moved, with dropout and batch statistics.
- Where there is batch norm, validation again on the same weights, under other statistics in place of the moving
  averages: ``val_…_unstarted``, the averages without what is left of their start (0 and 1, of which momentum^k remains
  after k steps); ``val_…_reestimated``, statistics of some training images under the weights as they are now, averaged
  over batches (Wu and Johnson 2021, "Rethinking Batch in BatchNorm", section 3.2); ``val_…_momentum_M``, the averages
  that another momentum M would have kept.
- After the last epoch, where the network is tested as trained, the test split under each of these ways
  (``accuracy_reestimated``), and where the run has the
  probe "training" the training images that it reads too (``accuracy_training_reestimated``).
- ``lag_mean`` and ``lag_variance``: how far the moving averages are from the re-estimated statistics.

A training serves them all: nothing here changes a weight, a seed or an average of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data.pipelines.probes import TRAINING, TRAINING_MOST
from cnnrepro.data.splits import subset

if TYPE_CHECKING:
    import keras

    from cnnrepro.training.kept_model import CompiledModel
    from cnnrepro.training.resolve import ResolvedRun

# A training step takes three times what it takes to look at an image, so a twentieth of the images adds 1.7 %.
SEEN_SHARE, SEEN_MOST = 1 / 20, 1000
# Statistics of a tenth of the images, in whole batches; more than 1,024 change the third digit of an accuracy (Wu and
# Johnson, figure 4).
STATISTICS_SHARE, STATISTICS_MOST = 1 / 10, 1024
FORGOTTEN = 1e-4  # what may be left of an average's start where it counts as forgotten

UNSTARTED, REESTIMATED = "unstarted", "reestimated"

Averages = list[tuple[np.ndarray, np.ndarray]]  # mean and variance of each batch norm
Batches = Iterable  # of images and labels, as ``Feed.batches`` gives them


def name_of(momentum: float) -> str:
    """What the averages of another momentum are called in the names of curves: "momentum_0.9"."""
    return f"momentum_{momentum:g}"


def some_training_images(run: ResolvedRun, positions: np.ndarray) -> Batches:
    """The training images at these positions, in this order and as validation gives its images: nothing is drawn."""
    splits = run.splits
    some = splits.examples["train"].at(positions)
    feed = replace(run.feed, splits=replace(splits, examples={**splits.examples, "validation": some}))
    if "statistics" in vars(run.feed):
        vars(feed)["statistics"] = run.feed.statistics
    return feed.batches("validation", run.spec.batch_size)


def positions_of_probe(run: ResolvedRun) -> np.ndarray:
    """Positions of the training images that the probe "training" reads: all, or ``TRAINING_MOST``, stratified."""
    labels = run.splits.examples["train"].labels
    return subset(labels, min(TRAINING_MOST, len(labels)))


class OtherMomenta:
    """The averages that other momenta would have kept.

    A step moves an average from a to m·a + (1 - m)·b; from one value and the next follow the batch's own statistics b.

    Args:
        momenta: the other ones.
        norms: the layers.
        averages: of the layers at the start, which are those of every momentum.
    """

    def __init__(self, momenta: tuple[float, ...], norms: list, averages: Averages):
        self._norms, self._before = norms, averages
        self._kept = {momentum: [tuple(map(np.float64, pair)) for pair in averages] for momentum in momenta}

    def after_step(self, now: Averages) -> None:
        """Take in what a step has made of the layers' averages."""
        for place, norm in enumerate(self._norms):
            own = norm.momentum
            batch = [
                (after.astype(np.float64) - own * before) / (1 - own)
                for before, after in zip(self._before[place], now[place], strict=True)
            ]
            for momentum, kept in self._kept.items():
                kept[place] = tuple(
                    momentum * old + (1 - momentum) * one for old, one in zip(kept[place], batch, strict=True)
                )
        self._before = now

    def averages(self) -> dict[str, Averages]:
        """The averages by the names of the momenta."""
        return {name_of(momentum): kept for momentum, kept in self._kept.items()}

    def state(self) -> dict[str, np.ndarray]:
        """All of it, for a checkpoint."""
        return {
            f"{name_of(momentum)}/{place}/{which}": array
            for momentum, kept in self._kept.items()
            for place, pair in enumerate(kept)
            for which, array in zip(("mean", "variance"), pair, strict=True)
        }

    def restore(self, state: Mapping[str, np.ndarray], averages: Averages) -> None:
        """Go on from a checkpoint, and from the averages that the layers have there."""
        self._before = averages
        for momentum, kept in self._kept.items():
            for place in range(len(kept)):
                name = f"{name_of(momentum)}/{place}"
                kept[place] = (state[f"{name}/mean"], state[f"{name}/variance"])


class Evaluations:
    """The further measurements of a run.

    Args:
        run: the run.
        compiled: its model.
    """

    def __init__(self, run: ResolvedRun, compiled: CompiledModel):
        from cnnrepro.engine import keras

        self._run, self._model, self._compiled = run, compiled.model, compiled
        layers = compiled.network._flatten_layers(include_self=False)
        norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
        self._norms = [norm for norm in norms if norm.trainable and norm.momentum < 1]  # whose averages move
        size, images = run.spec.batch_size, run.splits.sizes["train"]
        self._seen = self._some(max(1, min(SEEN_MOST, int(SEEN_SHARE * images))))
        if self._norms:
            batches = max(2, math.ceil(min(STATISTICS_MOST, STATISTICS_SHARE * images) / size))
            self._statistics = self._some(min(images, batches * size))
        self._others = None
        if self._norms and run.spec.momenta:
            self._others = OtherMomenta(run.spec.momenta, self._norms, self._averages())

    def _some(self, count: int) -> Batches:
        """A fixed part of the training images, every class with its share."""
        return some_training_images(self._run, subset(self._run.splits.examples["train"].labels, count))

    @property
    def needs_each_step(self) -> bool:
        """Whether ``after_step`` has something to do."""
        return self._others is not None

    def after_step(self) -> None:
        """Take in what a step has made of the averages."""
        self._others.after_step(self._averages())

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint must hold besides the model."""
        return self._others.state() if self._others else {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a checkpoint, whose variables the model has."""
        if self._others:
            self._others.restore(state, self._averages())

    def after_epoch(self, epoch: int, validation: Batches, measured: Mapping[str, float]) -> dict[str, float]:
        """The further curves' values of an epoch.

        Args:
            epoch: from 0.
            validation: the validation split in batches.
            measured: the epoch's values; those of validation are taken where nothing would come out otherwise.
        """
        found = {f"seen_{name}": value for name, value in self._evaluate(self._seen).items()}
        if self._norms:
            now = self._averages()
            ways = self._ways(epoch + 1, now)
            for way, values in self._by_way(ways, now, validation, measured, "val_").items():
                found |= {f"val_{name}_{way}": value for name, value in values.items()}
            found |= _lag(now, ways[REESTIMATED])
        return found

    def of_test(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Loss and accuracy under each way, on the test split and on the images of the probe "training".

        Args:
            measured: those as trained, which are taken where nothing would come out otherwise.
        """
        run, found = self._run, {}
        if not self._norms:
            return found
        now = self._averages()
        ways = self._ways(run.spec.epochs, now)
        read = {"": run.feed.batches("test", run.spec.batch_size)}
        if TRAINING in run.spec.probes:
            read[f"_{TRAINING}"] = some_training_images(run, positions_of_probe(run))
        for images, batches in read.items():
            as_trained = {name: measured[f"{name}{images}"] for name in ("loss", "accuracy")}
            for way, values in self._by_way(ways, now, batches, as_trained, "").items():
                found |= {f"{name}{images}_{way}": value for name, value in values.items()}
        return found

    def take_reestimated(self) -> None:
        """Give the network re-estimated statistics in place of its moving averages, for good."""
        self._assign(self._reestimated(self._averages()))

    def _ways(self, epochs: int, now: Averages) -> dict[str, Averages | None]:
        """The statistics by which batch norm is judged; None where they come to those as trained."""
        ways = {UNSTARTED: self._unstarted(now, epochs * self._run.steps), REESTIMATED: self._reestimated(now)}
        return ways | (self._others.averages() if self._others else {})

    def _by_way(
        self,
        ways: Mapping[str, Averages | None],
        now: Averages,
        batches: Batches,
        measured: Mapping[str, float],
        split: str,
    ) -> dict[str, dict[str, float]]:
        """Loss and accuracy under each way."""
        found = {}
        for way, averages in ways.items():
            if averages is None:
                found[way] = {name: measured[f"{split}{name}"] for name in ("loss", "accuracy")}
                continue
            with self._judged_by(averages, now):
                found[way] = self._evaluate(batches)
        return found

    def _evaluate(self, batches: Batches) -> dict[str, float]:
        """Loss and accuracy; of smoothed labels the plain cross-entropy, as in the other curves."""
        values = self._model.evaluate(batches, verbose=0, return_dict=True)
        return {"loss": float(values.get("cross_entropy", values["loss"])), "accuracy": float(values["accuracy"])}

    def _averages(self) -> Averages:
        from cnnrepro.engine import keras

        number = keras.ops.convert_to_numpy
        return [(number(norm.moving_mean), number(norm.moving_variance)) for norm in self._norms]

    def _assign(self, averages: Averages) -> None:
        for norm, (mean, variance) in zip(self._norms, averages, strict=True):
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(variance)

    @contextmanager
    def _judged_by(self, averages: Averages, afterwards: Averages) -> Iterator[None]:
        """Let batch norm use these averages; afterwards it has the others again."""
        self._assign(averages)
        try:
            yield
        finally:
            self._assign(afterwards)

    def _unstarted(self, now: Averages, steps: int) -> Averages | None:
        """The averages without what is left of their start; None where that is forgotten."""
        left = [norm.momentum**steps for norm in self._norms]
        if max(left) < FORGOTTEN:
            return None
        return [
            (mean / (1 - share), np.maximum(variance - share, 0) / (1 - share))
            for (mean, variance), share in zip(now, left, strict=True)
        ]

    def _reestimated(self, now: Averages) -> Averages:
        """Statistics of a part of the training images, averaged over batches of the run's size.

        With averages of 0, a batch in training mode leaves (1 - momentum) of its own statistics in them.
        """
        from cnnrepro.engine import keras

        looking = self._compiled.in_training_mode()
        seeds = [(one, keras.ops.convert_to_numpy(one)) for one in _seed_states(self._compiled.network)]
        nothing = [(0 * mean, 0 * variance) for mean, variance in now]
        batches: list[Averages] = []
        try:
            for images, _ in self._statistics:
                self._assign(nothing)
                looking.predict_on_batch(keras.tree.map_structure(np.asarray, images))
                batches.append(self._averages())
        finally:
            self._assign(now)
            for one, value in seeds:  # dropout has drawn
                one.assign(value)
        share = [1 - norm.momentum for norm in self._norms]
        return [
            tuple(np.mean([batch[place][which] for batch in batches], axis=0) / share[place] for which in (0, 1))
            for place in range(len(self._norms))
        ]


def _lag(now: Averages, reestimated: Averages) -> dict[str, float]:
    """How far the moving averages are from what they stand for, mean over all channels of all layers.

    ``lag_mean``: distance of the means, in standard deviations; ``lag_variance``: of the logarithms of the variances.
    """
    tiny = np.finfo(np.float32).tiny
    means, variances = [], []
    for (mean, variance), (true_mean, true_variance) in zip(now, reestimated, strict=True):
        true_variance = np.maximum(true_variance, tiny)
        means.append(np.abs(mean - true_mean) / np.sqrt(true_variance))
        variances.append(np.abs(np.log(np.maximum(variance, tiny) / true_variance)))
    return {
        name: float(np.concatenate(each).mean()) for name, each in (("lag_mean", means), ("lag_variance", variances))
    }


def _seed_states(network: keras.Model) -> list:
    """The variables that hold what random generators have drawn."""
    return [one for one in network.non_trainable_variables if "seed_generator_state" in one.path]
