"""What ``--workers`` and ``--worker`` refuse before anything starts."""

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.runs import RunSpec
from cnnrepro.training.several_machines import launch
from cnnrepro.training.stop import StopRequest


@pytest.mark.parametrize(
    "workers, worker, backend, sentence",
    [
        ("a:1,b:1", 0, "tensorflow", "set KERAS_BACKEND=jax"),
        ("local", None, "tensorflow", "set KERAS_BACKEND=jax"),
        (None, 1, "jax", "--worker says which one of --workers"),
        ("local", 1, "jax", "--worker says which one of --workers"),
        ("a:1", 0, "jax", "for one machine alone leave it out"),
    ],
)
def test_what_cannot_be(tmp_path, monkeypatch, workers, worker, backend, sentence):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    spec = RunSpec(model="lenet5_modern", dataset="mnist_5k")
    with pytest.raises(UsageError, match=sentence):
        launch.train(spec, workers=workers, worker=worker, runs=tmp_path, stop=StopRequest())


def test_who_writes():
    assert launch.is_chief(None, None)
    assert launch.is_chief("local", None)
    assert [launch.is_chief("a:1,b:1", number) for number in range(2)] == [True, False]
