"""The lecture notes' way to write a network down: ``INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> [FC -> RELU]*2 -> FC``.

After Stanford's CS231n notes, "ConvNet Architectures", layer patterns. The grammar::

    pattern = "INPUT" arrow chain, or the same in brackets
    chain   = item (arrow item)*
    item    = ("CONV" | "RELU" | "POOL" | "FC" | "[" chain "]") ("*" count)? "?"?
    count   = a whole number, or a name such as N that is given a value
    arrow   = "->" or "→", or longer ones, or the notes' dash between blanks

``?`` marks what may be left out, and ``×`` is ``*``. Spaces and case do not matter for the words; names of counts are
as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnnrepro.errors import UsageError, brief

WORDS = ("CONV", "RELU", "POOL", "FC")
MOST_LAYERS = 1000  # a pattern of a few characters can ask for millions
DEEPEST = 20  # brackets within brackets
_TOKEN = re.compile(r"\s*(?:([-–—=]+>|[→⟶⇒]|[-–—](?=\s))|([\[\]*×?])|([0-9]+)|([A-Za-z_][A-Za-z_0-9]*))")
_COUNT_NAME = re.compile(r"[A-Z]")


@dataclass(frozen=True)
class Element:
    """One layer of a written-out pattern: its word, and the character of the pattern it comes from (from 0)."""

    word: str
    place: int


@dataclass(frozen=True)
class _Token:
    kind: str  # "arrow", "sign", "number", "word" or "end"
    text: str
    place: int

    def __str__(self) -> str:
        return repr(self.text) if self.text else "the end"


def is_pattern(text: str) -> bool:
    """Whether a text is meant as a pattern: it begins with INPUT, or has an arrow."""
    return text.strip().lstrip("[ ").upper().startswith("INPUT") or "->" in text or "→" in text


def is_count(name: str) -> bool:
    """Whether the name of an option is that of a count: one capital letter."""
    return bool(_COUNT_NAME.fullmatch(name))


def count_names(pattern: str) -> tuple[str, ...]:
    """The names of a pattern's counts, in the order in which they come."""
    return tuple(dict.fromkeys(re.findall(r"[*×]\s*([A-Z])(?![A-Za-z_0-9])", pattern)))


def expand(pattern: str, counts: Mapping[str, int] | None = None, *, optional: bool = True) -> tuple[Element, ...]:
    """Write a pattern out: every repetition done, INPUT left away.

    Args:
        pattern: the text.
        counts: values of the names after ``*``, such as ``{"N": 2}``.
        optional: whether what ``?`` marks is there.

    Returns:
        The layers in order; the last is an FC, whose outputs are the class scores.

    Raises:
        UsageError: shows the character at which the pattern goes wrong.
    """
    elements = _Reader(pattern, dict(counts or {}), optional).read()
    _require_buildable(pattern, elements)
    return elements


def wrong(pattern: str, place: int, sentence: str) -> UsageError:
    """An error that shows the pattern with a mark below a character."""
    return UsageError(f"{sentence} (character {place + 1} of the pattern)\n  {pattern}\n  {' ' * place}^")


class _Reader:
    """A recursive-descent parser; each method reads the rule of the grammar that it is called after."""

    def __init__(self, pattern: str, counts: dict[str, int], optional: bool):
        self.pattern = pattern
        self.counts = counts
        self.optional = optional
        self.used: set[str] = set()
        self.tokens = self._tokens()
        self.position = 0
        self.depth = 0

    def _tokens(self) -> list[_Token]:
        tokens, place = [], 0
        end = len(self.pattern.rstrip())
        while place < end:
            match = _TOKEN.match(self.pattern, place)
            if match is None:
                place += len(self.pattern[place:]) - len(self.pattern[place:].lstrip())
                raise wrong(self.pattern, place, f"A pattern has no {self.pattern[place]!r}; -> joins its layers")
            kind = ("arrow", "sign", "number", "word")[match.lastindex - 1]
            text = match[match.lastindex].replace("×", "*")
            tokens.append(_Token(kind, text, match.start(match.lastindex)))
            place = match.end()
        return [*tokens, _Token("end", "", end)]

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def take(self) -> _Token:
        token = self.next
        self.position += 1
        return token

    def wrong(self, token: _Token, sentence: str) -> UsageError:
        return wrong(self.pattern, token.place, sentence)

    def read(self) -> tuple[Element, ...]:
        bracket = self.take() if self.next.text == "[" else None
        first = self.take()
        if first.text.upper() != "INPUT":
            raise self.wrong(first, "A pattern begins with INPUT")
        arrow = self.take()
        if arrow.kind != "arrow":
            raise self.wrong(arrow, f"Expected -> after INPUT, found {arrow}")
        elements = self.chain()
        if bracket and self.take().text != "]":
            raise self.wrong(bracket, "This [ is not closed")
        if self.next.kind != "end":
            raise self.wrong(self.next, f"Expected an arrow or the end, found {self.next}")
        unused = sorted(set(self.counts) - self.used)
        if unused:
            raise UsageError(f"The pattern {self.pattern!r} has no count named {', '.join(unused)}.")
        return tuple(elements)

    def chain(self) -> list[Element]:
        elements = self.item()
        while self.next.kind == "arrow":
            self.take()
            elements = elements + self.item()
            if len(elements) > MOST_LAYERS:
                sentence = f"A pattern may have {MOST_LAYERS} layers; up to here it has {len(elements)}"
                raise self.wrong(self.next, sentence)
        return elements

    def item(self) -> list[Element]:
        token = self.take()
        if token.text == "[":
            self.depth += 1
            if self.depth > DEEPEST:
                raise self.wrong(token, f"Brackets may be nested {DEEPEST} deep")
            elements = self.chain()
            self.depth -= 1
            if self.take().text != "]":
                raise self.wrong(token, "This [ is not closed")
        elif token.kind == "word" and token.text.upper() in WORDS:
            elements = [Element(token.text.upper(), token.place)]
        elif token.kind == "word" and token.text.upper() == "INPUT":
            raise self.wrong(token, "INPUT stands at the beginning alone")
        else:
            raise self.wrong(token, f"Expected {', '.join(WORDS)} or [, found {token}")
        if self.next.text == "*":
            self.take()
            elements = elements * self.count(len(elements))
        if self.next.text == "?":
            self.take()
            elements = elements if self.optional else []
        return elements

    def count(self, length: int) -> int:
        token = self.take()
        if token.kind == "number":
            value = int(token.text)
        elif token.kind == "word" and is_count(token.text):
            if token.text not in self.counts:
                raise self.wrong(token, f"The count {token.text} has no value; give one: -o {token.text}=2")
            value = self.counts[token.text]
            self.used.add(token.text)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise UsageError(f"The count {token.text} must be a whole number from 0. Received: {brief(value)}")
        else:
            raise self.wrong(token, f"Expected a whole number or one capital letter after *, found {token}")
        if value * length > MOST_LAYERS:
            raise self.wrong(token, f"A pattern may have {MOST_LAYERS} layers; this asks for {value * length}")
        return value


def _require_buildable(pattern: str, elements: tuple[Element, ...]) -> None:
    """Refuse what cannot be built: a network that does not end with class scores, convolutions of a vector."""
    if not elements or elements[-1].word != "FC":
        place = elements[-1].place if elements else len(pattern.rstrip())
        raise wrong(pattern, place, "A pattern ends with FC, the class scores")
    flattened = None
    for element in elements:
        if element.word == "FC":
            flattened = element
        elif element.word in ("CONV", "POOL") and flattened is not None:
            raise wrong(
                pattern,
                element.place,
                f"{element.word} needs a feature map, and the FC before it (character {flattened.place + 1}) made a "
                "vector of it",
            )
