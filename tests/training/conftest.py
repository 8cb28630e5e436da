import pytest

from cnnrepro.runs import RunSpec


@pytest.fixture(scope="session")
def tiny():
    """A run of seconds: AlexNet, whose dropout has a state of its own, on 96 digits."""

    def make(**changes):
        values = {"model": "alexnet_small", "dataset": "mnist_5k", "epochs": 2, "batch_size": 32, "train_images": 96}
        values |= {"precision": "float32", "options": {"dense_units": 64}}
        return RunSpec(**(values | changes))

    return make
