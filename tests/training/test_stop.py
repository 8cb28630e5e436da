"""What signals do while a training may be asked to stop."""

import os
import signal

import pytest

from cnnrepro.training.stop import SIGNALS, request_on_signals


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_is_a_request_to_stop_at_the_next_checkpoint(number, capsys):
    with request_on_signals() as stop, stop.deferred():
        os.kill(os.getpid(), number)
        assert stop.requested and stop.signal == number
    assert "stopping after this epoch" in capsys.readouterr().err


def test_a_hangup_that_nohup_has_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with request_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)
