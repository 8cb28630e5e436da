"""Lists in a terminal of 60 columns: fewer columns where there is no room, and no word in two pieces."""

import io
import re

import pytest

from cnnrepro import cli
from cnnrepro.runs import RunRecord, RunSpec, RunStore

COLUMNS = 60


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """The lines of a command in such a terminal."""

    def shown(*words):
        stream = Terminal()
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", str(COLUMNS))
        with pytest.raises(SystemExit):
            cli.main(list(words))
        return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()

    return shown


@pytest.fixture
def store(tmp_path):
    """Runs with short and long titles, done, failed and interrupted."""
    store, scores = RunStore(tmp_path / "runs"), {"loss": 1.0, "accuracy": 0.5, "images": 10_000}
    history = {"loss": [1.0], "accuracy": [0.5], "val_loss": [1.0], "val_accuracy": [0.5]}
    pattern = "INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> [FC -> RELU]*2 -> FC"
    specs = [
        ("done", RunSpec("lenet5", "mnist_5k")),
        ("failed", RunSpec("resnet20", "fashion_mnist", options={"batchnorm_momentum": 0.99})),
        ("running", RunSpec(pattern, "cifar10", options={"kernel_initializer": "he_normal", "dropout": 0.5})),
    ]
    for number, (status, spec) in enumerate(specs):
        sizes = {"train": 55_000, "validation": 5_000, "test": 10_000}
        test = scores if status == "done" else None
        failure = {"kind": "diverged", "reason": "the loss became nan"} if status == "failed" else None
        record = RunRecord(f"{number:016x}", status, spec, history, test, failure, data={"sizes": sizes})
        store.put(record)
    return store


CALLS = [["list", what] for what in ("models", "datasets", "recipes", "pipelines", "experiments")]
CALLS += [["list"], ["data", "list"], ["data"], ["runs"], ["runs", "list"], ["notebooks"], ["claims", "6", "30"]]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_no_line_is_wider_than_the_terminal_and_no_word_in_two(words, shown, store, monkeypatch):
    lines = shown(*words)
    assert len(lines) > 3
    assert max(map(len, lines)) <= COLUMNS
    monkeypatch.setattr(f"{__name__}.COLUMNS", 10_000)
    whole = {word.strip(",;") for line in shown(*words) for word in line.split()}
    told = "Left out for want of width: a wider terminal or --json shows them."
    for word in (word.strip(",;") for line in lines for word in line.split()):
        assert word in whole or word in told or set(word) <= {"─"}, word


def test_what_matters_most_is_kept_of_runs(shown, store):
    lines = shown("runs")
    head = {word for line in lines[:4] for word in line.split()}
    assert {"key", "status", "run"} <= head and not {"recipe", "minutes"} & head
    assert "Left out for want of width" in " ".join(lines)
    for record in store.records()[1:]:
        store.remove(record.key)
    lines = shown("runs")
    assert {"test", "accuracy"} <= {word for line in lines[:4] for word in line.split()}, "as nothing else is long"
    assert next(line for line in lines if "done" in line).split()[-1] == "0.5000"


def test_a_broad_terminal_gets_all(shown, store, monkeypatch):
    monkeypatch.setattr(f"{__name__}.COLUMNS", 200)
    head = {word for line in shown("runs")[:4] for word in line.split()}
    assert {"images", "recipe", "epochs", "val", "minutes"} <= head
