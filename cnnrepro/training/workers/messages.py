"""How the workers of a run talk while they train: small messages through JAX's coordinator, and who is still alive.

Numbers travel in XLA's collectives; these know nothing of a worker that is gone, and may wait for it for ever. So two
threads look beside them: one asks the coordinator who is alive, one reads what those that end leave behind. Whatever
they find is this worker's verdict: its main thread raises it where it next looks, and if it is in a collective for
GRACE_SECONDS more, which may be for ever, the process is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs.timeouts import heartbeat_seconds
from cnnrepro.training.workers.addresses import Workers

GRACE_SECONDS = 5.0
LINGER_SECONDS = 30.0  # that the coordinator stays for the others to go first
POLL_SECONDS = 0.1

Message = Mapping[str, Any]


class WorkerLost(WorkFailed):
    """A worker is gone; what the run had finished is kept."""


def lost(workers: Workers, numbers: Iterable[int], about: Message) -> WorkerLost:
    """The error for workers that are gone.

    Args:
        workers: all.
        numbers: of those that are gone.
        about: "run", "title" and "epoch", as far as the work had come.
    """
    names = " and ".join(workers.name(number) for number in sorted(numbers))
    again = "start it again with the same or another number of workers."
    if "run" not in about:
        return WorkerLost(f"The run lost {names} before it began; {again}")
    epoch = about.get("epoch", 0)
    when = f"in epoch {epoch}" if epoch else "before its first epoch"
    kept = "its checkpoint is kept: " if epoch > 1 else ""
    return WorkerLost(f"Run {about['run']} ({about['title']}) lost {names} {when}; {kept}{again}")


class Peers:
    """The other workers.

    Args:
        workers: all, and this one.
        client: JAX's, connected to the coordinator.
        tell: takes messages to the process that watches over this one.
    """

    def __init__(self, workers: Workers, client: Any, tell: Callable[[Message], object]):
        self._workers, self._client, self._tell = workers, client, tell
        self._about: dict[str, object] = {}
        self._verdict: BaseException | None = None
        self._gone: set[int] = set()
        self._found, self._met, self._leaving = threading.Event(), threading.Event(), threading.Event()
        self._inside = threading.Event()  # of a collective
        self._told = self._heard = 0
        for watch in (self._watch_lives, self._watch_ends):
            threading.Thread(target=watch, daemon=True, name="cnnrepro-peers").start()

    def about(self, **facts: object) -> None:
        """Say how far the work has come, for the sentence if it ends."""
        self._about |= facts
        self._tell(facts)

    def gather(self, topic: str, value: Message) -> list[dict]:
        """What each worker says to a topic, in their order; every worker calls it."""
        self.put(f"{topic}/{self._workers.number}", value)
        return [self.wait(f"{topic}/{number}") for number in range(len(self._workers))]

    def tell(self, message: Message) -> None:
        """Worker 0: say something to all others."""
        self.put(f"told/{self._told}", message)
        self._told += 1

    def hear(self) -> dict:
        """The others: the next thing that worker 0 says."""
        message = self.wait(f"told/{self._heard}")
        self._heard += 1
        return message

    def put(self, name: str, value: Message) -> None:
        """Leave a message under a name that nothing has yet."""
        self._client.key_value_set(name, json.dumps(value))

    def wait(self, name: str) -> dict:
        """The message under a name, as soon as it is there; raises the verdict where it is not and there is one.

        The message first: who has told the last thing may be gone by now.
        """
        while True:
            try:
                return json.loads(self._client.key_value_try_get(name))
            except Exception as error:  # JAX's own class differs between versions
                if "NOT_FOUND" not in str(error):
                    raise self._verdict_on(error) from error
            self.check()
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raise the verdict, if there is one."""
        if self._found.is_set():
            self._met.set()
            raise self._verdict

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """While a collective may fail or hang: where it does since another worker is gone, that is what is raised."""
        self.check()
        self._inside.set()
        try:
            yield
        except Exception as error:
            if not type(error).__module__.startswith("jax"):
                raise
            raise self._verdict_on(error) from error
        finally:
            self._inside.clear()

    def _verdict_on(self, error: Exception) -> BaseException:
        """What is behind an error of JAX's: the verdict, if one comes as long as one may take, or the error itself."""
        self._found.wait(2 * heartbeat_seconds() + GRACE_SECONDS)
        self._met.set()
        return self._verdict or error

    def finish(self) -> None:
        """The work is done: the others may go now, and worker 0 after them."""
        self._leaving.set()
        self._say_parting()
        self._part()

    def leave(self, ending: Message) -> None:
        """End before the work is done, and say why.

        Args:
            ending: "text" and "status" of an error, or "signal" of a stop.
        """
        self._met.set()
        self._leaving.set()
        with contextlib.suppress(Exception):  # a coordinator that is gone needs no news
            self.put(f"end/{self._workers.number}", ending)
        self._say_parting()
        self._part()

    def _say_parting(self) -> None:
        """Let worker 0 know that this one has heard all that it waits for."""
        with contextlib.suppress(Exception):
            self.put(f"parting/{self._workers.number}", {})

    def _part(self) -> None:
        """Close the connection; worker 0 holds it until the others have closed theirs."""
        parting = threading.Thread(target=self._wait_for_others if self._workers.number == 0 else self._close)
        parting.daemon = True  # it may hang where the network does
        parting.start()
        parting.join(LINGER_SECONDS)

    def _wait_for_others(self) -> None:
        """Wait until each has said that it parts, and then until it has.

        Who is alive cannot be asked at every moment (the thread that watches over lives may be asking just now), and a
        worker that has not yet read the last message would take an early end of this one for its loss.
        """
        present = set(range(1, len(self._workers))) - self._gone
        while present:
            time.sleep(POLL_SECONDS)
            with contextlib.suppress(Exception):
                present -= {int(name.rpartition("/")[2]) for name, _ in self._client.key_value_dir_get("parting/")}
        while True:
            with contextlib.suppress(Exception):
                if len(self._client.get_live_nodes(list(range(len(self._workers))))) == 1:
                    return
            time.sleep(POLL_SECONDS)

    def _close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.shutdown()

    def _watch_lives(self) -> None:
        """Ask again and again who is alive; the answer comes when all who are have asked."""
        everybody = set(range(len(self._workers)))
        while not self._leaving.is_set():
            try:
                gone = everybody - set(self._client.get_live_nodes(sorted(everybody)))
                told = bool(gone) and self._read_ends()
            except Exception:  # the coordinator is gone, which JAX's client ends this process for
                return
            if gone and not told and not self._leaving.is_set():
                self._gone = gone
                self._tell({"lost": sorted(gone)})
                self._find(lost(self._workers, gone, self._about))
                return
            self._leaving.wait(10 * POLL_SECONDS)

    def _watch_ends(self) -> None:
        """Look again and again for workers that ended before the work was done."""
        while not self._leaving.is_set():
            try:
                if self._read_ends():
                    return
            except Exception:
                return
            self._leaving.wait(5 * POLL_SECONDS)

    def _read_ends(self) -> bool:
        """Whether somebody has ended; of several who have when this is first seen, the lowest by name decides."""
        left = self._client.key_value_dir_get("end/")
        if left and not self._leaving.is_set():
            name, text = min(left)
            self._find(self._ended(int(name.rpartition("/")[2]), json.loads(text)))
        return bool(left)

    def _ended(self, number: int, ending: Message) -> BaseException:
        """The error for a worker that ended by itself."""
        if "signal" in ending:
            return KeyboardInterrupt(ending["signal"])  # not Stopped: it waited for no checkpoint
        kind = UsageError if ending["status"] == UsageError.exit_status else WorkFailed
        name = self._workers.name(number)
        return kind(f"{name[0].upper()}{name[1:]} ended: {ending['text']}")

    def _find(self, verdict: BaseException) -> None:
        """Keep a verdict; if the main thread does not come to it since it is in a collective, end the process."""
        if self._found.is_set():
            return
        self._verdict = verdict
        self._found.set()
        since = time.monotonic()
        while not self._met.wait(POLL_SECONDS) and not self._leaving.is_set():
            if not self._inside.is_set():  # it writes, or computes by itself, and looks afterwards
                since = time.monotonic()
            elif time.monotonic() - since > GRACE_SECONDS:
                self._tell({"end": ending_of(verdict)})
                os._exit(1)


def ending_of(error: BaseException) -> dict:
    """How an error is told to others: a stop by its signal, all else by text and exit status."""
    if isinstance(error, KeyboardInterrupt):
        return {"signal": int(next(iter(error.args), 2))}
    return {"text": str(error), "status": getattr(error, "exit_status", 1)}
