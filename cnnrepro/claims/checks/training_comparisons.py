"""The check of "A is consistently ahead of B": a higher validation accuracy and a lower validation loss.

A seed shows the picture where A is ahead on both measures after every epoch. The claim is about the share of seeds that
show it: it holds where the Clopper-Pearson interval of that share lies above one half, does not hold where it lies
below, and is undecided otherwise. More seeds make the interval narrower and nothing stricter.

Several comparisons decide one after another, each as long as all before it are decided. So the chance of any false word
among them is that of one, and no level is divided (fixed sequence; Maurer, Hothorn and Lehmacher 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro import data
from cnnrepro.claims.paired_statistics import CONFIDENCE, FEWEST, PairedDifference, paired_difference
from cnnrepro.claims.scope import PART_OF, counted, is_part
from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, NOT_JUDGED, UNDECIDED, Effect, Verdict
from cnnrepro.experiments.alexnet_vs_resnet import DECIDING, WAYS, pairings

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.experiments.results import Results
    from cnnrepro.runs.record import RunRecord

AS_TRAINED = next(iter(WAYS))
SHARE = "share of seeds"
AHEAD = "ahead on both measures after every epoch"  # of a seed: 1 or 0
RULE = (
    "holds where the Clopper-Pearson interval of the share lies above one half; does not where it lies below; else "
    "undecided; judged as long as every comparison before it is decided"
)
DECISIVE = 6  # seeds from which on the interval of a share can leave out one half: 0.025^(1/6) = 0.541, ^(1/5) = 0.478


@dataclass(frozen=True)
class HeadToHead:
    """One side against another, over all seeds and epochs, the second judged in one way.

    Args:
        champion, opponent: the arms' labels.
        condition: what differs from the claim as it stands; "" where nothing does.
        way: how the opponent's batch norm is judged, a name of ``WAYS``.
        seeds: how many were compared.
        ahead: in how many of them the champion is ahead on both measures after every epoch; ties count for nobody.
        behind: in how many the opponent is.
        ahead_at_last: in how many the champion is ahead on both after the last epoch.
        low, high: of the share, at 95 %.
        accuracy, loss: paired differences after the last epoch, champion minus opponent.
    """

    champion: str
    opponent: str
    condition: str
    way: str
    seeds: int
    ahead: int
    behind: int
    ahead_at_last: int
    low: float
    high: float
    accuracy: PairedDifference
    loss: PairedDifference

    @property
    def stands(self) -> bool:
        """Whether it is the claim as it stands."""
        return not self.condition and self.way == AS_TRAINED

    @property
    def decides(self) -> bool:
        """Whether the verdict rests on it; the others are looked at."""
        return not self.condition and self.way in DECIDING

    @property
    def word(self) -> str:
        """Holds, does not hold or undecided, for this pair and way alone."""
        return HOLDS if self.low > 0.5 else DOES_NOT_HOLD if self.high < 0.5 else UNDECIDED

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.champion} against {self.opponent} by {self.way}"

    @property
    def has_interval(self) -> bool:
        """Whether there are seeds enough for one."""
        return self.seeds >= FEWEST

    @property
    def share(self) -> str:
        """In how many seeds it is ahead throughout: "10 of 10 seeds (share 69% to 100%)"."""
        interval = f" (share {self.low:.0%} to {self.high:.0%})" if self.has_interval else ""
        return f"{self.ahead} of {counted(self.seeds, 'seed')}{interval}"

    def effect(self, word: str) -> Effect:
        """That share for the ledger, with what was decided of it."""
        ends = (self.low, self.high) if self.has_interval else (None, None)
        numbers = (self.ahead / self.seeds, *ends, SHARE, self.seeds)
        return Effect(f"{self.champion} ahead throughout", *numbers, RULE, word, self.title, f"in {self.share}")

    def sentence(self) -> str:
        """The comparison in one sentence with its figures."""
        return (
            f"{self.title}: ahead on both measures after every epoch in {self.share}, {self.opponent} in "
            f"{self.behind}; after the last epoch the accuracy differs by {self.accuracy.brief(100)} points, the loss "
            f"by {self.loss.brief(digits=3)}."
        )


def head_to_head(
    frame: pd.DataFrame, champion: str, opponent: str, *, condition: str = "", way: str = AS_TRAINED
) -> HeadToHead:
    """Compare two arms of a table with the columns arm, seed, epoch, val_accuracy and val_loss, and those of the way.

    Raises:
        ValueError: the arms do not have the same seeds and epochs.
    """
    sides = [frame[frame["arm"] == label].set_index(["seed", "epoch"]).sort_index() for label in (champion, opponent)]
    first, second = sides
    if len(first) == 0 or not first.index.equals(second.index):
        raise ValueError(f"{champion!r} and {opponent!r} must have the same seeds and epochs, at least one of each")
    from scipy import stats

    columns = {name: f"val_{name}{WAYS[way]}" for name in ("accuracy", "loss")}
    better = (first["val_accuracy"] > second[columns["accuracy"]]) & (first["val_loss"] < second[columns["loss"]])
    worse = (first["val_accuracy"] < second[columns["accuracy"]]) & (first["val_loss"] > second[columns["loss"]])
    by_seed = better.groupby(level="seed")
    ahead, behind = (int(seen.groupby(level="seed").all().sum()) for seen in (better, worse))
    seeds, at_last = len(by_seed), int(by_seed.last().sum())
    low, high = stats.binomtest(ahead, seeds).proportion_ci(CONFIDENCE, method="exact")
    last = first.index.get_level_values("epoch").max()

    def final(metric: str) -> PairedDifference:
        mine, theirs = first.xs(last, level="epoch"), second.xs(last, level="epoch")
        return paired_difference(mine[f"val_{metric}"], theirs[columns[metric]])

    counts = (seeds, ahead, behind, at_last)
    return HeadToHead(
        champion, opponent, condition, way, *counts, float(low), float(high), final("accuracy"), final("loss")
    )


def ahead_fields(way: str) -> tuple[str, ...]:
    """The fields of the records of both sides by which a seed is counted; the last two are the opponent's."""
    return tuple(dict.fromkeys(f"history.val_{name}{end}" for end in ("", WAYS[way]) for name in ("accuracy", "loss")))


def is_ahead_throughout(first: RunRecord, second: RunRecord, fields: Sequence[str]) -> bool:
    """Whether a run, by Keras's own averages, has after every epoch the higher accuracy and the lower loss.

    Args:
        first, second: the runs of champion and opponent.
        fields: as ``ahead_fields`` gives them.
    """
    if tuple(fields) not in map(ahead_fields, WAYS):
        raise ValueError(f"fields must be those of a way to judge batch norm. Received: {' '.join(fields)}")
    accuracy, loss = (first.history[f"val_{name}"] for name in ("accuracy", "loss"))
    others = [second.history[name.removeprefix("history.")] for name in fields[-2:]]
    return all(a > b and c < d for a, b, c, d in zip(accuracy, others[0], loss, others[1], strict=True))


def words(pairs: Sequence[HeadToHead]) -> list[str]:
    """The word of each comparison; "" for those that decide nothing.

    They decide in the order of ``DECIDING``, within a way in the order given; those after the first undecided one are
    not judged.
    """
    found, reached = [""] * len(pairs), True
    for _, at in sorted((DECIDING.index(pair.way), at) for at, pair in enumerate(pairs) if pair.decides):
        found[at] = pairs[at].word if reached else NOT_JUDGED
        reached = found[at] in (HOLDS, DOES_NOT_HOLD)
    return found


def judge_consistently_ahead(
    pairs: Sequence[HeadToHead], statement: Statement, *, dataset: str, basis: str, part: str = ""
) -> Verdict:
    """The verdict on "the champion is consistently ahead", and what turns it round.

    Args:
        pairs: all comparisons.
        statement: the entry of the ledger.
        dataset: what it was measured on.
        basis: the same with all that belongs to it, in a few words.
        part: that the data are a part of what the statement speaks of, in a sentence; empty where they are all of it.
    """
    judged = list(zip(pairs, words(pairs), strict=True))
    deciding = [(pair, word) for pair, word in judged if word]
    evidence = (*(f"{pair.sentence()[:-1]}: {word}." for pair, word in deciding), *[part] * bool(part))
    in_order = sorted(deciding, key=lambda one: DECIDING.index(one[0].way))
    effects = tuple(pair.effect(word) for pair, word in in_order)
    whole, found = _word_and_sentence(judged)
    return Verdict(statement.number, whole, f"On {dataset}{found}", evidence, basis, effects=effects)


def _word_and_sentence(judged: Sequence[tuple[HeadToHead, str]]) -> tuple[str, str]:
    """The word, and what follows behind "On mnist" in the sentence."""
    pairs = [pair for pair, _ in judged]
    stands = [pair for pair in pairs if pair.stands]
    held = [pair for pair, word in judged if word == HOLDS and pair.stands]
    turned = [pair for pair, word in judged if word == DOES_NOT_HOLD]
    if any(word in (UNDECIDED, NOT_JUDGED) and pair.stands for pair, word in judged):
        return UNDECIDED, f" it is undecided: {_open(pairs)}"
    if not held:
        return DOES_NOT_HOLD, f", AlexNet is not consistently ahead: {_shares(stands)}."
    left = [f"{_shares([pair])} ({word})" for pair, word in judged if word in (UNDECIDED, NOT_JUDGED)]
    rest = f" Otherwise: {'; '.join(left)}." if left else ""
    if not turned:
        return HOLDS, f", AlexNet is ahead throughout: {_shares(held)}.{rest}"
    return HOLDS_IF, f" it holds as Keras judges batch norm ({_shares(held)}), and not so: {_shares(turned)}.{rest}"


def _shares(pairs: Sequence[HeadToHead]) -> str:
    return "; ".join(f"{pair.title} in {pair.ahead} of {counted(pair.seeds, 'seed')}" for pair in pairs)


def _open(pairs: Sequence[HeadToHead]) -> str:
    """Why it is undecided, and what was seen."""
    if pairs[0].seeds < DECISIVE:
        few, ending = counted(pairs[0].seeds, "seed"), "s" * (pairs[0].seeds == 1)
        seen = _shares([pair for pair in pairs if pair.decides])
        return f"{few} a network decide{ending} nothing; it takes at least {DECISIVE} (-p seeds=0..9). So far: {seen}."
    return f"{_shares([pair for pair in pairs if pair.stands])}; an interval of the share contains one half."


def consistently_ahead(results: Results, statement: Statement) -> Verdict:
    """The verdict from an experiment's results."""
    record = results.records[0][0]
    return judge_consistently_ahead(
        all_pairs(results),
        statement,
        dataset=record.spec.data_title(),
        basis=results.basis(),
        part=_part(record),
    )


def all_pairs(results: Results) -> list[HeadToHead]:
    """Every pair of arms under every way that its runs recorded."""
    curves = results.curves()
    return [
        head_to_head(curves, pair.alexnet, pair.resnet, condition=pair.condition, way=way)
        for pair in pairings(results.labels)
        for way, ending in WAYS.items()
        if f"val_loss{ending}" in curves and curves.loc[curves["arm"] == pair.resnet, f"val_loss{ending}"].notna().all()
    ]


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
