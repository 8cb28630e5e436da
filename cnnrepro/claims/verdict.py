"""What a check says of a statement: a word from a fixed list, a sentence, and the evidence behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

HOLDS = "holds"
HOLDS_IF = "holds if …"
DOES_NOT_HOLD = "does not hold"
UNDECIDED = "undecided"  # measured, but by too little: more seeds may still give either word
NOT_CHECKABLE = "not checkable here"
WORDS = (HOLDS, HOLDS_IF, DOES_NOT_HOLD, UNDECIDED, NOT_CHECKABLE)  # in the order in which they are counted


@dataclass(frozen=True)
class Verdict:
    """The outcome of checking one statement.

    Args:
        claim: the statement's number in the ledger.
        word: one of ``WORDS``.
        sentence: the outcome in one sentence a reader can quote, with its figures.
        evidence: the findings it rests on, one sentence each.
        basis: what it was measured on ("mnist_5k, 5 epochs, 2 seeds"), for lists of reports.
    """

    claim: int
    word: str
    sentence: str
    evidence: tuple[str, ...] = ()
    basis: str = ""

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise ValueError(f"A verdict is one of {', '.join(WORDS)}. Received: {self.word!r}")

        if not isinstance(self.claim, int):
            raise ValueError(f"A verdict names its statement by number. Received: {self.claim!r}")

    def to_dict(self) -> dict:
        """The verdict as plain values for JSON."""
        return asdict(self) | {"evidence": list(self.evidence)}

    @classmethod
    def from_dict(cls, values: dict) -> Verdict:
        """The verdict that ``to_dict`` wrote."""
        return cls(**(values | {"evidence": tuple(values.get("evidence", ()))}))


def word_of(cases: Iterable[bool]) -> str:
    """Holds where every case is right, does not hold where none is, holds under a condition where some are.

    Raises:
        ValueError: there is no case.
    """
    cases = list(cases)
    if not cases:
        raise ValueError("A statement is judged by at least one case")
    if all(cases):
        return HOLDS
    return HOLDS_IF if any(cases) else DOES_NOT_HOLD


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
