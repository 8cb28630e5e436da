"""Standard error that nobody reads any more."""

import os
import subprocess
import sys


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
