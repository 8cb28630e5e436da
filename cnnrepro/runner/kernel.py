"""The process that runs a notebook's cells: IPython's kernel, but for its socket for outputs.

That socket drops messages without a word once a thousand wait for their reader, as they do when a cell floods its
output, whether it goes over TCP or over a socket in the file system. Here the kernel waits for its reader. What is sent
then arrives in order, so that "idle", which ends a cell's messages, is there only when all before it are. Each message
has a number, by which the reader can tell that this holds. A character that no message can carry goes as a question
mark, where IPython's kernel would drop the message.
"""

from __future__ import annotations

import json
import select
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures.thread import _threads_queues as pools
from itertools import count

import zmq
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.jsonutil import json_clean

FINISHED = "cnnrepro-finished"  # names the payload of ``finish``
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


def with_question_marks(pack: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """A packer of messages that takes every text: half of a surrogate pair, which UTF-8 has not, becomes a "?"."""

    def packed(content: object) -> bytes:
        try:
            return pack(content)
        except UnicodeEncodeError:
            return json.dumps(json_clean(content), ensure_ascii=False).encode(errors="replace")

    return packed


class WaitingKernelApp(IPKernelApp):
    """IPython's kernel, which waits where it would drop a message."""

    def init_io(self) -> None:
        """Called once: what cells print to, whatever they put in the place of ``sys.stdout`` later."""
        super().init_io()
        self.streams = sys.stdout, sys.stderr

    def init_iopub(self, context: zmq.Context) -> None:
        """Called once, before the first message."""
        super().init_iopub(context)
        self.session.pack = with_question_marks(self.session.pack)
        self.iopub_thread.socket.setsockopt(zmq.XPUB_NODROP, 1)
        self.iopub_thread.socket = NumberedSocket(self.iopub_thread.socket)

    def init_path(self) -> None:
        """Called once all is loaded: what lies in the working folder can be imported, as in Jupyter.

        It was not before (``-P``), so that a file random.py there does not stand in for Python's.
        """
        if "" not in sys.path:
            sys.path.insert(0, "")


def finish(seconds: float) -> None:
    """Wait in the kernel for what still prints, at most some seconds; tells which threads have not ended by then.

    Python waits at its end for the same threads: those that are no daemons. Threads of pools end when they are told to.
    Their names go into the reply's payload: a notebook may have values shown in ways of its own (``rich.pretty``).
    """
    end = time.monotonic() + seconds
    own = threading.main_thread()
    threads = [one for one in threading.enumerate() if not one.daemon and one not in pools and one is not own]
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    app = IPKernelApp.instance()
    for stream in app.streams:
        # What other processes wrote comes through a pipe, which a thread of the kernel's reads.
        pipe = getattr(stream, "_fid", None)
        while pipe is not None and select.select([pipe], [], [], 0)[0] and time.monotonic() < end:
            time.sleep(0.01)
        stream.flush()
    alive = [thread.name for thread in threads if thread.is_alive()]
    app.shell.payload_manager.write_payload({"source": FINISHED, "threads": alive})


if __name__ == "__main__":
    WaitingKernelApp.launch_instance()
