"""The check of "A is consistently ahead of B": a higher validation accuracy and a lower validation loss, every epoch.

"Consistently" is taken at its word: for every seed and after every epoch, on both measures. Less than that is counted
and said, and does not hold. Fewer than five seeds are shown and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro import data
from cnnrepro.claims.paired_statistics import FEWEST, PairedDifference, paired_difference
from cnnrepro.claims.scope import PART_OF, counted, is_part
from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, UNDECIDED, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.experiments.results import Results
    from cnnrepro.runs.record import RunRecord


@dataclass(frozen=True)
class HeadToHead:
    """One side against another, over all seeds and epochs.

    Args:
        champion, opponent: the arms' labels.
        seeds, epochs: how many of each were compared.
        accuracy_ahead, loss_ahead: pairs of seed and epoch in which the champion's validation accuracy is higher, and
            its validation loss lower; ties count for the opponent.
        accuracy, loss: paired differences after the last epoch, champion minus opponent.
    """

    champion: str
    opponent: str
    seeds: int
    epochs: int
    accuracy_ahead: int
    loss_ahead: int
    accuracy: PairedDifference
    loss: PairedDifference

    @property
    def pairs(self) -> int:
        """Pairs of seed and epoch."""
        return self.seeds * self.epochs

    @property
    def consistent(self) -> bool:
        """Whether the champion is ahead on both measures in every pair."""
        return self.accuracy_ahead == self.loss_ahead == self.pairs

    def sentence(self) -> str:
        """The comparison in one sentence with its figures."""
        return (
            f"Against {self.opponent}: higher validation accuracy in {self.accuracy_ahead} of {self.pairs} "
            f"(seed, epoch) pairs, lower validation loss in {self.loss_ahead}; after the last epoch the accuracy "
            f"differs by {self.accuracy.sentence(100, ' points')}, the loss by {self.loss.sentence(digits=4)}."
        )


def head_to_head(frame: pd.DataFrame, champion: str, opponent: str) -> HeadToHead:
    """Compare two arms of a table with the columns arm, seed, epoch, val_accuracy and val_loss.

    Raises:
        ValueError: the arms do not have the same seeds and epochs.
    """
    sides = [frame[frame["arm"] == label].set_index(["seed", "epoch"]).sort_index() for label in (champion, opponent)]
    first, second = sides
    if len(first) == 0 or not first.index.equals(second.index):
        raise ValueError(f"{champion!r} and {opponent!r} must have the same seeds and epochs, at least one of each")
    last = first.index.get_level_values("epoch").max()

    def final(metric: str) -> PairedDifference:
        return paired_difference(*(side.xs(last, level="epoch")[metric] for side in sides))

    return HeadToHead(
        champion=champion,
        opponent=opponent,
        seeds=first.index.get_level_values("seed").nunique(),
        epochs=first.index.get_level_values("epoch").nunique(),
        accuracy_ahead=int((first["val_accuracy"] > second["val_accuracy"]).sum()),
        loss_ahead=int((first["val_loss"] < second["val_loss"]).sum()),
        accuracy=final("val_accuracy"),
        loss=final("val_loss"),
    )


def judge_consistently_ahead(
    pairings: list[HeadToHead], statement: Statement, *, dataset: str, basis: str, part: str = ""
) -> Verdict:
    """The verdict on "the champion is consistently ahead": of every opponent, of some (holds if …) or of none.

    Args:
        pairings: the champion against each opponent.
        statement: the entry of the ledger.
        dataset: what it was measured on.
        basis: the same with all that belongs to it, in a few words.
        part: that the data are a part of what the statement speaks of, in a sentence; empty where they are all of it.
    """
    champion, seeds = pairings[0].champion, pairings[0].seeds
    beaten = [pairing.opponent for pairing in pairings if pairing.consistent]
    others = [pairing.opponent for pairing in pairings if not pairing.consistent]
    opponents = [pairing.opponent for pairing in pairings]
    evidence = [pairing.sentence() for pairing in pairings] + [part] * bool(part)
    word = HOLDS_IF if beaten and others else HOLDS if beaten else DOES_NOT_HOLD
    if seeds < FEWEST:
        word = UNDECIDED
    sentences = {
        HOLDS: f"On {dataset}, {champion} is ahead on both measures after every epoch, against {_and(beaten)}.",
        DOES_NOT_HOLD: f"On {dataset}, {champion} is not consistently ahead of {_and(others)}.",
        HOLDS_IF: f"On {dataset} it holds if the opponent is {_and(beaten)}; does not hold against {_and(others)}.",
        UNDECIDED: f"On {dataset}, {counted(seeds, 'seed')} a network decide{'s' * (seeds == 1)} nothing about "
        f"{champion} against {_and(opponents)}: it takes at least {FEWEST} (-p seeds=0..{FEWEST - 1}).",
    }
    return Verdict(statement.number, word, sentences[word], tuple(evidence), basis)


def consistently_ahead(results: Results, statement: Statement) -> Verdict:
    """The verdict on "the first arm is consistently ahead" from an experiment's results."""
    champion, *others = results.labels
    curves = results.curves()
    record = results.records[0][0]
    return judge_consistently_ahead(
        [head_to_head(curves, champion, other) for other in others],
        statement,
        dataset=record.spec.data_title(),
        basis=results.basis(),
        part=_part(record),
    )


def _part(record: RunRecord) -> str:
    """That the data of a run are a part of a data set, in a sentence; empty where they are all of it."""
    if not is_part(record):
        return ""
    spec, images = record.spec, sum(record.data["sizes"].values())
    whole = data.info(PART_OF.get(spec.dataset, spec.dataset))
    return (
        f"{spec.data_title()} is a part of {whole.title}: of its {sum(whole.sizes.values()):,} images the runs used "
        f"{images:,}, and trained on {record.data['sizes']['train']:,}; what is found is about so many."
    )


def _and(labels: list[str]) -> str:
    """Labels as prose."""
    return " and ".join(f"“{label}”" for label in labels)
