"""Keeps what a cell prints within bounds, so that one that floods its output costs neither memory nor a readable page.

Of a cell's text the beginning and the end are kept, with a line in between that says how much was left out; pictures
and other rich outputs are kept up to a size that no page of ours comes near.
"""

from __future__ import annotations

from itertools import groupby
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


class BoundedOutputs:
    """The bounds of one cell's outputs.

    Outputs are changed in place and never taken out of their list: nbclient refers to them by their position.
    """

    def __init__(self) -> None:
        self._head, self._tail, self._left_out, self._rich = 0, "", 0, 0
        self._last: NotebookNode | None = None  # the text output that is to carry the tail

    def add(self, output: NotebookNode) -> None:
        """Look at an output that has just come, and cut it where it is too much."""
        if output.output_type == "stream":
            self._add_text(output)
        elif output.output_type == "error":
            lines, half = output.traceback, LONGEST_TRACEBACK // 2
            if len(lines) > LONGEST_TRACEBACK:
                note = f"[… {len(lines) - 2 * half} lines left out …]"
                output.traceback = [*lines[:half], note, *lines[-half:]]
        else:
            size = sum(len(str(value)) for value in output.data.values())
            if self._rich + size > RICH:
                note = f"[an output of {size:,} characters was left out: the cell has more than {RICH:,} of them]"
                output.data, output.metadata = {"text/plain": note}, {}
            else:
                self._rich += size

    def _add_text(self, output: NotebookNode) -> None:
        room = HEAD - self._head
        more = output.text[room:]
        output.text = output.text[:room]
        self._head += len(output.text)
        if more:
            self._last, text = output, self._tail + more
            self._tail = text[-TAIL:]
            self._left_out += len(text) - len(self._tail)

    def finish(self) -> None:
        """Write down the end of the text, and how much was left out before it."""
        if self._last is not None:
            note = f"\n[… {self._left_out:,} characters left out …]\n" if self._left_out else ""
            self._last.text += note + self._tail


class _Client(PapermillNotebookClient):
    """papermill's, with bounds."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._bounds: dict[int, BoundedOutputs] = {}

    def output(self, outs, msg, display_id, cell_index):
        """Called by nbclient for every output that a kernel sends."""
        output = super().output(outs, msg, display_id, cell_index)
        if len(outs) <= 1:  # the first, or the first after the cell cleared them
            self._bounds[cell_index] = BoundedOutputs()
        if output is not None:
            self._bounds[cell_index].add(output)
        return output

    def finish(self) -> None:
        """Say in all cells what was left out, and join what was printed in one go: kernels send it in pieces."""
        for index, bounds in self._bounds.items():
            bounds.finish()
            outputs = [output for output in self.nb.cells[index].outputs if output.get("text", True)]
            self.nb.cells[index].outputs = joined = []
            for stream, pieces in groupby(outputs, lambda output: output.get("name")):  # rich outputs have no name
                first, *others = pieces
                joined.append(first)
                if stream is None:
                    joined += others
                else:
                    first.text += "".join(output.text for output in others)


class BoundedEngine(NBClientEngine):
    """papermill's engine, with bounds on what a cell may print."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, start_timeout, config, kernel_log, **unused):
        """Called by papermill.

        Args:
            nb_man: papermill's state of the execution.
            kernel_name: of the kernel.
            start_timeout: seconds that the kernel has to answer.
            config: of the kernel's manager.
            kernel_log: path of the file for what the kernel's process says outside of any cell.
            unused: what papermill offers besides.
        """
        client = _Client(
            nb_man, startup_timeout=start_timeout, kernel_name=kernel_name, extra_arguments=QUIET, config=config
        )
        try:
            with kernel_log.open("wb") as log:
                return client.execute(stdout=log, stderr=log)
        finally:
            client.finish()
