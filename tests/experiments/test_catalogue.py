import pytest

from cnnrepro import paths
from cnnrepro.errors import UsageError
from cnnrepro.experiments import EXPERIMENTS, arms, experiment
from cnnrepro.experiments.parameters import read_parameters

DEFAULTS = {
    "dataset": "mnist_5k",
    "seeds": [0, 1],
    "epochs": 5,
    "batch_size": 128,
    "recipe": "adam",
    "learning_rate": 0.0,
    "batchnorm_momentum": 0.9,
    "train_images": 0,
    "precision": "auto",
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_notebooks_defaults_make_a_plan(name):
    one = experiment(name)
    declared = read_parameters(one.notebook)
    planned = one.arms({key: parameter.default for key, parameter in declared.items()})
    assert bool(planned) == bool(one.plan)
    assert len({arm.label for arm in planned}) == len(planned)
    seeds = [[spec.seed for spec in arm.specs] for arm in planned]
    assert all(one == seeds[0] for one in seeds), "a paired comparison needs the same seeds in every arm"
    assert all(parameter.help for parameter in declared.values())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_entry_says_what_its_page_holds(name):
    one = experiment(name)
    source = one.notebook.read_text(encoding="utf-8")
    assert one.figures
    assert all(f'\\"{figure}\\"' in source for figure in one.figures)
    assert one.question.endswith("?")
    assert 0 < one.minutes <= 7


def test_every_notebook_is_an_experiment():
    assert {path.stem for path in paths.notebooks_dir().glob("*.ipynb")} == set(EXPERIMENTS)


def test_the_flagship_has_three_arms_and_two_seeds():
    planned = arms("alexnet_vs_resnet", **DEFAULTS)
    assert [arm.label for arm in planned] == [
        "AlexNet",
        "ResNet-20, batch-norm momentum 0.99",
        "ResNet-20, batch-norm momentum 0.9",
    ]
    momenta = [dict(arm.specs[0].options).get("batchnorm_momentum") for arm in planned]
    assert momenta == [None, 0.99, 0.9]
    assert all(len(arm.specs) == 2 for arm in planned)


def test_arms_differ_in_the_network_alone():
    planned = arms("alexnet_vs_resnet", **DEFAULTS)
    for specs in zip(*(arm.specs for arm in planned), strict=True):
        held = [{k: v for k, v in spec.to_dict().items() if k not in ("model", "options")} for spec in specs]
        assert all(one == held[0] for one in held)


def test_keras_default_momentum_is_one_arm_not_two():
    assert len(arms("alexnet_vs_resnet", **(DEFAULTS | {"batchnorm_momentum": 0.99}))) == 2


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"seeds": [-1]}, "seed must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 4000}, "batch_size must be a whole number from 1 to 3500"),
        ({"dataset": "cifar"}, "Unknown data set"),
        ({"batchnorm_momentum": 1.5}, "must lie in"),
        ({"momentum": 0.9}, "Unknown parameter of alexnet_vs_resnet 'momentum'"),
    ],
)
def test_a_bad_parameter_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        arms("alexnet_vs_resnet", **(DEFAULTS | changes))


def test_an_unknown_experiment_lists_the_known():
    with pytest.raises(
        UsageError, match="Unknown experiment 'alexnet_vs_vgg'; known are: alexnet_pipeline, alexnet_vs_resnet"
    ):
        experiment("alexnet_vs_vgg")
