"""What is left of printed text when a terminal has shown it: progress bars write over themselves.

Carriage returns, backspaces and the moves of the cursor that progress bars use are applied as the text comes in,
whatever the pieces it comes in. Colours are kept; other escape sequences do nothing, as in Jupyter.
"""

from __future__ import annotations

import re
from itertools import groupby

ROWS = 200  # that the cursor can go up; no bars take more, and no terminal has them
WIDTH = 100_000  # characters of a row that can be written over
LONGEST_SEQUENCE = 4096  # characters that an escape sequence without an end is waited for

# CSI: ESC [ parameters, a letter; OSC (titles, links): ESC ] text, BEL or ESC \; character sets.
_CONTROL = re.compile(r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Z]|[\r\n\b]")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[()]|\][^\x07\x1b]*\x1b?)?\Z")
_PLAIN = re.compile(r"[^\r\b\x1b]*\Z")
_RESET = "\x1b[0m"


class TerminalText:
    """The rows of one stream. Only the last ones are kept at hand, however much is printed."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = [[]]  # an item a character, led by the colours it is shown in
        self._row = self._column = 0
        self._colours = self._unfinished = ""
        self._settled: list[str] = []

    def write(self, text: str) -> str:
        """Print a piece of text; returns what can no more be written over."""
        text = self._unfinished + text
        cut = _UNFINISHED.search(text)
        self._unfinished = text[cut.start() :] if cut and len(cut[0]) <= LONGEST_SEQUENCE else ""
        text = text[: len(text) - len(self._unfinished)]
        if self._at_the_end() and not self._colours and _PLAIN.match(text):
            text = self._settle_early(text)
        place = 0
        for control in _CONTROL.finditer(text):
            self._put(text[place : control.start()])
            self._apply(control)
            place = control.end()
        self._put(text[place:])
        return self._taken()

    def rest(self) -> str:
        """What could still be written over; the next piece begins on a clean row."""
        self._settle("\n".join(map(_spelled, self._rows)))
        self._rows, self._row, self._column = [[]], 0, 0
        return self._taken()

    def _settle(self, text: str) -> None:
        self._settled.append(text)

    def _taken(self) -> str:
        settled, self._settled = "".join(self._settled), []
        return settled

    def _at_the_end(self) -> bool:
        return self._row == len(self._rows) - 1 and self._column == len(self._rows[-1])

    def _settle_early(self, text: str) -> str:
        """Of much plain text the part that no cursor will reach goes through as it is; the rest is to be shown."""
        lines = text.rsplit("\n", ROWS)
        if len(lines) <= ROWS:
            return text
        self._settle("".join(_spelled(row) + "\n" for row in self._rows[:-1]) + _spelled(self._rows[-1]))
        self._settle(lines[0] + "\n")
        self._rows, self._row, self._column = [[]], 0, 0
        return "\n".join(lines[1:])

    def _put(self, text: str) -> None:
        """Write over what stands at the cursor."""
        for start in range(0, len(text), WIDTH):
            part = text[start : start + WIDTH]
            row = self._rows[self._row]
            row += " " * (self._column - len(row))
            row[self._column : self._column + len(part)] = [self._colours + each for each in part]
            self._column += len(part)
            if len(row) > WIDTH:
                self._settle_beginning()

    def _settle_beginning(self) -> None:
        """Settle all rows above the cursor's, and of that row the first half."""
        row = self._rows[self._row]
        self._settle("".join(_spelled(above) + "\n" for above in self._rows[: self._row]) + _spelled(row[: WIDTH // 2]))
        del row[: WIDTH // 2]
        del self._rows[: self._row]
        self._row, self._column = 0, max(0, self._column - WIDTH // 2)

    def _apply(self, control: re.Match) -> None:
        """Do what a control character or sequence says."""
        if control[0] == "\n":
            self._next_row()
        elif control[0] == "\r":
            self._column = 0
        elif control[0] == "\b":
            self._column = max(0, self._column - 1)
        elif control[2] == "m":
            self._colour(control)
        elif control[2] and control[1].replace(";", "").isdigit() | (control[1] == ""):
            first = control[1].split(";")[0]
            self._move_or_erase(control[2], int(first or 0) if len(first) < 6 else 0)

    def _colour(self, control: re.Match) -> None:
        if control[1].strip("0;") == "":
            self._colours = ""
        elif control[0] not in self._colours:
            self._colours = (self._colours + control[0])[-LONGEST_SEQUENCE:]

    def _move_or_erase(self, letter: str, number: int) -> None:
        row, count = self._rows[self._row], max(1, number)
        if letter in "AF":
            self._row = max(0, self._row - count)
        elif letter in "BE":
            self._row = min(len(self._rows) - 1, self._row + count)
        elif letter == "C":
            self._column = min(self._column + count, WIDTH)
        elif letter == "D":
            self._column = max(0, self._column - count)
        elif letter == "G":
            self._column = min(count, WIDTH) - 1
        elif letter == "K":
            self._erase(row, number)
        elif letter == "J" and number in (0, 2):
            self._erase(row, number)
            del self._rows[self._row + 1 :]
            if number == 2:
                self._rows[: self._row] = [[] for _ in range(self._row)]
        if letter in "EF":
            self._column = 0

    def _erase(self, row: list[str], part: int) -> None:
        """Erase a row behind the cursor (0), before it (1), or whole (2)."""
        if part == 1:
            end = min(self._column + 1, len(row))
            row[:end] = " " * end
        elif part in (0, 2):
            del row[self._column if part == 0 else 0 :]

    def _next_row(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append([])
        if len(self._rows) > ROWS:
            self._settle(_spelled(self._rows.pop(0)) + "\n")
            self._row -= 1


def _spelled(row: list[str]) -> str:
    """A row as text, its colours switched on where they begin and off where they end."""
    text = "".join(row)
    if len(text) == len(row):
        return text
    runs = groupby(row, lambda each: each[:-1])
    return "".join(f"{colours}{''.join(each[-1] for each in run)}{_RESET if colours else ''}" for colours, run in runs)
