"""What a batch shows while it works: a table that moves in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cnnrepro.runner.tasks import FAILED, FOUND, STOPPED, Outcome, Task
from cnnrepro.stderr import say_line
from cnnrepro.training.progress import NONE

if TYPE_CHECKING:
    from rich.console import Group

LINE_SECONDS = 60.0  # between two lines about the whole batch in a log
MOST_ROWS = 16  # of runs that train now, in a terminal


class View(Protocol):
    """What the batch tells."""

    def hear(self, told: dict) -> None:
        """A worker said where a run stands: ``number``, ``worker`` and any of ``epoch``, ``epochs``, ``loss``."""

    def ended(self, outcome: Outcome) -> None:
        """A run is over, in whichever way."""

    def again(self, outcome: Outcome) -> None:
        """A run failed and is tried again, or, where nothing is told, had no place yet."""

    def tick(self) -> None:
        """Some time has passed."""

    def close(self) -> None:
        """The batch is over."""


@dataclass
class _Standing:
    """Where a run stands: epochs done, as far as is known, and the last loss."""

    epoch: float = 0.0
    loss: float | None = None
    val_accuracy: float | None = None
    waits: bool = False


class Tally:
    """The counts behind every view."""

    def __init__(self, tasks: Sequence[Task]):
        self.tasks = {task.number: task for task in tasks}
        self.running: dict[int, _Standing] = {}
        self.ended: dict[int, Outcome] = {}
        self.began = time.monotonic()
        self.lock = threading.Lock()  # words arrive in Dask's thread

    def hear(self, told: dict) -> _Standing:
        """Take in what a worker said."""
        with self.lock:
            standing = self.running.setdefault(told["number"], _Standing())
            standing.waits = bool(told.get("waits"))
            for name in ("epoch", "loss", "val_accuracy"):
                if name in told:
                    setattr(standing, name, told[name])
            return standing

    def close(self, outcome: Outcome) -> None:
        """Take in that a run is over."""
        with self.lock:
            self.running.pop(outcome.number, None)
            self.ended[outcome.number] = outcome

    def again(self, number: int) -> None:
        """Take in that a run is sent once more."""
        with self.lock:
            self.running.pop(number, None)

    def count(self, *statuses: str) -> int:
        """How many runs ended so."""
        return sum(outcome.status in statuses for outcome in self.ended.values())

    def summary(self) -> str:
        """One line: "12 runs: 5 done (2 of them found), 2 running, 5 waiting; 3 min left"."""
        with self.lock:
            running, done = len(self.running), self.count("trained", FOUND)
            waiting = len(self.tasks) - len(self.ended) - running
            parts = [f"{done} done" + (f" ({self.count(FOUND)} of them found)" if self.count(FOUND) else "")]
            parts += [f"{self.count(FAILED)} failed"] if self.count(FAILED) else []
            parts += [f"{self.count(STOPPED)} stopped"] if self.count(STOPPED) else []
            parts += [f"{running} running", f"{waiting} waiting"]
            left = self._seconds_left()
        total = len(self.tasks)
        return f"{total} run{'s' * (total > 1)}: {', '.join(parts)}" + (f"; {_spell(left)} left" if left else "")

    def _seconds_left(self) -> float | None:
        """Time left, if epochs go on as they have so far; None before one is done: until then workers mostly start.

        Runs that were found took no time, so they count neither as done nor as open.
        """
        epochs = {number: task.spec.epochs for number, task in self.tasks.items()}
        found = {number for number, outcome in self.ended.items() if outcome.status == FOUND}
        total = sum(count for number, count in epochs.items() if number not in found)
        done = sum(epochs[number] for number in self.ended if number not in found)
        done += sum(standing.epoch for standing in self.running.values())
        if done < 1 or done >= total:
            return None
        return (time.monotonic() - self.began) * (total - done) / done


def _spell(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"


def _spell_standing(task: Task, standing: _Standing) -> str:
    if standing.waits:
        return "another process trains it"
    told = [f"epoch {min(int(standing.epoch) + 1, task.spec.epochs)}/{task.spec.epochs}"]
    told += [f"loss {standing.loss:.3f}"] if standing.loss is not None else []
    told += [f"validation accuracy {standing.val_accuracy:.3f}"] if standing.val_accuracy is not None else []
    return ", ".join(told)


class LinesView:
    """A line for each epoch and each end, and one a minute about the whole, on standard error."""

    def __init__(self, tasks: Sequence[Task]):
        self._tally, self._said = Tally(tasks), time.monotonic()
        self._epochs: dict[int, float] = {}
        self._say(self._tally.summary())

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        say_line(line)

    def hear(self, told: dict) -> None:
        """Say that an epoch ended."""
        standing, task = self._tally.hear(told), self._tally.tasks[told["number"]]
        whole = "val_accuracy" in told and self._epochs.get(task.number) != standing.epoch
        if whole or standing.waits:
            self._epochs[task.number] = standing.epoch
            epoch = f"epoch {standing.epoch:.0f}/{task.spec.epochs} done, loss {standing.loss or 0:.3f}"
            self._say(f"{task.spec.title()}: {'another process trains it' if standing.waits else epoch}")

    def ended(self, outcome: Outcome) -> None:
        """Say how a run ended."""
        self._tally.close(outcome)
        title = self._tally.tasks[outcome.number].spec.title()
        told = f": {outcome.told}" if outcome.status == FAILED else ""
        self._say(f"{title}: {outcome.status}{told}\n{self._tally.summary()}")

    def again(self, outcome: Outcome) -> None:
        """Say that it is tried again, where something went wrong."""
        self._tally.again(outcome.number)
        if outcome.told:
            self._say(f"{outcome.told}\nIt is tried again.")

    def tick(self) -> None:
        """Say where the batch stands, once a minute."""
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._say(self._tally.summary())

    def close(self) -> None:
        """Nothing is left open."""


class LiveView:
    """A table that is drawn again and again in a terminal: what trains now, and the counts; failures stay above it."""

    def __init__(self, tasks: Sequence[Task]):
        from rich.console import Console
        from rich.live import Live

        self._tally = Tally(tasks)
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=4, transient=True)
        self._live.start()

    def _draw(self) -> Group:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False)
        with self._tally.lock:
            rows = [(self._tally.tasks[number], standing) for number, standing in sorted(self._tally.running.items())]
        for task, standing in rows[:MOST_ROWS]:
            table.add_row(Text("▸"), Text(task.spec.title()), Text(_spell_standing(task, standing)))
        if len(rows) > MOST_ROWS:
            table.add_row("", Text(f"and {len(rows) - MOST_ROWS} more"), "")
        return Group(table, Text(self._tally.summary()))

    def hear(self, told: dict) -> None:
        """Keep it for the next drawing."""
        self._tally.hear(told)

    def ended(self, outcome: Outcome) -> None:
        """Failures stay in sight; the rest is counted."""
        self._tally.close(outcome)
        if outcome.status == FAILED:
            self._console.print(outcome.told, style="red", markup=False)

    def again(self, outcome: Outcome) -> None:
        """Say that it is tried again."""
        self._tally.again(outcome.number)
        if outcome.told:
            self._console.print(f"{outcome.told} It is tried again.", style="yellow", markup=False)

    def tick(self) -> None:
        """The table draws itself."""

    def close(self) -> None:
        """Leave the counts as the last line."""
        self._live.stop()
        self._console.print(self._tally.summary(), markup=False)


class NoView(LinesView):
    """Silence."""

    def _say(self, line: str) -> None:
        """Say nothing."""


def make_view(tasks: Sequence[Task]) -> View:
    """The view that fits: a table in a terminal, lines elsewhere, nothing where CNNREPRO_PROGRESS is "none"."""
    if os.environ.get("CNNREPRO_PROGRESS") == NONE:
        return NoView(tasks)
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return LiveView(tasks) if terminal and not os.environ.get("CNNREPRO_PROGRESS") else LinesView(tasks)
