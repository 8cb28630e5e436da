"""The notebooks that the package carries: listed with their questions, copied without touching anybody's changes."""

import json

import pytest

from cnnrepro import paths
from cnnrepro.errors import UsageError
from cnnrepro.experiments import EXPERIMENTS
from cnnrepro.runner.carried_notebooks import copy_notebooks, notebook_rows
from cnnrepro.runner.request import page_request
from tests.calling import call


def test_every_notebook_is_listed_with_its_question(capsys):
    rows = json.loads(call(capsys, "notebooks", "--json")[1])
    assert {row["file"] for row in rows} == {str(path) for path in paths.notebooks_dir().glob("*.ipynb")}
    shown = " ".join(call(capsys, "notebooks")[1].split())
    assert all(row["name"] in shown and row["question"] in shown for row in rows)
    assert [row["name"] for row in notebook_rows(["dropout.ipynb", "depth"])] == ["dropout", "depth"]


def test_they_are_copied_and_what_differs_is_kept(capsys, tmp_path):
    status, out, err = call(capsys, "notebooks", "--to", tmp_path / "new" / "mine")
    copies = sorted((tmp_path / "new" / "mine").iterdir())
    assert (status, err) == (0, "")
    assert sorted(out.splitlines()) == [str(copy) for copy in copies]
    assert {copy.stem for copy in copies} == set(EXPERIMENTS)
    assert all(copy.read_bytes() == EXPERIMENTS[copy.stem].notebook.read_bytes() for copy in copies)
    changed, away = copies[0], copies[1]
    changed.write_text("changed")
    away.unlink()
    status, out, err = call(capsys, "notebooks", "--to", tmp_path / "new" / "mine")
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert f"has {changed.name} with other contents" in err and "move it away first. Nothing was written." in err
    assert changed.read_text() == "changed" and not away.exists()
    assert call(capsys, "notebooks", away.stem, "--to", away.parent) == (0, f"{away}\n", "")
    assert copy_notebooks(away.parent, [away.stem]) == [away], "what is there as it is stays"


def test_what_is_asked_for_wrongly_is_one_sentence(capsys, tmp_path):
    (tmp_path / "file").touch()
    for words, sentence in (
        (["dropuot"], "Did you mean 'dropout'?"),
        (["--to", tmp_path / "file"], "--to must be a folder"),
        (["--to", tmp_path, "--json"], "does not go with --to"),
    ):
        status, out, err = call(capsys, "notebooks", *words)
        assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_whole_copy_is_the_experiments_notebook_and_a_changed_one_is_not(tmp_path):
    (copy,) = copy_notebooks(tmp_path, ["dropout"])
    assert page_request(str(copy), {}).experiment is EXPERIMENTS["dropout"]
    copy.write_text(copy.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="which is taken; rename the notebook"):
        page_request(str(copy), {})
