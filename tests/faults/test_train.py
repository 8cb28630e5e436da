"""Faults of one training: killed and told to stop at every moment, on disks that are full, in odd surroundings."""

import json
import signal
import time

import pytest

from cnnrepro.runs import RunStore
from tests.faults.conftest import BARE, COMMAND, DYING, ODD_NAMES, Started, assert_clean, first_of, results, wait_for

pytestmark = pytest.mark.slow

TRAIN = (
    "train", "lenet5_modern", "--dataset", "mnist_5k", "--epochs", 3, "--train-images", 640, "--batch-size", 16,
    "--precision", "float32",
)  # fmt: skip

# Some bytes of each file, fewer than it has, and at which of its writings: records are written at the beginning, after
# each epoch and at the end.
MOMENTS = {
    "the first record": {"file": "record.json", "bytes": 300},
    "a record in the middle": {"file": "record.json", "bytes": 300, "nth": 3},
    "the last record": {"file": "record.json", "bytes": 300, "nth": 5},
    "the first checkpoint": {"file": "checkpoint.npz", "bytes": 100_000},
    "a later checkpoint": {"file": "checkpoint.npz", "bytes": 100_000, "nth": 2},
    "the curves": {"file": "curves.csv", "bytes": 40, "nth": 2},
    "the predictions": {"file": "predictions.parquet", "bytes": 1000},
    "the log": {"file": "log.txt", "bytes": 30, "nth": 2},
}
MOVES = {
    "a record": {"file": "record.json", "nth": 2},
    "the first checkpoint": {"file": "checkpoint.npz"},
    "the checkpoint before the last": {"file": "checkpoint.previous.npz"},
    "a later checkpoint": {"file": "checkpoint.npz", "nth": 2},
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The result of a training that nothing disturbs."""
    runs = tmp_path_factory.mktemp("undisturbed") / "runs"
    status, _, err = Started(*COMMAND, *TRAIN, "--runs", runs).end()
    assert status == 0, err
    assert_clean(runs)
    assert len(results(runs)) == 1
    return results(runs)


@pytest.fixture
def train(tmp_path, started):
    """Start the training, perhaps with a fault, on the test's own store or another."""

    def start(*more, fault=None, runs=tmp_path / "runs", **options):
        first = (DYING, json.dumps(fault)) if fault else COMMAND
        started.append(Started(*first, *TRAIN, "--runs", runs, *more, **options))
        return started[-1]

    return start


@pytest.fixture
def ends_as_undisturbed(train, undisturbed, tmp_path, temporary):
    """The same command again ends with the record of an undisturbed one."""

    def check(runs=tmp_path / "runs", **options):
        status, _, err = train(runs=runs, **options).end()
        assert status == 0, err
        assert results(runs) == undisturbed
        assert_clean(runs, temporary)

    return check


def epochs_done(runs):
    return max((record.epochs_done for record in RunStore(runs).records()), default=0)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_it_writes(moment, train, ends_as_undisturbed):
    status, _, err = train(fault={"how": "kill", **MOMENTS[moment]}).end()
    assert status == -signal.SIGXFSZ, err
    ends_as_undisturbed()


@pytest.mark.parametrize("moment", MOVES)
def test_killed_before_a_written_file_is_moved(moment, train, ends_as_undisturbed):
    status, _, err = train(fault={"how": "move", **MOVES[moment]}).end()
    assert status == -signal.SIGKILL, err
    ends_as_undisturbed()


@pytest.mark.parametrize("moment", first_of(MOMENTS, "a later checkpoint", "the predictions", "the log"))
def test_a_disk_that_becomes_full(moment, train, ends_as_undisturbed, tmp_path):
    status, out, err = train(fault={"how": "full", **MOMENTS[moment]}).end()
    assert (status, out) == (1, "")
    said = err[err.index("cnnrepro:") :].strip()
    assert "Traceback" not in err and "File too large" in said, err
    assert not list((tmp_path / "runs").rglob(".*.tmp"))
    ends_as_undisturbed()


@pytest.mark.parametrize("number, expected", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_at_a_checkpoint_and_a_second_at_once(
    number, expected, train, ends_as_undisturbed, tmp_path, undisturbed
):
    one = train("--train-images", 3500)
    wait_for(lambda: epochs_done(tmp_path / "runs") == 1)
    one.process.send_signal(number)
    status, out, err = one.end()
    assert (status, out) == (expected, "")
    assert "stopping after this epoch; once more stops at once" in err
    assert err.strip().endswith("interrupted; the same command goes on from the last finished epoch.")
    (record,) = RunStore(tmp_path / "runs").records()
    assert record.epochs_done in (1, 2)  # the signal may come before the first epoch's last look for one
    assert "stopped after a checkpoint, as asked" in RunStore(tmp_path / "runs").log_path(record.key).read_text()

    slow = train("--train-images", 3500, "--batch-size", 1, runs=tmp_path / "slow")
    wait_for(lambda: RunStore(tmp_path / "slow").records())
    wait_for(lambda: any(one.cpu_times().user > 4 for one in slow.family()))
    slow.process.send_signal(number)
    time.sleep(1)
    slow.process.send_signal(number)
    status, _, err = slow.end(seconds=30)
    assert status == expected
    assert epochs_done(tmp_path / "slow") == 0


def test_a_clock_that_jumps(train, ends_as_undisturbed, tmp_path):
    """One process trains while another waits for it, and for both the clock jumps by years."""
    environment = {"CNNREPRO_STALE_SECONDS": "3"}
    both = [train(fault={"how": "clock", "file": ""}, environment=environment) for _ in range(2)]
    for one in both:
        status, _, err = one.end()
        assert status == 0, err
    (record,) = RunStore(tmp_path / "runs").records()
    assert record.sessions == 1 and 0 < record.wall_seconds < 300
    ends_as_undisturbed()


def test_no_home_no_terminal_and_no_user(train, ends_as_undisturbed):
    """As cron, containers and Slurm start things: HOME unset, streams that are no terminal, a bare environment."""
    ends_as_undisturbed(without=BARE)


@pytest.mark.parametrize("called", first_of(ODD_NAMES, "quotes"))
def test_odd_paths(called, train, ends_as_undisturbed, tmp_path):
    folder = tmp_path / ODD_NAMES[called]
    one = train(runs=folder, fault={"how": "kill", "file": "checkpoint.npz", "bytes": 100_000, "nth": 2})
    assert one.end()[0] == -signal.SIGXFSZ
    ends_as_undisturbed(runs=folder)
