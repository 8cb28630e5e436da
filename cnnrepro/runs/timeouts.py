"""How long processes wait for each other: seconds, read from the environment at each question."""

from __future__ import annotations

import os

from cnnrepro.errors import UsageError


def stale_seconds() -> float:
    """How long the holder of a run may give no sign of life before another takes over."""
    return _seconds("CNNREPRO_STALE_SECONDS", 60.0)


def join_seconds() -> float:
    """How long the workers of a run wait for each other at the start."""
    return _seconds("CNNREPRO_JOIN_SECONDS", 300.0)


def heartbeat_seconds() -> int:
    """How long a worker of a run may be silent before it counts as lost, in whole seconds."""
    return round(_seconds("CNNREPRO_HEARTBEAT_SECONDS", 20.0))


def _seconds(name: str, default: float) -> float:
    """A number of seconds of the environment; UsageError for what is none, or less than 1."""
    text = os.environ.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds < float("inf"):
        raise UsageError(f"{name} must be a number of seconds, at least 1. Received: {text!r}")
    return seconds
