"""The errors that end a command: each is one sentence for a person, with the exit status it leads to.

``UsageError`` (status 2): the call was wrong; nothing was done. ``WorkFailed`` (status 1): the call was right and the
work failed. The command line prints their text and nothing else; ``--debug`` adds the traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST_SHOWN = 120  # characters of what an error was given
LONGEST_PATH = 1000  # of a path
LONGEST_LIST = 4000  # and of the names that would have been right


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
    listed = shortened(", ".join(names), LONGEST_LIST) or "none"
    return UsageError(f"Unknown {kind} {brief(received)}; known are: {listed}.{meant(received, names)}")


def meant(received: object, known: Iterable[str]) -> str:
    """The question that follows an unknown name, " Did you mean 'resnet20'?"; empty where no known name is near."""
    by_lower_case = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(received)[:LONGEST_SHOWN].lower(), by_lower_case, n=1)
    return f" Did you mean {by_lower_case[close[0]]!r}?" if close else ""


def brief(value: object) -> str:
    """A value as Python writes it, for an error, which shows no more than a line of what it was given."""
    try:
        return shortened(repr(value))
    except ValueError:  # Python writes no whole number of more than some thousand digits
        return f"a {type(value).__name__} with a number of thousands of digits"


def of_path(path: object) -> str:
    """A path for an error; that of no file may be of any length."""
    return shortened(repr(str(path)), LONGEST_PATH)


def shortened(text: str, most: int = LONGEST_SHOWN) -> str:
    """A text, or its beginning and how long it is."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
