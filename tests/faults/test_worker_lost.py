"""Workers of one run that are killed or stopped: the others say so and end, and those that are left go on."""

import signal

import pytest

from tests.faults.conftest import wait_for
from tests.together import arguments, assert_equal_to_rounding, start

pytestmark = pytest.mark.slow

SOON = {"CNNREPRO_HEARTBEAT_SECONDS": "10"}
AGAIN = "; its checkpoint is kept: start it again with the same or another number of workers."
RUN = arguments(epochs=4, batch=12)
LONG = arguments(epochs=40, batch=6)  # it ends long after the test
ENDLESS = arguments(epochs=2, batch=2, images=3500)  # in its first epoch


@pytest.fixture
def together(tmp_path, started):
    """Workers of one run."""

    def make(given, **options):
        started.extend(start(tmp_path, given, **options))
        return started[-options.get("workers", 2) :]

    return make


def in_the_middle(machines):
    """Wait until every worker is past its first epoch: the record of the second is written after all have begun it."""
    wait_for(lambda: machines[0].epochs() >= 2, 300)


def lost(machine, who, of=2):
    """What the last worker that lives says."""
    status, out, err = machine.end(seconds=120)
    assert (status, out) == (1, ""), err
    sentence = err.strip().splitlines()[-1]
    assert f"lost worker {who} of {of} (127.0.0.1:" in sentence
    assert sentence.endswith(AGAIN)
    assert "Traceback" not in err
    return sentence


def test_a_worker_is_killed_and_one_goes_on_alone(together, tmp_path):
    (undisturbed,) = start(tmp_path / "undisturbed", RUN, workers=1)
    assert undisturbed.end()[0] == 0
    chief, other = together(RUN, environment=SOON)
    in_the_middle([chief])
    family = other.family()
    other.kill()
    sentence = lost(chief, 1)
    assert not any(process.is_running() for process in family)
    record = chief.record()
    assert (record.status, record.key in sentence) == ("running", True)
    assert "lost worker 1 of 2" in chief.log()
    (alone,) = together(RUN, workers=1)
    assert alone.end()[0] == 0
    assert_equal_to_rounding(alone.record(), undisturbed.record())


def test_the_coordinator_is_killed(together):
    chief, other = together(LONG, environment=SOON)
    in_the_middle([chief])
    chief.kill()
    lost(other, 0)
    assert chief.record().status == "running"


@pytest.mark.soak
def test_one_of_three_is_killed(together):
    machines = together(arguments(epochs=40, batch=3), workers=3, environment=SOON)
    in_the_middle(machines)
    machines[1].kill()
    lost(machines[0], 1, of=3)
    lost(machines[2], 1, of=3)


def test_a_worker_is_killed_before_it_is_connected(together):
    chief, other = together(RUN, environment={"CNNREPRO_JOIN_SECONDS": "15"})
    wait_for(lambda: len(other.family()) > 1)
    other.kill()
    status, _, err = chief.end(seconds=120)
    assert status == 1
    assert "one of them was gone before all were connected" in err or "lost worker 1 of 2" in err
    assert chief.record() is None


def test_a_worker_falls_silent(together):
    chief, other = together(LONG, environment=SOON)
    in_the_middle([chief])
    for process in other.family():
        process.send_signal(signal.SIGSTOP)
    lost(chief, 1)


def test_the_training_process_of_a_worker_is_killed(together):
    chief, other = together(LONG, environment=SOON)
    in_the_middle([chief])
    other.family()[1].kill()
    status, _, err = other.end(seconds=60)
    assert status == 1
    assert "The process of worker 1 of 2 (127.0.0.1:1) was ended by SIGKILL (out of memory is the usual cause)" in err
    lost(chief, 1)


def test_a_second_signal_stops_all_at_once(together):
    chief, other = together(ENDLESS, environment=SOON)
    wait_for(chief.record, 300)
    wait_for(lambda: max(one.cpu_times().user for one in chief.family()) > 8, 300)
    other.process.send_signal(signal.SIGINT)
    wait_for(lambda: other.process.stderr.readline().startswith("cnnrepro: stopping after this epoch"), 30)
    other.process.send_signal(signal.SIGINT)
    assert [one.end(seconds=60)[0] for one in (other, chief)] == [130, 130]
    assert (chief.record().status, chief.epochs()) == ("running", 0)
    assert "stopped after a checkpoint" not in chief.log()
