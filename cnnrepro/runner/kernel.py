"""The process that runs a notebook's cells: IPython's kernel, but for its socket for outputs.

That socket drops messages without a word once a thousand wait for their reader, as they do when a cell floods its
output, whether it goes over TCP or over a socket in the file system. Here the kernel waits for its reader. What is sent
then arrives in order, so that "idle", which ends a cell's messages, is there only when all before it are. Each message
has a number, by which the reader can tell that this holds.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from concurrent.futures.thread import _threads_queues as pools
from itertools import count

import zmq
from ipykernel.kernelapp import IPKernelApp

MARK = b"cnnrepro "  # begins the frame that carries a message's number


class NumberedSocket:
    """A socket that leads each message with its number, from 0; only the kernel's publishing thread sends over it."""

    def __init__(self, socket: zmq.Socket) -> None:
        self._socket, self._numbers = socket, count()

    def __getattr__(self, name: str) -> object:
        return getattr(self._socket, name)

    def send_multipart(self, frames: list, *arguments, **options) -> object:
        """Send a message's frames, with its number before them."""
        return self._socket.send_multipart([MARK + b"%d" % next(self._numbers), *frames], *arguments, **options)


class WaitingKernelApp(IPKernelApp):
    """IPython's kernel, which waits where it would drop a message."""

    def init_iopub(self, context: zmq.Context) -> None:
        """Called once, before the first message."""
        super().init_iopub(context)
        self.iopub_thread.socket.setsockopt(zmq.XPUB_NODROP, 1)
        self.iopub_thread.socket = NumberedSocket(self.iopub_thread.socket)

    def init_path(self) -> None:
        """Called once all is loaded: what lies in the working folder can be imported, as in Jupyter.

        It was not before (``-P``), so that a file random.py there does not stand in for Python's.
        """
        if "" not in sys.path:
            sys.path.insert(0, "")


def finish(seconds: float) -> list[str]:
    """Wait in the kernel for what still prints, at most some seconds; the names of threads that have not ended by then.

    Python waits at its end for the same threads: those that are no daemons. Threads of pools end when they are told to.
    """
    end = time.monotonic() + seconds
    own = threading.main_thread()
    threads = [one for one in threading.enumerate() if not one.daemon and one not in pools and one is not own]
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    for stream in (sys.stdout, sys.stderr):
        # What other processes wrote comes through a pipe, which a thread of the kernel's reads.
        pipe = getattr(stream, "_fid", None)
        while pipe is not None and select.select([pipe], [], [], 0)[0] and time.monotonic() < end:
            time.sleep(0.01)
        stream.flush()
    return [thread.name for thread in threads if thread.is_alive()]


if __name__ == "__main__":
    WaitingKernelApp.launch_instance()
