"""Keeps what a cell prints within bounds, so that one that floods its output costs neither memory nor a readable page.

Of a cell's text the beginning and the end are kept, with a line in between that says how much was left out; pictures
and other rich outputs are kept up to a size that no page of ours comes near.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine

if TYPE_CHECKING:
    from nbformat import NotebookNode

HEAD = TAIL = 50_000  # characters kept of the text of a cell: some 600 lines each
RICH = 32 * 2**20  # characters of rich outputs kept of a cell; base64 text for pictures
LONGEST_TRACEBACK = 200  # lines

# A kernel that is told to end reports the interrupt with which that begins as an error.
QUIET = ["--log-level=50"]


class Kept:
    """What is kept of one cell's outputs.

    Outputs are changed in place and never taken out of their list: nbclient refers to them by their position.
    """

    def __init__(self) -> None:
        self._head, self._rich, self._omitted = 0, 0, 0
        self._tail: deque[NotebookNode] = deque()
        self._in_tail = 0
        self._note: NotebookNode | None = None

    def take(self, output: NotebookNode) -> None:
        """Look at an output that has just come, and cut it, or those that came before it, where it is too much."""
        if output.output_type == "stream":
            self._take_text(output)
        elif output.output_type == "error":
            lines = output.traceback
            if len(lines) > LONGEST_TRACEBACK:
                half = LONGEST_TRACEBACK // 2
                left_out = f"[… {len(lines) - 2 * half} lines left out …]"
                output.traceback = [*lines[:half], left_out, *lines[-half:]]
        else:
            self._take_rich(output)

    def _take_text(self, output: NotebookNode) -> None:
        room = HEAD - self._head
        if len(output.text) <= room:
            self._head += len(output.text)
            return
        self._tail.append(output)
        if self._note is None:
            self._note, self._begin = output, output.text[:room]
            output.text = output.text[room:]
            self._head = HEAD
        self._in_tail += len(output.text)
        while self._in_tail > TAIL:
            first = self._tail[0]
            cut = min(len(first.text), self._in_tail - TAIL)
            first.text = first.text[cut:]
            self._omitted, self._in_tail = self._omitted + cut, self._in_tail - cut
            if not first.text:
                self._tail.popleft()

    def _take_rich(self, output: NotebookNode) -> None:
        size = sum(len(str(value)) for value in output.data.values())
        if self._rich + size <= RICH:
            self._rich += size
            return
        told = f"[an output of {size:,} characters was left out: the cell has more than {RICH:,} of them]"
        output.data, output.metadata = {"text/plain": told}, {}

    def finish(self) -> None:
        """Write down what was left out, where it was."""
        if self._note is None:
            return
        note = f"\n[… {self._omitted:,} characters left out …]\n" if self._omitted else ""
        self._note.text = self._begin + note + self._note.text


class _Client(PapermillNotebookClient):
    """papermill's, with bounds."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._kept: dict[int, Kept] = {}

    def output(self, outs, msg, display_id, cell_index):
        """Called by nbclient for every output that a kernel sends."""
        output = super().output(outs, msg, display_id, cell_index)
        if len(outs) <= 1:  # the first, or the first after the cell cleared them
            self._kept[cell_index] = Kept()
        if output is not None:
            self._kept[cell_index].take(output)
        return output

    def finish(self) -> None:
        """Say in all cells what was left out, and join what was printed in one go."""
        for index, kept in self._kept.items():
            kept.finish()
            outputs = self.nb.cells[index].outputs
            outputs[:] = _joined(outputs)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs with what was printed in one go in one piece: kernels send it in several."""
    found: list[NotebookNode] = []
    for one in outputs:
        last = found[-1] if found else None
        if one.output_type != "stream":
            found.append(one)
        elif last is not None and last.output_type == "stream" and last.name == one.name:
            last.text += one.text
        elif one.text:
            found.append(one)
    return found


class BoundedEngine(NBClientEngine):
    """papermill's engine, with bounds on what a cell may print."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, *, start_timeout, execution_timeout=None, input_path=None, **options
    ):
        """Called by papermill.

        Args:
            nb_man: papermill's state of the execution.
            kernel_name: of the kernel.
            start_timeout: seconds that the kernel has to answer.
            execution_timeout: seconds that a cell has; None for no limit.
            input_path: not used.
            options: traits of the client.
        """
        for name in ("log_output", "stdout_file", "stderr_file"):
            options.pop(name, None)
        client = _Client(
            nb_man,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            extra_arguments=QUIET,
            **options,
        )
        try:
            return client.execute()
        finally:
            client.finish()
