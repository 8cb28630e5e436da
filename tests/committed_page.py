"""Draws the committed pages anew from the records beside them, in this process and whatever version made them.

``python -m tests.committed_page`` puts them in their places; with words, those of these experiments alone. A race takes
half an hour of a quiet machine, so that of ``fast_mnist`` stands as it was run, and the rest of its page is drawn.
"""

import contextlib
import json
import re
import sys
from pathlib import Path
from unittest.mock import patch

import nbformat

from cnnrepro import paths
from cnnrepro.report import display, own_claim_views, statement_cards
from cnnrepro.runner import notebook_to_page
from cnnrepro.runner.request import page_request

REPORTS = paths.home(Path(__file__).parent) / "reports"
FLAGSHIP = REPORTS / "alexnet_vs_resnet" / "seeds-0..9_networks-both_falling-true_dropless-true_float32-true"
MNIST = REPORTS / "alexnet_vs_resnet" / "dataset-mnist_seeds-0..5_networks-both"
PAGES = (MNIST, FLAGSHIP)  # those of README's headline, in its order: the first decides statement 30
STUDIES = tuple(REPORTS / name / "full-true" for name in ("dropout", "normalisation", "depth", "pooling_in_training"))
LENET = REPORTS / "lenet5_on_mnist" / "dataset-mnist_seeds-0..4"
DRAWN = (*PAGES, *STUDIES, LENET)
(RACE,) = (REPORTS / "fast_mnist").glob("*/")
OF_LEDGER = REPORTS / "claims" / "default"  # drawn after them, as it judges their records
LAPS = re.compile(r"\blaps\b")  # in the cells of a race
SHOWING = (display, own_claim_views, statement_cards)  # the modules that have show_output()
LISTED = REPORTS / "committed.yaml"  # the same pages, for ``make site``


def draw(folder, reports):
    """Draw the page of a folder anew below ``reports``; its path.

    Args:
        folder: of the committed page, with its records.
        reports: where the new page goes.
    """
    parameters = json.loads((folder / "report.json").read_text(encoding="utf-8"))["parameters"]
    request = page_request(folder.parent.name, parameters)
    with contextlib.ExitStack() as patches:
        patches.enter_context(paths.environment(CNNREPRO_COMMITTED=str(folder.parent.parent)))
        patches.enter_context(
            patch.object(
                notebook_to_page,
                "execute",
                lambda path, *_, **__: execute(path, parameters, kept=_outputs(folder) if folder == RACE else {}),
            )
        )
        return notebook_to_page.draw_page(request, runs=reports / "no-runs", reports=reports)


def execute(path, parameters, kept):
    """A notebook with the outputs that its cells show, run in this process, but for those that are kept."""
    notebook, names = nbformat.read(path, as_version=4), {}
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count

        def show_output(data, metadata=None, cell=cell):
            cell.outputs.append(nbformat.v4.new_output("display_data", data, metadata=metadata or {}))

        if cell.id in kept:
            cell.outputs = kept[cell.id]
            continue
        with contextlib.ExitStack() as patches:
            for module in SHOWING:
                patches.enter_context(patch.object(module, "show_output", show_output))
            exec(cell.source, names)  # our own notebook
        if "parameters" in cell.metadata.get("tags", ()):
            names |= parameters
    return notebook


def _outputs(folder):
    """What the cells of the race showed when they were run, with the drawings and numbers that lie in files."""
    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
    of_race = [cell for cell in notebook.cells if cell.cell_type == "code" and LAPS.search(cell.source)]
    for output in (output for cell in of_race for output in cell.outputs):
        figure = folder / "figures" / output.get("metadata", {}).get("cnnrepro", {}).get("figure", "none")
        for suffix, kind in ((".svg", "image/svg+xml"), (".csv", display.NUMBERS_TYPE)):
            if figure.with_suffix(suffix).is_file():
                output.data[kind] = figure.with_suffix(suffix).read_text(encoding="utf-8")
    return {cell.id: cell.outputs for cell in of_race}


if __name__ == "__main__":
    for folder in (*DRAWN, RACE, OF_LEDGER):
        if not sys.argv[1:] or folder.parent.name in sys.argv[1:]:
            print(draw(folder, REPORTS))
