"""The classifier that two notebooks look into: its run and its start."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.errors import UsageError
from cnnrepro.experiments import experiment
from cnnrepro.experiments.digits_classifier import arms, untrained
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.experiments.results import Arm, collect
from cnnrepro.runs.spec import RunSpec

NOTEBOOKS = ("dense_to_convolution", "what_the_filters_see")


def test_both_notebooks_ask_for_the_same_run():
    defaults = [complete(read_parameters(experiment(name).notebook), {}) for name in NOTEBOOKS]
    assert list(defaults[0]) == ["dataset", "epochs", "seed"]
    first, second = (experiment(name).arms(**own) for name, own in zip(NOTEBOOKS, defaults, strict=True))
    assert first == second
    assert first[0].keep_weights


@pytest.mark.parametrize(
    "changes, sentence",
    [({"dataset": "cifar"}, "Unknown data set"), ({"epochs": 0}, "epochs must be"), ({"seed": -1}, "seed must be")],
)
def test_a_bad_parameter_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        arms(**({"dataset": "mnist_5k", "epochs": 1, "seed": 0} | changes))


def test_colour_images_are_refused(monkeypatch):
    monkeypatch.setattr(data, "info", lambda name: SimpleNamespace(input_shape=(32, 32, 3)))
    with pytest.raises(UsageError, match="drawn for grey images. Received: 'cifar10'"):
        arms("cifar10", 1, 0)


def test_the_network_has_24_filters_and_no_zeros_around_its_images():
    model = arms("mnist_5k", 1, 0)[0].model()
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
