"""How long processes wait for each other, and the environment variables that say otherwise."""

from __future__ import annotations

import os

from cnnrepro.errors import UsageError

STALE_SECONDS = 60.0  # without a sign of life of whoever trains a run
JOIN_SECONDS = 300.0  # in which all workers of a run must have come
HEARTBEAT_SECONDS = 20.0  # of silence after which a worker of a run counts as lost


def stale_seconds() -> float:
    """How long the holder of a run may be silent before another takes over: CNNREPRO_STALE_SECONDS."""
    return _seconds("CNNREPRO_STALE_SECONDS", STALE_SECONDS)


def join_seconds() -> float:
    """How long the workers of a run wait for each other at the start: CNNREPRO_JOIN_SECONDS."""
    return _seconds("CNNREPRO_JOIN_SECONDS", JOIN_SECONDS)


def heartbeat_seconds() -> int:
    """How long a worker of a run may be silent: CNNREPRO_HEARTBEAT_SECONDS, in whole seconds."""
    return round(_seconds("CNNREPRO_HEARTBEAT_SECONDS", HEARTBEAT_SECONDS))


def _seconds(name: str, default: float) -> float:
    """A number of seconds of the environment; UsageError for what is none, or less than 1."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not 1 <= seconds < float("inf"):
        raise UsageError(f"{name} must be a number of seconds, at least 1. Received: {text!r}")
    return seconds
