"""The errors that end a command: each is one sentence for a person, with the exit status it leads to.

``UsageError`` (status 2): the call was wrong; nothing was done. ``WorkFailed`` (status 1): the call was right and the
work failed. The command line prints their text and nothing else; ``--debug`` adds the traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CnnreproError(Exception):
    """Base of the errors whose text is meant for a person."""

    exit_status = 1


class UsageError(CnnreproError, ValueError):
    """The call was wrong: an unknown name, a value out of range, a folder that cannot be written."""

    exit_status = 2


class WorkFailed(CnnreproError, RuntimeError):
    """The call was right and the work failed: a run that diverged, a notebook cell that raised, a full disk."""


class RunFailed(WorkFailed):
    """One training run failed; others may go on.

    Args:
        text: for a person.
        final: whether the same run would fail again in the same way, because its loss diverged.
    """

    def __init__(self, text: str, *, final: bool = False):
        super().__init__(text)
        self.final = final


def unknown(kind: str, received: object, known: Iterable[str]) -> UsageError:
    """The error for a name that no table holds: says what was received, what is known and what may have been meant.

    Args:
        kind: what the name names, in the singular ("model", "data set").
        received: the name as it was given.
        known: the names that would have been right.
    """
    names = sorted(known)
    return UsageError(f"Unknown {kind} {received!r}; known are: {', '.join(names) or 'none'}.{meant(received, names)}")


def meant(received: object, known: Iterable[str]) -> str:
    """The question that follows an unknown name, " Did you mean 'resnet20'?"; empty where no known name is near."""
    by_lower_case = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(received).lower(), by_lower_case, n=1)
    return f" Did you mean {by_lower_case[close[0]]!r}?" if close else ""
