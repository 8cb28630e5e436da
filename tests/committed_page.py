"""Draws a committed page anew from the records beside it, in this process and whatever version made them.

``python -m tests.committed_page`` puts it in its place; it needs the page's data set. The test needs none: it looks at
the words, and puts grey images in place of the real ones.
"""

import contextlib
import json
from pathlib import Path
from unittest.mock import patch

import nbformat
import numpy as np

from cnnrepro import data, experiments, paths
from cnnrepro.claims import LEDGER, run_checks
from cnnrepro.data.labelled_images import Examples
from cnnrepro.experiments.results import Arm
from cnnrepro.report import display
from cnnrepro.runner import notebook_to_page
from cnnrepro.runner.request import page_request
from cnnrepro.training.epoch import build
from cnnrepro.training.resolve import resolve

REPORTS = paths.home(Path(__file__).parent) / "reports"
FLAGSHIP = REPORTS / "alexnet_vs_resnet" / "dataset-mnist"


def draw(folder, reports, splits=None):
    """Draw the page of a folder anew below ``reports``; its path.

    Args:
        folder: of the committed page, with its records.
        reports: where the new page goes.
        splits: in place of its data set.
    """
    parameters = json.loads((folder / "report.json").read_text(encoding="utf-8"))["parameters"]
    request = page_request(folder.parent.name, parameters)
    (row,) = (LEDGER[number] for number in request.claims)
    results = run_checks.published_results(row, folder.parent.parent)
    with contextlib.ExitStack() as patches:
        patches.enter_context(patch.object(experiments, "collect", lambda arms: results))
        patches.enter_context(
            patch.object(notebook_to_page, "execute", lambda path, *_, **__: execute(path, parameters))
        )
        if splits is not None:
            patches.enter_context(patch.object(Arm, "splits", lambda arm: splits))
            patches.enter_context(patch.object(Arm, "model", lambda arm: build(resolve(arm.specs[0], splits))))
        return notebook_to_page.draw_page(request, runs=folder / "records", reports=reports)


def execute(path, parameters):
    """A notebook with the outputs that its cells show, run in this process."""
    notebook, names = nbformat.read(path, as_version=4), {}
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count

        def show_output(data, metadata=None, cell=cell):
            cell.outputs.append(nbformat.v4.new_output("display_data", data, metadata=metadata or {}))

        with patch.object(display, "show_output", show_output):
            exec(cell.source, names)  # our own notebook
        if "parameters" in cell.metadata.get("tags", ()):
            names |= parameters
    return notebook


def grey_splits(folder):
    """What the records of a page say of its data, with grey images."""
    record = json.loads(next(folder.glob("records/*/record.json")).read_text(encoding="utf-8"))
    about, info = record["data"], data.info(record["data"]["name"])
    grey = np.full((1, *info.input_shape), 128, np.uint8)
    examples = {
        split: Examples(np.broadcast_to(grey, (size, *info.input_shape)), np.zeros(size, np.int64))
        for split, size in about["sizes"].items()
    }
    values = {name: about[name] for name in ("name", "fingerprint", "mean", "std")}
    return data.Splits(info=info, examples=examples, **values)


if __name__ == "__main__":
    print(draw(FLAGSHIP, REPORTS))
