"""What the lessons look at: digits, an untrained classifier of them, and pieces of the two photographs."""

import pytest

from cnnrepro import data
from cnnrepro.engine import keras
from cnnrepro.experiments.digits_classifier import arms
from cnnrepro.experiments.train_on_your_images import pieces


@pytest.fixture(scope="session")
def digits():
    return data.load("mnist_5k")


@pytest.fixture(scope="session")
def model():
    keras.utils.set_random_seed(0)
    return arms("mnist_5k", 1, 0)[0].model()


@pytest.fixture(scope="session")
def tiles(tmp_path_factory):
    return pieces(tmp_path_factory.mktemp("tiles") / "two_photographs")
