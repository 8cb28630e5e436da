"""What a trained network says of pictures: brought to it as the test images of its run were, and asked as they were.

The record says what that takes, so the data need not be here; for a mean image alone they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import data, models
from cnnrepro.data.catalogue import SPLITS
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs.record import DONE, RunRecord, has_sha256
from cnnrepro.runs.store import WEIGHTS, RunStore
from cnnrepro.runs.train_command import train_command
from cnnrepro.training.epoch import build, numeric_mode
from cnnrepro.training.final_evaluation import probabilities_of_views
from cnnrepro.training.resolve import ResolvedRun, load
from cnnrepro.training.scores import softmax

if TYPE_CHECKING:
    import keras

AT_ONCE = 256  # pictures, or a batch where that is more: on a canvas of 256 pixels they take 50 MB


@dataclass(frozen=True)
class Answer:
    """What the network says of a picture, or why the picture cannot be read.

    Args:
        picture: the file.
        probabilities: (classes,) float64; None where it cannot be read.
        reason: why not, a clause without a subject: "is empty (0 bytes)".
        inverted: whether it has a light ground where the training images are dark, or the other way round.
    """

    picture: Path
    probabilities: np.ndarray | None = None
    reason: str = ""
    inverted: bool = False

    def likeliest(self, most: int) -> list[tuple[int, float]]:
        """So many labels with their probabilities, the likeliest first; of equals the lower label."""
        order = np.argsort(-self.probabilities, kind="stable")[:most]
        return [(int(label), float(self.probabilities[label])) for label in order]


@dataclass(frozen=True)
class Answers:
    """What the network of a run says of pictures, in their order; ``classes`` are the names of its outputs."""

    classes: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def unread(self) -> list[Answer]:
        """The answers for pictures that cannot be read."""
        return [answer for answer in self.answers if answer.probabilities is None]


def ask(
    record: RunRecord,
    store: RunStore,
    pictures: Sequence[Path],
    *,
    invert: bool = False,
    trust: bool = False,
    told: Callable[[int], object] = lambda done: None,
) -> Answers:
    """Ask the network of a run what is on pictures.

    With the same images it gives what the run's test gave; a run with ten views is asked for all of them.

    Args:
        record: the run.
        store: where its weights lie.
        pictures: files; one that cannot be read is told in its answer.
        invert: turn dark into light first.
        trust: whether the user's own code may run, for a network that needs it.
        told: how many pictures are done, after each few hundred.

    Raises:
        UsageError: the run has no weights, or its network is code of the user's own that nobody trusts.
        WorkFailed: the weights are damaged or fit no more, or the data that are needed are not here as they were.
    """
    weights = _weights_of(record, store)
    if record.network.get("code") and not trust:
        raise UsageError(
            f"The network of run {record.key} is code of your own, {record.spec.model}; with --trust it is run."
        )
    run = _run_of(record, _preprocessing(record, store))
    at_once = -(-AT_ONCE // record.spec.batch_size) * record.spec.batch_size  # whole batches, as in the test
    answers: list[Answer] = []
    with numeric_mode(run):
        network = _network(record, run, weights)
        for start in range(0, len(pictures), at_once):
            answers += _answers(run, network, pictures[start : start + at_once], invert)
            told(len(answers))
    return Answers(run.splits.info.classes, tuple(answers))


def _answers(run: ResolvedRun, network: keras.Model, pictures: Sequence[Path], invert: bool) -> list[Answer]:
    """What the network says of some pictures, which are in memory together."""
    from cnnrepro.data.folder.decoding import BadPicture
    from cnnrepro.data.folder.given_pictures import looks_inverted, read_as

    images, answers = [], []
    for picture in pictures:
        try:
            image = read_as(picture, run.splits.canvas)
        except BadPicture as error:
            answers.append(Answer(picture, reason=str(error)))
            continue
        images.append(255 - image if invert else image)
        answers.append(Answer(picture, inverted=looks_inverted(images[-1], run.splits.mean)))
    if not images:
        return answers
    found = iter(_probabilities(_with_test_images(run, np.stack(images)), network))
    return [answer if answer.reason else replace(answer, probabilities=next(found)) for answer in answers]


def _weights_of(record: RunRecord, store: RunStore) -> Path:
    """The file of a run's weights; raises where there is none, or it is damaged."""
    path = store.path(record.key) / WEIGHTS
    if not path.is_file():
        if record.status != DONE:
            reason = f"Run {record.key} ({record.spec.title()}) is not done, so it has no weights yet"
        else:
            reason = f"Run {record.key} ({record.spec.title()}) kept no weights"
        raise UsageError(f"{reason}; this trains it and keeps them: {_to_train(record, store)}")
    expected = record.files.get(WEIGHTS)
    if expected and not has_sha256(path, expected):
        raise WorkFailed(f"{str(path)!r} is damaged; this trains the run again: {_to_train(record, store)}")
    return path


def _to_train(record: RunRecord, store: RunStore) -> str:
    """What trains a run and keeps its weights: a command, or a call in Python where no command names the run."""
    command = train_command(record.spec, "--keep-weights", "--runs", str(store.folder))
    found = f"cnnrepro.runs.RunStore({str(store.folder)!r}).find({record.key!r}).spec"
    return command or f"cnnrepro.train({found}, runs={str(store.folder)!r}, keep_weights=True)"


def _preprocessing(record: RunRecord, store: RunStore) -> data.Splits:
    """The data of a run as far as they decide what becomes of a picture; no images where the record has it all."""
    spec, known = record.spec, record.data
    info, canvas = data.info(spec.dataset), known.get("input", {}).get("canvas")
    classes = tuple(known.get("classes", ())) or (info.classes if info.kind not in ("pictures", "folder") else ())
    if canvas and classes and data.pipeline(spec.pipeline).values != "minus_mean_image":
        nothing = data.Examples(np.zeros((0, *canvas), np.uint8), np.zeros(0, np.int64))
        info = replace(info, classes=classes, input_shape=tuple(canvas))
        examples = dict.fromkeys(SPLITS, nothing)
        return data.Splits(
            spec.dataset, info, examples, known["fingerprint"], tuple(known["mean"]), tuple(known["std"])
        )
    splits = load(spec, runs=store.folder)
    if splits.fingerprint != known["fingerprint"]:
        raise WorkFailed(
            f"{spec.data_title()} is not what run {record.key} was trained on any more, and what becomes of a picture "
            "there depends on it; train the run again on what is there now."
        )
    return splits


def _run_of(record: RunRecord, splits: data.Splits) -> ResolvedRun:
    """The run on these data; it computes as the record says."""
    from cnnrepro import engine

    # What training draws of colours needs the principal ones of the training images; a test draws none.
    pipeline = replace(data.pipeline(record.spec.pipeline), colour_noise=0.0)
    feed = data.Feed(splits, pipeline, "cpu", record.spec.deterministic)
    return ResolvedRun(record.spec, splits, feed, record.precision, engine.backend(), record.key)


def _with_test_images(run: ResolvedRun, images: np.ndarray) -> ResolvedRun:
    """The run with these images, (N, H, W, C) uint8, as its test split."""
    test = data.Examples(images, np.zeros(len(images), np.int64))
    splits = replace(run.splits, examples={**run.splits.examples, "test": test})
    return replace(run, splits=splits, feed=replace(run.feed, splits=splits))


def _network(record: RunRecord, run: ResolvedRun, weights: Path) -> keras.Model:
    """The network of a run with its trained weights."""
    from cnnrepro.engine import reason_of

    if run.spec.network and not record.network.get("code"):
        network = models.own_network.of_configuration(run.spec.model, record.network["configuration"])
    else:
        network = build(run)
    try:
        network.load_weights(weights)
    except Exception as error:  # h5py and Keras raise whatever they run into
        raise WorkFailed(
            f"The weights of run {record.key} do not fit the network as it is built now ({reason_of(error)}); "
            "train it again with --keep-weights."
        ) from error
    network.jit_compile = record.jit_compile  # it would choose anew, and round otherwise
    return network


def _probabilities(run: ResolvedRun, network: keras.Model) -> np.ndarray:
    """What the network says of the run's test images, (N, classes) float64: as the run's test asks it."""
    if run.feed.pipeline.views > 1:
        return probabilities_of_views(run, network)
    return softmax(network.predict(run.feed.batches("test", run.spec.batch_size), verbose=0))
