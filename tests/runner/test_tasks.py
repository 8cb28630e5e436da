"""The tasks of a batch."""

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments.results import Arm
from cnnrepro.runner.tasks import parse_memory, tasks_of
from cnnrepro.runs import RunSpec


def spec(model, seed):
    return RunSpec(model=model, dataset="mnist_5k", seed=seed)


def test_each_run_once_seeds_first_and_with_weights_where_any_page_needs_them():
    first = (
        Arm("A", (spec("lenet5_modern", 0), spec("lenet5_modern", 1))),
        Arm("B", (spec("resnet20", 0), spec("resnet20", 1))),
    )
    second = (Arm("A", (spec("lenet5_modern", 1), spec("lenet5_modern", 2)), keep_weights=True),)
    tasks = tasks_of([first, second])
    assert [(task.spec.model, task.spec.seed, task.keep_weights) for task in tasks] == [
        ("lenet5_modern", 0, False),
        ("resnet20", 0, False),
        ("lenet5_modern", 1, True),
        ("resnet20", 1, False),
        ("lenet5_modern", 2, True),
    ]
    assert [task.number for task in tasks] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "text, size",
    [(None, None), ("4GiB", 4 * 2**30), ("500 MB", 500_000_000), ("1.5gb", 1_500_000_000), ("2TiB", 2**41)],
)
def test_sizes(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "4", "GiB", "-1GiB", "0MB", "4 gigabytes"])
def test_what_is_no_size(text):
    with pytest.raises(UsageError, match="--memory must be a size such as 4GiB"):
        parse_memory(text)
