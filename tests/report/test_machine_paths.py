"""No absolute path of the machine stands on a page, or in what lies beside it."""

import base64
import json
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from cnnrepro.report.machine_paths import places, without_paths

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def known(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/her")
    monkeypatch.chdir(tmp_path)
    values = ["folder:/home/her/own/pets", "/data/lists/cats.csv", "folder:/mnt//disk/zoo", "folder:near", 5, "/"]
    books, cells = Path("/srv/books"), Path("/tmp/k_1")
    return places(values, runs=Path("/store/of/runs"), reports=Path("out"), notebook=books, cells=cells)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("folder:/home/her/own/pets", "folder:pets"),
        ("pictures of /home/her/own/pets/cat/1.jpg.", "pictures of pets/cat/1.jpg."),
        ("/home/her/own/pets2", "~/own/pets2"),
        ("see '/home/her/notes.txt', /home/her", "see '~/notes.txt', ~"),
        ("file:///home/her/a", "file://~/a"),
        ("RUNS=/store/of/runs/0123", "RUNS=runs/0123"),
        ("/data/lists/cats.csv and /data/lists/1.png", "cats.csv and lists/1.png"),
        ("folder:/mnt//disk/zoo, /mnt/disk/zoo/a", "folder:zoo, zoo/a"),
        ("{cwd}/x.py:3: Warning, {cwd}/out/index.html", "./x.py:3: Warning, out/index.html"),
        ("/elsewhere/home/her and /home/herself", "/elsewhere/home/her and /home/herself"),
        ("![](/srv/books/figures/a.png)", "![](./figures/a.png)"),
        ("folder:near 1/2 / 3", "folder:near 1/2 / 3"),
        (f"{sysconfig.get_path('purelib')}/keras/a.py:5: UserWarning", "site-packages/keras/a.py:5: UserWarning"),
        (f"File \x1b[32m{sysconfig.get_path('stdlib')}/ast.py:50", f"File \x1b[32mpython{VERSION}/ast.py:50"),
        (f"{sys.prefix}/lost", f"{Path(sys.prefix).name}/lost"),
        ("/tmp/k_1/345.py:1: UserWarning in /tmp/k_12", "cell/345.py:1: UserWarning in /tmp/k_12"),
    ],
)
def test_a_known_path_gives_way_to_its_last_name(known, tmp_path, text, shown):
    assert without_paths(text.format(cwd=tmp_path), known) == shown


def test_all_texts_of_a_notebook_are_looked_at_and_pictures_stay(known):
    bytes_ = base64.b64encode(b"\x00" * 30).decode() + "/home/her/" + "A" * 10
    cell = nbformat.v4.new_code_cell(
        "open('/home/her/x')",
        outputs=[
            nbformat.v4.new_output("stream", text="/home/her/y\n"),
            nbformat.v4.new_output("display_data", {"image/png": bytes_, "text/plain": "/home/her/z"}),
        ],
    )
    shown = without_paths(nbformat.v4.new_notebook(cells=[cell]), known)
    assert isinstance(shown, nbformat.NotebookNode)
    nbformat.validate(shown)
    assert shown.cells[0].outputs[1].data["image/png"] == bytes_
    assert json.dumps(shown).count("/home/her") == 1  # in the picture
    assert cell.source == "open('/home/her/x')", "the notebook itself is not changed"
