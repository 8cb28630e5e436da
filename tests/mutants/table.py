"""The mutants: what is changed where, and which tests must notice.

To add one: a row below. ``old`` stands once in its file; the tests are those of the room, not the one test that you
have in mind: what is wanted is that somebody notices.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One deliberate bug.

    Args:
        name: short, for the command line.
        bug: what is wrong then, in a few words.
        file: the file that is changed, from the project's root.
        old, new: the text that is taken out, and what is put in its place.
        tests: files and folders of tests that are run.
    """

    name: str
    bug: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied_to(self, text: str) -> str:
        """The file's text with the bug in it."""
        return text.replace(self.old, self.new)


MUTANTS: dict[str, Mutant] = {}
