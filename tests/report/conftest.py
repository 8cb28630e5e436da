"""Made-up results of made-up runs, and an executed notebook that shows them."""

import copy

import nbformat
import numpy as np
import pandas as pd
import pytest

from cnnrepro.claims import Verdict
from cnnrepro.report import display, figures
from cnnrepro.report.tables import table

ARMS = ("AlexNet", "ResNet-20, batch-norm momentum 0.99", "ResNet-20, batch-norm momentum 0.9", "LeNet-5")


@pytest.fixture(scope="session")
def frame():
    """Make curves: ``frame(arms, seeds, epochs)``."""

    def make(arms=3, seeds=2, epochs=5):
        random = np.random.default_rng(0)
        return pd.DataFrame(
            {"arm": arm, "seed": seed, "epoch": epoch, "val_accuracy": accuracy, "val_loss": -np.log(accuracy)}
            for arm in ARMS[:arms]
            for seed in range(seeds)
            for epoch in range(1, epochs + 1)
            for accuracy in [1 - 0.8 / epoch ** random.uniform(1, 2)]
        )

    return make


@pytest.fixture(scope="session")
def verdict():
    return Verdict(
        30, "holds if …", "Holds if <b>a & b</b>.", ("First <script>alert(1)</script>.",), "mnist_5k, 1 seed"
    )


def output(data, metadata=None):
    return nbformat.v4.new_output("display_data", data, metadata=metadata or {})


def code(source, *outputs, tags=(), count=1):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=count)
    cell.metadata["tags"] = list(tags)
    return cell


@pytest.fixture
def notebook(executed):
    """An executed notebook that a test may change."""
    return copy.deepcopy(executed)


@pytest.fixture(scope="session")
def executed(frame, verdict):
    """An executed notebook with a figure, a table, a verdict, runs, streams and hostile text."""
    data, metadata = display.figure_bundle(
        figures.curves(frame()), "curves", alt='Curves "of" <three> arms', caption="A & B"
    )
    shown = table(("a", "b"), [("<i>x</i>", 1234)], numbers=("b",))._repr_html_()
    stream = nbformat.v4.new_output("stream", name="stdout", text="<script>stream()</script>\x1b[31mred\x1b[0m")
    runs = {display.RUNS_TYPE: {"keys": ["k1", "k2", "k1"]}, "text/plain": "runs"}
    hostile = "# The notebook's own title\n\nText <script>markdown()</script> <img src=x onerror=alert(1)>"
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(hostile + "\n\n## A heading\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            code("epochs: int = 5", tags=["parameters"]),
            code("# Parameters\nepochs = 3", tags=["injected-parameters"]),
            code("print('</script><script>code()')", stream),
            code("figure", output(data, metadata)),
            code("table", output({"text/html": shown, "text/plain": "t"})),
            code("hidden", nbformat.v4.new_output("stream", text="SECRET-OUTPUT"), tags=["remove-output"]),
            code("gone", output({"text/plain": "REMOVED"}), tags=["remove-cell"]),
            code("verdict", output(display.verdict_bundle(verdict))),
            code("runs", output(runs)),
        ]
    )
