"""The check of a statement that a study decides, from its contrasts.

The statement as it stands, and the same under each condition that was tried, each have a word:

    undecided as it stands                               undecided; its conditions are not judged
    holds as it stands, and not under a condition        holds if …, without that condition
    holds as it stands, and nowhere else shown not to    holds
    does not hold, but does under a condition            holds if …, under that condition
    does not hold, and nowhere else shown to             does not hold

Where several contrasts make the statement as it stands, it holds where all do, and does not where one does not; so with
the contrasts of one condition. Only a condition that has as many of them as the statement as it stands can make it
hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from cnnrepro.claims.contrasts import Judged, judge, judge_rounds, see
from cnnrepro.claims.paired_statistics import FEWEST, signed
from cnnrepro.claims.scope import counted
from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    UNDECIDED,
    Effect,
    Part,
    Verdict,
    capital,
    word_of_parts,
)
from cnnrepro.experiments.results import Results
from cnnrepro.experiments.run_scores import OCTAVES, run_score
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import LESS, MORE, SAME, Contrast, Study

UNPLANNED = (
    "The second round was not planned: the chance of a false word on the statement is at most 10 % over both rounds."
)


def judged(study: Study, results: Results) -> list[Judged]:
    """All contrasts of a study: those that decide judged together, each of the others by itself.

    Those of a second round are left out where the results do not have it.
    """
    there = set(results.labels)
    pairs = [see(one, results) for one in study.contrasts if not one.second or there.issuperset(one.weights)]
    deciding = iter(judge_rounds([pair for pair in pairs if pair.contrast.decides]))
    return [next(deciding) if pair.contrast.decides else judge(*pair) for pair in pairs]


def studied(results: Results, statement: Statement) -> Verdict:
    """The verdict from the results of a statement's study."""
    study = DESIGNS[statement.experiment].study(statement.number)
    said = concluded(study, results)
    basis = own_results(study, results).basis()
    if second := _second_arms(study, results):
        basis += f"; second round: {counted(len(results.records[results.labels.index(second[0])]), 'new seed')}"
    if not statement.parts:
        return Verdict(statement.number, said.word, said.sentence, said.evidence, basis, effects=said.effects)
    deciding = [one for one in said.judged if one.contrast.decides and not one.superseded]
    places = range(len(statement.parts))
    own = [[one for one in deciding if one.contrast.part == place] for place in places]
    parts = tuple(Part(_word(some), _sentence(some)) for some in own)
    text = " ".join(part.found for part in parts)
    word = word_of_parts(part.word for part in parts)
    return Verdict(statement.number, word, text, said.evidence, basis, parts, effects=said.effects)


def own_results(study: Study, results: Results) -> Results:
    """Those of a study's arms; with those of its second round, where they are there."""
    return results.of((*study.arms, *_second_arms(study, results)))


def _second_arms(study: Study, results: Results) -> list[str]:
    return [label for label in study.second_arms if label in results.labels]


class Concluded(NamedTuple):
    """What the contrasts of a study come to.

    Args:
        word: on the statement as a whole, whatever its parts say.
        sentence: what that rests on.
        evidence: each contrast that is looked at, or was of a first round, in a sentence.
        effects: the numbers of those that decide.
        judged: all contrasts.
    """

    word: str
    sentence: str
    evidence: tuple[str, ...]
    effects: tuple[Effect, ...]
    judged: tuple[Judged, ...]


def concluded(study: Study, results: Results) -> Concluded:
    """What the contrasts of a study come to, of a statement or of a claim of somebody's own."""
    found = judged(study, results)
    deciding = [one for one in found if one.contrast.decides and not one.superseded]
    evidence = [UNPLANNED] * any(one.superseded for one in found)
    evidence += [_of_first_round(one) for one in found if one.superseded]
    evidence += [_looked_at(one) for one in found if not one.contrast.decides]
    effects = (effect(one) for one in deciding)
    return Concluded(_word(deciding), _sentence(deciding), tuple(evidence), tuple(effects), tuple(found))


def _word(found: Sequence[Judged]) -> str:
    stands = [one.word for one in found if not one.contrast.condition]
    tried = [
        [one.word for one in found if one.contrast.condition == condition]
        for condition in dict.fromkeys(one.contrast.condition for one in found if one.contrast.condition)
    ]
    if DOES_NOT_HOLD in stands:
        mended = any(set(words) == {HOLDS} and len(words) >= len(stands) for words in tried)
        return HOLDS_IF if mended else DOES_NOT_HOLD
    if UNDECIDED in stands:
        return UNDECIDED
    return HOLDS_IF if any(DOES_NOT_HOLD in words for words in tried) else HOLDS


def _sentence(found: Sequence[Judged]) -> str:
    """What the verdict rests on, as it stands and under each condition, in one or two sentences."""
    stands = [one for one in found if not one.contrast.condition]
    tried = [one for one in found if one.contrast.condition]
    text = f"{capital('; '.join(sentence(one) for one in stands))}."
    needed = [one.seeds_needed for one in stands if one.seeds_needed]
    if _word(found) == UNDECIDED:
        text += "".join(f" {_beside_target(one)}" for one in stands if one.word == UNDECIDED and _beside_target(one))
        text += f" {_what_it_takes(stands, needed)}"
    if tried:
        text += f" {capital('; '.join(f'{one.contrast.condition}: {sentence(one)} ({_told(one)})' for one in tried))}."
    return text


def _told(one: Judged) -> str:
    """The word on a condition, and what it would take to decide it."""
    return f"{one.word}; {one.seeds_needed:,} new seeds would decide it" if one.seeds_needed else one.word


def _beside_target(one: Judged) -> str:
    """Of what should be the same and is shown not to be quite: what alone is open."""
    contrast = one.contrast
    if contrast.claim != SAME or not one.has_interval or one.low <= 0 <= one.high:
        return ""
    target, low, high = (_plain(contrast, contrast.target + by) for by in (0.0, -contrast.margin, contrast.margin))
    return (
        f"It is not {target} itself, which the interval leaves out; what is open is whether it is within {low} to "
        f"{high}, which would count as the same."
    )


def _what_it_takes(stands: Sequence[Judged], needed: Sequence[int]) -> str:
    fewest, bounds = min(one.n for one in stands), sum(one.bounds for one in stands)
    if fewest < FEWEST:
        return f"It takes at least {FEWEST} seeds, and here {'is' if fewest == 1 else 'are'} {fewest}."
    if bounds:
        return f"{counted(bounds, 'run')} ended before that could be seen, so the number is a bound."
    if any(one.sd == 0 for one in stands):
        return "All seeds gave the same number, which says nothing of how much others would vary."
    if needed:
        return (
            f"If the true mean and spread are those seen here, {max(needed):,} new seeds would decide it four times in "
            "five."
        )
    return "No number of new seeds up to 10,000 would decide it, if the true mean and spread are those seen here."


def _where(one: Judged) -> str:
    """The condition before a sentence, where there is one."""
    return f"{one.contrast.condition}: " if one.contrast.condition else ""


def _looked_at(one: Judged) -> str:
    """A contrast that decides nothing, which therefore has no word."""
    return f"Looked at, decides nothing, and not corrected for several: {_where(one)}{sentence(one)}."


def _of_first_round(one: Judged) -> str:
    """A contrast that a second round has taken the place of."""
    return f"In the first round, before the new seeds: {_where(one)}{sentence(one)}: {one.word}."


def sentence(one: Judged) -> str:
    """A contrast in words with its figures, without a full stop: "3x3/2 minus 2x2/2: test error −0.31 points (…)"."""
    return f"{_what(one)} {figures(one)}"


def figures(one: Judged) -> str:
    """Its number with unit, interval and seeds: "−0.31 points (95 % interval −0.55 to −0.07, 10 seeds)"."""
    interval = (
        f" ({_level(one)} interval {spelled(one, one.low)} to {spelled(one, one.high)}, " if one.has_interval else " ("
    )
    return f"{spelled(one, one.mean)}{_unit(one)}{interval}{counted(one.n, 'seed')})"


def _what(one: Judged) -> str:
    return f"{one.contrast.name}: {run_score(one.contrast.score).name}"


def spelled(one: Judged, value: float) -> str:
    """A number of a contrast as people read it: with its sign, or as a factor where it is a logarithm."""
    score = run_score(one.contrast.score)
    value += one.contrast.target
    if score.unit == OCTAVES:
        return f"{2**value:.2f} times"
    if one.contrast.is_difference:
        return signed(value, score.digits)
    return f"{value:.{score.digits}f}"


def _unit(one: Judged) -> str:
    unit = run_score(one.contrast.score).unit
    return "" if unit == OCTAVES else f" {unit}"


def _level(one: Judged) -> str:
    return f"{100 * (1 - one.level):.3g} %"


def effect(one: Judged) -> Effect:
    """A contrast's number for the ledger."""
    contrast, unit = one.contrast, run_score(one.contrast.score).unit
    low, high = (None if math.isnan(end) else end + contrast.target for end in (one.low, one.high))
    numbers = (one.mean + contrast.target, low, high, unit, one.n)
    return Effect(_what(one), *numbers, rule(contrast), one.word, contrast.condition, figures(one), part=contrast.part)


def rule(contrast: Contrast) -> str:
    """When a contrast holds, and when it does not, in a sentence."""
    target, margin = contrast.target, contrast.margin
    fails = {
        SAME: "the interval lies beyond",
        MORE: f"the interval lies below {_plain(contrast, target + margin)}",
        LESS: f"the interval lies above {_plain(contrast, target - margin)}",
    }[contrast.claim]
    unit = run_score(contrast.score).unit
    told = "" if unit == OCTAVES else f"in {unit}: "
    return f"{told}holds where {wanted(contrast)}; does not where {fails}; else undecided"


def wanted(contrast: Contrast) -> str:
    """What makes a contrast hold, in short: "the interval lies below 0, the mean at −0.5 or below"."""
    target, margin = contrast.target, contrast.margin
    low, zero, high = (_plain(contrast, value) for value in (target - margin, target, target + margin))
    if contrast.claim == SAME:
        return f"the interval lies within {low} to {high}"
    if contrast.claim == MORE:
        return f"the interval lies above {zero}, the mean at {high} or above"
    return f"the interval lies below {zero}, the mean at {low} or below"


def _plain(contrast: Contrast, value: float) -> str:
    """A number as short as it can be, the minus as typographers have it; as a factor where it is a logarithm."""
    if run_score(contrast.score).unit == OCTAVES:
        return f"{2**value:.3g} times"
    return f"{round(value, 6) + 0.0:g}".replace("-", "−")
