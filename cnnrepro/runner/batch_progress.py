"""What a batch shows while it works: a table that moves in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro.console import printable
from cnnrepro.runner.batch_options import FAILED, FOUND, STOPPED, TRAINED, RunOutcome
from cnnrepro.stderr import say_line, spell_seconds
from cnnrepro.training.progress import NONE

if TYPE_CHECKING:
    from rich.console import Group

    from cnnrepro.runs.spec import RunSpec

LINE_SECONDS = 60.0  # between two lines about the whole batch in a log
MOST_ROWS = 16  # of runs that train now, in a terminal


@dataclass
class _Standing:
    """Where a run stands: epochs done, as far as is known, and the last scores."""

    epoch: float = 0.0
    loss: float | None = None
    val_accuracy: float | None = None
    waits: bool = False

    def sentence(self, epochs: int) -> str:
        """Such as "epoch 3/5, loss 0.250"."""
        if self.waits:
            return "another process trains it"
        parts = [f"epoch {min(int(self.epoch) + 1, epochs)}/{epochs}"]
        parts += [f"loss {self.loss:.3f}"] if self.loss is not None else []
        parts += [f"validation accuracy {self.val_accuracy:.3f}"] if self.val_accuracy is not None else []
        return ", ".join(parts)


class BatchProgress:
    """A line on standard error for each epoch and each end, and one a minute about the whole.

    Args:
        specs: the runs.
        silent: say nothing.
    """

    def __init__(self, specs: Sequence[RunSpec], silent: bool = False):
        self._specs, self._silent = specs, silent
        self._running: dict[int, _Standing] = {}
        self._outcomes: dict[int, RunOutcome] = {}
        self._began = self._said = time.monotonic()
        self._lock = threading.Lock()  # events arrive in Dask's thread
        self._start()

    def _start(self) -> None:
        self._say(self.summary())

    def _say(self, text: str, style: str | None = None) -> None:
        self._said = time.monotonic()
        if not self._silent:
            say_line(text)

    def hear(self, number: int, retried: str = "", **event: object) -> None:
        """Take in what a worker told of a run: any of ``epoch``, ``loss``, ``val_accuracy``, ``waits``, ``retried``."""
        with self._lock:
            standing = self._running.setdefault(number, _Standing())
            standing.waits = False
            for name, value in event.items():
                setattr(standing, name, value)
        spec = self._specs[number]
        if retried:
            self._say(f"{retried}\nIt is tried again.", style="yellow")
        elif standing.waits:
            self._show_event(f"{spec.title()}: {standing.sentence(spec.epochs)}")
        elif "val_accuracy" in event:
            done = f"epoch {standing.epoch:.0f}/{spec.epochs} done, loss {standing.loss:.3f}"
            self._show_event(f"{spec.title()}: {done}")

    def _show_event(self, text: str) -> None:
        """Say that an epoch ended, or that the run waits."""
        self._say(text)

    def send_again(self, number: int) -> None:
        """Take in that a run has no worker any more, and is sent to another."""
        with self._lock:
            self._running.pop(number, None)

    def end(self, number: int, outcome: RunOutcome) -> None:
        """Take in that a run is over."""
        with self._lock:
            self._running.pop(number, None)
            self._outcomes[number] = outcome
        self._show_end(number, outcome)

    def _show_end(self, number: int, outcome: RunOutcome) -> None:
        reason = f": {outcome.message}" if outcome.status == FAILED else ""
        self._say(f"{self._specs[number].title()}: {outcome.status}{reason}\n{self.summary()}")

    def tick(self) -> None:
        """Say where the batch stands, once a minute."""
        if time.monotonic() - self._said >= LINE_SECONDS:
            self._say(self.summary())

    def close(self) -> None:
        """The batch is over."""

    def summary(self) -> str:
        """One line: "12 runs: 5 done (2 of them found), 2 running, 5 waiting; 3 min left"."""
        with self._lock:
            statuses = [outcome.status for outcome in self._outcomes.values()]
            running, left = len(self._running), self._seconds_left()
        found, failed, stopped = (statuses.count(status) for status in (FOUND, FAILED, STOPPED))
        total = len(self._specs)
        parts = [f"{statuses.count(TRAINED) + found} done" + (f" ({found} of them found)" if found else "")]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"{stopped} stopped"] if stopped else []
        parts += [f"{running} running", f"{total - len(statuses) - running} waiting"]
        return f"{total} run{'s' * (total > 1)}: {', '.join(parts)}" + (f"; {spell_seconds(left)} left" if left else "")

    def _seconds_left(self) -> float | None:
        """Time left, if epochs go on as they have so far; None before one is done: until then workers mostly start.

        Runs that were found took no time, so they count neither as done nor as open.
        """
        ended = {number for number, outcome in self._outcomes.items() if outcome.status != FOUND}
        found = self._outcomes.keys() - ended
        total = sum(spec.epochs for number, spec in enumerate(self._specs) if number not in found)
        done = sum(self._specs[number].epochs for number in ended)
        done += sum(standing.epoch for standing in self._running.values())
        if done < 1 or done >= total:
            return None
        return (time.monotonic() - self._began) * (total - done) / done


class LiveBatchProgress(BatchProgress):
    """A table that is drawn again and again in a terminal: what trains now, and the counts; failures stay above it."""

    def _start(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True, highlight=False)
        self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=4, transient=True)
        self._live.start()

    def _draw(self) -> Group:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False)
        with self._lock:
            rows = [(self._specs[number], standing) for number, standing in sorted(self._running.items())]
        for spec, standing in rows[:MOST_ROWS]:
            table.add_row(Text("▸"), Text(printable(spec.title())), Text(standing.sentence(spec.epochs)))
        if len(rows) > MOST_ROWS:
            table.add_row("", Text(f"and {len(rows) - MOST_ROWS} more"), "")
        return Group(table, Text(self.summary()))

    def _say(self, text: str, style: str | None = None) -> None:
        self._console.print(printable(text), style=style, markup=False)

    def _show_event(self, text: str) -> None:
        """The table shows it."""

    def _show_end(self, number: int, outcome: RunOutcome) -> None:
        """Failures stay in sight; the rest is counted."""
        if outcome.status == FAILED:
            self._say(outcome.message, style="red")

    def tick(self) -> None:
        """The table draws itself."""

    def close(self) -> None:
        """Leave the counts as the last line."""
        self._live.stop()
        self._say(self.summary())


def make_batch_progress(specs: Sequence[RunSpec]) -> BatchProgress:
    """What fits: a table in a terminal, lines elsewhere, nothing where CNNREPRO_PROGRESS is "none"."""
    style = os.environ.get("CNNREPRO_PROGRESS")
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return LiveBatchProgress(specs) if terminal and not style else BatchProgress(specs, silent=style == NONE)
