"""From what was found to a word and a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, Verdict


def word_of(cases: Iterable[bool]) -> str:
    """Holds where every case is right, does not hold where none is, holds under a condition where some are.

    Raises:
        ValueError: there is no case.
    """
    found = list(cases)
    if not found:
        raise ValueError("A statement is judged by at least one case")
    if all(found):
        return HOLDS
    return HOLDS_IF if any(found) else DOES_NOT_HOLD


def right_or_wrong(cases: Iterable[bool]) -> str:
    """For a statement that names all its conditions, or gives figures: one wrong case and it does not hold."""
    return HOLDS if word_of(cases) == HOLDS else DOES_NOT_HOLD


def conclude(number: int, word: str, sentences: Mapping[str, str], evidence: Iterable[str], basis: str) -> Verdict:
    """The verdict with the sentence that belongs to its word.

    Args:
        number: of the statement.
        word: what was found.
        sentences: for each word that was foreseen, the outcome in a sentence. Any other word is said to be unforeseen,
            so that no sentence is printed beside figures that contradict it.
        evidence: the findings.
        basis: what they were found on.
    """
    surprise = f"The figures of statement {number} say “{word}”, which was not foreseen; see the evidence."
    return Verdict(number, word, sentences.get(word, surprise), tuple(evidence), basis)


def spelled(numbers: Iterable[object]) -> str:
    """Numbers as prose: 1, 2 and 3."""
    words = [f"{number:,}" if isinstance(number, int) else str(number) for number in numbers]
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def shape_text(shape: Iterable[int | None]) -> str:
    """A shape as 55x55x96."""
    return "x".join(map(str, shape))


def tiny(value: float) -> str:
    """A rounding error in one digit: 4e-16, or 0."""
    return f"{value:.0e}" if value else "0"
