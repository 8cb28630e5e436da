"""The process that runs a notebook's cells: IPython's kernel, but for one setting of its socket for outputs.

That socket drops messages without a word once a thousand wait for their reader, as they do when a cell floods its
output, whether it goes over TCP or over a socket in the file system. Here the kernel waits for its reader. What is sent
then arrives in order, so that "idle", which ends a cell's messages, is there only when all before it are.
"""

from __future__ import annotations

import sys

import zmq
from ipykernel.kernelapp import IPKernelApp


class WaitingKernelApp(IPKernelApp):
    """IPython's kernel, which waits where it would drop a message."""

    def init_iopub(self, context: zmq.Context) -> None:
        """Called once, before the first message."""
        super().init_iopub(context)
        self.iopub_thread.socket.setsockopt(zmq.XPUB_NODROP, 1)

    def init_path(self) -> None:
        """Called once all is loaded: what lies in the working folder can be imported, as in Jupyter.

        It was not before (``-P``), so that a file random.py there does not stand in for Python's.
        """
        if "" not in sys.path:
            sys.path.insert(0, "")


if __name__ == "__main__":
    WaitingKernelApp.launch_instance()
