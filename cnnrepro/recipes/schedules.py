"""How the learning rate goes down: by the epoch, by the step, or when the validation error stalls; or up and down.

Plain data. The rates of an epoch follow from the schedule, the epoch's number and the history before it, and from
nothing else, so a run that is resumed has those of one that was left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

History = Mapping[str, Sequence[float]]


class Schedule:
    """How the learning rate changes; ``str`` says it in words."""

    kind: str
    within_epochs = False  # whether the rate may change between two steps of an epoch

    def factors(self, epoch: int, history: History, steps_per_epoch: int, epochs: int) -> list[tuple[int, float]]:
        """(step of the epoch, factor on the recipe's rate); by default a single one, for the whole epoch."""
        return [(0, self._factor(epoch, history))]

    def _factor(self, epoch: int, history: History) -> float:
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate throughout."""

    kind = "constant"

    def _factor(self, epoch: int, history: History) -> float:
        return 1.0

    def __str__(self) -> str:
        return "constant"


CONSTANT = Constant()


@dataclass(frozen=True)
class Plateau(Schedule):
    """Lower when the validation error has not improved for some epochs, a limited number of times.

    Args:
        factor: on the rate, each time.
        patience: epochs without a new least error.
        times: how often at most.
        metric: in the history; greater is better.
        min_delta: by so much an epoch must be better to count.
    """

    factor: float = 0.1
    patience: int = 5
    times: int = 3
    metric: str = "val_accuracy"
    min_delta: float = 0.0

    kind = "plateau"

    def _factor(self, epoch: int, history: History) -> float:
        best, waited, lowered = -float("inf"), 0, 0
        for value in list(history.get(self.metric, ()))[:epoch]:
            if value > best + self.min_delta:
                best, waited = value, 0
                continue
            waited += 1
            if waited >= self.patience and lowered < self.times:
                waited, lowered = 0, lowered + 1
        return self.factor**lowered

    def __str__(self) -> str:
        waited = f"{self.patience} epochs without a lower validation error"
        return f"times {self.factor:g} after {waited}, at most {self.times} times"


@dataclass(frozen=True)
class AtEpochs(Schedule):
    """Lower before each of these epochs, counted from 0: the first of (30, 60) is after 30 whole epochs."""

    epochs: tuple[int, ...]
    factor: float = 0.1

    kind = "at_epochs"

    def _factor(self, epoch: int, history: History) -> float:
        return self.factor ** sum(epoch >= first for first in self.epochs)

    def __str__(self) -> str:
        return f"times {self.factor:g} after {', '.join(map(str, self.epochs))} epochs"


@dataclass(frozen=True)
class AtSteps(Schedule):
    """Lower before each of these training steps, counted from 0 over the whole run; often inside an epoch."""

    steps: tuple[int, ...]
    factor: float = 0.1

    kind = "at_steps"
    within_epochs = True

    def factors(self, epoch: int, history: History, steps_per_epoch: int, epochs: int) -> list[tuple[int, float]]:
        """The factor at the first step, and at each step of the epoch that lowers the rate."""
        first = epoch * steps_per_epoch
        changes = [0, *sorted(step - first for step in self.steps if first < step < first + steps_per_epoch)]
        return [(step, self.factor ** sum(first + step >= drop for drop in self.steps)) for step in changes]

    def __str__(self) -> str:
        return f"times {self.factor:g} after {', '.join(f'{step:,}' for step in self.steps)} steps"


@dataclass(frozen=True)
class Exponential(Schedule):
    """Times ``factor`` once every so many epochs."""

    factor: float
    every_epochs: int

    kind = "exponential"

    def _factor(self, epoch: int, history: History) -> float:
        return self.factor ** (epoch // self.every_epochs)

    def __str__(self) -> str:
        return f"times {self.factor:g} every {self.every_epochs} epochs"


@dataclass(frozen=True)
class Table(Schedule):
    """Factors one after another, as (epochs, factor); the last one stays."""

    rows: tuple[tuple[int, float], ...]

    kind = "table"

    def _factor(self, epoch: int, history: History) -> float:
        last = 0
        for epochs, factor in self.rows:
            last += epochs
            if epoch < last:
                return factor
        return self.rows[-1][1]

    def __str__(self) -> str:
        return "; ".join(f"{epochs} epochs times {factor:g}" for epochs, factor in self.rows)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up in a straight line to the recipe's rate, then down in one towards 0 at the end of the run, step by step.

    After Smith and Topin 2018, "Super-convergence", whose momentum goes the other way meanwhile; here it stays.

    Args:
        rise: share of the steps that it goes up.
    """

    rise: float = 0.2

    kind = "one_cycle"
    within_epochs = True

    def factors(self, epoch: int, history: History, steps_per_epoch: int, epochs: int) -> list[tuple[int, float]]:
        """A factor for every step of the epoch; none is 0."""
        total = epochs * steps_per_epoch
        peak = self.rise * total  # steps
        done = range(epoch * steps_per_epoch, (epoch + 1) * steps_per_epoch)  # steps before this one
        return [
            (step, (before + 1) / peak if before + 1 <= peak else (total - before) / (total - max(peak - 1, 0)))
            for step, before in enumerate(done)
        ]

    def __str__(self) -> str:
        return f"up from 0 over {self.rise:.0%} of the steps, then down to 0, in straight lines"


def learning_rates(
    schedule: Schedule, base_rate: float, epoch: int, history: History, steps_per_epoch: int, epochs: int
) -> list[tuple[int, float]]:
    """The learning rates of an epoch.

    Args:
        schedule: how the rate changes.
        base_rate: what the factors are on: that of the first step of the run, or the highest of one that goes up.
        epoch: from 0 up.
        history: of the epochs before, by metric.
        steps_per_epoch: training steps.
        epochs: of the whole run.

    Returns:
        (step of the epoch from which on, rate), the first for step 0.
    """
    return [(step, base_rate * factor) for step, factor in schedule.factors(epoch, history, steps_per_epoch, epochs)]


def to_dict(schedule: Schedule) -> dict[str, object]:
    """Plain values for a run's key."""
    return {"kind": schedule.kind, **asdict(schedule)}
