import subprocess
import sys

import pytest

from cnnrepro import paths
from cnnrepro.claims import LEDGER
from cnnrepro.errors import UsageError
from cnnrepro.experiments import EXPERIMENTS, arms, experiment
from cnnrepro.experiments.experiment import calls, no_runs
from cnnrepro.experiments.parameters import complete, read_parameters


def defaults(name, **changes):
    return complete(read_parameters(experiment(name).notebook), changes, name)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_notebooks_defaults_and_its_small_form_make_arms(name):
    chosen = experiment(name)
    assert chosen.name == name
    for parameters in (defaults(name), defaults(name, **chosen.smoke)):
        planned = chosen.arms(**parameters)
        assert bool(planned) == (chosen.arms is not no_runs)
        assert len({arm.label for arm in planned}) == len(planned)
        seeds = [[spec.seed for spec in arm.specs] for arm in planned]
        assert all(own == seeds[0][: len(own)] for own in seeds), "a paired comparison needs the same seeds"
    assert all(parameter.help for parameter in read_parameters(chosen.notebook).values())
    assert chosen.question.endswith("?")
    assert 0 < chosen.minutes <= 7


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_a_page_must_show_can_be_read_off_its_notebook(name):
    chosen = experiment(name)
    assert len(set(chosen.figures)) == len(calls(chosen.notebook, "report.show")) > 0, "each a name of its own, literal"
    assert len(chosen.claims) == len(calls(chosen.notebook, "report.show_verdict")), "one number in each call"
    assert set(chosen.claims) <= set(LEDGER)


def test_every_notebook_is_an_experiment():
    assert {path.stem for path in paths.notebooks_dir().glob("*.ipynb")} == set(EXPERIMENTS)


def test_the_small_forms_can_be_listed_for_a_shell():
    command = [sys.executable, "-m", "cnnrepro.experiments.smoke_parameters"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(reversed(EXPERIMENTS))  # the longest first
    assert 'alexnet_vs_resnet {"seeds": [0, 1], "epochs": 2, "train_images": 256}' in lines
    assert "pooling {}" in lines


def test_the_flagships_arms_differ_in_the_network_alone():
    planned = experiment("alexnet_vs_resnet").arms(**defaults("alexnet_vs_resnet"))
    assert [arm.label for arm in planned] == ["small AlexNet", "ResNet-20"]
    assert dict(planned[1].specs[0].options)["batchnorm_momentum"] == 0.99  # Keras's
    network = ("model", "options", "momenta")
    for specs in zip(*(arm.specs for arm in planned), strict=True):
        rest = [{k: v for k, v in spec.to_dict().items() if k not in network} for spec in specs]
        assert rest == [rest[0]] * 2


def test_the_flagships_arms_in_full():
    chosen = {"networks": "both", "falling": True, "dropless": True, "float32": True, "seeds": [3, 4]}
    planned = experiment("alexnet_vs_resnet").arms(**defaults("alexnet_vs_resnet", **chosen))
    course, own = ("course AlexNet", "course ResNet"), ("small AlexNet", "ResNet-20")
    assert [arm.label for arm in planned] == [
        *(course[0], course[1], f"{course[0]}, float32", f"{course[1]}, float32"),
        *(own[0], f"{own[0]}, no dropout", own[1], f"{own[0]}, float32", f"{own[1]}, float32"),
        *(f"{name}, falling rate" for name in (*course, *own)),
    ]
    for arm in planned:
        (first, *others), ours = arm.specs, not arm.label.count("course")
        assert [spec.seed for spec in others] == ([] if first.precision == "float32" else [4])
        assert (first.batch_size, first.pipeline) == ((128, "plain") if ours else (64, "unit"))
        assert first.recipe == ("adam-linear" if "falling" in arm.label else "adam")
        assert first.momenta == ((0.9,) if "ResNet" in arm.label else ())


@pytest.mark.parametrize(
    "name, changes, title",
    [
        ("alexnet_vs_resnet", {}, "AlexNet against ResNet on mnist_5k, 5 epochs"),
        (
            "alexnet_vs_resnet",
            {"dataset": "fashion_mnist", "epochs": 1, "train_images": 256},
            "AlexNet against ResNet on 256 training images of fashion_mnist, 1 epoch",
        ),
        (
            "train_on_your_images",
            {"dataset": "folder:/home/me/{pets}", "model": "lenet5_modern"},
            "LeNet-5 (modern) on pictures of {pets}, 12 epochs",
        ),
        ("what_the_filters_see", {"dataset": "mnist", "epochs": 2}, "What the filters see: mnist, 2 epochs"),
        ("pooling", {}, "Pooling"),
    ],
)
def test_a_title_names_the_data_and_the_epochs_of_the_runs(name, changes, title):
    chosen = experiment(name)
    assert chosen.title_of(chosen.arms(**defaults(name, **changes))) == title


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"seeds": [-1]}, "seed must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 4000}, "batch_size must be a whole number from 1 to 3500"),
        ({"dataset": "cifar"}, "Unknown data set"),
        ({"batchnorm_momentum": 1.5}, "must lie in"),
        ({"networks": "mine"}, "Unknown choice of networks 'mine'; known are: both, course, own"),
        ({"falling": True, "recipe": "sgd"}, "The falling rate is that of Adam"),
        ({"momentum": 0.9}, "Unknown parameter of alexnet_vs_resnet 'momentum'"),
    ],
)
def test_a_bad_parameter_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        arms("alexnet_vs_resnet", **(defaults("alexnet_vs_resnet") | changes))


def test_an_unknown_experiment_lists_the_known():
    with pytest.raises(
        UsageError, match="Unknown experiment 'alexnet_vs_vgg'; known are: alexnet_pipeline, alexnet_vs_resnet"
    ):
        experiment("alexnet_vs_vgg")
