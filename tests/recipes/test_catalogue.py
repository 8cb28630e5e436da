import json
from operator import attrgetter

import pytest

from cnnrepro import data, models
from cnnrepro.errors import UsageError
from cnnrepro.recipes.catalogue import OPTIMIZERS, RECIPES, recipe
from cnnrepro.recipes.schedules import AtEpochs, AtSteps, Exponential, Plateau, learning_rates

FIELDS = ("learning_rate", "momentum", "weight_decay", "decayed", "batch_size", "epochs")

every_recipe = pytest.mark.parametrize("chosen", RECIPES.values(), ids=lambda recipe: recipe.name)


@every_recipe
def test_a_recipe_is_complete(chosen):
    assert len(chosen.source) > 20
    assert chosen.optimizer in OPTIMIZERS
    assert chosen.pipeline in data.PIPELINES
    assert chosen.epochs >= 1 and chosen.batch_size >= 1
    assert chosen.decayed in (("kernels", "all") if chosen.weight_decay else ("none",))
    for option, _ in chosen.options:
        assert any(option in row.options for row in models.MODELS.values())


def test_older_recipes_keep_what_names_their_runs():
    assert recipe("adam").to_dict() == {"name": "adam", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0}
    assert recipe("sgd").to_dict() == {"name": "sgd", "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9}


@every_recipe
def test_all_that_moves_the_weights_names_a_run(chosen):
    keyed = json.loads(json.dumps(chosen.to_dict()))
    if chosen.weight_decay:
        assert (keyed["weight_decay"], keyed["decayed"]) == (chosen.weight_decay, chosen.decayed)
    assert ("schedule" in keyed) == (chosen.schedule.kind != "constant")
    assert keyed.get("label_smoothing", 0) == chosen.label_smoothing


def test_the_constants_of_the_papers():
    published = {
        "alexnet-2012": (0.01, 0.9, 0.0005, "kernels", 128, 90),
        "alexnet-2012-fixed": (0.01, 0.9, 0.0005, "kernels", 128, 90),
        "lenet-1998": (0.001, 0.0, 0.0, "none", 1, 20),
        "vgg-2014": (0.01, 0.9, 0.0005, "kernels", 256, 74),
        "googlenet-2014": (0.01, 0.9, 0.0002, "kernels", 32, 60),
        "resnet-2015": (0.1, 0.9, 0.0001, "all", 256, 120),
        "resnet-cifar-2015": (0.1, 0.9, 0.0001, "all", 128, 182),
    }
    for name, constants in published.items():
        assert attrgetter(*FIELDS)(recipe(name)) == constants, name


def test_the_schedules_of_the_papers():
    published = {
        "alexnet-2012": Plateau(factor=0.1, patience=5, times=3),
        "alexnet-2012-fixed": AtEpochs((20, 40, 60, 80), factor=0.1),
        "vgg-2014": Plateau(factor=0.1, patience=5, times=3),
        "googlenet-2014": Exponential(0.96, 8),
        "resnet-2015": Plateau(factor=0.1, patience=5, times=3),
        "resnet-cifar-2015": AtSteps((32_000, 48_000), factor=0.1),
    }
    for name, schedule in published.items():
        assert recipe(name).schedule == schedule, name
    lenet = [learning_rates(recipe("lenet-1998").schedule, 0.0005, epoch, {}, 1, 20)[0][1] for epoch in range(20)]
    assert lenet == pytest.approx([5e-4] * 2 + [2e-4] * 3 + [1e-4] * 3 + [5e-5] * 4 + [1e-5] * 8)


@pytest.mark.parametrize(
    "name, steps, images",
    [("vgg-2014", 370_000, 1_281_167), ("resnet-2015", 600_000, 1_281_167), ("resnet-cifar-2015", 64_000, 45_000)],
)
def test_lengths_that_papers_give_in_steps(name, steps, images):
    chosen = recipe(name)
    # ImageNet's batches divide nothing; CIFAR's 45,000 images make 351.6, and so 352, steps.
    epochs = steps * chosen.batch_size / images if images > 1e6 else steps / 352
    assert epochs == pytest.approx(chosen.epochs, abs=0.5)


def test_an_unknown_recipe_lists_the_known():
    with pytest.raises(UsageError, match="Unknown recipe 'adma'.*Did you mean 'adam'"):
        recipe("adma")


@pytest.mark.parametrize("name", ["alexnet-2012-fixed", "googlenet-2014"])
def test_what_caffe_does_otherwise_is_numbered_where_its_recipe_is_followed(name):
    from cnnrepro.cli.listing import recipes_rows

    (row,) = (row for row in recipes_rows() if row["name"] == name)
    assert all(text.startswith(f"{number}. ") for number, text in enumerate(row["deviations"], start=1))
    assert any("lr_mult: 2" in text and "here all have the same" in text for text in row["deviations"])
