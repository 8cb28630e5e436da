"""Notebooks as other people write them, from a path to a page: what Jupyter does with them, and nothing lost."""

import json
import sys

import nbformat
import pytest
from nbformat import v4

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.report import page
from cnnrepro.runner import outputs
from cnnrepro.runner.make_pages import make_pages
from cnnrepro.runner.notebook import execute, kernels_environment
from cnnrepro.runner.request import page_requests

pytestmark = pytest.mark.slow

FLOOD = "for number in range({lines}):\n    print('line', number, flush=True)"
TABLES = """
from IPython.display import HTML, display
for number in range(50):
    display(HTML(f"<table><tr><td>table {number}</td></tr></table>"))
"""

# What a cell of somebody's notebook does, and what its page must show of it (or, after a "not", must not).
CELLS = {
    "a bar by carriage returns": (
        "for n in range(1, 301):\n    print(f'\\r{n}/300 steps', end='', flush=True)\nprint()",
        ["300/300 steps"],
        ["299/300 steps"],
    ),
    "a bar by backspaces": (
        "import sys\nfor n in range(10, 99):\n    sys.stdout.write('\\b' * 8 + f'epoch {n}')\n    sys.stdout.flush()",
        ["epoch 98"],
        ["epoch 97"],
    ),
    "tqdm": (
        "from tqdm import tqdm\nfor n in tqdm(range(50), desc='steps', mininterval=0):\n    pass",
        ["steps: 100%"],
        ["steps:  50%"],
    ),
    "tqdm.notebook": (
        "import warnings\nwarnings.simplefilter('ignore')\nfrom tqdm.auto import tqdm\n"
        "for n in tqdm(range(7), desc='widget'):\n    pass",
        ["widget", "7/7"],
        [],
    ),
    "a table of pandas": (
        "import pandas as pd\npd.DataFrame({'a': [12345], 'b': ['x<y']})",
        ["12345", "x&lt;y"],
        ["dataframe tbody"],
    ),
    "a style of pandas": (
        "pd.DataFrame({'a': [1.25]}).style.format('{:.3f}').background_gradient()",
        ["1.250"],
        ["_row0_col0 {"],
    ),
    "a widget": (
        "import IPython.display as d\nd.display({'application/vnd.jupyter.widget-view+json': {'model_id': 'a', "
        "'version_major': 2, 'version_minor': 0}, 'text/plain': 'HBox(children=…)'}, raw=True)",
        ["HBox(children=…)"],
        [],
    ),
    "an update": (
        "handle = d.display('first state', display_id=True)\nhandle.update('second state')",
        ["second state"],
        [">&#39;first state"],
    ),
    "cleared, and waiting": (
        "for n in range(3):\n    d.clear_output(wait=True)\n    print('frame', n)",
        ["frame 2"],
        ["frame 1\n"],
    ),
    "a warning and a log": (
        "import logging, warnings\nwarnings.simplefilter('default')\nwarnings.warn('mind the gap')\n"
        "logging.error('logged %d', 7)",
        ["mind the gap", "logged 7"],
        [],
    ),
    "a subprocess": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(\"from a child\")'], check=True);",
        ["from a child"],
        [],
    ),
    "a shell line": ("!echo from-the-shell-$((1 + 1))", ["from-the-shell-2"], []),
    "a magic": ("%%time\nprint('timed')", ["timed", "Wall time"], []),
    "half of a pair": ("print('half \\ud800 of a pair')", ["half ? of a pair"], ["tornado"]),
    "an inner bar, gone at its end": (
        "for n in tqdm(range(2), desc='van' + 'ishes', leave=False):\n    pass",
        [],
        ["vanishes"],
    ),
    "an error in the area of a widget": (
        "import ipywidgets as w\narea = w.Output()\ndisplay(area)\nwith area:\n    raise LookupError('in the area')",
        ["LookupError", "in the area"],
        [],
    ),
    "what was chosen": ("w.Dropdown(options=['neither', 'the second'], value='the second')", ["the second"], []),
    "captured": ("%%capture kept\nprint('captured ' + 'text')", [], []),
    "captured, and shown": ("kept.show()", ["captured text"], []),
    "a figure": (
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        ["data:image/png;base64"],
        [],
    ),
    "awaited": ("import asyncio\nawait asyncio.sleep(0)\nprint('awaited')", ["awaited"], []),
    "a thread that outlives its cell": (
        "import threading, time\ndef late():\n    time.sleep(0.3)\n    print('late ' + 'words', flush=True)\n"
        "threading.Thread(target=late).start()",
        ["late words"],
        [],
    ),
    "while it prints": ("time.sleep(0.8)", [], []),
    "threads that print between two cells": (
        "for n in range(0, 40, 4):\n    threading.Timer(n / 1000, lambda n=n: print('between', n)).start()",
        [f"between {n}" for n in range(0, 40, 4)],
        [],
    ),
    "the second of the two": ("time.sleep(0.5)", [], []),
    "JSON": ("d.JSON({'depth': 20})", ["depth"], []),
    "a group of errors": (
        "raise ExceptionGroup('several of them', [ValueError('one')])",
        ["ExceptionGroup: several of them (1 sub-exception)"],
        [],
    ),
    "an error that is expected": ("1 / 0", ["ZeroDivisionError"], []),
    "a cell for somewhere else": ("!pip install never-there\nraise SystemExit", [], ["never-there: "]),
    "a folded output": ("print('folded ' + 'away')", ["<summary>Output</summary>", "folded away"], []),
    "values shown in a way of their own": ("from rich.pretty import install\ninstall()", [], ["[]"]),
}
TAGS = {
    "an error that is expected": ["raises-exception"],
    "a group of errors": ["raises-exception"],
    "a cell for somewhere else": ["skip-execution"],
    "a folded output": ["hide-output"],
}


def write(path, *cells, **metadata):
    notebook = v4.new_notebook(metadata=metadata)
    for cell in cells:
        notebook.cells.append(v4.new_code_cell(cell) if isinstance(cell, str) else cell)
    nbformat.write(notebook, path)
    return path


def page_of(path, **options):
    folder = path.parent
    return make_pages(page_requests([str(path)], {}), runs=folder / "runs", reports=folder / "reports", **options)[0]


def test_what_the_cells_of_others_show_is_on_the_page(tmp_path):
    cells = [v4.new_code_cell(source, metadata={"tags": TAGS.get(name, [])}) for name, (source, _, _) in CELLS.items()]
    (tmp_path / "random.py").write_text("raise RuntimeError('it stands in for a module of Python')")
    page = page_of(write(tmp_path / "of_others.ipynb", *cells))
    text = page.read_text(encoding="utf-8")
    ran = nbformat.read(page.parent / "notebook.ipynb", as_version=4)
    assert len(ran.cells) == len(CELLS)
    assert not [place for place in (sys.prefix, sys.base_prefix, "/ipykernel_") if place in text]
    for cell, (name, (_, wanted, unwanted)) in zip(ran.cells, CELLS.items(), strict=True):
        shown = str(cell.outputs)
        assert [words for words in wanted if words not in text] == [], (name, shown[:2000])
        assert [words for words in unwanted if words in text] == [], (name, shown[:2000])


@pytest.mark.parametrize("lines", [3000, pytest.param(20_000, marks=pytest.mark.soak)])
def test_a_flood_followed_by_tables_arrives_whole(lines, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnrepro.runner.outputs.HEAD", 10**6)
    path = write(tmp_path / "flood.ipynb", FLOOD.format(lines=lines), TABLES)
    with kernels_environment(tmp_path):
        flood, tables = execute(path, {}, keep_failed=tmp_path / "failed.ipynb").cells
    assert "".join(output.text for output in flood.outputs).splitlines() == [f"line {n}" for n in range(lines)]
    assert [f"table {n}" in str(output) for n, output in enumerate(tables.outputs)] == [True] * 50


def test_a_notebook_works_in_its_own_folder_or_the_one_given(tmp_path, monkeypatch):
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
        (folder / "helper.py").write_text(f"place = 'helped by {folder.name}'")
    path = write(own / "helped.ipynb", "import helper\nhelper.place")
    monkeypatch.chdir(tmp_path)
    assert "helped by own" in page_of(path).read_text(encoding="utf-8")
    assert "helped by other" in page_of(path, cwd=other).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "cell, reason",
    [
        ("input('name?')", "StdinNotImplementedError"),
        ("import sys\nsys.exit('no data')", "SystemExit: no data"),
        ("def f(:", "SyntaxError"),
        ("%no_such_magic", "UsageError: Line magic function `%no_such_magic` not found"),
    ],
)
def test_a_cell_that_cannot_go_on_fails_the_page(cell, reason, tmp_path):
    with pytest.raises(WorkFailed, match=f"Notebook stuck.ipynb failed in cell 1: {reason}"):
        page_of(write(tmp_path / "stuck.ipynb", cell, "print('never')"))


SAME_PYTHON = f"import sys\nprint('of this ' + 'Python:', sys.executable == {sys.executable!r})"


def test_the_kernel_is_this_pythons_whatever_the_notebook_names(tmp_path):
    kernelspec = {"name": "conda-env-py36", "display_name": "My Python", "language": "python"}
    page = page_of(write(tmp_path / "named.ipynb", SAME_PYTHON, kernelspec=kernelspec))
    assert "of this Python: True" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
        {"language_info": {"name": "julia"}},
    ],
)
def test_another_language_is_refused_before_anything_runs(metadata, tmp_path):
    path = write(tmp_path / "other.ipynb", "x <- 1", **metadata)
    language = "R" if "kernelspec" in metadata else "julia"
    with pytest.raises(UsageError, match=f"is a notebook in '{language}'; only notebooks in Python can be run"):
        page_of(path)


def test_older_formats_and_a_byte_order_mark(tmp_path):
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["An old heading"]},
                    {
                        "cell_type": "code",
                        "language": "python",
                        "metadata": {},
                        "input": ["print('old but ' + 'sound')"],
                        "outputs": [],
                        "collapsed": False,
                    },
                ],
            }
        ],
    }
    path = tmp_path / "old.ipynb"
    path.write_text("\ufeff" + json.dumps(old), encoding="utf-8")
    text = page_of(path).read_text(encoding="utf-8")
    assert "An old heading" in text and "old but sound" in text


def test_a_notebook_without_code_has_a_page(tmp_path):
    path = write(tmp_path / "words.ipynb", v4.new_markdown_cell("# Words\n\nonly words"), v4.new_raw_cell("raw words"))
    assert "only words" in page_of(path).read_text(encoding="utf-8")


def run_cells(folder, *cells):
    """The notebook of some cells, executed in a folder."""
    path = folder / "theirs.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), path)
    with kernels_environment(folder / "runs"):
        return execute(path, {}, keep_failed=folder / "failed.ipynb", working_folder=folder)


def test_messages_that_do_not_arrive_fail_the_command(tmp_path):
    lose = (
        "thread = get_ipython().kernel.iopub_thread\nsocket = thread.socket\n"
        "thread.schedule(lambda: next(socket._numbers))"
    )
    with pytest.raises(WorkFailed, match="theirs.ipynb: of the messages that its kernel sent 1 did not arrive"):
        run_cells(tmp_path, lose, "print('after')")
    assert (tmp_path / "failed.ipynb").exists()


@pytest.mark.parametrize("ending", ["import sys\nsys.exit()", pytest.param("exit()", marks=pytest.mark.soak)])
def test_a_cell_that_ends_the_notebook_is_no_failure(ending, tmp_path):
    notebook = run_cells(tmp_path, "print('before')", ending, "print('never')")
    page.require_complete(notebook)
    assert page.not_run(notebook) == ["Cell 2 ended the notebook; code cells behind it that were not run: 1."]
    assert not notebook.cells[2].outputs


def test_what_comes_after_the_last_cell_and_what_a_pager_tells_are_kept(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel would leave out what other processes print
    late = "import threading, time\ndef later():\n    time.sleep(1)\n    print('a thread, later')\n"
    child = "import subprocess\nchild = subprocess.run('echo a child', shell=True)\n"
    notebook = run_cells(tmp_path, "len?", late + child + "threading.Thread(target=later).start()")
    assert "number of items in a container" in notebook.cells[0].outputs[0].data["text/plain"]
    text = "".join(output.text for output in notebook.cells[1].outputs)
    assert "a thread, later\n" in text and "a child\n" in text
    assert notebook.metadata.papermill["threads"] == []


def test_a_bar_of_many_pieces_is_one_output(tmp_path, monkeypatch):
    most, bound = [], outputs.BoundedOutputs.goes_on
    monkeypatch.setattr(outputs.BoundedOutputs, "goes_on", lambda *given: most.append(1) or bound(*given))
    bar = "for n in range(500): print(f'\\r{n} of 500', end='', flush=True)"
    [only] = run_cells(tmp_path, bar).cells[0].outputs
    assert only.text == "499 of 500" and len(most) >= 490


@pytest.mark.soak
def test_forms_of_files(tmp_path):
    """Cells without ids or with the same, white space at the end, no cells at all."""
    path = tmp_path / "form.ipynb"
    cell = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": ["print(1)  \n", "\n"],
    }
    for cells in ([{**cell, "id": "same"}] * 2, [cell, cell], []):
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        path.write_text(json.dumps(content) + "\n\n  \n", encoding="utf-8")
        with kernels_environment(tmp_path / "runs"):
            notebook = execute(path, {}, keep_failed=tmp_path / "failed.ipynb")
        page.require_complete(notebook)
        assert [each.outputs[0].text for each in notebook.cells] == ["1\n"] * len(cells)
    for text in ("", "{", "[]"):
        path.write_text(text)
        with pytest.raises(UsageError, match="is not a Jupyter notebook"):
            page_requests([str(path)], {})
