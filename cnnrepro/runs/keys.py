"""The key of a run as people and folders spell it: 16 hexadecimal digits, or the first few of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cnnrepro.errors import UsageError

KEY = re.compile(r"[0-9a-f]{16}")
SHORTEST_PREFIX = 4  # digits of a key that a person may name it by


def checked(key: str) -> str:
    """The key; raises UsageError for what is none, so that no other folder is ever meant."""
    if not KEY.fullmatch(key):
        raise UsageError(f"A run's key has 16 hexadecimal digits. Received: {key!r}")
    return key


def only_match(prefix: str, keys: Iterable[str], place: str) -> str:
    """The one key that begins with ``prefix``.

    Args:
        prefix: as somebody typed it.
        keys: those that there are.
        place: where, for the error.

    Raises:
        UsageError: fewer than four digits, or no key or several begin so.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},16}}", prefix):
        raise UsageError(
            f"Name a run by its key or the first {SHORTEST_PREFIX} or more of its 16 hexadecimal digits; see "
            f"`cnnrepro runs`. Received: {prefix!r}"
        )
    matches = [key for key in keys if key.startswith(prefix)]
    if not matches:
        raise UsageError(f"No run in {place!r} has a key that begins with {prefix!r}; see `cnnrepro runs`.")
    if len(matches) > 1:
        raise UsageError(f"Key {prefix!r} names several runs ({', '.join(matches)}); give more of it.")
    return matches[0]
