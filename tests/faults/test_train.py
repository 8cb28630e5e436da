"""Faults of one training: killed and told to stop at every moment, on disks that are full, in odd surroundings.

``make test`` meets most of them in this process; what runs as a process of its own, and really dies, is the soak's but
for one case.
"""

import errno
import io
import itertools
import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from cnnrepro.runs import RunStore, checkpoint
from tests.calling import call
from tests.faults.conftest import BARE, COMMAND, DYING, ODD_NAMES, Started, assert_clean, first_of, results

pytestmark = pytest.mark.slow

TRAIN = (
    "train", "lenet5_modern", "--dataset", "mnist_5k", "--epochs", 2, "--train-images", 64, "--batch-size", 32,
    "--precision", "float32",
)  # fmt: skip

# All that a training moves to its place, and at which time; ``make test`` takes those that are unlike each other.
MOVES = (
    "record.json 1", "checkpoint.npz 1", "curves.csv 1", "record.json 2",
    "checkpoint.previous.npz 1", "checkpoint.npz 2", "curves.csv 2", "record.json 3",
    "predictions.parquet 1", "curves.csv 3", "record.json 4",
)  # fmt: skip
UNLIKE = ("record.json 1", "checkpoint.npz 1", "checkpoint.previous.npz 1", "predictions.parquet 1", "record.json 4")

# Some bytes of each file, fewer than it has, and at which of its writings.
MOMENTS = {
    "the first record": {"file": "record.json", "bytes": 300},
    "a record in the middle": {"file": "record.json", "bytes": 300, "nth": 3},
    "the last record": {"file": "record.json", "bytes": 300, "nth": 4},
    "the first checkpoint": {"file": "checkpoint.npz", "bytes": 100_000},
    "a later checkpoint": {"file": "checkpoint.npz", "bytes": 100_000, "nth": 2},
    "the curves": {"file": "curves.csv", "bytes": 40, "nth": 2},
    "the predictions": {"file": "predictions.parquet", "bytes": 1000},
    "the log": {"file": "log.txt", "bytes": 30, "nth": 2},
}


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """An undisturbed training, and its store as a kill would leave it before each move of a file to its place."""
    place = tmp_path_factory.mktemp("killed")
    runs, seen, replace = place / "runs", {}, Path.replace

    def copy_and_replace(path, target):
        name = Path(target).name
        if f"{name} 1" in MOVES:
            seen[name] = seen.get(name, 0) + 1
            shutil.copytree(runs, place / f"{name} {seen[name]}")
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(Path, "replace", copy_and_replace)
        from cnnrepro import cli

        cli.main([str(word) for word in (*TRAIN, "--runs", runs)])
    assert ended.value.code == 0
    assert {path.name for path in place.iterdir()} == {*MOVES, "runs"}
    assert_clean(runs)
    return place


@pytest.fixture(scope="module")
def undisturbed(killed):
    """The result of a training that nothing disturbs."""
    assert len(results(killed / "runs")) == 1
    return results(killed / "runs")


@pytest.fixture
def train(tmp_path, capsys):
    """The command in this process: exit status, standard output, standard error."""
    return lambda runs=tmp_path / "runs": call(capsys, *TRAIN, "--runs", runs)


@pytest.fixture
def ends_as_undisturbed(train, undisturbed, tmp_path, temporary):
    """The same command again ends with the record of an undisturbed one."""

    def check(runs=tmp_path / "runs"):
        status, _, err = train(runs)
        assert status == 0, err
        assert results(runs) == undisturbed
        assert_clean(runs, temporary)

    return check


@pytest.mark.parametrize("move", first_of(MOVES, *UNLIKE))
def test_killed_before_or_while_a_file_is_written(move, killed, ends_as_undisturbed, tmp_path):
    """As the disk is then: the new file half written under its temporary name, and the last line of the log torn."""
    runs = tmp_path / list(ODD_NAMES.values())[len(move) % len(ODD_NAMES)]
    shutil.copytree(killed / move, runs)
    for path in runs.glob("*/.*.tmp"):
        os.truncate(path, path.stat().st_size // 2)
    for path in runs.glob("*/log.txt"):
        os.truncate(path, path.stat().st_size - 5)
    ends_as_undisturbed(runs)


class FullDisk(io.BufferedWriter):
    """A file that takes the first bytes and then meets a full disk."""

    def write(self, data):
        super().write(bytes(data)[:40])
        self.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "name, nth, stays", [("checkpoint.npz", 2, True), ("predictions.parquet", 1, False), ("log.txt", 2, False)]
)
def test_a_disk_that_becomes_full(name, nth, stays, train, ends_as_undisturbed, tmp_path, monkeypatch):
    count, opened = itertools.count(1), Path.open

    def open_on_a_full_disk(path, mode="r", *more, **options):
        if name in path.name and mode != "r" and ((number := next(count)) == nth or (stays and number > nth)):
            raw = FullDisk(io.FileIO(path, mode[0]))
            return raw if "b" in mode else io.TextIOWrapper(raw, write_through=True, encoding="utf-8")
        return opened(path, mode, *more, **options)

    monkeypatch.setattr(Path, "open", open_on_a_full_disk)
    status, out, err = train()
    assert (status, out) == (1, "")
    assert "Traceback" not in err and "No space left on device" in err, err
    assert not list((tmp_path / "runs").rglob(".*.tmp"))
    monkeypatch.undo()
    ends_as_undisturbed()


@pytest.mark.parametrize(
    "number, expected, times",
    [
        pytest.param(signal.SIGTERM, 143, 1, id="SIGTERM stops at a checkpoint"),
        pytest.param(signal.SIGINT, 130, 2, id="a second SIGINT stops at once"),
        pytest.param(signal.SIGINT, 130, 1, marks=pytest.mark.soak),
        pytest.param(signal.SIGHUP, 129, 1, marks=pytest.mark.soak),
        pytest.param(signal.SIGTERM, 143, 2, marks=pytest.mark.soak),
    ],
)
def test_a_signal(number, expected, times, train, ends_as_undisturbed, tmp_path, monkeypatch):
    """It comes just before the first checkpoint is written."""
    save = checkpoint.save

    def send_and_save(*arguments):
        for _ in range(times):
            os.kill(os.getpid(), number)
        save(*arguments)

    monkeypatch.setattr(checkpoint, "save", send_and_save)
    status, out, err = train()
    assert (status, out) == (expected, "")
    assert "stopping after this epoch; once more stops at once" in err
    assert err.strip().endswith("interrupted; the same command goes on from the last finished epoch.")
    (record,) = RunStore(tmp_path / "runs").records()
    log = RunStore(tmp_path / "runs").log_path(record.key).read_text()
    assert (record.epochs_done, "stopped after a checkpoint, as asked" in log) == (
        (1, True) if times == 1 else (0, False)
    )
    monkeypatch.setattr(checkpoint, "save", save)
    ends_as_undisturbed()


def test_a_clock_that_jumps(train, undisturbed, tmp_path, monkeypatch):
    """By ten years at every look at it, while somebody waits for the run."""
    monkeypatch.setenv("CNNREPRO_STALE_SECONDS", "1")
    now, years, save = time.time, itertools.cycle((0, 3e8, -3e8, 0, -3e8, 3e8)), checkpoint.save
    monkeypatch.setattr(time, "time", lambda: now() + next(years))
    store, statuses = RunStore(tmp_path / "runs"), []
    (key,) = undisturbed

    def wait_for_it():
        with store.claim(key):
            statuses.append(store.get(key).status)

    waiting = threading.Thread(target=wait_for_it)

    def save_slowly(*arguments):
        if not waiting.ident:
            waiting.start()
        time.sleep(1.5)
        save(*arguments)

    monkeypatch.setattr(checkpoint, "save", save_slowly)
    assert train()[0] == 0
    waiting.join(30)
    assert statuses == ["done"]
    assert results(tmp_path / "runs") == undisturbed
    (record,) = store.records()
    assert record.sessions == 1 and 0 < record.wall_seconds < 300


@pytest.fixture
def start(started):
    """Start the training as a process, perhaps with a fault."""

    def start(runs, fault=None, **options):
        first = (DYING, json.dumps(fault)) if fault else COMMAND
        started.append(Started(*first, *TRAIN, "--runs", runs, **options))
        return started[-1]

    return start


@pytest.mark.parametrize("called", first_of(ODD_NAMES))
def test_a_process_killed_in_an_odd_folder_without_home_terminal_and_user(
    called, start, undisturbed, tmp_path, temporary
):
    """As cron, containers and Slurm start things: HOME unset, streams that are no terminal, a bare environment."""
    runs = tmp_path / ODD_NAMES[called]
    status, _, err = start(runs, {"how": "kill", **MOMENTS["a later checkpoint"]}, without=BARE).end()
    assert status == -signal.SIGXFSZ, err
    status, _, err = start(runs, without=BARE).end()
    assert status == 0, err
    assert results(runs) == undisturbed
    assert_clean(runs, temporary)


@pytest.mark.soak
@pytest.mark.parametrize("how", ["kill", "full"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_process_at_a_chosen_byte(moment, how, start, ends_as_undisturbed, tmp_path):
    status, out, err = start(tmp_path / "runs", {"how": how, **MOMENTS[moment]}).end()
    assert (status, out) == (1 if how == "full" else -signal.SIGXFSZ, ""), err
    if how == "full":
        assert "Traceback" not in err and "File too large" in err, err
        assert not list((tmp_path / "runs").rglob(".*.tmp"))
    ends_as_undisturbed()
