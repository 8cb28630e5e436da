"""What the tests of faults share: batches as real processes, and how to look at what they leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import nbformat
import psutil
import pytest

from cnnrepro.runs import RunStore

DRIVER, DYING = (Path(__file__).with_name(name) for name in ("driver.py", "dying.py"))
COMMAND = ("-c", "from cnnrepro.cli import main; main()")
MARK = "CNNREPRO_TEST_MARK"
SEEDS = [0, 1]
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
LEFT = {"record.json", "curves.csv", "predictions.parquet", "log.txt", "lock"}  # by a finished run


# Names of folders that shells, URLs and file systems make something else of.
ODD_NAMES = {
    "quotes": """quo'te"s`$(x);&|<>*?[a]{b}%d\\n#""",
    "spaces": "with spaces  in it",
    "unicode": "Übung 北京 ñ 🙂",
    "200 characters": "x" * 200,
}
# What cron, containers and Slurm may leave out.
BARE = ("HOME", "USER", "LOGNAME", "TERM", "LANG", "LC_ALL", "XDG_CACHE_HOME")


def first_of(names, *also):
    """Parameters of a test: ``make test`` takes the first and those named besides, ``make soak`` the others."""
    kept = {next(iter(names)), *also}
    return [pytest.param(name, marks=() if name in kept else pytest.mark.soak) for name in names]


def wait_for(condition, seconds=240.0):
    """Wait until a condition holds; what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain")


class Started:
    """A process of its own in a session of its own, without a terminal; all that it starts inherit a mark."""

    def __init__(self, *words, environment=None, without=(), **options):
        self.mark = uuid.uuid4().hex
        told = {**os.environ, "CNNREPRO_PROGRESS": "lines", MARK: self.mark}
        told |= {name: str(value) for name, value in (environment or {}).items()}
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Dask leaves the last one behind where a test had a cluster in this process.
            env={name: value for name, value in told.items() if name not in (*without, "MALLOC_TRIM_THRESHOLD_")},
            start_new_session=True,
            **options,
        )

    def end(self, seconds=300):
        """Exit status, standard output and standard error; no process of it is left."""
        out, err = self.process.communicate(timeout=seconds)
        gone(self.family())
        return self.process.returncode, out, err

    def family(self):
        """Its processes: it, and all that it started, also those that have lost their parent."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.environ().get(MARK) == self.mark:
                    found.append(one)
            except psutil.Error:
                continue
        return sorted(found, key=lambda one: (one.pid != self.process.pid, one.pid))

    def kill(self):
        """SIGKILL; all that it started has to end by itself."""
        family = self.family()
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        gone(family)


def spec(seed, **changes):
    """A tiny run."""
    usual = {"epochs": 8, "train_images": 320, "batch_size": 16, "precision": "float32"}
    return {"model": "lenet5_modern", "dataset": "mnist_5k", "seed": seed} | usual | changes


def on_one_core():
    """Keep a process to one core, so that the bits of its sums are the same on every machine."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])


class Batch(Started):
    """A batch of tiny runs, by driver.py; its workers share one core."""

    def __init__(self, runs, specs, fault=None, environment=None, without=(), **options):
        self.runs = runs
        told = {"runs": str(runs), "specs": specs, "options": {"jobs": 1} | options}
        if fault:
            environment = (environment or {}) | {"CNNREPRO_TEST_FAULT": json.dumps(fault)}
        super().__init__(DRIVER, json.dumps(told), environment=environment, without=without, preexec_fn=on_one_core)

    def end(self, seconds=300):
        """Exit status, outcomes (None where it printed none) and what it said."""
        status, out, err = super().end(seconds)
        lines = out.strip().splitlines()
        return status, json.loads(lines[-1]) if lines else None, err

    def workers(self):
        """The processes of its Dask workers."""
        found = []
        for one in self.family()[1:]:
            try:
                if "spawn_main" in " ".join(one.cmdline()):
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def training(self, epochs=1):
        """The keys of runs in the middle; see ``in_the_middle``."""
        return in_the_middle(self.runs, epochs)


def in_the_middle(runs, epochs=1):
    """The keys of runs of which so many epochs are done, and not all."""
    records = RunStore(runs).records()
    return [record.key for record in records if record.status == "running" and record.epochs_done >= epochs]


def notebook(path, *cells, parameters="seed: int = 0  # of the run"):
    """A notebook on disk that begins with its parameters."""
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)]), path)
    return path


def gone(processes, seconds=30):
    """Make sure that processes end by themselves; the test fails where one does not, and it is ended then."""
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for one in alive:
        one.kill()
    assert not alive, f"left behind: {alive}"


def results(runs):
    """What must be equal to the bit: curves and test scores by key."""
    return {
        record.key: ({name: record.history[name] for name in CURVES}, dict(record.test))
        for record in RunStore(runs).records()
        if record.status == "done"
    }


def assert_clean(runs, temporary=None):
    """A store holds finished runs, and nothing that a fault left; the folder for temporary files is empty."""
    for folder in runs.iterdir():
        assert {path.name for path in folder.iterdir()} == LEFT, folder
    assert temporary is None or list(temporary.iterdir()) == []


@pytest.fixture(autouse=True)
def temporary(monkeypatch):
    """The folder for temporary files of all that a test starts, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The results of a batch that nothing disturbs: its workers have a thread each, which decides the last bits."""
    runs = tmp_path_factory.mktemp("undisturbed") / "runs"
    status, outcomes, err = Batch(runs, [spec(seed) for seed in SEEDS]).end()
    assert status == 0, err
    assert [outcome["status"] for outcome in outcomes] == ["trained"] * len(SEEDS)
    assert_clean(runs)
    return results(runs)


@pytest.fixture
def started():
    """Processes that a test starts, ``Started`` by ``Started``; they are ended with the test."""
    made = []
    yield made
    for one in made:
        for process in one.family():
            process.kill()


@pytest.fixture
def run(tmp_path, started):
    """Start ``cnnrepro run``, perhaps with a fault."""

    def start(*words, fault=None, reports=tmp_path / "reports", runs=tmp_path / "runs", **options):
        first = (DYING, json.dumps(fault)) if fault else COMMAND
        told = ("run", *words, "--runs", runs, "--reports", reports)
        started.append(Started(*first, *told, **options))
        return started[-1]

    return start


@pytest.fixture
def batch(tmp_path, started):
    """Start a batch, by default of two runs on a store of the test's own."""

    def start(runs=tmp_path / "runs", specs=None, **options):
        started.append(Batch(runs, specs or [spec(seed) for seed in SEEDS], **options))
        return started[-1]

    return start


@pytest.fixture
def ends_as_undisturbed(batch, undisturbed, tmp_path, temporary):
    """The same command again ends with the records of an undisturbed batch."""

    def check(runs=tmp_path / "runs", **options):
        status, outcomes, err = batch(runs, **options).end()
        assert status == 0, err
        assert {outcome["status"] for outcome in outcomes} <= {"trained", "found"}
        assert results(runs) == undisturbed
        assert_clean(runs, temporary)

    return check
