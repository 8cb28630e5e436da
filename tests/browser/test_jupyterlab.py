"""The flagship and a lesson in JupyterLab, run to the end in Chromium: figures with captions, verdicts, bars."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from cnnrepro.runner.carried_notebooks import copy_notebooks
from tests.faults.conftest import wait_for
from tests.together import free_port

pytestmark = pytest.mark.soak

SMALL = {
    "alexnet_vs_resnet": {"seeds": [0], "epochs": 1, "train_images": 128},
    "convolution_by_hand": {"size": 64},
}
RUNS = {"alexnet_vs_resnet": 2, "convolution_by_hand": 0}  # each with a bar
WIDTHS = (1280, 800)  # of the window; the list of files takes 300 of it
TOKEN = "known"
PATIENCE = 600_000  # milliseconds; the machine may be busy
LONGEST = 1_200_000  # of a whole notebook
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},  # all is laid out, not what is in the window
}

ENDED = """() => document.querySelector('.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]')
    || [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(one => /\\d/.test(one.textContent))"""
# A caption, its figure, and whether it can be seen as it is meant.
FIGURES = """all => all.map(caption => {
    const child = caption.closest('.jp-OutputArea-child'), picture = child.previousElementSibling.querySelector('img');
    const [below, drawn, area] = [caption, picture, child.parentElement].map(one => one.getBoundingClientRect());
    return {caption: caption.innerText, shown: caption.checkVisibility() && picture.naturalWidth > 0,
            beyond: drawn.right - area.right, apart: below.top - drawn.bottom, width: drawn.width,
            turned: drawn.width / drawn.height / (picture.naturalWidth / picture.naturalHeight)};
})"""
VERDICTS = """all => all.map(one => ({word: one.querySelector('.word').innerText, shown: one.checkVisibility(),
    edge: getComputedStyle(one).borderLeftWidth, colour: getComputedStyle(one).borderLeftColor}))"""
BARS = """all => all.map(bar => {
    const row = bar.parentElement, area = row.closest('.jp-OutputArea').getBoundingClientRect();
    const parts = [...row.children].map(one => one.getBoundingClientRect());
    const words = [...row.querySelectorAll('.widget-html-content')];
    const filled = bar.querySelector('.progress-bar').getBoundingClientRect();
    return {text: words.map(one => one.innerText).join(' '), width: parts[1].width, filled: filled.width,
            beyond: Math.max(...parts.map(one => one.right)) - area.right,
            under: Math.max(...parts.map(one => one.bottom)) - row.getBoundingClientRect().bottom,
            cut: Math.max(row.scrollWidth - row.clientWidth, ...words.map(one => one.scrollWidth - one.clientWidth))};
})"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab in a folder with small copies of the notebooks, and the folder."""
    home = tmp_path_factory.mktemp("lab")
    notebooks = home / "notebooks"
    for copy in copy_notebooks(notebooks, list(SMALL)):
        make_small(copy)
    for name, settings in SETTINGS.items():
        place = home / "settings" / f"{name}.jupyterlab-settings"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(settings))
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    own |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "IPYTHONDIR": "ipython", "CNNREPRO_RUNS": "runs"}
    environment = os.environ | {name: str(home / place) for name, place in own.items()}
    del environment["CNNREPRO_PROGRESS"]
    port = free_port()
    options = [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    words = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", *options]
    with (home / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *words], cwd=notebooks, env=environment, stdout=log, stderr=log
        )
        try:
            wait_for(lambda: server.poll() is not None or answers(port), PATIENCE / 1000)
            assert server.poll() is None, (home / "log.txt").read_text()
            yield f"http://127.0.0.1:{port}", notebooks
        finally:
            server.terminate()  # with its kernels
            server.wait(60)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def make_small(path: Path) -> None:
    """Write the smallest parameters into a copy of a notebook."""
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    cell.source += "".join(f"\n{name} = {value!r}" for name, value in SMALL[path.stem].items())
    nbformat.write(notebook, path)


def calls(path: Path, *names: str) -> list[ast.Call]:
    """The calls of ``report.NAME`` in a notebook, in their order."""
    cells = nbformat.read(path, as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in found if ast.unparse(node.func) in {f"report.{name}" for name in names}]


@pytest.mark.parametrize("name", SMALL)
def test_a_notebook_runs_to_its_end_and_all_is_seen_whole(chromium, lab, name):
    address, folder = lab
    notebook = folder / f"{name}.ipynb"
    context = chromium.new_context(viewport={"width": WIDTHS[0], "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{address}/lab/workspaces/{name}/tree/{name}.ipynb?token={TOKEN}")
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(ENDED, timeout=LONGEST, polling=500)
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts() == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(2000)  # until JupyterLab has laid out anew
        shown = page.eval_on_selector_all(".cnnrepro-caption", FIGURES)
        figures = calls(notebook, "show", "show_mistakes")
        said = [word.value for figure in figures for word in figure.keywords if word.arg == "caption"]
        assert len(shown) == len(figures) > 0
        for one, value in zip(shown, said, strict=True):
            assert not isinstance(value, ast.Constant) or one["caption"] == value.value
            assert one["shown"] and len(one["caption"]) > 10 and one["width"] > 100, one
            assert one["beyond"] <= 1 and 0 <= one["apart"] < 40 and one["turned"] == pytest.approx(1, abs=0.02), one
        cards = page.eval_on_selector_all(".verdict", VERDICTS)
        assert len(cards) == len(calls(notebook, "show_verdict")) > 0
        for card in cards:
            assert card["shown"] and len(card["word"]) > 5 and card["edge"] == "6px", card
            assert card["colour"].startswith("rgb("), card
        bars = page.eval_on_selector_all(".widget-hprogress", BARS)
        assert len(bars) == RUNS[name]
        for bar in bars:
            assert "100%" in bar["text"] and "images/s" in bar["text"] and "val_accuracy=" in bar["text"], bar
            assert bar["width"] > 100 and bar["filled"] == pytest.approx(bar["width"], abs=8), bar
            assert max(bar["beyond"], bar["under"], bar["cut"]) <= 1, bar
    context.close()
