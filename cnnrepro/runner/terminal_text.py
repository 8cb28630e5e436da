"""Text as it stands on a terminal after progress bars and the like wrote over it."""

from __future__ import annotations

import re

LINES = 20  # that can still be written over: nested progress bars go up a line for each
LONGEST_LINE = 20_000  # characters; what is longer is taken for finished

_PLAIN = re.compile(r"[^\n\r\b\x1b]+")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-ln-z])")
_LINK = re.compile(r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")  # and what a terminal has in its title
_BEGUN = re.compile(r"\x1b(\[[0-9;?]*)?\Z")  # the rest of it comes with the next piece


class TerminalText:
    r"""Applies ``\r``, ``\b`` and a terminal's movements of the cursor (up, down, left, right, erase) to printed text.

    Colours (``\x1b[31m``) take no room: they stay with the character that follows them. Only the last lines are kept
    at hand, however much is printed.
    """

    def __init__(self) -> None:
        self._lines: list[list[str]] = [[]]  # of characters, each with the colours before it
        self._row = self._column = 0
        self._colours = self._begun = ""

    def write(self, text: str) -> str:
        """Print a piece of text; returns the lines that are finished by it."""
        text, self._begun = self._begun + text, ""
        if begun := _BEGUN.search(text):
            text, self._begun = text[: begun.start()], begun[0]
        place = 0
        finished = []
        while place < len(text):
            if plain := _PLAIN.match(text, place):
                self._put(plain[0])
                place = plain.end()
            elif colours := _COLOURS.match(text, place):
                self._colours += colours[0]
                place = colours.end()
            elif control := _CONTROL.match(text, place):
                self._move(control[2], int(control[1]) if control[1].isdigit() else None)
                place = control.end()
            elif link := _LINK.match(text, place):
                place = link.end()
            else:
                self._control_character(text[place])
                place += 1
            while len(self._lines) > LINES:
                finished.append(self._shift())
            if len(self._lines[self._row]) > LONGEST_LINE:
                finished.append(self.rest())
        return "".join(finished)

    def rest(self) -> str:
        """What is not finished yet; the next piece begins on a clean line."""
        text = "\n".join("".join(line) for line in self._lines) + self._colours
        self._lines, self._row, self._column, self._colours = [[]], 0, 0, ""
        return text

    def _shift(self) -> str:
        self._row -= 1
        return "".join(self._lines.pop(0)) + "\n"

    def _put(self, text: str) -> None:
        line = self._lines[self._row]
        line += " " * (self._column - len(line))
        characters = list(text)
        characters[0], self._colours = self._colours + characters[0], ""
        line[self._column : self._column + len(characters)] = characters
        self._column += len(characters)

    def _control_character(self, character: str) -> None:
        if character == "\n":
            line = self._lines[self._row]
            if self._colours and line:  # what ends with the line
                line[-1] += self._colours
                self._colours = ""
            self._row, self._column = self._row + 1, 0
            if self._row == len(self._lines):
                self._lines.append([])
        elif character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        else:  # an escape that begins no sequence known here
            self._put(character)

    def _move(self, kind: str, number: int | None) -> None:
        line, steps = self._lines[self._row], number or 1
        if kind == "A":
            self._row = max(0, self._row - steps)
        elif kind == "B":
            self._row = min(len(self._lines) - 1, self._row + steps)
        elif kind == "C":
            self._column = min(LONGEST_LINE, self._column + steps)
        elif kind == "D":
            self._column = max(0, self._column - steps)
        elif kind == "G":
            self._column = min(LONGEST_LINE, steps - 1)
        elif kind == "K" and number in (None, 0):
            del line[self._column :]
        elif kind == "K":  # 1: up to the cursor; 2: all of it
            end = len(line) if number == 2 else min(len(line), self._column)
            line[:end] = " " * (end if number == 1 else 0)
