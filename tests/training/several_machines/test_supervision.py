"""What is said of a training process that could not say itself why it ended, from what JAX left in its log."""

import signal

import pytest

from cnnrepro.training.several_machines.addresses import Workers
from cnnrepro.training.several_machines.supervision import _explain

ADDRESSES = ["10.0.0.1:4000", "10.0.0.2:4000", "10.0.0.3:4000"]
FATAL = "F1128 23:50:49.563436 30761 client.h:80] Terminating process because … absl::Status: "
HEARTBEAT = (
    FATAL + "UNAVAILABLE: The following tasks are unhealthy (stopped sending heartbeats):\n{}\nThe tasks have crashed."
)
BARRIER = FATAL + (
    "INTERNAL: Shutdown barrier has failed.\nThe first task at the barrier: 1. Some timed out task names:\n0\n2\n"
)
REGISTER = FATAL + "{}\n\nRPC: /xla.coordination.CoordinationService/RegisterTask"
GONE = FATAL + "UNAVAILABLE: Failed to send RPC to coordination service. Either the leader task was preempted/died/…"
KEPT = "; its checkpoint is kept: start it again with the same or another number of workers."


@pytest.mark.parametrize(
    "number, log, sentence",
    [
        (0, HEARTBEAT.format("1"), f"This run lost worker 1 of 3 (10.0.0.2:4000){KEPT}"),
        (0, HEARTBEAT.format("2\n1"), f"lost worker 1 of 3 (10.0.0.2:4000) and worker 2 of 3 (10.0.0.3:4000){KEPT}"),
        (2, GONE, f"lost worker 0 of 3 (10.0.0.1:4000){KEPT}"),
        (0, BARRIER, f"lost worker 1 of 3 (10.0.0.2:4000){KEPT}"),
        (0, REGISTER.format("DEADLINE_EXCEEDED: Deadline Exceeded"), "3 workers did not all come to 10.0.0.1:4000"),
        (2, REGISTER.format("INVALID_ARGUMENT: Unexpected task"), "INVALID_ARGUMENT: Unexpected task); start the same"),
        (0, "add_port.cc:83] Failed to add port to server: No address", "Worker 0 cannot listen on 10.0.0.1:4000"),
        (1, "a\n\nb\n", "worker 1 of 3 (10.0.0.2:4000) was ended by SIGABRT; the same command goes on from the last"),
        (1, "a\n\nb\n", "It last said: a | b"),
    ],
)
def test_the_sentence(number, log, sentence):
    assert sentence in _explain(Workers(ADDRESSES, 3, number), -signal.SIGABRT, log)


def test_without_a_log():
    said = _explain(Workers(ADDRESSES[:1], 3, 1), -signal.SIGKILL, "")
    assert said.startswith("The process of worker 1 of 3 was ended by SIGKILL (out of memory is the usual cause); ")
