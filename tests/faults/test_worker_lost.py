"""Workers of one run that are killed or stopped: the others say so and end, and the run goes on when it is asked to."""

import signal

import pytest

from tests.faults.conftest import gone, wait_for
from tests.together import arguments, assert_equal_to_rounding, finished, start

pytestmark = pytest.mark.slow

SOON = {"CNNREPRO_HEARTBEAT_SECONDS": "10"}
# Dropout and batch norm are what a network cut into parts gets wrong first: masks and statistics are of whole batches.
RUN = arguments(epochs=3, batch=12, more=["-o", "dropout=0.5", "-o", "normalization=batch"])
LONG = arguments(epochs=40, batch=6)  # it ends long after the test
ENDLESS = arguments(epochs=2, batch=2, images=3500)  # in its first epoch


@pytest.fixture
def together(tmp_path, started):
    """Start the workers of a run; they are ended with the test."""

    def make(given, **options):
        machines = start(tmp_path, given, **options)
        started.extend(machines)
        return machines

    return make


def lost(machine, who, of=2):
    """Wait for the end of a worker that has lost another: status 1, and one sentence."""
    status, out, err = machine.end(seconds=120)
    sentence = (
        f"cnnrepro: This run lost worker {who} of {of} ({machine.addresses[who]}); its checkpoint is kept: start it "
        f"again with the same or another number of workers.\n"
    )
    assert (status, out, err) == (1, "", sentence)


def test_a_worker_is_killed_and_the_run_goes_on_to_the_curves_of_one_process(together, tmp_path):
    chief, other = together(RUN, environment=SOON)
    family = wait_for(lambda: len(other.family()) > 1 and other.family(), 300)
    wait_for(lambda: chief.epochs() >= 1, 300)
    other.process.send_signal(signal.SIGKILL)  # in the middle of the second epoch
    lost(chief, 1)
    other.process.communicate()
    gone(family)
    assert (chief.record().status, chief.record().sessions) == ("running", 1)
    record = finished(together(RUN))
    assert record.sessions == 2
    assert record.machine["workers"] == record.machine["devices"] == 2
    alone = finished(start(tmp_path / "alone", RUN, workers=1))
    assert (record.key, record.spec) == (alone.key, alone.spec)
    assert "workers" not in alone.machine
    assert_equal_to_rounding(record, alone)


@pytest.mark.soak
def test_the_coordinator_is_killed(together):
    chief, other = together(LONG, environment=SOON)
    wait_for(lambda: chief.epochs() >= 2, 300)
    chief.kill()
    lost(other, 0)
    assert chief.record().status == "running"


@pytest.mark.soak
def test_one_of_three_is_killed(together):
    machines = together(arguments(epochs=40, batch=3), workers=3, environment=SOON)
    wait_for(lambda: machines[0].epochs() >= 2, 300)
    machines[1].kill()
    lost(machines[0], 1, of=3)
    lost(machines[2], 1, of=3)


@pytest.mark.soak
def test_a_worker_falls_silent(together):
    chief, other = together(LONG, environment=SOON)
    wait_for(lambda: chief.epochs() >= 2, 300)
    for process in other.family():
        process.send_signal(signal.SIGSTOP)
    lost(chief, 1)


@pytest.mark.soak
def test_the_training_process_of_a_worker_is_killed(together):
    chief, other = together(LONG, environment=SOON)
    wait_for(lambda: chief.epochs() >= 2, 300)
    other.family()[1].kill()
    status, _, err = other.end(seconds=60)
    assert status == 1
    assert "The process of worker 1 of 2 (127.0.0.1:1) was ended by SIGKILL (out of memory is the usual cause)" in err
    lost(chief, 1)


@pytest.mark.soak
def test_a_worker_does_not_come(together):
    (chief, other) = together(RUN, environment={"CNNREPRO_JOIN_SECONDS": "20"})
    other.kill()
    status, _, err = chief.end(seconds=120)
    assert status == 1
    assert "The 2 workers did not all come to 127.0.0.1:" in err
    assert err.count("\n") == 1
    assert chief.record() is None


@pytest.mark.soak
def test_a_second_signal_ends_a_worker_at_once_and_the_others_lose_it(together):
    chief, other = together(ENDLESS, environment=SOON)
    wait_for(chief.record, 300)
    wait_for(lambda: max(one.cpu_times().user for one in chief.family()) > 8, 300)
    other.process.send_signal(signal.SIGINT)
    wait_for(lambda: other.process.stderr.readline().startswith("cnnrepro: stopping after this epoch"), 30)
    other.process.send_signal(signal.SIGINT)
    assert other.end(seconds=60)[0] == 130
    lost(chief, 1)
    assert (chief.record().status, chief.epochs()) == ("running", 0)
