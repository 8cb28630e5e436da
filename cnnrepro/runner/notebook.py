"""Runs a notebook with papermill, and keeps what is left of it when a cell fails."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.experiments.parameters import read_notebook
from cnnrepro.files import folder_beside
from cnnrepro.report.page import ended_well
from cnnrepro.stderr import Steps

if TYPE_CHECKING:
    import nbformat
    from traitlets.config import Config

KERNEL = "python3"
ENGINE = "cnnrepro"  # our name for papermill's engine with bounds on what a cell prints
LONGEST_SOCKET = 90  # bytes of a socket's path; systems take 104 or 108, and "-1" to "-5" are added
LAST_WORDS = 5  # lines of a kernel's standard error that are shown when it died
START_SECONDS = 120  # for a kernel to answer on a busy machine; papermill's own limit is 60


def kernels_environment(runs: Path, reports: Path | None = None) -> AbstractContextManager[None]:
    """What kernels inherit: where the runs are and the pages, if these are named, and lines for progress.

    It is the process's environment, so it is set once around all notebooks that are run side by side.
    """
    places = {"CNNREPRO_RUNS": runs} | ({"CNNREPRO_REPORTS": reports} if reports else {})
    return paths.environment(
        **{name: str(place.resolve()) for name, place in places.items()}, CNNREPRO_PROGRESS="lines"
    )


def _connection(folder: Path) -> Config:
    """How to talk to the kernel: over sockets in a private folder, where the system has them.

    Ports are raced for when many kernels start at once, and anybody on the machine can read what passes over them.
    """
    from traitlets.config import Config

    files = {"connection_file": str(folder / "kernel.json"), "ip": str(folder / "kernel")}
    if os.name == "nt" or len(files["ip"].encode()) > LONGEST_SOCKET:
        return Config()
    return Config({"KernelManager": {"transport": "ipc", **files}})


def execute(
    path: Path,
    parameters: Mapping[str, object],
    *,
    keep_failed: Path,
    working_folder: Path | None = None,
    steps: Steps | None = None,
) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom in a kernel of its own, within ``kernels_environment``.

    Args:
        path: the notebook; it is not changed.
        parameters: values to inject, already checked against what it declares.
        keep_failed: where the notebook is kept, as far as it ran, if it fails.
        working_folder: of the kernel; by default this process's.
        steps: told of each cell that begins.

    Returns:
        The executed notebook.

    Raises:
        UsageError: a cell refused a parameter's value.
        WorkFailed: a cell raised, the kernel died or a message of it did not arrive; says where, and where the notebook
            is kept.
    """
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import raise_for_execution_errors

    from cnnrepro.runner.outputs import BoundedEngine

    papermill_engines.register(ENGINE, BoundedEngine)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    # Beside the others' folders, so that those of killed processes are swept away.
    with folder_beside(Path(tempfile.gettempdir()), "cnnrepro-") as folder:
        # A parsed notebook, not its path: papermill puts paths through str.format, and a brace in one would raise.
        source, output = read_notebook(path), folder / "running.ipynb"
        # A kernel that is told to end may yet report, with a traceback, that its sockets are gone.
        kernel_log = folder / "kernel.log"
        try:
            # papermill.execute_notebook in its three steps: it takes an error that a cell's tag expects for a failure.
            notebook = papermill.execute_notebook(
                source,
                str(output),
                parameters=dict(parameters),
                engine_name=ENGINE,
                kernel_name=KERNEL,
                language="python",
                prepare_only=True,
            )
            notebook = BoundedEngine.execute_notebook(
                notebook,
                KERNEL,
                str(output),
                progress_bar=False,
                start_timeout=START_SECONDS,
                config=_connection(folder),
                kernel_log=kernel_log,
                folder=working_folder or Path.cwd(),
                steps=steps or Steps(path.stem, silent=True),
            )
            stopped = next((cell for cell in notebook.cells if cell.metadata.papermill.exception), None)
            if stopped and not ended_well(stopped):
                raise_for_execution_errors(notebook, str(output))
            return notebook
        except PapermillExecutionError as error:
            # A value of the right type that only its cell could judge. IPython and others have a UsageError too.
            if error.ename == UsageError.__name__ and any("cnnrepro" in line for line in error.traceback):
                raise UsageError(str(error.evalue)) from error
            reason = f"Notebook {path.name} failed in cell {error.cell_index + 1}: {error.ename}: {error.evalue}"
            raise WorkFailed(f"{reason}\n{_keep(output, keep_failed)}") from error
        except WorkFailed as error:
            raise WorkFailed(f"Notebook {path.name}: {error}\n{_keep(output, keep_failed)}") from error
        except TimeoutError as error:
            reason = f"Notebook {path.name}: what a cell showed did not arrive, though the cell had ended."
            raise WorkFailed(f"{reason}\n{_keep(output, keep_failed)}") from error
        except RuntimeError as error:  # nbclient's DeadKernelError and its kin
            reason = f"The kernel of notebook {path.name} died: {error}."
            raise WorkFailed("\n".join([reason, *_last_words(kernel_log), _keep(output, keep_failed)])) from error
        except OSError:
            raise
        except Exception as error:  # of the many libraries between a notebook and its kernel
            reason = f"Notebook {path.name} could not be run: {in_a_line(error)}"
            raise WorkFailed(f"{reason}\n{_keep(output, keep_failed)}") from error


def in_a_line(error: Exception) -> str:
    """An error that is nobody's sentence: its kind and the first line of what it says."""
    said = str(error).strip().splitlines()[:1]
    return ": ".join([type(error).__name__, *said])


def _last_words(kernel_log: Path) -> list[str]:
    """What a kernel that died left on its standard error: the last lines, none where it said nothing."""
    lines = kernel_log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line for line in lines if line.strip()][-LAST_WORDS:]
    return ["The last it said:", *said] if said else []


def keep(notebook: nbformat.NotebookNode, place: Path) -> str:
    """Keep a notebook that ran, and whose page could not be made; says where, or why that was not possible."""
    import nbformat

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(nbformat.writes(notebook), encoding="utf-8", errors="backslashreplace")
    except Exception as error:
        return f"As far as it ran it could not be kept: {in_a_line(error)}"
    return f"As far as it ran it is kept as {place}"


def _keep(output: Path, place: Path) -> str:
    """Keep a failed notebook; says where, or why that was not possible."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(output, place)
    except OSError as error:
        return f"As far as it ran it could not be kept: {error.strerror}"
    return f"As far as it ran it is kept as {place}"
