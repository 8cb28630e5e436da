"""Several steps taken at once: fast, and nothing else."""

from dataclasses import replace

import pytest

from cnnrepro.runs import RunSpec
from cnnrepro.training import epoch, loop, train
from cnnrepro.training.progress import Progress
from cnnrepro.training.resolve import resolve
from cnnrepro.training.steps_at_once import MOST, steps_at_once
from tests.training.test_loop import curves


def at_once(model, **changes):
    return steps_at_once(resolve(RunSpec(model=model, dataset="mnist_5k", **changes)))


def test_small_networks_alone_take_many_steps_at_once():
    assert at_once("lenet5_modern") == MOST
    assert 1 < at_once("lenet5_modern", batch_size=1000) < MOST
    assert at_once("resnet20") == at_once("alexnet_small") == 1


def test_a_rate_that_changes_between_steps_is_set_before_each():
    assert at_once("lenet5_modern", recipe="fast-mnist") == 1


def test_other_backends_take_one_by_one():
    run = resolve(RunSpec(model="lenet5_modern", dataset="mnist_5k"))
    assert steps_at_once(replace(run, backend="jax")) == 1


class Counting(Progress):
    def __init__(self):
        self.images = []

    def batch(self, epoch, images, metrics):
        self.images.append((epoch, images))


@pytest.mark.parametrize("number, images", [(1, [32, 32, 32, 4]), (3, [96, 4]), (4, [100]), (16, [100])])
def test_the_numbers_are_those_of_single_steps_to_the_bit(number, images, tiny, tmp_path, monkeypatch):
    """100 images in batches of 32: the last is smaller, and no number but 1 and 4 divides the steps."""
    spec = tiny(train_images=100, epochs=2)
    monkeypatch.setattr(epoch, "steps_at_once", lambda run: 1)
    plain = train(spec, runs=tmp_path / "plain")
    monkeypatch.setattr(epoch, "steps_at_once", lambda run: number)
    monkeypatch.setattr(loop.kept_model, "is_for", lambda run: False)
    progress = Counting()
    record = train(spec, runs=tmp_path / "at_once", progress=progress)
    assert curves(record) == curves(plain) and record.test == plain.test
    assert progress.images == [(number, count) for number in (1, 2) for count in images]
