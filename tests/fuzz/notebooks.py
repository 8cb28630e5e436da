"""Notebooks of others: format, metadata and parameters are read, and no cell runs."""

from __future__ import annotations

from pathlib import Path

from cnnrepro.errors import UsageError
from cnnrepro.experiments.papermill_form import names_set_by
from cnnrepro.experiments.parameters import read_notebook, read_parameters, spell
from cnnrepro.report import page
from cnnrepro.runner.notebook_to_page import _how_it_ran
from cnnrepro.runner.request import page_requests, parameter_rows
from tests.fuzz.batch_files import shown
from tests.fuzz.fuzzing import Target, read
from tests.fuzz.mutation import of_json

TOKENS: list[object] = ["nbformat", "nbformat_minor", "metadata", "cells", "worksheets", "cell_type", "source",
    "outputs", "id", "input"]  # fmt: skip
TOKENS += ["execution_count", "tags", "parameters", "injected-parameters", "skip-execution", "remove-cell",
    "raises-exception"]  # fmt: skip
TOKENS += ["kernelspec", "language_info", "language", "name", "display_name", "python", "python3", "R",
    "papermill", "threads", "cut"]  # fmt: skip
TOKENS += ["code", "markdown", "raw", "heading", "attachments", "level", "collapsed", "prompt_number",
    "orig_nbformat", "jupyter"]  # fmt: skip
TOKENS += ["output_type", "stream", "display_data", "pyout", "pyerr", "text/plain", "image/png", "data", "ename",
    1, 2, 3, 4, 5]  # fmt: skip
TOKENS += ["a = 1", "a: int = 1  # help", "a: list = [1, 2]", "a = float('nan')", "a, b = 1, 2",
    "%matplotlib inline", "%%bash\nls"]  # fmt: skip
TOKENS += ["a = " + "[" * 99 + "]" * 99, "a = " + "-" * 9999 + "1", "a = 10 ** 9 ** 9", "a = 1" + "+ 1" * 3000,
    "a: int = 0x" + "f" * 5000]  # fmt: skip
TOKENS += ["if 1:\n  a = 1", "# " * 999, "# title\n\n<h1>x</h1>", "$" * 999, "*" * 999, "[" * 999, "a\n=\n" * 99,
    "a = '''\n'''  # b", "\\"]  # fmt: skip


def run(data: bytes, folder: Path) -> None:
    path = folder / "mine.ipynb"
    path.write_bytes(data)
    for work in (_show, _parameters, _asked):
        read(Target(lambda data, folder, work=work: work(path), ()), data, folder)


def _show(path: Path) -> None:
    notebook = read_notebook(path)
    (page.not_run(notebook), page.not_shown(notebook), page.first_heading(notebook), _how_it_ran(notebook))
    for cell in notebook.cells:
        names_set_by(cell.source)


def _parameters(path: Path) -> None:
    for parameter in read_parameters(path).values():
        spell(parameter.default)


def _asked(path: Path) -> None:
    for row in parameter_rows(str(path)):
        spell(row["default"])
    for given in ({}, {"a": "1"}, {"a": "0..3"}, {"a": "[1, 2]"}):
        try:
            for request in page_requests([str(path)], given):
                shown(request)
        except UsageError:
            if not given:
                raise


TARGET = Target(run, of_json(TOKENS), seconds=10)
