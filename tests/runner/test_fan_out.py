"""What becomes of a run by what Dask says of it; real clusters are in tests/faults."""

from types import SimpleNamespace

import pytest
from distributed import KilledWorker

from cnnrepro.errors import WorkFailed
from cnnrepro.runner.batch_options import FAILED, BatchOptions
from cnnrepro.runner.fan_out import _Batch
from cnnrepro.runs import RunSpec


def batch_of_one():
    batch = _Batch.__new__(_Batch)
    batch._runs = [(RunSpec(model="lenet5_modern", dataset="mnist_5k"), False)]
    batch._options, batch._outcomes = BatchOptions(jobs=2), {}
    return batch


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (KilledWorker("train", None, 3), "its worker died again and again; out of memory is the usual cause"),
        (RuntimeError("strange"), "the cluster lost it (strange)"),
    ],
)
def test_a_run_that_the_cluster_could_not_end_failed(error, sentence):
    future = SimpleNamespace(status="error", exception=lambda: error)
    outcome = batch_of_one()._outcome(future, 0)
    assert outcome.status == FAILED
    assert sentence in outcome.message


def test_runs_that_dask_gives_up_say_that_the_scheduler_is_lost():
    with pytest.raises(WorkFailed, match="was lost with 1 runs open"):
        batch_of_one()._outcome(SimpleNamespace(status="cancelled"), 0)
