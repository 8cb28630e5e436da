"""A command of cnnrepro that meets a fault at a chosen moment of writing a file.

    python dying.py '{"file": "checkpoint.npz", "bytes": 4000, "how": "kill"}' train lenet5_modern …

how: "kill"  the process is killed when it has written so many bytes of the file (SIGXFSZ, which cannot be caught here)
     "full"  from then on the disk takes no file larger than that (RLIMIT_FSIZE; writing fails with an OSError)
     "move"  the process is killed just before the finished file is moved to its place (SIGKILL)
     "clock" the clock jumps by ten years at every look at it, forth and back; no file is meant
nth: at which of the times that such a file is written, counted from 1.
once: a path that is made when the fault happens; it happens to no other process then, and a disk that was full has room
      again at the next file.
"""

import json
import os
import resource
import signal
import sys
import time
from itertools import cycle
from pathlib import Path


def jump():
    """Make the clock jump."""
    now, years = time.time, cycle((0, 3e8, -3e8, 0, -3e8, 3e8))
    time.time = lambda: now() + next(years)


def happens(once):
    """Whether a fault happens here; a fault that is to happen once happens to the first process that asks."""
    if once is None:
        return True
    try:
        os.close(os.open(once, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def arrange(file, how, bytes=0, nth=1, once=None):
    """Have the fault happen; Python tells of each file that it opens or moves."""
    count = 0

    def concerns(event, arguments):
        if how == "move":
            return event in ("os.rename", "os.link") and Path(os.fsdecode(arguments[1])).name == file
        if event != "open" or isinstance(arguments[0], int) or "r" in (arguments[1] or "r"):
            return False
        name = Path(os.fsdecode(arguments[0])).name
        return name == file or (name.startswith(f".{file}.") and name.endswith(".tmp"))

    def watch(event, arguments):
        nonlocal count
        if not concerns(event, arguments):
            return
        count += 1
        if count == nth + 1 and once:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if count != nth or not happens(once):
            return
        if how == "move":
            os.kill(os.getpid(), signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, resource.RLIM_INFINITY))

    if how == "clock":
        jump()
        return
    if how == "kill":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and then the write fails instead
    sys.addaudithook(watch)


if __name__ == "__main__":
    arrange(**json.loads(sys.argv[1]))
    from cnnrepro.cli import main

    main(sys.argv[2:])
