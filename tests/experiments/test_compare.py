"""The arms of a comparison: what belongs to which network, what they are called, what is refused."""

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments import compare

OTHERS = {"looks": [0], "metric": "accuracy", "margin": 0.0, "tune": False, "epochs": 1}
PATTERN = "INPUT -> [CONV -> RELU -> POOL]*2 -> FC"


def arms(networks=("lenet5_modern", "resnet20"), options="", seeds=(0, 1), dataset="mnist_5k", **others):
    return compare.arms(networks, dataset, seeds, options, **OTHERS | others)


def specs(**changes):
    return [arm.specs[0] for arm in arms(**changes)]


def test_all_arms_have_the_same_seeds_data_and_steps():
    first, second = arms(epochs=3, batch_size=64, train_images=200)
    for own in zip(first.specs, second.specs, strict=True):
        assert len({(spec.seed, spec.dataset, spec.epochs, spec.batch_size, spec.train_images) for spec in own}) == 1
    assert [spec.seed for spec in first.specs] == [0, 1]
    assert [arm.label for arm in (first, second)] == ["LeNet-5 (modern)", "ResNet-20"]


def test_nought_and_nothing_take_what_the_recipe_says():
    assert [spec.learning_rate for spec in specs(learning_rate=0.0, batch_size=0, pipeline="", canvas=0)] == [None] * 2


def test_an_option_belongs_to_its_letter_or_to_all_that_have_it():
    first, second = specs(networks=("resnet20", "resnet20"), options="B:batchnorm_momentum=0.99")
    assert [dict(spec.options)["batchnorm_momentum"] for spec in (first, second)] == [0.9, 0.99]
    first, second = specs(networks=("resnet20", "lenet5_modern"), options="batchnorm_momentum=0.5 b:epochs=4")
    assert dict(first.options)["batchnorm_momentum"] == 0.5
    assert (first.epochs, second.epochs) == (1, 4)
    first, second = specs(
        networks=("resnet20", PATTERN), options="B:filters=4,8 B:pooling=max,average resnet20:recipe=sgd"
    )
    assert (dict(second.options)["filters"], first.recipe, second.recipe) == ((4, 8), "sgd", "adam")
    assert dict(second.options)["pooling"] == ("max", "average")


def test_arms_are_told_apart_by_their_labels():
    labels = [arm.label for arm in arms(networks=("resnet20", "resnet20"), options="B:batchnorm_momentum=0.99")]
    assert labels == ["ResNet-20", "ResNet-20, batchnorm_momentum 0.99"]
    same = arms(networks=(PATTERN, PATTERN), options="A:filters=4 B:filters=8")
    assert [arm.label for arm in same] == ["pattern A, filters 4", "pattern B, filters 8"]
    assert [arm.label for arm in arms(networks=("resnet20", "INPUT -> FC"))] == ["ResNet-20", "INPUT -> FC"]


def test_only_the_seeds_of_the_first_look_are_trained_at_first():
    assert [len(arm.specs) for arm in arms(seeds=range(20), looks=[5, 10, 20])] == [5, 5]


def test_the_search_has_the_same_rates_and_seeds_for_every_network():
    found = arms(tune=True)
    assert [(arm.label, arm.specs[0].learning_rate) for arm in found] == [
        (label, rate) for rate in compare.RATES for label in ("LeNet-5 (modern)", "ResNet-20")
    ]
    assert {tuple(spec.seed for spec in arm.specs) for arm in found} == {compare.PILOT_SEEDS}


def test_what_matters_follows_from_the_data_where_nobody_says_it():
    assert compare.margin_of("mnist", "accuracy") == compare.margin_of("mnist", "error") == 0.2
    assert compare.margin_of("folder:/x", "accuracy") == 1.0
    assert compare.margin_of("mnist", "loss") == 0.05


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"networks": ["resnet20"]}, "A comparison has 2 to 10 networks. Received: 1"),
        ({"networks": ["resnet20", "resnet20"]}, "A and B are the same run, resnet20 on mnist_5k, seed 0; say in what"),
        ({"networks": ["resnet20", "resnet21"]}, "Unknown model 'resnet21'"),
        ({"seeds": [1, 1]}, "seeds must be given and differ"),
        ({"metric": "f1"}, "Unknown metric 'f1'"),
        ({"margin": -1.0}, "margin must be above 0"),
        ({"looks": [10, 5]}, "looks must be numbers of seeds that rise"),
        ({"looks": [5, 10]}, "The last look is after 10 seeds, and there are 2"),
        ({"looks": [2, 5], "seeds": range(5)}, "The first of several looks is after 5 seeds or more"),
        ({"tune": True, "seeds": [100]}, "The search for the learning rate takes the seeds"),
        ({"options": "C:epochs=2"}, "The networks are A, B. Received: 'C:epochs=2'"),
        ({"options": "depth=2"}, "Unknown option of these networks 'depth'"),
        ({"options": "A:batchnorm_momentum=2"}, "Unknown option of model 'lenet5_modern'"),
        ({"options": "epochs"}, "An option is NAME=VALUE"),
        ({"options": "B:epochs=two"}, "epochs must be a int. Received: 'two'"),
        ({"dataset": "mnist_6k"}, "Unknown data set 'mnist_6k'"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        arms(**changes)
