import io
import re
from functools import partial

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.training import progress as module
from cnnrepro.training.progress import BarProgress, LineProgress, make_progress


def play(display):
    display.start("resnet20, seed 0", epochs=2, images=100, done=0)
    for epoch in (1, 2):
        for _ in range(4):
            display.batch(epoch, 25, {"loss": 0.5, "accuracy": 0.875})
        scores = {"loss": 0.5, "accuracy": 0.875, "val_loss": 0.25, "val_accuracy": 0.9375}
        display.epoch(epoch, scores)
    display.stop()


def test_lines_are_sober():
    stream = io.StringIO()
    play(LineProgress(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "resnet20, seed 0: 2 epochs of 100 images"
    assert len(lines) == 3
    pattern = (
        r"resnet20, seed 0: epoch 2/2 done, loss 0.500, accuracy 0.875, validation loss 0.250, "
        r"validation accuracy 0.938, \d+ images/s, 0.0 min left"
    )
    assert re.fullmatch(pattern, lines[-1])
    assert "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()


def test_lines_say_that_a_run_was_resumed():
    stream = io.StringIO()
    LineProgress(stream).start("a", epochs=5, images=10, done=3)
    LineProgress(stream).start("b", epochs=1, images=10, done=0)
    assert stream.getvalue() == "a: 5 epochs of 10 images, resumed after epoch 3\nb: 1 epoch of 10 images\n"


def test_long_epochs_say_something_once_a_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    display = LineProgress(stream)
    display.start("a", epochs=1, images=1000, done=0)
    for _ in range(10):
        now[0] += 10
        display.batch(1, 100, {"loss": 1.0})
    lines = stream.getvalue().splitlines()[1:]
    assert lines == ["a: epoch 1/1, 60%, loss 1.000, 10 images/s, 0.7 min left"]


def test_the_bar_shows_epoch_loss_accuracy_rate_and_time_left():
    from tqdm import tqdm

    stream = io.StringIO()
    play(BarProgress(partial(tqdm, file=stream, ncols=150, mininterval=0, bar_format=module.TERMINAL_BAR)))
    last = stream.getvalue().split("\r")[-1]
    assert "resnet20, seed 0, epoch 2/2: 100%" in last
    for part in ("loss=0.500", "accuracy=0.875", "val_accuracy=0.938", " images/s", "00:00 left"):
        assert part in last


def test_the_bar_of_jupyter_keeps_a_width_beside_its_texts_which_go_over_several_lines(capsys):
    made = []
    play(BarProgress(lambda **options: made.append(module._notebook_bar(**options)) or made[0]))
    before, line, after = made[0].container.children
    assert before.value == "resnet20, seed 0, epoch 2/2: 100%" and " images/s, 00:00 left, loss=0.500" in after.value
    assert made[0].container.layout.flex_flow == "row wrap"
    assert (line.layout.min_width, before.layout.height, after.layout.height) == (module.NARROWEST, "auto", "auto")
    assert (line.value, line.max, line.bar_style) == (200, 200, "success")


def test_a_run_that_never_began_can_stop():
    BarProgress(None).stop()


def test_an_unknown_style_lists_the_known(monkeypatch):
    monkeypatch.setenv("CNNREPRO_PROGRESS", "bars")
    with pytest.raises(UsageError, match="Unknown progress style 'bars'; known are: bar, lines, none, notebook"):
        make_progress()


def test_without_a_terminal_there_are_lines(monkeypatch):
    monkeypatch.delenv("CNNREPRO_PROGRESS")
    assert isinstance(make_progress(), LineProgress)
