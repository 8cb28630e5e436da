"""What an entry of the ledger holds, and the notes that the statements come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnrepro.claims.verdict import NOT_TESTED, WORDS, word_of_parts


@dataclass(frozen=True)
class Source:
    """One of the four sets of notes, as far as it names itself.

    Args:
        title: its own.
        names: what it names of itself: course, author, source.
        builds_on: what its sections follow.
    """

    title: str
    names: str
    builds_on: str

    def __str__(self) -> str:
        return f"“{self.title}”; {self.names}; {self.builds_on}"


# None names an author.
_CS231N = "CS231n: Convolutional Neural Networks for Visual Recognition"
SOURCES = {
    "S0": Source(
        "Convolutional Neural Networks (CNN/ConvNets)",
        f"names as its source the course “{_CS231N}” (cs231n.github.io/convolutional-networks), and no author",
        "sums up that course's page in headed lists, and adds a remark on a training of its own on MNIST",
    ),
    "S1": Source(
        "Convolutional Neural Networks (CNN)",
        "names no course and no author",
        "builds on Krizhevsky, Sutskever and Hinton 2012, which it sums up, Keras, and a list of videos and posts",
    ),
    "S2": Source(
        "Convolutional Neural Networks (CNNs/ConvNets)",
        "names no course, no author and no source",
        "notes in numbered sections, in the order and with the examples of the page that S0 names (CS231n)",
    ),
    "S3": Source(
        "Convolutional Neural Network",
        "names no course, no author and no source",
        "the beginning of a web page, with sentences of the page that S0 names (CS231n); ends before its sections on "
        "layers",
    ),
}
"""The four sets of lecture notes, by the names under which the ledger cites them."""


@dataclass(frozen=True)
class Claimed:
    """One part of a statement that makes several.

    Args:
        text: what is claimed, in our own words.
        verdict: the recorded word.
    """

    text: str
    verdict: str


@dataclass(frozen=True)
class Statement:
    """One checkable statement of the notes.

    Args:
        number: its number in the ledger.
        text: what is claimed, in our own words.
        source: where: keys of ``SOURCES``, with the section.
        method: how it is checked here, in a sentence.
        verdict: the recorded word; the check must give it again. Of a statement of several parts it follows from
            theirs.
        function: ``"topic:function"`` of the check in ``claims/checks``. It returns a ``Verdict``; without arguments,
            or, where an experiment's runs decide, from its results and the statement; where the experiment is still to
            be written, from the statement.
        experiment: the experiment whose runs decide, where one does.
        dataset, epochs: what the statement speaks of, where it names them.
        needs: parameters of its experiment that the page which decides has, all others being as the notebook has them.
            Where it is empty, a page decides whose data set and epochs are the statement's.
        parts: what it claims one by one, where that is several things that may hold or not for themselves.
    """

    number: int
    text: str
    source: str
    method: str
    function: str
    verdict: str = ""
    experiment: str = ""
    dataset: str = ""
    epochs: int = 0
    needs: Mapping[str, object] = field(default_factory=dict)
    parts: tuple[Claimed, ...] = ()

    def __post_init__(self) -> None:
        if self.parts and not self.verdict:
            object.__setattr__(self, "verdict", word_of_parts(part.verdict for part in self.parts))
        if self.verdict not in WORDS:
            raise ValueError(f"A verdict is one of {', '.join(WORDS)}. Received: {self.verdict!r}")

    @property
    def to_come(self) -> bool:
        """Whether its study is designed, and the experiment still to be written."""
        return self.verdict == NOT_TESTED and not self.experiment

    @property
    def command(self) -> str:
        """What makes the page that decides it, where runs do: "cnnrepro run dropout -p full=true"."""
        given = self.needs or ({"dataset": self.dataset} if self.dataset else {})
        texts = {
            name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            for name, value in given.items()
        }
        return " ".join([f"cnnrepro run {self.experiment}", *(f"-p {name}={text}" for name, text in texts.items())])

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the notes that make it, in order."""
        return tuple(dict.fromkeys(place.split(",")[0].strip() for place in self.source.split(";")))
