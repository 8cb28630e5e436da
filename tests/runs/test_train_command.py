"""The command that a run's spec comes to: given to the command line, it names the same run."""

import shlex

import pytest

from cnnrepro.runs import RunSpec
from cnnrepro.runs.train_command import train_command
from cnnrepro.training.several_machines import launch
from tests.calling import call

PATTERN = "INPUT -> [CONV -> RELU -> POOL]*N -> FC"
EVERYTHING = {"recipe": "sgd", "seed": 3, "epochs": 2, "batch_size": 16, "learning_rate": 1e-5, "precision": "float32"}
EVERYTHING |= {"train_images": 64, "pipeline": "unit", "evaluate": "reestimated", "momenta": (0.9, 0.99)}


@pytest.mark.parametrize(
    "spec",
    [
        {"model": "resnet20", "dataset": "mnist_5k"},
        {"model": "resnet20", "dataset": "mnist_5k", "options": {"batchnorm_momentum": 0.9}, **EVERYTHING},
        {"model": PATTERN, "dataset": "cifar10", "options": {"N": 2, "filters": (4, 8), "pooling": ("max", "l2")}},
        {"model": "alexnet_small", "dataset": "folder:my pictures", "canvas": 64, "on_error": "skip"},
    ],
    ids=["the least", "everything", "lists", "a folder"],
)
def test_the_command_names_the_run(spec, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(launch, "train", lambda spec, **options: asked.append((spec, options)) or 1 / 0)
    spec = RunSpec(**spec)
    call(capsys, *shlex.split(train_command(spec, "--keep-weights"))[1:])
    ((read, options),) = asked
    assert read == spec and options["keep_weights"]


def test_it_is_short_where_little_was_asked_for():
    assert train_command(RunSpec("lenet5", "mnist_5k")) == "cnnrepro train lenet5 --dataset mnist_5k"


def test_what_no_option_names_has_no_command():
    assert train_command(RunSpec("resnet20", "mnist_5k", probes=("training",))) == ""
    assert train_command(RunSpec("resnet20", "mnist_5k", deterministic=False)) == ""
