"""How the workers of a run talk while they train: small messages in the key-value store of JAX's coordinator.

Numbers travel in XLA's collectives; these fail or hang where a worker is gone. JAX's coordinator notices it by a
missing heartbeat and ends all processes of the run, hard; what is said about it is said by ``supervision``.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator

from cnnrepro.runs.timeouts import heartbeat_seconds

POLL_MILLISECONDS = 500  # in which a signal is met
GRACE_SECONDS = 5.0


class Messages:
    """What the workers tell each other; JAX is connected to the coordinator.

    Args:
        number: of this worker, from 0 up.
        count: workers.
    """

    def __init__(self, number: int, count: int):
        from jax._src import distributed  # its client has no public name

        self._client = distributed.global_state.client
        self.number, self.count = number, count
        self._gathered = self._sent = 0

    def gather(self, value: object) -> list:
        """What each worker says, in their order; every worker calls it, as often as the others."""
        self._gathered += 1
        self._client.key_value_set(f"gathered/{self._gathered}/{self.number}", json.dumps(value))
        return [self._wait(f"gathered/{self._gathered}/{number}") for number in range(self.count)]

    def send(self, value: dict) -> None:
        """Worker 0: say something to all others."""
        self._sent += 1
        self._client.key_value_set(f"sent/{self._sent}", json.dumps(value))

    def receive(self) -> dict:
        """The others: the next thing that worker 0 says."""
        self._sent += 1
        return self._wait(f"sent/{self._sent}")

    def _wait(self, name: str):
        """The message under a name, as soon as it is there."""
        with detecting_lost_workers():
            while True:
                try:
                    return json.loads(self._client.blocking_key_value_get(name, POLL_MILLISECONDS))
                except RuntimeError as error:
                    if "DEADLINE_EXCEEDED" not in str(error):
                        raise


@contextlib.contextmanager
def detecting_lost_workers() -> Iterator[None]:
    """Hold back an error that a lost worker may be behind until JAX has noticed, and ended this process."""
    try:
        yield
    except (RuntimeError, ValueError):  # JAX's own, and what its helpers make of them
        time.sleep(2 * heartbeat_seconds() + GRACE_SECONDS)
        raise
