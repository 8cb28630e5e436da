"""What a check says of a statement: a word from a fixed list, a sentence, and the evidence behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

HOLDS = "holds"
HOLDS_IF = "holds if …"
DOES_NOT_HOLD = "does not hold"
UNDECIDED = "undecided"  # measured, but by too little: more seeds may still give either word
NOT_CHECKABLE = "not checkable here"
NOT_JUDGED = "not judged"  # of a comparison alone: one whose turn comes before it is undecided
NOT_TESTED = "not tested yet"  # no verdict: the runs that would decide it are still to be made
WORDS = (HOLDS, HOLDS_IF, DOES_NOT_HOLD, UNDECIDED, NOT_CHECKABLE, NOT_TESTED)  # in the order in which they are counted

# When a verdict was made.
NOW = "computed now"
FROM_RECORDS = "judged now, from runs recorded earlier"
RECORDED = "recorded earlier, not computed now"
NOT_MADE = ""  # never: the word says that it is to come

DECIMALS = 6  # of an effect

_WORST_FIRST = (DOES_NOT_HOLD, HOLDS_IF, UNDECIDED, NOT_CHECKABLE, NOT_TESTED, HOLDS)


def capital(text: str) -> str:
    """A text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def _require_word(word: str) -> None:
    if word not in WORDS:
        raise ValueError(f"A verdict is one of {', '.join(WORDS)}. Received: {word!r}")


def _require_texts(values: Iterable[object], what: str) -> None:
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"{what} are texts. Received: {value!r}")


@dataclass(frozen=True)
class Effect:
    """A number that a verdict from runs rests on; kept to six decimals, as further ones are the machine's.

    Args:
        name: what is compared.
        value: its mean over the seeds.
        low, high: the interval by which it was judged; None with too few seeds, or equal values.
        unit: of the three.
        n: seeds.
        rule: when it holds, in a sentence.
        word: what is decided of it alone.
        condition: under which it was tried; "" for the statement as it stands.
        text: value, interval and seeds as people read them: "−0.31 points (95 % interval −0.55 to −0.07, 10 seeds)".
        part: of a statement with several, which one it belongs to, from 0.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    unit: str
    n: int
    rule: str
    word: str
    condition: str = ""
    text: str = ""
    part: int = 0

    def __post_init__(self) -> None:
        texts = (self.name, self.unit, self.rule, self.word, self.condition, self.text)
        _require_texts(texts, "name, unit, rule, word, condition and text of an effect")
        if not all(isinstance(number, int) for number in (self.n, self.part)):
            raise ValueError(f"n and part of an effect are whole numbers. Received: {self.n!r} and {self.part!r}")
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            object.__setattr__(self, name, None if number is None else round(number, DECIMALS))

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends; None where there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def sentence(self) -> str:
        """All of it in a line: "On digits: average minus max: test error +0.31 points (…): undecided."."""
        where = f"{capital(self.condition)}: " if self.condition else ""
        return f"{where}{self.name} {self.text}: {self.word}."


@dataclass(frozen=True)
class Part:
    """What a check says of one part of a statement that makes several.

    Args:
        word: one of ``WORDS``.
        found: what was found, in a sentence with its figures.
    """

    word: str
    found: str

    def __post_init__(self) -> None:
        _require_word(self.word)


def word_of_parts(words: Iterable[str]) -> str:
    """The word of a statement of several parts: that of its worst part.

    From the worst: does not hold, holds if …, undecided, not checkable here, not tested yet, holds. So one wrong part
    and the whole does not hold, and it holds where all of its parts do.
    """
    words = set(words)
    return next(word for word in _WORST_FIRST if word in words)


@dataclass(frozen=True)
class Verdict:
    """The outcome of checking one statement.

    Args:
        claim: the statement's number in the ledger.
        word: one of ``WORDS``.
        sentence: the outcome in one sentence a reader can quote, with its figures.
        evidence: the findings it rests on, one sentence each.
        basis: what it was measured on ("mnist_5k, 5 epochs, 2 seeds"), for lists of reports.
        parts: where the statement has several, the word on each, in their order.
        made: ``NOW``, ``FROM_RECORDS``, ``RECORDED`` or ``NOT_MADE``; whatever shows a verdict says it where that was
            ``earlier``.
        effects: where runs decide, the numbers that it rests on, the one of the statement as it stands first.
    """

    claim: int
    word: str
    sentence: str
    evidence: tuple[str, ...] = ()
    basis: str = ""
    parts: tuple[Part, ...] = ()
    made: str = NOW
    effects: tuple[Effect, ...] = ()

    def __post_init__(self) -> None:
        _require_word(self.word)
        _require_texts((self.sentence, self.basis, self.made), "sentence, basis and made of a verdict")
        if not isinstance(self.claim, int):
            raise ValueError(f"A verdict names its statement by number. Received: {self.claim!r}")

    def brief(self) -> str:
        """The sentence; of a statement of several parts just how often each word was given; they stand below."""
        return _how_many_hold(self.parts) if self.parts and self.made in (NOW, FROM_RECORDS) else self.sentence

    @property
    def first_effect(self) -> Effect | None:
        """The number to show where one has room: the first that has the verdict's word, else the first of all."""
        return next((effect for effect in self.effects if effect.word == self.word), next(iter(self.effects), None))

    @property
    def earlier(self) -> str:
        """When it was made, where that was not now; "" also where nothing has been made yet."""
        return "" if self.made == NOW else self.made

    def to_dict(self) -> dict:
        """The verdict as plain values for JSON."""
        lists = {name: list(map(asdict, getattr(self, name))) for name in ("parts", "effects")}
        return asdict(self) | {"evidence": list(self.evidence), **lists}

    @classmethod
    def from_dict(cls, values: dict) -> Verdict:
        """The verdict that ``to_dict`` wrote."""
        parts = tuple(Part(**part) for part in values.get("parts", ()))
        effects = tuple(Effect(**effect) for effect in values.get("effects", ()))
        evidence = tuple(map(str, values.get("evidence", ())))
        return cls(**(values | {"evidence": evidence, "parts": parts, "effects": effects}))


@dataclass(frozen=True)
class Count:
    """How often each word was given; words that were not given are left out.

    Args:
        statements: of each statement the word on the whole.
        apart: the same with every part of a statement counted by itself; a statement without parts counts once.
        earlier: how many statements rest on something that was not computed now, by what it is.
    """

    statements: dict[str, int]
    apart: dict[str, int]
    earlier: dict[str, int]

    def sentence(self, *, words: bool = True) -> str:
        """What was counted, and what of it was not computed now; without the words on the whole statements if asked."""
        whole, apart = sum(self.statements.values()), sum(self.apart.values())
        said = f"{whole} statement{'s' * (whole != 1)}" + (f": {_ended(self.statements)}" if words else ".")
        if apart != whole:
            said += f" With each part of a statement counted by itself, {apart}: {_ended(self.apart)}"
        for made, number in self.earlier.items():
            said += f" Of the statements {number} {'is' if number == 1 else 'are'} {made}."
        return said


def _how_many_hold(parts: Sequence[Part]) -> str:
    counted = _in_order(part.word for part in parts)
    if set(counted) == {HOLDS}:
        return "Both parts hold." if len(parts) == 2 else f"All {len(parts)} parts hold."
    return f"{_spelled(counted)}, of {len(parts)} parts."


def _spelled(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} × {word}" for word, number in counts.items())


def _ended(counts: Mapping[str, int]) -> str:
    """The words as the end of a sentence: “holds if …” has its dots already."""
    spelled = _spelled(counts)
    return spelled if spelled.endswith("…") else f"{spelled}."


def count(verdicts: Iterable[Verdict]) -> Count:
    """Count verdicts: for the terminal, the page's headline, the list of pages and the chart alike."""
    verdicts = list(verdicts)
    apart = [part.word for verdict in verdicts for part in verdict.parts or (verdict,)]
    earlier = Counter(verdict.earlier for verdict in verdicts if verdict.earlier)
    return Count(_in_order(verdict.word for verdict in verdicts), _in_order(apart), dict(earlier))


def _in_order(words: Iterable[str]) -> dict[str, int]:
    counted = Counter(words)
    return {word: counted[word] for word in WORDS if counted[word]}


@dataclass(frozen=True)
class NoVerdict:
    """What runs measured that are not about the statement which their page is made for.

    Args:
        claim: the statement's number in the ledger.
        sentence: what the statement is about, and what the runs were.
        evidence: what was measured, one sentence each.
        basis: what it was measured on.
    """

    claim: int
    sentence: str
    evidence: tuple[str, ...] = ()
    basis: str = ""

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self) | {"evidence": list(self.evidence)}

    @classmethod
    def from_dict(cls, values: dict) -> NoVerdict:
        """What ``to_dict`` wrote."""
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


def conclude_parts(number: int, parts: Iterable[Part], evidence: Iterable[str], basis: str) -> Verdict:
    """The verdict on a statement of several parts; its sentence counts their words and says what was found of those
    that do not hold as they stand.

    Args:
        number: of the statement.
        parts: the word on each, in their order. What was found is said in figures that are right whatever the word.
        evidence: further findings.
        basis: what they were found on.
    """
    parts = tuple(parts)
    others = [part.found for part in parts if part.word != HOLDS]
    sentence = " ".join([_how_many_hold(parts), *(others or (part.found for part in parts))])
    return Verdict(number, word_of_parts(part.word for part in parts), sentence, tuple(evidence), basis, parts)
