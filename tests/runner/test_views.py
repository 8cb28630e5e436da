"""What a batch shows: the counts, the lines of a log, the table of a terminal."""

import io

import pytest

from cnnrepro.runner import views
from cnnrepro.runner.tasks import Outcome, Task
from cnnrepro.runs import RunSpec

TASKS = [Task(number, RunSpec(model="resnet20", dataset="mnist_5k", seed=number, epochs=4)) for number in range(4)]


def drive(view):
    view.hear({"number": 0, "epoch": 0, "epochs": 4})
    view.hear({"number": 0, "epoch": 1, "loss": 0.5, "val_accuracy": 0.75})
    view.ended(Outcome(0, "trained", "scores"))
    view.ended(Outcome(1, "found", "scores"))
    view.hear({"number": 2, "waits": True})
    view.again(Outcome(2, "failed", "Run 2 met an error."))
    view.hear({"number": 3, "epoch": 2.5, "loss": 0.25})
    view.ended(Outcome(2, "failed", "Run 2 met an error."))


def test_lines_say_every_end_and_every_reason(capsys, monkeypatch):
    monkeypatch.setenv("CNNREPRO_PROGRESS", "lines")
    view = views.make_view(TASKS)
    drive(view)
    view.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "4 runs: 0 done, 0 running, 4 waiting"
    assert "resnet20 on mnist_5k, seed 0: epoch 1/4 done, loss 0.500" in lines
    assert "resnet20 on mnist_5k, seed 1: found" in lines
    assert "resnet20 on mnist_5k, seed 2: another process trains it" in lines
    assert "Run 2 met an error." in lines
    assert "resnet20 on mnist_5k, seed 2: failed: Run 2 met an error." in lines
    assert lines[-1].startswith("4 runs: 2 done (1 of them found), 1 failed, 1 running, 0 waiting; ")
    assert lines[-1].endswith(" s left")


def test_nothing_is_said_where_nothing_is_wanted(capsys, monkeypatch):
    monkeypatch.setenv("CNNREPRO_PROGRESS", "none")
    view = views.make_view(TASKS)
    drive(view)
    view.close()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_what_trains_and_keeps_failures(monkeypatch):
    from rich.console import Console

    screen = io.StringIO()
    real = Console
    monkeypatch.setattr(
        "rich.console.Console", lambda **_: real(file=screen, force_terminal=True, width=120, highlight=False)
    )
    view = views.LiveView(TASKS)
    drive(view)
    view._live.refresh()
    view.close()
    shown = screen.getvalue()
    assert "epoch 3/4, loss 0.250" in shown
    assert "Run 2 met an error." in shown
    assert "4 runs: 2 done (1 of them found), 1 failed, 1 running, 0 waiting" in shown


@pytest.mark.parametrize("seconds, text", [(5, "5 s"), (89, "89 s"), (120, "2 min"), (7200, "2.0 h")])
def test_times(seconds, text):
    assert views._spell(seconds) == text


def test_runs_that_were_found_do_not_shorten_the_time_left(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(views.time, "monotonic", lambda: clock[0])
    tally = views.Tally(TASKS)
    tally.close(Outcome(0, "found"))
    tally.close(Outcome(1, "found"))
    clock[0] += 10
    tally.hear({"number": 2, "epoch": 2})  # 2 of the 8 epochs that are left took 10 s: 30 s for the other 6
    assert tally.summary().endswith("30 s left")
