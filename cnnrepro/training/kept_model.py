"""One compiled model of this process, kept for the next run whose graphs are the same.

TensorFlow traces a network's training, validation and test anew for every model, though the runs of a study differ only
in their seed or learning rate: for a small network that takes longer than a few epochs. So a model whose run has ended
stays, and takes over the whole state of the next run's fresh model: its numbers are those of that one, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from cnnrepro import models
from cnnrepro.recipes.catalogue import recipe
from cnnrepro.training.resolve import ResolvedRun

if TYPE_CHECKING:
    import keras

LARGEST = 10_000_000  # weights, with Adam's averages 120 MB; the steps of a larger network are what takes its time


@dataclass(frozen=True)
class CompiledModel:
    """What a run trains.

    Args:
        model: what is trained: the network, or with augmentation in the step one that begins with that.
        network: from augmented images to logits.
        jit_compile: whether XLA compiles the step.
    """

    model: keras.Model
    network: keras.Model
    jit_compile: bool
    _looking: list = field(default_factory=list, repr=False, compare=False)

    def in_training_mode(self) -> keras.Model:
        """A model whose answers are those of training: batch norm takes the batch's statistics and keeps them."""
        if not self._looking:
            self._looking.append(_in_training_mode()(self.model))
        return self._looking[0]

    def take_state_of(self, fresh: CompiledModel) -> None:
        """Take over the weights, seed states and optimiser state of a model that was built and compiled alike."""
        for own, other in ((self.model, fresh.model), (self.model.optimizer, fresh.model.optimizer)):
            for variable, value in zip(own.variables, other.variables, strict=True):
                variable.assign(value)


@cache
def _in_training_mode() -> type[keras.Model]:
    """The class of models that answer as another does in training."""
    from cnnrepro.engine import keras

    class InTrainingMode(keras.Model):
        def __init__(self, model: keras.Model):
            super().__init__(dtype="float32")
            self.inner = model

        def call(self, inputs):
            answer = self.inner(inputs, training=True)
            return answer[0] if isinstance(answer, (list, tuple)) else answer

    return InTrainingMode


_kept: list[tuple[tuple, CompiledModel]] = []  # one at most


def _graph_facts(run: ResolvedRun) -> tuple:
    """All that decides what is traced; the seed, the rate and the number of epochs do not."""
    spec = replace(run.spec, seed=0, learning_rate=None, epochs=1)
    return (
        *(spec, models.entry(spec.model), recipe(spec.recipe), run.precision, run.backend),
        *(run.feed.placement, run.classes, run.splits.fingerprint),
    )


def is_for(run: ResolvedRun) -> bool:
    """Whether this run can train the kept model; one that it cannot is dropped, before its own is built."""
    if _kept and _kept[0][0] != _graph_facts(run):
        _kept.clear()
    return bool(_kept)


def take(run: ResolvedRun) -> CompiledModel | None:
    """The kept model where this run can train it. It is kept no longer: a run that is broken off leaves none behind."""
    return _kept.pop()[1] if is_for(run) else None


def keep(run: ResolvedRun, compiled: CompiledModel) -> None:
    """Keep the model of a run that has ended, on TensorFlow and where it is small, in place of any other."""
    if run.backend == "tensorflow" and compiled.model.count_params() <= LARGEST:
        _kept[:] = [(_graph_facts(run), compiled)]
