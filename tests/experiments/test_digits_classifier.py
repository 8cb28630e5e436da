"""The classifier that two notebooks look into: its run, its start, and how it is asked."""

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.errors import UsageError
from cnnrepro.experiments import experiment
from cnnrepro.experiments.digits_classifier import outputs, plan, probabilities, standardise, untrained
from cnnrepro.experiments.parameters import read_parameters
from cnnrepro.experiments.results import Arm, collect
from cnnrepro.runs.spec import RunSpec

NOTEBOOKS = ("dense_to_convolution", "what_the_filters_see")


def test_both_notebooks_ask_for_the_same_run():
    declared = [read_parameters(experiment(name).notebook) for name in NOTEBOOKS]
    values = [{name: one.default for name, one in each.items()} for each in declared]
    assert list(values[0]) == ["dataset", "epochs", "seed"]
    assert values[0] == values[1]
    planned = [experiment(name).arms(values[0]) for name in NOTEBOOKS]
    assert planned[0] == planned[1]
    assert planned[0][0].keep_weights


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"dataset": "cifar"}, "Unknown data set"),
        ({"epochs": 0}, "epochs must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_a_bad_parameter_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        plan(**({"dataset": "mnist_5k", "epochs": 1, "seed": 0} | changes))


def test_colour_images_are_refused(monkeypatch):
    class Colour:
        input_shape = (32, 32, 3)

    monkeypatch.setattr(data, "info", lambda name: Colour)
    with pytest.raises(UsageError, match="drawn for grey images. Received: 'cifar10'"):
        plan("cifar10", 1, 0)


def test_the_network_has_24_filters_and_no_zeros_around_its_images():
    model = plan("mnist_5k", 1, 0)[0].model()
    assert model.get_layer("conv1").kernel.shape == (5, 5, 1, 24)
    assert "padding" not in [layer.name for layer in model.layers]


def test_untrained_is_where_training_begins(tmp_path):
    # A learning rate that float32 cannot add to a weight leaves the weights where they began.
    still = RunSpec(
        model="lenet5_modern",
        dataset="mnist_5k",
        seed=3,
        epochs=1,
        learning_rate=1e-30,
        train_images=128,
        precision="float32",
        options={"width": 1, "padded": False},
    )
    arm = Arm("still", (still,), keep_weights=True)
    ended = collect((arm,), runs=tmp_path).trained()
    began = untrained(arm)
    for old, new in zip(began.get_weights(), ended.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, rtol=0, atol=1e-25)
    assert np.abs(began.get_weights()[0]).max() > 0.1


def test_standardise_gives_what_the_network_was_trained_on():
    splits = data.load("mnist_5k")
    images, _ = next(iter(data.batches(splits, "test", 16)))
    np.testing.assert_array_equal(standardise(splits.examples["test"].images[:16], splits), np.asarray(images))


def test_outputs_come_in_batches_and_in_order():
    model = plan("mnist_5k", 1, 0)[0].model()
    images = np.random.default_rng(0).normal(size=(260, 28, 28, 1)).astype("float32")
    (logits,) = outputs(model, images)
    assert logits.shape == (260, 10)
    np.testing.assert_allclose(logits[255:258], np.asarray(model(images[255:258])), atol=1e-5)


def test_probabilities_add_up_also_for_large_scores():
    given = probabilities(np.array([[1000.0, 1000.0], [0.0, np.log(3)]]))
    np.testing.assert_allclose(given, [[0.5, 0.5], [0.25, 0.75]])
