"""The roll call: before anything heavy starts, the workers find each other and make sure that they mean the same run.

Worker 0 listens on its address, the others call and say what they are about to do; all get the same answer. JAX's own
way to start ends a process hard where somebody is missing or a port is taken; after a roll call neither happens. What
goes over the line is one line of JSON each way; nobody is authenticated, as nobody is by what JAX does afterwards.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import time
from collections.abc import Callable, Mapping

from cnnrepro.errors import CnnreproError, UsageError, WorkFailed
from cnnrepro.runs.timeouts import join_seconds
from cnnrepro.training.workers.addresses import Workers

TELL_SECONDS = 3.0  # after which whoever waits says so
POLL_SECONDS = 0.2
LINE_BYTES = 1 << 16  # of a greeting or an answer; a longer one is none

_KINDS = {UsageError.exit_status: UsageError, WorkFailed.exit_status: WorkFailed}


def call(workers: Workers, facts: Mapping[str, object], waiting: Callable[[str], object]) -> None:
    """Return when all workers have come and say the same.

    Args:
        workers: all, and this one.
        facts: what must be the same everywhere, by name, as plain values.
        waiting: called once with a sentence if it takes a while.

    Raises:
        WorkFailed: an address that cannot be listened on, or somebody who does not come in ``join_seconds``.
        UsageError: one says something else; every worker raises it, with the same text.
    """
    if workers.number == 0:
        _listen(workers, facts, waiting)
    else:
        _report(workers, facts, waiting)


def _listen(workers: Workers, facts: Mapping[str, object], waiting: Callable[[str], object]) -> None:
    """Worker 0's side."""
    heard: dict[int, tuple[Mapping, socket.socket]] = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_server(workers))
        began, told = time.monotonic(), False
        while missing := [number for number in range(1, len(workers)) if number not in heard]:
            names = " and ".join(workers.name(number) for number in missing)
            waited = time.monotonic() - began
            if waited > join_seconds():
                error = WorkFailed(
                    f"{names[0].upper()}{names[1:]} did not come within {join_seconds():g} s; start the same command "
                    f"on every machine, each with its own --worker, and see that {workers.coordinator} can be reached "
                    f"from there."
                )
                _answer(heard, error)
                raise error
            if waited > TELL_SECONDS and not told:
                told = True
                waiting(f"waiting for {names}.")
            _accept(server, workers, heard, stack)
            _drop_gone(heard)
        error = _difference(workers, facts, {number: told for number, (told, _) in heard.items()})
        _answer(heard, error)
        if error is not None:
            raise error


def _server(workers: Workers) -> socket.socket:
    """Listens on the coordinator's port, where JAX's coordinator will."""
    six = socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if six else socket.AF_INET
        server = socket.create_server(("", workers.coordinator.port), family=family, dualstack_ipv6=six)
    except OSError as error:
        raise WorkFailed(
            f"Worker 0 cannot listen on port {workers.coordinator.port} of {workers.coordinator} "
            f"({os.strerror(error.errno)}); give the first address of --workers another port, on every machine."
        ) from error
    server.settimeout(POLL_SECONDS)
    return server


def _accept(server: socket.socket, workers: Workers, heard: dict, stack: contextlib.ExitStack) -> None:
    """Hear one caller, if one calls; who is no worker of this run is not listened to further."""
    try:
        line, _ = server.accept()
    except TimeoutError:
        return
    stack.enter_context(line)
    line.settimeout(POLL_SECONDS * 10)
    greeting = _read(line)
    number = greeting.get("worker") if greeting else None
    if isinstance(number, int) and 0 < number < len(workers) and isinstance(greeting.get("facts"), dict):
        if number in heard:
            earlier = {number: heard.pop(number)}
            _answer(earlier, UsageError(f"Two processes say that they are worker {number}; each has its own --worker."))
        heard[number] = (greeting["facts"], line)
    elif number == 0:
        _answer({0: ({}, line)}, UsageError("Two processes say that they are worker 0; each has its own --worker."))


def _drop_gone(heard: dict[int, tuple[Mapping, socket.socket]]) -> None:
    """Forget workers that hung up while they waited."""
    with selectors.DefaultSelector() as selector:
        for number, (_, line) in heard.items():
            selector.register(line, selectors.EVENT_READ, number)
        gone = [key.data for key, _ in selector.select(0)]  # they have nothing more to say: this is the end of the line
    for number in gone:
        del heard[number]


def _difference(workers: Workers, own: Mapping[str, object], heard: Mapping[int, Mapping]) -> UsageError | None:
    """The error where a worker says something else than worker 0; None where all say the same."""
    for number, facts in sorted(heard.items()):
        differ = [name for name in {**own, **facts} if own.get(name) != facts.get(name)]
        if differ:
            here, there = (", ".join(f"{name} {one.get(name)!r}" for name in differ) for one in (own, facts))
            name = workers.name(number)
            return UsageError(
                f"{name[0].upper()}{name[1:]} is about to train something else than worker 0: {there} there, {here} "
                f"at worker 0; give the same command everywhere, with the same versions."
            )
    return None


def _answer(heard: Mapping[int, tuple[Mapping, socket.socket]], error: CnnreproError | None) -> None:
    """Tell everybody who came."""
    verdict = {} if error is None else {"error": str(error), "status": error.exit_status}
    for _, line in heard.values():
        with contextlib.suppress(OSError):  # who hung up needs no answer
            line.sendall(json.dumps(verdict).encode() + b"\n")


def _report(workers: Workers, facts: Mapping[str, object], waiting: Callable[[str], object]) -> None:
    """Every other worker's side."""
    greeting = json.dumps({"worker": workers.number, "facts": facts}).encode() + b"\n"
    began, told, reached = time.monotonic(), False, False
    while (waited := time.monotonic() - began) <= join_seconds() + TELL_SECONDS:
        try:
            with socket.create_connection((workers.coordinator.host, workers.coordinator.port), timeout=5.0) as line:
                line.sendall(greeting)
                reached = True
                line.settimeout(join_seconds() + 2 * TELL_SECONDS)
                verdict = _read(line)
        except (OSError, UnicodeError):  # not up yet, or its name is not known yet
            verdict = None
        if verdict is not None:
            if "error" in verdict:
                raise _KINDS.get(verdict.get("status"), WorkFailed)(verdict["error"])
            return
        if waited > TELL_SECONDS and not told:
            told = True
            waiting(f"waiting for {workers.name(0)}.")
        time.sleep(POLL_SECONDS)
    how = "ended the roll call without an answer" if reached else "cannot be reached"
    raise WorkFailed(
        f"Worker 0 of {len(workers)} ({workers.coordinator}) {how}; {join_seconds():g} s were waited. Start the same "
        f"command there, and see that its port can be reached from here."
    )


def _read(line: socket.socket) -> dict | None:
    """One line of JSON that is an object; None where something else comes, or nothing."""
    found = b""
    try:
        while not found.endswith(b"\n"):
            more = line.recv(4096)
            if not more or len(found) > LINE_BYTES:
                return None
            found += more
        values = json.loads(found)
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None
