"""What a batch shows: the counts, the lines of a log, the table of a terminal."""

import io

from rich.console import Console

from cnnrepro.runner import batch_progress
from cnnrepro.runner.batch_options import RunOutcome
from cnnrepro.runs import RunSpec

SPECS = [RunSpec(model="resnet20", dataset="mnist_5k", seed=seed, epochs=4) for seed in range(4)]


def drive(progress):
    progress.hear(0, epoch=0)
    progress.hear(0, epoch=1, loss=0.5, val_accuracy=0.75)
    progress.end(0, RunOutcome("trained", "scores"))
    progress.end(1, RunOutcome("found", "scores"))
    progress.hear(2, waits=True)
    progress.hear(2, retried="Run 2 met an error.")
    progress.hear(3, epoch=2.5, loss=0.25)
    progress.end(2, RunOutcome("failed", "Run 2 met an error."))
    progress.close()


def test_lines_say_every_end_and_every_reason(capsys, monkeypatch):
    monkeypatch.setenv("CNNREPRO_PROGRESS", "lines")
    drive(batch_progress.make_batch_progress(SPECS))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "4 runs: 0 done, 0 running, 4 waiting"
    assert "resnet20 on mnist_5k, seed 0: epoch 1/4 done, loss 0.500" in lines
    assert "resnet20 on mnist_5k, seed 1: found" in lines
    assert "resnet20 on mnist_5k, seed 2: another process trains it" in lines
    assert lines[lines.index("Run 2 met an error.") + 1] == "It is tried again."
    assert "resnet20 on mnist_5k, seed 2: failed: Run 2 met an error." in lines
    assert lines[-1].startswith("4 runs: 2 done (1 of them found), 1 failed, 1 running, 0 waiting; ")
    assert lines[-1].endswith(" s left")


def test_nothing_is_said_where_nothing_is_wanted(capsys, monkeypatch):
    monkeypatch.setenv("CNNREPRO_PROGRESS", "none")
    drive(batch_progress.make_batch_progress(SPECS))
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_what_trains_and_keeps_failures(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, highlight=False)
    monkeypatch.setattr("rich.console.Console", lambda **_: console)
    drive(batch_progress.LiveBatchProgress(SPECS))
    shown = screen.getvalue()
    assert "epoch 3/4, loss 0.250" in shown
    assert "Run 2 met an error." in shown
    assert "4 runs: 2 done (1 of them found), 1 failed, 1 running, 0 waiting" in shown


def test_runs_that_were_found_do_not_shorten_the_time_left(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(batch_progress.time, "monotonic", lambda: clock[0])
    progress = batch_progress.BatchProgress(SPECS, silent=True)
    progress.end(0, RunOutcome("found"))
    progress.end(1, RunOutcome("found"))
    clock[0] += 100
    progress.hear(2, epoch=2)  # 2 of the 8 epochs that are left took 100 s: 300 s for the other 6
    assert progress.summary().endswith("5 min left")
