"""What a shell offers: names and keys that begin as the word does, found without TensorFlow and Keras."""

import json
import os
import subprocess
import sys

import pytest

from cnnrepro.data import DATASETS
from cnnrepro.experiments import EXPERIMENTS
from cnnrepro.models import MODELS
from cnnrepro.recipes.catalogue import RECIPES
from cnnrepro.runs import RunRecord, RunSpec, RunStore
from cnnrepro.runs.store import RECORD
from tests.calling import call

KEY, OTHER = "0123456789abcdef", "0123fedcba987654"


@pytest.fixture
def offered(capsys, monkeypatch):
    """What bash is offered for a command line that ends in the word to be completed."""

    def offered(line):
        words = line.split(" ")
        monkeypatch.setenv("_CNNREPRO_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", f"cnnrepro {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        status, out, err = call(capsys)
        assert (status, err) == (0, "")
        return out.split()

    return offered


@pytest.fixture
def store(tmp_path):
    """Two runs, one of which cannot be read."""
    store = RunStore(tmp_path / "runs")
    test = {"loss": 1.0, "accuracy": 0.5, "images": 10}
    store.put(RunRecord(key=KEY, status="done", spec=RunSpec("resnet20", "mnist_5k"), test=test))
    (store.folder / OTHER).mkdir()
    (store.folder / OTHER / RECORD).write_text("{")
    return store


@pytest.mark.parametrize(
    "line, names, start",
    [
        ("run ", EXPERIMENTS, ""),
        ("open d", EXPERIMENTS, "d"),
        ("notebooks alex", EXPERIMENTS, "alex"),
        ("train res", MODELS, "res"),
        ("inspect vgg", MODELS, "vgg"),
        ("compare lenet5 le", MODELS, "le"),
        ("plan alexnet im", DATASETS, "im"),
        ("data prepare ", DATASETS, ""),
        ("train lenet5 --dataset mn", DATASETS, "mn"),
        ("train lenet5 --dataset mnist --recipe alexnet", RECIPES, "alexnet"),
    ],
)
def test_names_are_offered(offered, line, names, start):
    assert sorted(offered(line)) == sorted(name for name in names if name.startswith(start))
    assert names


@pytest.mark.parametrize(
    "line", ["predict 01", "runs show 01", "runs diff 0123 01", "runs rm 0123 01", "runs verify 01", "compare 01"]
)
def test_keys_of_runs_are_offered(offered, store, line):
    assert offered(line) == [KEY, OTHER]


def test_keys_come_from_the_store_that_is_named_and_nothing_else_is_said(offered, store, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNREPRO_RUNS", str(tmp_path / "none"))
    assert offered("predict 01") == []
    assert offered(f"predict --runs {store.folder} 01") == [KEY, OTHER]
    assert offered(f"runs --runs {store.folder} show 01") == [KEY, OTHER]
    assert offered(f"predict --runs {__file__} 01") == []


def test_files_are_offered_by_what_they_can_be(offered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xyz").mkdir()
    for name in ("xyz.png", "xyz.ipynb", "xyz.yaml", "xyz.keras", "xyz.txt", "xyz/a.png"):
        (tmp_path / name).touch()
    assert offered("predict 0123 xyz") == ["xyz.png", "xyz/"]
    assert offered("predict 0123 xyz/") == ["xyz/a.png"]
    assert offered("run xyz") == ["xyz.ipynb", "xyz.yaml", "xyz/"]
    assert offered("train xyz") == ["xyz.keras", "xyz/"]


def test_nothing_heavy_is_loaded_for_it(store):
    code = (
        "import sys; from cnnrepro.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import json; print(json.dumps(sorted({'tensorflow', 'keras', 'jax', 'matplotlib'} & set(sys.modules))))"
    )
    environment = {"_CNNREPRO_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "cnnrepro predict 01"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    *offered, heavy = done.stdout.splitlines()
    assert KEY in offered[0] and "resnet20 on mnist_5k, seed 0" in offered[0] and json.loads(heavy) == []
