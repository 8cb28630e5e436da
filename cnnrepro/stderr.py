"""Lines to standard error that nothing depends on: when nobody reads them any more, the work goes on."""

from __future__ import annotations

import os
import sys
from typing import IO

STANDARD_ERROR = 2


def say_line(text: str, stream: IO[str] | None = None) -> None:
    """A line to a stream, by default standard error; nowhere where that is closed or its reader is gone.

    An ssh connection that drops and ``2>&1 | head`` leave a pipe without a reader. It is put out of the way then, or
    what is left in Python's buffer would spoil the exit status.
    """
    stream = stream or sys.stderr
    if stream is None:
        return
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        if stream is sys.stderr:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, STANDARD_ERROR)
            os.close(nowhere)
