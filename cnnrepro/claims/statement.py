"""What an entry of the ledger holds, and the notes that the statements come from."""

from __future__ import annotations

from dataclasses import dataclass

from cnnrepro.claims.verdict import WORDS

# The four sets of lecture notes, by the names under which the ledger's entries cite them.
SOURCES = {
    "S0": "a summary of convolutional networks after Stanford's CS231n, in headed lists",
    "S1": "notes on convolutional networks with Keras, closing with AlexNet",
    "S2": "numbered notes on Stanford's CS231n, module on convolutional networks",
    "S3": "a page on the architecture of convolutional networks, after CS231n",
}


@dataclass(frozen=True)
class Statement:
    """One checkable statement of the notes.

    Args:
        number: its number in the ledger.
        text: what is claimed, in our own words.
        source: where: keys of ``SOURCES``, with the section.
        method: how it is checked here, in a sentence.
        verdict: the recorded word; the check must give it again.
        function: ``"topic:function"`` of the check in ``claims/checks``. It returns a ``Verdict``; without arguments,
            or, where an experiment's runs decide, from its results and the statement.
        experiment: the experiment whose runs decide, where one does.
        dataset, epochs: what the statement speaks of, where it names them.
    """

    number: int
    text: str
    source: str
    method: str
    verdict: str
    function: str
    experiment: str = ""
    dataset: str = ""
    epochs: int = 0

    def __post_init__(self) -> None:
        if self.verdict not in WORDS:
            raise ValueError(f"A verdict is one of {', '.join(WORDS)}. Received: {self.verdict!r}")
