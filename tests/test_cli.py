"""The command line: what it prints, what it returns, and how it says no."""

import json
import os
import runpy
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

import cnnrepro
from cnnrepro.runs import RunSpec, RunStore
from cnnrepro.training import train
from cnnrepro.training.progress import Progress
from tests.calling import call
from tests.made_up_study import not_tested


def command(*arguments, **environment):
    """The same in a process of its own."""
    code = "import sys; from cnnrepro.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def notebook(path, *cells, parameters="epochs: int = 5  # passes"):
    """A notebook on disk; its first cell is the parameters cell unless ``parameters`` is None."""
    first = [] if parameters is None else [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    nbformat.write(nbformat.v4.new_notebook(cells=[*first, *map(nbformat.v4.new_code_cell, cells)]), path)
    return path


def nothing_was_written(tmp_path):
    return not (tmp_path / "runs").exists() and not (tmp_path / "reports").exists()


TINY = ["train", "lenet5_modern", "--dataset", "mnist_5k", "--epochs", "1", "--train-images", "64"]
TINY += ["--batch-size", "32", "--precision", "float32"]

BAD_CALLS = {
    "unknown model": (["train", "lenet", "--dataset", "mnist_5k"], "Unknown model 'lenet'; known are"),
    "a file to plan for": (["plan", "net.h5", "mnist_5k"], "'net.h5' is a file of a kind that is not read"),
    "a network that is not there": (["train", "net.keras", "--dataset", "mnist_5k"], "There is no file"),
    "a function that is not there": (["train", "json:net", "--dataset", "mnist_5k"], "'json' has no function 'net'"),
    "a cache where nothing is cached": ([*TINY, "--cache", "ram"], "Unknown cache 'ram'"),
    "a store that is a file": (["runs", "--runs", __file__], "The run store must be a folder. Received: "),
    "unknown data set": (["train", "resnet20", "--dataset", "mnist5"], "Unknown data set 'mnist5'; known are"),
    "unknown recipe": (["train", "resnet20", "--dataset", "mnist_5k", "--recipe", "x"], "Unknown recipe 'x'; known"),
    "unknown tracker": (
        ["train", "resnet20", "--dataset", "mnist_5k", "--track", "x"],
        "Unknown tracker 'x'; known are",
    ),
    "unknown precision": (["train", "resnet20", "--dataset", "mnist_5k", "--precision", "x"], "Unknown precision 'x'"),
    "unknown option": (["train", "resnet20", "--dataset", "mnist_5k", "-o", "depth=5"], "Unknown option of model"),
    "option of the wrong type": (
        ["train", "resnet20", "--dataset", "mnist_5k", "-o", "batchnorm_momentum=high"],
        "must be a float such as 0.9. Received: 'high'",
    ),
    "option that Keras does not know": (
        ["train", "resnet20", "--dataset", "mnist_5k", "-o", "kernel_initializer=he"],
        "or the name of a Keras initialiser for filters, such as he_normal. Received: 'he'",
    ),
    "0 epochs": (["train", "resnet20", "--dataset", "mnist_5k", "--epochs", "0"], "epochs must be a whole number"),
    "epochs in words": (["train", "resnet20", "--dataset", "mnist_5k", "--epochs", "five"], "--epochs"),
    "negative seed": (["train", "resnet20", "--dataset", "mnist_5k", "--seed", "-1"], "seed must be a whole number"),
    "batch larger than the set": (
        ["train", "resnet20", "--dataset", "mnist_5k", "--batch-size", "3501"],
        "batch_size must be a whole number from 1 to 3500",
    ),
    "no data set": (["train", "resnet20"], "Missing option '--dataset'"),
    "unknown experiment": (["run", "alexnet_vs_vgg"], "Unknown experiment 'alexnet_vs_vgg'; known are"),
    "unknown parameter": (
        ["run", "alexnet_vs_resnet", "-p", "epoch=3"],
        "Unknown parameter of alexnet_vs_resnet 'epoch'",
    ),
    "parameter without =": (["run", "alexnet_vs_resnet", "-p", "epochs"], "given as name=value"),
    "parameter that is code": (["run", "alexnet_vs_resnet", "-p", "a;b=1"], "given as name=value"),
    "parameter of the wrong type": (
        ["run", "alexnet_vs_resnet", "-p", "epochs=five"],
        "Parameter 'epochs' must be a int such as 5. Received: 'five'",
    ),
    "parameter out of range": (["run", "alexnet_vs_resnet", "-p", "epochs=0"], "epochs must be a whole number"),
    "negative seed of an experiment": (["run", "alexnet_vs_resnet", "-p", "seeds=-1"], "seed must be a whole number"),
    "experiment's batch larger than the set": (
        ["run", "alexnet_vs_resnet", "-p", "batch_size=4000"],
        "batch_size must be a whole number from 1 to 3500",
    ),
    "experiment's unknown data set": (["run", "alexnet_vs_resnet", "-p", "dataset=imagenet"], "Unknown data set"),
    "no such notebook": (["run", "nowhere.ipynb"], "There is no notebook 'nowhere.ipynb'"),
    "no such list": (["list", "planets"], "Unknown list 'planets'; known are: datasets"),
    "no such run": (["runs", "show", "abcd"], "No run in"),
    "no such run to remove": (["runs", "rm", "abcd"], "No run in"),
    "no key to remove": (["runs", "rm", ""], "Name a run by its key"),
    "a folder to remove": (["runs", "rm", ".."], "Name a run by its key"),
    "parameter that is no text": (["run", "alexnet_vs_resnet", "-p", "dataset=\udcff"], "must be printable text"),
    "data set to prepare": (["data", "prepare", "imagenet"], "Unknown data set"),
    "unknown model to inspect": (["inspect", "vgg17"], "Unknown model 'vgg17'; known are"),
    "input in two numbers": (["inspect", "vgg16", "--input", "227x227"], "--input must be HEIGHTxWIDTHxCHANNELS"),
    "input too small": (["inspect", "vgg16", "--input", "31x31x3"], "vgg16 needs images of at least 32x32 pixels"),
    "images too small to train on": (
        ["train", "alexnet", "--dataset", "mnist_5k"],
        "alexnet needs images of at least 67x67 pixels, or nothing is left for its last layers; alexnet_small is made",
    ),
    "images too small to plan for": (["plan", "alexnet", "mnist_5k"], "alexnet_small is made for small ones"),
    "images too small after the pipeline": (
        ["train", "resnet18", "--dataset", "cifar10", "--pipeline", "alexnet-2012"],
        "resnet18_small is made for small ones. Received: input_shape=(28, 28, 3)",
    ),
    "images too small for an experiment's model": (
        ["run", "train_on_your_images", "-p", "dataset=mnist_5k", "-p", "model=alexnet"],
        "alexnet_small is made for small ones",
    ),
    "more classes than any number": (["inspect", "vgg16", "--classes", "1" + "0" * 20], "and at most 10,000,000. Rec"),
    "more pixels than any number": (["inspect", "vgg16", "--input", "1" + "0" * 5000 + "x9x3"], "--input must be HEI"),
    "a list longer than any": (
        ["inspect", "INPUT -> CONV -> FC", "-o", "filters=1" + "0" * 20],
        "be at most 1,000,000",
    ),
    "a canvas larger than any": (
        ["train", "resnet20", "--dataset", "mnist_5k", "--canvas", "1000000"],
        "canvas must be a whole number of pixels from 8 to 8192. Received: 1000000",
    ),
    "a store without a name": (["runs", "--runs", ""], "Invalid value for '--runs': a path is needed"),
    "one class": (["inspect", "vgg16", "--classes", "1"], "classes must be an integer of at least 2"),
    "stride in a place that is not": (["inspect", "resnet18", "-o", "stride_in=1x1"], "must be one of 3x3"),
    "no such file to inspect": (["inspect", "nowhere.keras"], "There is no file 'nowhere.keras'"),
    "a file of the old kind": (["inspect", "model.h5"], "only .keras files of Keras 3 are"),
    "no such statement": (["claims", "999"], "There is no statement 999; there are 1 to 26, 30 to 78."),
    "a statement in words": (["claims", "seven"], "A statement is named by its number, such as 7. Received: 'seven'"),
    "no such command": (["fly"], "No such command 'fly'"),
    "no such command of runs": (
        ["runs", "lst"],
        "No such command 'lst'. Did you mean 'list'? See `cnnrepro runs --help`",
    ),
    "no such option": (["list", "--colour"], "No such option: --colour. See `cnnrepro list --help`"),
    "an option nearly": (
        ["train", "--epoch", "3"],
        "No such option: --epoch. Did you mean '--epochs'? See `cnnrepro tr",
    ),
    "an option of a group": (["data", "prepare", "mnist", "--form", "x"], "--form. Did you mean '--from'?"),
    "an option with one dash": (["train", "-epochs=3"], "No such option: -epochs. Did you mean '--epochs'?"),
    "an option as in Python": (["train", "--Batch_Size", "3"], "Did you mean '--batch-size'?"),
    "an option before the command": (["--versoin", "list"], "No such option: --versoin. Did you mean '--version'?"),
    "json that would go unheeded": (["runs", "--json", "list"], "--json goes behind the sub-command: cnnrepro runs li"),
    "force without a folder": (["publish", "--force"], "--force goes with --to DIR"),
    "code without a folder": (["publish", "--code", "https://example.org/it"], "--code goes with --to DIR"),
    "code that is no address": (["publish", "--to", "site", "--code", "me/it"], "https://HOST/NAME. Received: 'me/it'"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_a_bad_call_is_one_sentence_and_status_2(name, capsys, tmp_path):
    arguments, sentence = BAD_CALLS[name]
    status, out, err = call(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert sentence in err
    assert err.startswith("cnnrepro: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert nothing_was_written(tmp_path)


def test_a_value_for_a_notebook_without_parameters_is_refused(capsys, tmp_path):
    path = notebook(tmp_path / "plain.ipynb", "a = 1", parameters=None)
    status, out, err = call(capsys, "run", path, "-p", "a=2")
    assert (status, out) == (2, "")
    assert "takes no parameters" in err and "Cell Tags" in err
    assert nothing_was_written(tmp_path)


def test_the_parameters_of_a_notebook_are_listed(capsys, tmp_path):
    cell = "alpha = 0.1  # step size\nhome = os.getcwd()\nsizes = [[1, 2]]"
    status, out, _ = call(capsys, "run", notebook(tmp_path / "mine.ipynb", parameters=cell), "--parameters")
    rows = [line.split() for line in out.splitlines()]
    assert status == 0
    assert ["alpha", "float", "0.1", "step", "size"] in rows
    assert ["home", "unknown", "os.getcwd()"] in rows and ["sizes", "list", "[[1,", "2]]"] in rows
    out = call(capsys, "run", "pooling", notebook(tmp_path / "bare.ipynb", parameters=None), "--parameters")[1]
    assert "largest_shift" in out and "bare.ipynb takes no parameters" in out
    assert nothing_was_written(tmp_path)


@pytest.mark.parametrize("option", ["--runs", "--reports"])
@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_a_folder_that_cannot_be_written_is_named(option, kind, capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" if kind == "a file" else tmp_path / "file" / "below"
    status, out, err = call(capsys, "run", "alexnet_vs_resnet", option, folder)
    assert (status, out) == (2, "")
    assert f"{option} {str(folder)!r} cannot be written" in err
    assert nothing_was_written(tmp_path)


def test_the_notebook_of_an_experiment_is_the_experiment(capsys, tmp_path, root):
    status, out, err = call(capsys, "run", root / "notebooks" / "alexnet_vs_resnet.ipynb", "-p", "epochs=0")
    assert (status, out) == (2, "")
    assert "epochs must be a whole number" in err
    assert nothing_was_written(tmp_path)


@pytest.mark.parametrize("name", ["alexnet_vs_resnet.ipynb", "...ipynb", ".hidden.ipynb", "index.html.ipynb"])
def test_a_notebook_whose_reports_would_be_in_the_way_is_refused(name, capsys, tmp_path):
    status, out, err = call(capsys, "run", notebook(tmp_path / name, "1"))
    assert (status, out) == (2, "")
    assert "rename the notebook" in err
    assert nothing_was_written(tmp_path)


@pytest.mark.parametrize("backend", ["nonsense", pytest.param("openvino", marks=pytest.mark.soak)])
def test_a_backend_that_cannot_be_had_is_named(backend):
    done = command("train", "resnet20", "--dataset", "mnist_5k", KERAS_BACKEND=backend)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cnnrepro: Keras cannot be loaded with the backend '{backend}'")
    assert "Traceback" not in done.stderr


def test_an_unknown_progress_style_leaves_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNREPRO_PROGRESS", "bogus")
    status, _, err = call(capsys, "train", "resnet20", "--dataset", "mnist_5k")
    assert status == 2 and "Unknown progress style 'bogus'" in err
    assert nothing_was_written(tmp_path)


def test_a_long_temporary_folder_is_no_obstacle(capsys, tmp_path, monkeypatch):
    long = tmp_path / ("d" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    path = notebook(tmp_path / "short.ipynb", "print(epochs)")
    assert call(capsys, "run", path)[0] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(capsys, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    status, _, err = call(capsys, "train", "resnet20", "--dataset", "mnist_5k", "--runs", folder / "runs")
    assert status == 2
    assert "cannot be written" in err


def test_debug_shows_the_traceback(capsys):
    status, _, err = call(capsys, "run", "nowhere.ipynb", "--debug")
    assert status == 2
    assert "Traceback" in err
    assert err.rstrip().splitlines()[-1].startswith("cnnrepro: There is no notebook")


def test_help_names_every_command_and_is_quick(capsys):
    status, out, _ = call(capsys, "--help")
    assert status == 0
    names = ("list", "inspect", "run", "train", "predict", "compare", "plan", "runs", "data", "claims", "notebooks")
    for name in (*names, "publish", "open", "doctor", "bench"):
        assert f"\n  {name} " in out
    assert call(capsys)[1] == out


def test_the_package_runs_as_a_module(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cnnrepro", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("cnnrepro", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"cnnrepro {cnnrepro.__version__}\n"


def test_version(capsys):
    assert call(capsys, "--version")[1] == f"cnnrepro {cnnrepro.__version__}\n"


@pytest.mark.parametrize("what", ["models", "datasets", "recipes", "pipelines", "experiments"])
def test_lists_in_text_and_json(what, capsys):
    status, out, err = call(capsys, "list", what, "--json")
    rows = json.loads(out)
    assert (status, err) == (0, "")
    shown = call(capsys, "list", what)[1]
    assert all(row["name"] in shown for row in rows)
    assert json.loads(call(capsys, "list", "--json")[1])[what] == rows


def test_the_names_that_others_rely_on(capsys):
    listed = json.loads(call(capsys, "list", "--json")[1])
    names = {what: {row["name"] for row in rows} for what, rows in listed.items()}
    assert {"lenet5", "lenet5_modern", "alexnet", "alexnet_one_tower", "alexnet_torchvision"} <= names["models"]
    assert {"zfnet", "vgg11", "vgg13", "vgg16", "vgg19", "googlenet", "plain18", "plain34"} <= names["models"]
    assert {f"resnet{depth}" for depth in (18, 34, 50, 101, 152, 20, 32, 44, 56, 110)} <= names["models"]
    small = ("alexnet", "zfnet", "vgg11", "vgg13", "vgg16", "vgg19", "googlenet", "resnet18", "resnet152", "plain18")
    assert {f"{name}_small" for name in small} <= names["models"]
    assert {"mnist_5k", "mnist", "fashion_mnist"} <= names["datasets"]
    assert {"adam", "sgd"} <= names["recipes"]
    assert "alexnet_vs_resnet" in names["experiments"]


def test_inspecting_a_model_in_text_and_json(capsys):
    status, out, err = call(capsys, "inspect", "lenet5", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert (found["name"], found["input"], found["trainable_parameters"]) == ("lenet5", [32, 32, 1], 60_000)
    assert found["published"]["difference"] == {"parameters": 0}
    status, out, _ = call(capsys, "inspect", "lenet5")
    assert status == 0
    assert all(layer["name"] in out for layer in found["layers"])
    assert "parameters 60,000: the same" in out


def test_inspecting_at_another_size_and_a_pattern(capsys):
    found = json.loads(call(capsys, "inspect", "alexnet_small", "--input", "32x32x3", "--classes", "7", "--json")[1])
    assert (found["input"], found["layers"][-1]["output_shape"], found["published"]) == ([32, 32, 3], [7], None)
    found = json.loads(call(capsys, "inspect", "INPUT -> [CONV -> RELU]*N -> FC", "-o", "N=2", "--json")[1])
    assert [layer["kind"] for layer in found["layers"]].count("Conv2D") == 2


def test_a_wrong_pattern_is_shown_with_a_mark(capsys):
    status, out, err = call(capsys, "inspect", "INPUT -> CNV -> FC")
    assert (status, out) == (2, "")
    assert err.splitlines()[1:] == ["  INPUT -> CNV -> FC", "           ^"]


def test_the_claims_in_text_and_json(capsys, root):
    reports = root / "reports"
    status, out, err = call(capsys, "claims", "3", "26", "30", "--reports", reports, "--json")
    rows = json.loads(out)
    assert (status, err) == (0, "")
    assert [row["number"] for row in rows] == [3, 26, 30]
    assert all({"number", "statement", "source", "verdict", "evidence"} <= set(row) for row in rows)
    assert all(row["agrees"] for row in rows)
    assert [row["computed"] for row in rows] == [True, True, True]  # 30 from the records of the page on MNIST
    assert rows[2]["verdict"] == "undecided"
    deciding = {"n", "effect", "interval", "unit", "rule", "page"}
    assert all({row[name] for name in deciding} == {None} and row["effects"] == [] for row in rows[:2])
    assert rows[2]["n"] == 6 and len(rows[2]["effects"]) == 4 and rows[2]["page"].startswith("alexnet_vs_resnet/")
    shown = call(capsys, "claims", "3", "26", "--reports", reports)[1]
    assert all(row["verdict"] in shown for row in rows[:2])


def test_a_statement_whose_records_are_not_here_keeps_its_recorded_verdict(capsys, tmp_path):
    status, out, _ = call(capsys, "claims", "30", "--reports", tmp_path, "--json")
    (row,) = json.loads(out)
    assert (status, row["verdict"], row["computed"]) == (0, "undecided", False)
    assert "cnnrepro run alexnet_vs_resnet -p dataset=mnist" in row["evidence"][0]


def test_a_study_that_is_not_run_yet_says_so_and_how_it_would_be(capsys, tmp_path, monkeypatch):
    from cnnrepro.claims.ledger import LEDGER

    monkeypatch.setitem(LEDGER, 40, not_tested(LEDGER[40]))
    status, out, err = call(capsys, "claims", "35", "40", "--reports", tmp_path)
    said = " ".join(out.split())
    assert (status, err) == (0, "")
    assert " 40 not tested yet (S1, Reducing overfitting) Dropout of one half" in said
    assert "40b not tested yet It doubles the number of epochs to converge. The study is designed and not yet" in said
    assert "`cnnrepro run dropout -p full=true` makes them, with the notebook `dropout`." in said
    assert "2 statements: 2 × not tested yet. With each part of a statement counted by itself, 3: 3 × not" in said
    assert "recorded" not in said


def test_what_a_verdict_rests_on_is_a_line_each_and_no_finding_twice(capsys, monkeypatch):
    from cnnrepro.claims import LEDGER, Outcome, Verdict
    from cnnrepro.claims.verdict import Effect

    shares = [
        Effect("AlexNet ahead", share, 0.5, 1.0, "share of seeds", 9, "holds above", word, pair, f"in {share} of them")
        for share, word, pair in ((0.9, "holds", "one pair"), (0.7, "undecided", ""))
    ]
    findings = (shares[1].sentence(), "Seen besides.")
    verdict = Verdict(30, "undecided", "It is open.", findings, "made up", effects=tuple(shares))
    monkeypatch.setattr("cnnrepro.claims.outcomes", lambda *_: [Outcome(LEDGER[30], verdict)])
    lines = [line.strip() for line in call(capsys, "claims", "30")[1].splitlines()]
    assert [line for line in lines if line.startswith("·")] == [
        "· It is open.",
        "· One pair: AlexNet ahead in 0.9 of them: holds.",
        "· AlexNet ahead in 0.7 of them: undecided.",
        "· Seen besides.",
    ]


def test_a_check_that_no_longer_gives_its_verdict_is_exit_status_1(capsys, monkeypatch):
    from dataclasses import replace

    from cnnrepro.claims.ledger import LEDGER

    monkeypatch.setitem(LEDGER, 26, replace(LEDGER[26], verdict="does not hold"))
    status, out, err = call(capsys, "claims", "26", "--json")
    assert status == 1
    assert json.loads(out)[0]["verdict"] == "holds"
    assert err == "cnnrepro: the verdict on statement 26 is no longer the recorded one.\n"


def test_data_list(capsys):
    assert call(capsys, "data")[1] == call(capsys, "data", "list")[1]
    rows = json.loads(call(capsys, "data", "list", "--json")[1])
    assert rows[0] | {"name": "mnist_5k", "status": "embedded"} == rows[0]


def test_what_is_too_long_for_a_cell_of_the_recipes_stands_below_them(capsys):
    lines = call(capsys, "list", "recipes")[1].splitlines()
    assert next(line for line in lines if line.startswith("sgd: ")).endswith("without its weight decay.")
    assert max(len(line) for line in lines if not line.partition(" ")[0].endswith(":")) <= 200


def test_an_empty_store(capsys):
    for listing in (["runs"], ["runs", "list"]):
        assert json.loads(call(capsys, *listing, "--json")[1]) == []
        assert "No runs in" in call(capsys, *listing)[1]


def test_a_run_from_training_to_removal(capsys, tmp_path):
    arguments = [*TINY, "-o", "dropout=0.5"]
    status, out, err = call(capsys, *arguments)
    assert status == 0
    key = out.split()[0]
    assert "test accuracy 0." in out
    few = "64 training images in batches of 32 make 2 steps an epoch, 2 in all: so few are no training"
    assert err.startswith(f"cnnrepro: {few}") and err.count("\n") == 1

    listed = json.loads(call(capsys, "runs", "--json")[1])
    assert [run["key"] for run in listed] == [key]
    run = listed[0]
    assert run["status"] == "done"
    assert run["spec"]["model"] == "lenet5_modern" and run["spec"]["dataset"] == "mnist_5k"
    assert run["spec"]["seed"] == 0 and run["spec"]["epochs"] == 1
    assert run["spec"]["options"]["dropout"] == 0.5
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(run["history"])
    assert all(len(values) == 1 for values in run["history"].values())
    assert 0 <= run["test"]["accuracy"] <= 1 and run["test"]["loss"] > 0

    shown = call(capsys, "runs")[1]
    assert call(capsys, "runs", "list", "--runs", tmp_path / "runs")[1] == shown
    assert key in shown and "dropout=0.5" in shown and "1/1" in shown
    row = next(line for line in shown.splitlines() if key in line)
    assert f" {run['data']['sizes']['train']} " in row  # of two runs that differ in this alone, the title is one
    assert json.loads(call(capsys, "runs", "show", key[:6])[1]) == run
    assert json.loads(call(capsys, "runs", "show", key, "--runs", tmp_path / "runs")[1]) == run
    again = call(capsys, *arguments, "--json")[1]
    assert json.loads(again) == run
    assert f"Removed {key}" in call(capsys, "runs", "rm", key[:6])[1]
    assert json.loads(call(capsys, "runs", "--json")[1]) == []


def test_a_run_that_fails_is_named_with_its_log(capsys, tmp_path):
    status, out, err = call(capsys, *TINY, "--recipe", "sgd", "--learning-rate", "1e30")
    assert (status, out) == (1, "")
    assert "failed: the loss became" in err
    key = json.loads(call(capsys, "runs", "--json")[1])[0]["key"]
    assert str(tmp_path / "runs" / key / "log.txt") in err
    assert "failed" in call(capsys, "runs")[1]


def test_an_interrupted_run_is_listed_as_such(capsys, tmp_path):
    class Interrupting(Progress):
        def batch(self, epoch, images, metrics):
            raise KeyboardInterrupt

    spec = RunSpec(model="lenet5_modern", dataset="mnist_5k", train_images=64, batch_size=32)
    with pytest.raises(KeyboardInterrupt):
        train(spec, progress=Interrupting())
    assert RunStore(tmp_path / "runs").records()[0].status == "running"
    assert "interrupted" in call(capsys, "runs")[1]


def test_a_cell_that_raises_is_named_and_the_notebook_kept(capsys, tmp_path):
    path = notebook(tmp_path / "broken.ipynb", "epochs", "1 / 0", "'never'")
    status, out, err = call(capsys, "run", path, "-p", "epochs=3")
    assert (status, out) == (1, "")
    assert "Notebook broken.ipynb failed in cell" in err and "ZeroDivisionError: division by zero" in err
    kept = tmp_path / "runs" / "failed" / "broken-epochs-3.ipynb"
    assert str(kept) in err
    cells = nbformat.read(kept, as_version=4).cells
    assert any("ZeroDivisionError" in str(cell.get("outputs")) for cell in cells)
    assert not (tmp_path / "reports" / "broken").exists()


def test_a_value_that_a_cell_refuses_is_a_wrong_call(capsys, tmp_path):
    cell = "from cnnrepro.errors import UsageError\nraise UsageError(f'epochs must be even. Received: {epochs}')"
    status, out, err = call(capsys, "run", notebook(tmp_path / "strict.ipynb", cell), "-p", "epochs=3")
    assert (status, out) == (2, "")
    assert err == "cnnrepro: epochs must be even. Received: 3\n"
    assert nothing_was_written(tmp_path)


def test_a_kernel_that_dies_fails_the_command(capsys, tmp_path):
    cell = "import os, signal; os.write(2, b'no memory is left'); os.kill(os.getpid(), signal.SIGKILL)"
    status, out, err = call(capsys, "run", notebook(tmp_path / "dying.ipynb", cell, "'never'"))
    assert (status, out) == (1, "")
    assert "dying.ipynb" in err and "died" in err and "no memory is left" in err
    assert not (tmp_path / "reports" / "dying").exists()


def test_a_notebook_of_ones_own_becomes_a_page(capfd, tmp_path):
    # What the kernel's process itself says (its sockets are gone while it ends, say) is not for the terminal.
    path = notebook(tmp_path / "odd {name} é.ipynb", "print(epochs * 11)", "import os; os.write(2, b'Traceback');")
    status, out, err = call(capfd, "run", path, "-p", "epochs=3")
    assert (status, err) == (0, "")
    page = tmp_path / "reports" / "odd {name} é" / "epochs-3" / "index.html"
    assert out.splitlines()[-1] == str(page)
    assert "33" in page.read_text(encoding="utf-8")
    assert (tmp_path / "reports" / "index.html").exists()


def test_doctor_finds_nothing_wrong_here(capsys, tmp_path):
    status, out, _ = call(capsys, "doctor", "--json")
    findings = {one["topic"]: one for one in json.loads(out)}
    assert status == 0, out
    assert findings["Keras"]["state"] == "ok"
    assert findings["Data set mnist_5k"]["state"] == "ok"
    assert findings["Notebooks"]["state"] == "ok"
    assert nothing_was_written(tmp_path)
    shown = call(capsys, "doctor")[1]
    assert "alexnet_vs_resnet" in shown
    assert all(topic in shown for topic in findings)


def test_doctor_says_what_to_do(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    status, out, _ = call(capsys, "doctor", "--runs", tmp_path / "file")
    assert status == 1
    assert "cannot be written" in out and "→" in out


def test_publishing_nothing_says_what_to_do_first(capsys, tmp_path):
    status, out, err = call(capsys, "publish", "--to", tmp_path / "site")
    assert (status, out) == (2, "")
    assert "cnnrepro run alexnet_vs_resnet" in err
    status, out, err = call(capsys, "publish")
    assert (status, out) == (0, f"{tmp_path / 'reports' / 'index.html'}\n")
    assert "so the index is empty; make one: cnnrepro run alexnet_vs_resnet" in err


def test_a_report_that_cannot_be_read_is_named_and_status_1(capsys, tmp_path):
    folder = tmp_path / "reports" / "mine" / "damaged"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{")
    status, out, err = call(capsys, "publish")
    assert (status, out) == (1, f"{tmp_path / 'reports' / 'index.html'}\n")
    assert "the index says of mine/damaged that it cannot be read" in err


@pytest.mark.slow
def test_without_network_and_files_it_ends_soon_with_what_to_do(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNREPRO_DATA", str(tmp_path / "data"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    began = time.monotonic()
    status, out, err = call(capsys, "run", "alexnet_vs_resnet", "-p", "dataset=fashion_mnist")
    assert (status, out) == (1, "")
    assert "cnnrepro data prepare fashion_mnist --from DIR" in err
    assert err.count("\n") == 1
    # The promise is 10 s; without it TFDS would go on for 205 s. The bound here leaves room for a busy machine.
    assert time.monotonic() - began < 60


@pytest.mark.slow
def test_a_full_disk_is_said_and_the_same_command_goes_on(capsys, tmp_path, monkeypatch):
    """A real limit on the size of files: the checkpoint (3 values of 4 bytes for 61,706 weights) does not fit."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        status, out, err = call(capsys, *TINY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (status, out) == (1, "")
    assert "File too large" in err and "Traceback" not in err
    key = json.loads(call(capsys, "runs", "--json")[1])[0]["key"]
    assert key in err
    assert not list((tmp_path / "runs" / key).glob("*.tmp"))
    status, out, _ = call(capsys, *TINY)
    assert status == 0
    assert "test accuracy" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    "experiment, parameters, runs",
    [
        ("train_on_your_images", ["dataset=mnist_5k", "epochs=2", "train_images=64", "batch_size=32"], 1),
        pytest.param("alexnet_vs_resnet", ["epochs=2", "train_images=128", "batch_size=32"], 8, marks=pytest.mark.soak),
    ],
)
def test_an_experiment_from_nothing_to_a_page_twice(experiment, parameters, runs, tmp_path):
    arguments = ["run", experiment, *(word for text in parameters for word in ("-p", text))]
    done = command(*arguments, CNNREPRO_PROGRESS="lines")
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.splitlines()[-1])
    folder = page.parent
    assert page.name == "index.html" and folder.parent == tmp_path / "reports" / experiment
    assert done.stderr.count("2 epochs of") == runs
    assert "tensorflow" not in done.stderr.lower()
    assert len(list(folder.glob("records/*/record.json"))) == runs
    for figure in ("curves", "confusion", "mistakes"):
        assert (folder / "figures" / f"{figure}.png").exists()
        assert (folder / "figures" / f"{figure}.svg").exists()
    assert (folder / "notebook.ipynb").exists()
    report = json.loads((folder / "report.json").read_text())
    assert report["verdicts"] == []
    assert [none["claim"] for none in report["no_verdicts"]] == ([30] if experiment == "alexnet_vs_resnet" else [])
    assert ("mnist_5k, 2 epochs" in report["title"]) and report["title"] in page.read_text(encoding="utf-8")
    assert str(tmp_path) not in page.read_text(encoding="utf-8"), "no path of the machine on a page"
    index = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert page.relative_to(tmp_path / "reports").as_posix() in index

    again = command(*arguments, CNNREPRO_PROGRESS="lines")
    assert again.returncode == 0
    assert "epoch" not in again.stderr, "nothing was trained twice"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]

    published = command("publish", "--to", tmp_path / "site")
    assert published.stdout.splitlines()[-1] == str(tmp_path / "site" / "index.html")
    assert (tmp_path / "site" / experiment / folder.name / "index.html").exists()


@pytest.mark.slow
def test_papermill_alone_refuses_unknown_parameters(root, tmp_path):
    """That it runs every notebook is seen by ``.ci/run``."""
    words = [
        "papermill",
        "--no-progress-bar",
        str(root / "notebooks/alexnet_vs_resnet.ipynb"),
        str(tmp_path / "o.ipynb"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", *words, "-p", "epoch", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Unknown parameter of alexnet_vs_resnet 'epoch'" in done.stderr


def test_records_beside_pages_that_are_not_there_are_told(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnrepro.runner.make_pages.make_pages", lambda *_, **__: None)
    told = call(capsys, "run", "convolution_by_hand", "--committed", "--reports", tmp_path, "--runs", tmp_path)[2]
    assert "--committed finds no records beside pages" in told and "what the store lacks is trained" in told
    (tmp_path / "x" / "y" / "records" / "z").mkdir(parents=True)
    (tmp_path / "x" / "y" / "records" / "z" / "record.json").write_text("{}")
    assert call(capsys, "run", "convolution_by_hand", "--committed", "--reports", tmp_path, "--runs", tmp_path)[2] == ""
