"""Progress of a run: a bar in a terminal and in Jupyter, sober lines in a log."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import IO

from cnnrepro.console import printable
from cnnrepro.errors import unknown
from cnnrepro.stderr import say_line

BAR, NOTEBOOK, LINES, NONE = "bar", "notebook", "lines", "none"
STYLES = (BAR, NOTEBOOK, LINES, NONE)

# Short enough for 120 columns.
TERMINAL_BAR = "{l_bar}{bar:12}| {rate_fmt}, {remaining} left{postfix}"
NOTEBOOK_BAR = "{l_bar}{bar}| {rate_fmt}, {remaining} left{postfix}"
NARROWEST = "10em"  # of the bar in Jupyter
LINE_EVERY_SECONDS = 60.0  # between two lines of a log within an epoch


class Progress:
    """What the training loop tells while it works; here it is shown nowhere."""

    def wait(self, title: str) -> None:
        """Another process trains the run; this one waits for it."""

    def start(self, title: str, *, epochs: int, images: int, done: int) -> None:
        """A run begins: ``images`` an epoch, ``done`` epochs of an earlier session."""

    def batch(self, epoch: int, images: int, metrics: dict[str, float]) -> None:
        """A step of epoch ``epoch`` (from 1) is done: ``images`` more seen; metrics are means over the epoch."""

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """An epoch is done."""

    def stop(self) -> None:
        """The run has ended, in whichever way."""


def _spell(metrics: dict[str, float]) -> str:
    """Metrics as people read them: "loss 0.412, accuracy 0.871"."""
    return ", ".join(f"{name.replace('val_', 'validation ')} {value:.3f}" for name, value in metrics.items())


class BarProgress(Progress):
    """A bar of tqdm with epoch, loss, accuracy, images/s and time left."""

    def __init__(self, make_bar):
        self._make_bar = make_bar
        self._bar = None

    def wait(self, title: str) -> None:
        """Say so."""
        say_line(f"{title}: another process trains this run; waiting for it")

    def start(self, title: str, *, epochs: int, images: int, done: int) -> None:
        """Draw the bar."""
        title = printable(title, kept="")
        self._title, self._epochs, self._validation = title, epochs, {}
        self._bar = self._make_bar(
            total=epochs * images, initial=done * images, unit=" images", unit_scale=True, desc=title, leave=True
        )

    def batch(self, epoch: int, images: int, metrics: dict[str, float]) -> None:
        """Move the bar."""
        self._bar.set_description(f"{self._title}, epoch {epoch}/{self._epochs}", refresh=False)
        shown = {name: f"{value:.3f}" for name, value in (metrics | self._validation).items()}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(images)

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Show the validation scores from now on."""
        self._validation = {name: value for name, value in metrics.items() if name == "val_accuracy"}
        shown = {name: value for name, value in metrics.items() if name != "val_loss"}
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in shown.items()})

    def stop(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


class LineProgress(Progress):
    """A line an epoch, and one a minute in long epochs, for logs and pipes."""

    def __init__(self, stream: IO[str] | None = None):
        self._stream = stream

    def _say(self, text: str) -> None:
        say_line(text, self._stream)

    def wait(self, title: str) -> None:
        """Say so."""
        self._say(f"{title}: another process trains this run; waiting for it")

    def start(self, title: str, *, epochs: int, images: int, done: int) -> None:
        """Say what begins."""
        self._title, self._epochs, self._images = title, epochs, images
        self._began = self._said = time.monotonic()
        self._seen_here, self._seen_epoch, self._left = 0, 0, (epochs - done) * images
        resumed = f", resumed after epoch {done}" if done else ""
        self._say(f"{title}: {epochs} epoch{'s' * (epochs != 1)} of {images:,} images{resumed}")

    def _pace(self) -> str:
        rate = self._seen_here / max(time.monotonic() - self._began, 1e-9)
        left = (self._left - self._seen_here) / rate if rate else 0.0
        return f"{rate:.0f} images/s, {left / 60:.1f} min left"

    def batch(self, epoch: int, images: int, metrics: dict[str, float]) -> None:
        """Say where the epoch stands, at most once a minute."""
        self._seen_here += images
        self._seen_epoch += images
        if time.monotonic() - self._said >= LINE_EVERY_SECONDS:
            self._said = time.monotonic()
            share = self._seen_epoch / self._images
            self._say(f"{self._title}: epoch {epoch}/{self._epochs}, {share:.0%}, {_spell(metrics)}, {self._pace()}")

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Say how the epoch went."""
        self._said, self._seen_epoch = time.monotonic(), 0
        self._say(f"{self._title}: epoch {epoch}/{self._epochs} done, {_spell(metrics)}, {self._pace()}")


def _in_jupyter() -> bool:
    """Whether this code runs in a notebook's kernel."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


def _notebook_bar(**options):
    """tqdm's bar of Jupyter, whole however wide the cell is.

    By itself it stands on one line with its texts, which are long here: the bar had no width left, and the texts' end
    was cut off.
    """
    from tqdm.notebook import tqdm

    class WholeBar(tqdm):
        def display(self, *arguments, **named):
            before, _, after = self.container.children
            with before.hold_sync(), after.hold_sync():
                super().display(*arguments, **named)
                for text in (before, after):
                    text.value = text.value.replace("\N{FIGURE SPACE}", " ")  # at which no line ends

    bar = WholeBar(bar_format=NOTEBOOK_BAR, **options)
    before, line, after = bar.container.children
    bar.container.layout.flex_flow = "row wrap"
    line.layout.flex, line.layout.min_width = "1 1 auto", NARROWEST
    for text in (before, after):
        text.layout.height = "auto"
    return bar


def make_progress() -> Progress:
    """The display that fits where this runs, or the one that CNNREPRO_PROGRESS names; UsageError for an unknown one."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    style = os.environ.get("CNNREPRO_PROGRESS") or (NOTEBOOK if _in_jupyter() else BAR if terminal else LINES)
    if style not in STYLES:
        raise unknown("progress style", style, STYLES)
    if style == NONE:
        return Progress()
    if style == LINES:
        return LineProgress()
    if style == NOTEBOOK:
        return BarProgress(_notebook_bar)
    from tqdm import tqdm

    return BarProgress(partial(tqdm, bar_format=TERMINAL_BAR))
