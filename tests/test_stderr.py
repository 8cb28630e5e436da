"""Standard streams that are closed, that nobody reads and that have few characters; what a work says of its steps."""

import io
import os
import subprocess
import sys
import time

import pytest

from cnnrepro import stderr

MAIN = "from cnnrepro.cli import main; main()"


def shell(line, *words, **environment):
    """The exit status, output and errors of a line of the shell in which "$@" is cnnrepro with these words."""
    told = [sys.executable, "-c", MAIN, *map(str, words)]
    done = subprocess.run(
        ["/bin/sh", "-c", line, "sh", *told],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "line, words, expected",
    [
        ('{ "$@"; echo $? >&2; } | true', ["list", "models"], (0, "", "0\n")),
        ('"$@" >&-', ["list", "models"], (0, "", "")),
        ('"$@" >&- 2>&-', ["list", "nothing"], (2, "", "")),
        ('"$@" 2>&- <&-', ["list", "nothing"], (2, "", "")),
    ],
)
def test_a_stream_that_is_closed_or_unread_changes_no_exit_status(line, words, expected):
    assert shell(line, *words) == expected


def test_a_process_that_is_started_finds_its_streams_open():
    code = "from cnnrepro.stderr import prepare_streams; import os, subprocess, sys; prepare_streams(); "
    code += "sys.exit(subprocess.call([sys.executable, '-c', 'import os; [os.fstat(n) for n in range(3)]']))"
    done = subprocess.run(["/bin/sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code], check=False)
    assert done.returncode == 0


def test_a_terminal_of_ascii_gets_every_line(tmp_path):
    status, out, err = shell('"$@"', "claims", "1", PYTHONIOENCODING="ascii", CNNREPRO_REPORTS=str(tmp_path))
    assert (status, err) == (0, "") and "holds if \\u2026" in out
    status, out, err = shell('"$@"', "run", "x·y", PYTHONIOENCODING="ascii", CNNREPRO_RUNS=str(tmp_path))
    assert (status, out) == (2, "") and "Unknown experiment 'x\\xb7y'" in err


def test_a_working_folder_that_was_removed_is_told(root, tmp_path):
    (tmp_path / "gone").mkdir()
    line = f"cd '{tmp_path}/gone' && rmdir ../gone && \"$@\""
    status, out, err = shell(line, "runs", PYTHONPATH=str(root))
    assert (status, out, err.count("\n")) == (2, "", 1) and "The folder that this was called in is gone" in err


def test_the_work_goes_on_with_its_own_exit_status_when_nobody_reads():
    """As when a connection drops. It must be the real file descriptor, so it is a process."""
    code = (
        "import sys; from cnnrepro.stderr import say_line; sys.stdin.readline(); "
        "[say_line('x' * 1000) for _ in range(3)]; print('done'); sys.exit(3)"
    )
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=write, text=True
    )
    os.close(write)
    os.close(read)  # from here on nobody reads
    out, _ = process.communicate("go\n")
    assert (process.returncode, out) == (3, "done\n")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(stderr.time, "monotonic", lambda: self.now)


def test_a_step_is_said_when_somebody_may_wonder_and_once_a_minute(capsys, monkeypatch):
    clock = Clock(monkeypatch)
    steps = stderr.Steps("depth", usual=38.4)

    def said_after(seconds):
        clock.now += seconds
        steps._tick(clock.now)
        return capsys.readouterr().err

    assert said_after(10) == "", "there is no step yet"
    steps = stderr.Steps("depth", usual=38.4)
    steps.step("cell 1 of 9")
    assert said_after(1.9) == ""
    assert said_after(0.2) == "depth: cell 1 of 9 (38 s in all the last time)\n"
    assert said_after(30) == ""
    steps.step("cell 2 of 9")
    steps.step("cell 3 of 9")
    assert said_after(0.1) == "depth: cell 3 of 9 (38 s in all the last time)\n"
    assert said_after(1) == ""
    assert said_after(60) == "depth: cell 3 of 9, since 61 s (38 s in all the last time)\n"


def test_steps_are_told_by_a_clock_and_silent_where_that_is_wanted(capsys, monkeypatch):
    monkeypatch.setattr(stderr, "QUIET_SECONDS", 0.04)
    for style, told in (("lines", True), ("none", False)):
        with stderr.make_steps("depth", style=style) as steps:
            steps.step("writes the page")
            time.sleep(0.5)
        assert (capsys.readouterr().err == "depth: writes the page\n") == told


def test_in_a_terminal_a_step_is_a_line_that_goes(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.delenv("CNNREPRO_PROGRESS")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with stderr.make_steps("depth") as steps:
        steps.step("cell [1] of 9")
        steps.show()
    shown = sys.stderr.getvalue()
    assert isinstance(steps, stderr.LiveSteps)
    assert "depth: cell [1] of 9" in shown and shown.rstrip().endswith("\x1b[2K")
    assert type(stderr.make_steps("depth", alone=False)) is stderr.Steps
