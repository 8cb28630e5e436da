"""Standard streams that are closed, that nobody reads any more, and that have few characters."""

import os
import subprocess
import sys

import pytest

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
