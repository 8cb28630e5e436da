"""Takes what a cell shows from its kernel: all of it, as a terminal would show it, and within bounds.

Of a cell's text the beginning and the end are kept, with a line in between that says how much was left out; pictures
and other rich outputs are kept up to a size that no page of ours comes near.
"""

from __future__ import annotations

import html
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.session import Session
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, DeadKernelError
from nbclient.util import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine

from cnnrepro.errors import WorkFailed
from cnnrepro.report.page import ended_well
from cnnrepro.runner.terminal_text import TerminalText
from cnnrepro.stderr import Steps

if TYPE_CHECKING:
    from nbformat import NotebookNode

HEAD = TAIL = 50_000  # characters kept of the text of a cell: some 600 lines each
RICH = 32 * 2**20  # characters of rich outputs kept of a cell; base64 text for pictures
LONGEST_TRACEBACK = 200  # lines
WIDGET = "application/vnd.jupyter.widget-view+json"

# A kernel that is told to end reports the interrupt with which that begins as an error.
QUIET = ["--log-level=50"]
# For a cell's last outputs to arrive once it has ended. The kernel waits for its reader, so this is a flood's time, not
# a loss's; nbclient's own limit is 4.
OUTPUTS_SECONDS = 600
THREADS_SECONDS = 10  # that threads have to end when the last cell has
# As cnnrepro.runner.kernel has them: what begins the frame with a message's number, and the name of its last answer.
MARK, FINISHED = b"cnnrepro ", "cnnrepro-finished"
FINISH = f"__import__('cnnrepro.runner.kernel', fromlist=['finish']).finish({THREADS_SECONDS})"


class BoundedOutputs:
    """The bounds of one cell's outputs.

    Outputs are changed in place and never taken out of their list: nbclient refers to them by their position. A text
    that goes on where the one before it ended is moved there, and leaves an empty output behind.
    """

    def __init__(self) -> None:
        self._head, self._tail, self._left_out, self._rich = 0, "", 0, 0
        self.notes: list[str] = []  # what was left out, as it is said in its place
        self._stream: NotebookNode | None = None  # the text output that is being written to
        self._text = TerminalText()
        self._last: NotebookNode | None = None  # the text output that is to carry the tail

    def add(self, output: NotebookNode) -> None:
        """Look at an output that has just come, and cut it where it is too much."""
        if output.output_type == "stream":
            self._add_text(output)
            return
        self._end_text()
        if output.output_type == "error":
            lines, half = output.traceback, LONGEST_TRACEBACK // 2
            if len(lines) > LONGEST_TRACEBACK:
                self.notes.append(f"[… {len(lines) - 2 * half} lines left out …]")
                output.traceback = [*lines[:half], self.notes[-1], *lines[-half:]]
        else:
            size = sum(len(str(value)) for value in output.data.values())
            if self._rich + size > RICH:
                self.notes.append(
                    f"[an output of {size:,} characters was left out: the cell has more than {RICH:,} of them]"
                )
                output.data, output.metadata = {"text/plain": self.notes[-1]}, {}
            else:
                self._rich += size

    def _add_text(self, output: NotebookNode) -> None:
        if self._stream is None or output.name != self._stream.name:
            self._end_text()
            self._stream = output
        text, output.text = output.text, ""
        self._keep(self._text.write(text))

    def goes_on(self, stream: str, text: str) -> bool:
        """Print a text behind the one that came last; False where that is none of the same stream."""
        if self._stream is None or self._stream.name != stream:
            return False
        self._keep(self._text.write(text))
        return True

    def _end_text(self) -> None:
        """Keep the line that is not finished; what is printed next is another output."""
        if self._stream is not None:
            self._keep(self._text.rest())
            self._stream, self._text = None, TerminalText()

    def _keep(self, text: str) -> None:
        room = HEAD - self._head
        more = text[room:]
        self._stream.text += text[:room]
        self._head += len(text) - len(more)
        if more:
            self._last, text = self._stream, self._tail + more
            self._tail = text[-TAIL:]
            self._left_out += len(text) - len(self._tail)

    def finish(self) -> None:
        """Write down the end of the text, and how much was left out before it."""
        self._end_text()
        if self._last is not None:
            if self._left_out:
                self.notes.append(f"[… {self._left_out:,} characters left out …]")
                self._last.text += f"\n{self.notes[-1]}\n"
            self._last.text += self._tail
            self._last = None


def widget_text(model: object, states: Mapping[str, Mapping[str, object]]) -> str:
    """What a widget says at the end: its description and value, and those of the widgets in it; "" if that is unknown.

    Its own text is of the time when it was shown: a progress bar's is empty.
    """
    state = states.get(model, {}) if isinstance(model, str) else {}
    chosen, choices = state.get("index"), state.get("_options_labels")
    if isinstance(chosen, int) and isinstance(choices, (list, tuple)):  # of a list to choose from
        said = [state.get("description"), *choices[chosen : chosen + 1]]
    else:
        said = [state.get("description"), state.get("value")]
    said += map(_text_of, state.get("outputs", ()))  # what was put into an Output widget
    texts = [
        html.unescape(re.sub(r"<[^>]*>", "", str(text))).strip() for text in said if isinstance(text, (str, int, float))
    ]
    if isinstance(state.get("max"), (int, float)):
        texts[-1:] = [f"{texts[-1]}/{state['max']}"] if texts else []
    inner = [str(child).removeprefix("IPY_MODEL_") for child in state.get("children", ())]
    remaining = {name: other for name, other in states.items() if name != model}  # none is in itself
    return " ".join(filter(None, [*texts, *(widget_text(child, remaining) for child in inner)]))


def _text_of(output: Mapping[str, object]) -> object:
    return output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue")


class NumberedSession(Session):
    """Reads a kernel's messages, and counts those that are missing among the numbered ones."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.next: int | None = None  # the number of the message that comes next
        self.missing = 0

    def feed_identities(self, msg_list, copy=True):
        """Called by jupyter_client for each message: the frames that lead it, and the rest."""
        leading, rest = super().feed_identities(msg_list, copy)
        for frame in leading:
            name = frame if copy else frame.bytes
            if name.startswith(MARK):
                number = int(name[len(MARK) :])
                self.missing += 0 if self.next is None else number - self.next
                self.next = number + 1
        return leading, rest


class _OurKernel(KernelSpecManager):
    """This Python's kernel, whatever kernels are installed beside it."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        command = [sys.executable, "-P", "-m", "cnnrepro.runner.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class _Client(PapermillNotebookClient):
    """papermill's, with bounds, and with each output in the cell that made it."""

    def __init__(self, *arguments, steps: Steps, **options):
        super().__init__(*arguments, **options)
        self.on_cell_start = lambda cell, cell_index: steps.step(f"cell {cell_index + 1} of {len(self.nb.cells)}")
        self._bounds: dict[int, BoundedOutputs] = {}
        self._cells: dict[str, tuple[NotebookNode, int]] = {}  # by the message that ran them
        self._clearing: dict[int, bool] = {}  # whether a cell's next output is to take the place of all before it
        self._closed: set[str] = set()  # the widgets that were closed
        self.on_cell_executed = self._look_at_reply
        # A page runs no script: what goes to an Output widget is shown in the cell instead.
        self.comm_open_handlers = {"jupyter.widget": lambda message: None}

    def create_kernel_manager(self):
        """Called by nbclient."""
        manager = super().create_kernel_manager()
        manager.kernel_spec_manager = _OurKernel()
        manager.session = NumberedSession(parent=manager)
        return manager

    def papermill_execute_cells(self) -> None:
        """Called by papermill when the kernel is there: run all cells; raises WorkFailed where messages are missing."""
        self.nb.metadata.papermill["cells"] = str(Path(tempfile.gettempdir()) / f"ipykernel_{self.km.provisioner.pid}")
        try:
            super().papermill_execute_cells()
        except DeadKernelError as error:
            _, index = list(self._cells.values())[-1]
            process = getattr(self.km.provisioner, "process", None)
            raise DeadKernelError(f"in cell {index + 1}, {_end(process and process.returncode)}") from error
        stopped = next((cell for cell in self.nb.cells if cell.metadata.papermill.exception), None)
        if stopped and not ended_well(stopped):
            return  # that is what failed
        if not stopped and self._cells:
            self.nb.metadata.papermill["threads"] = self._finish_kernel()
        session: NumberedSession = self.kc.session
        if session.missing or session.next is None:
            lost = f"{session.missing:,}" if session.missing else "an unknown number"
            raise WorkFailed(
                f"of the messages that its kernel sent {lost} did not arrive, so outputs may be missing; the same "
                f"command runs it again."
            )

    async def _async_finish_kernel(self) -> list[str]:
        """Wait until all that the cells' threads and processes print has arrived; the threads that still run."""
        answer = self.kc.execute(FINISH, silent=True, store_history=False)
        cell, index = list(self._cells.values())[-1]
        self._cells[answer] = cell, index  # what is printed meanwhile belongs to the cell that ran last
        reply = await self.async_wait_for_reply(answer)
        await self._async_poll_output_msg(answer, cell, index)
        told = [said["threads"] for said in reply["content"].get("payload", ()) if said.get("source") == FINISHED]
        if not told:
            reason = reply["content"].get("evalue", "no answer")
            raise WorkFailed(f"its kernel did not say that all is there: {reason}.")
        return told[0]

    _finish_kernel = run_sync(_async_finish_kernel)

    def _look_at_reply(self, cell, cell_index, execute_reply):
        """Called by nbclient when a cell has ended: what ``name?`` told, whether it was ``exit()``, how it failed."""
        content = execute_reply["content"]
        # IPython shows no error of its own for groups of exceptions, and for magics that are missing.
        if content["status"] == "error" and all(output.output_type != "error" for output in cell.outputs):
            failed = {"ename": content["ename"], "evalue": content["evalue"], "traceback": []}
            self.output(cell.outputs, _message("error", failed), None, cell_index)
        for said in content.get("payload", ()):
            if said.get("source") == "page":
                shown = {"data": said["data"], "metadata": {}}
                self.output(cell.outputs, _message("display_data", shown), None, cell_index)
            elif said.get("source") == "ask_exit":  # as sys.exit(), but the kernel ends a moment later
                ended = {"ename": "SystemExit", "evalue": "", "traceback": ["SystemExit"]}
                self.output(cell.outputs, _message("error", ended), None, cell_index)
                raise CellExecutionError("SystemExit", "SystemExit", "")

    def process_message(self, msg, cell, cell_index):
        """Called for every message of a cell; ``clear_output(wait=True)`` waits for the next output of that cell."""
        self.clear_before_next_output = self._clearing.get(cell_index, False)
        try:
            return super().process_message(msg, cell, cell_index)
        finally:
            self._clearing[cell_index] = self.clear_before_next_output

    def handle_comm_msg(self, outs, msg, cell_index):
        """Called by nbclient for what widgets send; its own passes over their end."""
        super().handle_comm_msg(outs, msg, cell_index)
        if msg["msg_type"] == "comm_close":
            self._closed.add(msg["content"]["comm_id"])

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        """Called by nbclient, whose own passes over what threads print after their cell has ended."""
        self._cells[parent_msg_id] = cell, cell_index
        while True:
            message = await self.kc.iopub_channel.get_msg(timeout=None)
            parent = message["parent_header"].get("msg_id")
            if parent in self._cells:
                try:
                    self.process_message(message, *self._cells[parent])
                except CellExecutionComplete:
                    if parent == parent_msg_id:
                        return

    def output(self, outs, msg, display_id, cell_index):
        """Called by nbclient for every output that a kernel sends."""
        asked = msg["parent_header"].get("msg_id")
        if msg["msg_type"] == "error" and any(state.get("msg_id", "") == asked for state in self.widget_state.values()):
            # In Jupyter it goes to an Output widget, and the cell goes on.
            msg = msg | _message("stream", {"name": "stderr", "text": "\n".join(msg["content"]["traceback"]) + "\n"})
        content, bounds = msg["content"], self._bounds.get(cell_index)
        follows = msg["msg_type"] == "stream" and bounds and outs and not self.clear_before_next_output
        # A text that goes on gets no output of its own: an endless bar has millions.
        if follows and bounds.goes_on(content["name"], content["text"]):
            return None
        output = super().output(outs, msg, display_id, cell_index)
        if len(outs) <= 1:  # the first, or the first after the cell cleared them
            self._bounds[cell_index] = BoundedOutputs()
        if output is not None:
            self._bounds[cell_index].add(output)
        return output

    def finish(self) -> None:
        """Say in all cells what was left out, and take away the outputs whose text was moved to others.

        A widget that was closed is gone, as in Jupyter: bars of an inner loop are. What was printed into the area of an
        Output widget stands where it was printed, so that an empty area is nothing to show.
        """
        areas = {model for model, state in self.widget_state.items() if state.get("_model_name") == "OutputModel"}
        states = {model: state for model, state in self.widget_state.items() if model not in self._closed}
        cut: dict[str, list[str]] = {}
        for index, bounds in sorted(self._bounds.items()):
            bounds.finish()
            if bounds.notes:
                cut[str(index + 1)] = bounds.notes
            cell, kept = self.nb.cells[index], []
            for output in cell.outputs:
                view = output.get("data", {}).get(WIDGET)
                model = view.get("model_id") if isinstance(view, dict) else None
                text = widget_text(model, states)
                if not output.get("text", True) or model in self._closed or (not text and model in areas):
                    continue
                if text:
                    output.data["text/plain"] = text
                kept.append(output)
            cell.outputs = kept
        self.nb.metadata.papermill["cut"] = cut


def _end(status: int | None) -> str:
    """How a process ended, in words."""
    if status is None:
        return "nobody knows how; out of memory is the usual cause"
    if status >= 0:
        return f"with exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    return f"by signal {name}" + ("; out of memory is the usual cause" if name == "SIGKILL" else "")


def _message(kind: str, content: dict) -> dict:
    """A message as a kernel sends it."""
    return {"msg_type": kind, "header": {"msg_type": kind}, "parent_header": {}, "content": content}


class BoundedEngine(NBClientEngine):
    """papermill's engine, with bounds on what a cell may print."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, *, start_timeout, config, kernel_log, folder, steps, **unused
    ):
        """Called by papermill.

        Args:
            nb_man: papermill's state of the execution.
            kernel_name: of the kernel.
            start_timeout: seconds that the kernel has to answer.
            config: of the kernel's manager.
            kernel_log: path of the file for what the kernel's process says outside of any cell.
            folder: the working folder of the kernel.
            steps: told of each cell that begins.
            unused: what papermill offers besides.
        """
        client = _Client(
            nb_man,
            startup_timeout=start_timeout,
            iopub_timeout=OUTPUTS_SECONDS,
            kernel_name=kernel_name,
            extra_arguments=QUIET,
            config=config,
            steps=steps,
        )
        try:
            with kernel_log.open("wb") as log:
                return client.execute(stdout=log, stderr=log, cwd=str(folder))
        finally:
            client.finish()
