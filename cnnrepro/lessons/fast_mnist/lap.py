"""One training whose time is taken, of one side of the race: what it says of itself, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Lap:
    """One training in a process of its own. All times are in seconds by the clock on the wall.

    Args:
        side: whose: a name of ``taking_turns.SIDES``.
        seed: of weights and order.
        load_seconds: reading the data set.
        first_step_seconds: the first training step, which traces the graph where there is one.
        training_seconds: all training steps, the first one included; no validation.
        fit_seconds: training and the validation after each epoch.
        val_accuracy: on the validation images after each epoch.
        epoch_seconds: of each epoch, validation included; they sum to ``fit_seconds``.
        test_accuracy: on the test images, read once after the last epoch.
        versions: of what computed it.
        process_seconds: from the start of the process to its end, imports included; 0 before it is known.
    """

    side: str
    seed: int
    load_seconds: float
    first_step_seconds: float
    training_seconds: float
    fit_seconds: float
    val_accuracy: Sequence[float]
    epoch_seconds: Sequence[float]
    test_accuracy: float
    versions: Mapping[str, str] = field(default_factory=dict)
    process_seconds: float = 0.0

    @property
    def steady_seconds(self) -> float:
        """Training without its first step: what the network costs once everything is set up."""
        return self.training_seconds - self.first_step_seconds

    def seconds_until(self, accuracy: float) -> float | None:
        """Seconds of ``fit`` to the end of the first epoch with that validation accuracy, or None.

        Looking for that epoch favours this side: a fixed number of epochs would have to be chosen beforehand.
        """
        for epoch, reached in enumerate(self.val_accuracy, start=1):
            if reached >= accuracy:
                return float(np.sum(self.epoch_seconds[:epoch]))
        return None

    def write(self, path: Path | str) -> None:
        """Write it as JSON."""
        Path(path).write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_lap(path: Path | str, **changes: object) -> Lap:
    """The lap that ``write`` wrote, with some fields changed."""
    return Lap(**json.loads(Path(path).read_text(encoding="utf-8")) | changes)
