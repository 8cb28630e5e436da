"""The runs of an experiment: arms of specs, and the records that come back, as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data, models, paths
from cnnrepro.errors import RunFailed
from cnnrepro.runs.committed import Committed
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.store import WEIGHTS, RunStore
from cnnrepro.training.epoch import build
from cnnrepro.training.loop import find_or_train
from cnnrepro.training.resolve import load, resolve
from cnnrepro.training.stop import StopRequest

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from cnnrepro.data import Splits


def network_of(record: RunRecord) -> keras.Model:
    """The network of a run, with fresh weights, from its record: where a page is drawn the data need not be."""
    spec, given = record.spec, record.data["input"]
    shape = (given["size"], given["size"], given["canvas"][2])
    return models.build(spec.model, shape, len(classes_of(record)), **dict(spec.options))


def classes_of(record: RunRecord) -> Sequence[str]:
    """The names of the classes of a run: of pictures the record knows them, else the data set does."""
    return record.data.get("classes") or data.info(record.spec.dataset).classes


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: a label for legends and its runs, one a seed; with weights where a page needs them.

    All arms of an experiment begin with the same seeds, and the first arm has the most; those of a study's second round
    begin where none had been.
    """

    label: str
    specs: tuple[RunSpec, ...]
    keep_weights: bool = False

    def splits(self) -> Splits:
        """The data of its runs."""
        return load(self.specs[0])

    def model(self) -> keras.Model:
        """Its network, with fresh weights."""
        return build(resolve(self.specs[0]))


@dataclass(frozen=True)
class Results:
    """The records of an experiment, in the order of its arms and seeds.

    Args:
        arms: what was asked for.
        records: for every arm, a record for every spec.
        store: where they lie.
    """

    arms: tuple[Arm, ...]
    records: tuple[tuple[RunRecord, ...], ...]
    store: RunStore

    @property
    def labels(self) -> list[str]:
        """The arms' labels."""
        return [arm.label for arm in self.arms]

    def of(self, labels: Sequence[str]) -> Results:
        """The results of these arms alone, in this order."""
        places = [self.labels.index(label) for label in labels]
        return Results(
            tuple(self.arms[place] for place in places), tuple(self.records[place] for place in places), self.store
        )

    def all(self) -> list[tuple[str, RunRecord]]:
        """Every record with its arm's label."""
        return [(arm.label, record) for arm, records in zip(self.arms, self.records, strict=True) for record in records]

    def curves(self) -> pd.DataFrame:
        """One row an arm, seed and epoch (from 1), with a column for every metric of the history."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"arm": label, "seed": record.spec.seed, "epoch": epoch + 1}
                | {metric: values[epoch] for metric, values in record.history.items()}
                for label, record in self.all()
                for epoch in range(record.epochs_done)
            ]
        )

    def scores(self) -> pd.DataFrame:
        """One row an arm and seed: final validation and test scores, seconds and images/s."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "arm": label,
                    "seed": record.spec.seed,
                    "key": record.key,
                    "val_accuracy": record.history["val_accuracy"][-1],
                    "val_loss": record.history["val_loss"][-1],
                    "test_accuracy": record.test["accuracy"],
                    "test_loss": record.test["loss"],
                    "wall_seconds": record.wall_seconds,
                    "images_per_second": max(record.history["images_per_second"]),
                }
                for label, record in self.all()
            ]
        )

    def network(self, arm: int = 0) -> keras.Model:
        """The network of an arm, with fresh weights, from the record of its first run."""
        return network_of(self.records[arm][0])

    def trained(self, arm: int = 0, seed: int = 0) -> keras.Model:
        """The network of a run whose arm keeps its weights, with those weights (positions as in ``predictions``)."""
        model = self.arms[arm].model()
        model.load_weights(self.store.path(self.records[arm][seed].key) / WEIGHTS)
        return model

    def predictions(self, arm: int, seed: int = 0) -> pd.DataFrame:
        """Test predictions of the ``seed``-th run (by position) of the ``arm``-th arm: label, predicted, confidence."""
        return self.store.predictions(self.records[arm][seed].key)

    def right(self, arm: int, seed: int = 0) -> np.ndarray:
        """Which test images a run read rightly, in their order; positions as in ``predictions``.

        Of a committed run nothing more may be kept of what it predicted.
        """
        frame = self.predictions(arm, seed)
        return (frame["right"] if "right" in frame else frame["label"] == frame["predicted"]).to_numpy(bool)

    def confusion(self, classes: int) -> dict[str, np.ndarray]:
        """For every arm, counts (classes, classes) of true against predicted class over all its seeds' test images."""
        matrices = {arm.label: np.zeros((classes, classes), dtype=int) for arm in self.arms}
        for label, record in self.all():
            frame = self.store.predictions(record.key)
            np.add.at(matrices[label], (frame["label"], frame["predicted"]), 1)
        return matrices

    def basis(self) -> str:
        """What the results rest on, in a few words: "mnist_5k (3,500 training images), 5 epochs, 2 seeds"."""
        record = self.records[0][0]
        seeds, epochs, images = len(self.records[0]), record.spec.epochs, record.data["sizes"]["train"]
        rate = f", learning rate {record.spec.learning_rate:g}" if record.spec.learning_rate else ""
        partial = f", {record.data['partial']}" if "partial" in record.data else ""
        return (
            f"{record.spec.data_title()} ({images:,} training images{partial}), {epochs} epoch{'s' * (epochs > 1)}, "
            f"{seeds} seed{'s' * (seeds > 1)}, {record.spec.recipe}{rate}"
        )


class Loaded:
    """The data of the runs of a batch, each data set loaded once.

    Args:
        runs: folder of the store, beside which the cached forms of photographs lie.
    """

    MOST = 2  # kept at a time: arms share theirs, and one after another is enough

    def __init__(self, runs: Path):
        self.runs = runs
        self._kept: dict[tuple, Splits] = {}

    def splits(self, spec: RunSpec) -> Splits:
        """The data of a run."""
        source = (spec.dataset, spec.train_images, spec.canvas, spec.on_error)
        if source not in self._kept:
            if len(self._kept) == self.MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[source] = load(spec, runs=self.runs)
        return self._kept[source]


def runs_of(*experiments: Sequence[Arm]) -> dict[RunSpec, bool]:
    """The runs of experiments, each once, and whether its weights are kept.

    Within an experiment seeds come first and arms second, so that a batch that is cut short leaves whole pairs. Every
    second seed has the arms from the last to the first: a process then trains the same network twice in a row, and does
    not trace it anew.
    """
    runs: dict[RunSpec, bool] = {}
    for arms in experiments:
        for number, specs in enumerate(zip_longest(*(arm.specs for arm in arms))):  # some arms may have fewer
            pairs = list(zip(arms, specs, strict=True))
            for arm, spec in reversed(pairs) if number % 2 else pairs:
                if spec is not None:
                    runs[spec] = runs.get(spec, False) or arm.keep_weights
    return runs


def train_with_retries(
    spec: RunSpec,
    loaded: Loaded,
    *,
    retry: int = 0,
    on_retry: Callable[[RunFailed], object] = lambda error: None,
    **options: object,
) -> RunRecord:
    """``find_or_train``, again where a run met an error.

    Args:
        spec: the run.
        loaded: its data, and the store.
        retry: how often at most; one that diverged would diverge again, and is not tried.
        on_retry: told why, before each further attempt.
        **options: of ``find_or_train``.
    """
    while True:
        try:
            return find_or_train(spec, runs=loaded.runs, splits=loaded.splits(spec), **options)
        except RunFailed as error:
            if error.final or retry == 0:
                raise
            retry -= 1
            on_retry(error)


def collect(
    arms: Sequence[Arm],
    runs: Path | str | None = None,
    *,
    stop: StopRequest | None = None,
    retry: int = 0,
    fail_fast: bool = False,
) -> Results:
    """The records of all arms: loaded where the store has them, trained where not.

    A run that fails does not keep the others from being trained.

    Args:
        arms: the arms, each with the same seeds in the same order.
        runs: folder of the store; by default ``cnnrepro.paths.runs_dir()``.
        stop: as for ``find_or_train``.
        retry: how often a run that met an error is tried again.
        fail_fast: end with the first run that fails.

    Raises:
        RunFailed: some runs failed; names each, with its reason and log.
        WorkFailed: the data set is not here and cannot be had.
    """
    folder, committed = Path(runs) if runs else paths.runs_dir(), Committed.of_environment()
    loaded, stop = Loaded(folder), stop or StopRequest()
    records: dict[RunSpec, RunRecord] = {}
    failures = []
    for spec, keep_weights in runs_of(arms).items():
        stop.raise_if_requested()
        if not keep_weights and (had := committed.find(spec)):
            records[spec] = had
            continue
        try:
            records[spec] = train_with_retries(spec, loaded, retry=retry, keep_weights=keep_weights, stop=stop)
        except RunFailed as error:
            if fail_fast:
                raise
            failures.append(str(error))
    if failures:
        raise RunFailed("\n".join(failures))
    by_arm = tuple(tuple(records[spec] for spec in arm.specs) for arm in arms)
    return Results(tuple(arms), by_arm, RunStore(folder, committed))
