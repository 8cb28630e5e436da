"""What the page of a study shows of a statement: its contrasts, what was decided beforehand, costs, and the search.

A study is named by the number of its statement in the ledger; one of somebody's own, which has none, is given itself.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro import anatomy
from cnnrepro.claims.checks.studies import judged, own_results, rule, spelled, wanted
from cnnrepro.claims.contrasts import Judged
from cnnrepro.claims.decisions import share_of_images
from cnnrepro.claims.ledger import statement
from cnnrepro.claims.paired_statistics import FEWEST
from cnnrepro.claims.verdict import capital
from cnnrepro.experiments.rate_search import found_rates, searched
from cnnrepro.experiments.results import network_of
from cnnrepro.experiments.run_scores import ERROR, OCTAVES, run_score
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import NEW_SEEDS, RATES, Design, Study

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.experiments.results import Results
    from cnnrepro.runs.record import RunRecord

NOT_YET = "not yet: until the runs that count, it may change"
NUMBER_COLUMNS = ("what", "measured", "seed", "value", "runs", "fields")  # behind a picture
CONTRAST_COLUMNS = ("what", "word", "measured", "mean", "interval", "n", "test set’s share", "to hold")


def design_of(number: int) -> Design:
    """The design that a statement belongs to."""
    return DESIGNS[statement(number).experiment]


def study_of(asked: int | Study) -> Study:
    """What was decided beforehand of a statement, by its number; a study is itself."""
    return asked if isinstance(asked, Study) else design_of(asked).study(asked)


def judged_contrasts(results: Results, asked: int | Study) -> list[Judged]:
    """The contrasts of a study, judged."""
    return judged(study_of(asked), results)


def contrast_name(one: Judged) -> str:
    """What is compared, and under which condition."""
    return ", ".join(filter(None, (one.contrast.name, one.contrast.condition)))


def contrast_rows(results: Results, asked: int | Study) -> list[tuple]:
    """One row a contrast: its word, its mean, the interval by which it was judged, and the claim."""
    return [
        (
            contrast_name(one),
            _told(one),
            one.contrast.score,
            spelled(one, one.mean),
            f"{spelled(one, one.low)} to {spelled(one, one.high)}" if one.has_interval else "–",
            one.n,
            test_share(one, results),
            capital(wanted(one.contrast)),
        )
        for one in judged_contrasts(results, asked)
    ]


def _told(one: Judged) -> str:
    """The word on a contrast, and whether anything rests on it."""
    if not one.contrast.decides:
        return f"({one.word}: decides nothing)"
    return f"({one.word}: first round)" if one.superseded else one.word


def numbers(results: Results, asked: int | Study) -> pd.DataFrame:
    """The numbers behind the picture of a study, and where each comes from.

    Returns:
        One row an arm and seed, then one a contrast and seed, with the columns ``what``, ``measured``, ``seed``,
        ``value`` (a factor as such, else in points or nats), ``runs`` (the keys of the records, each with its weight in
        the value) and ``fields`` (of a record, that are read).
    """
    import pandas as pd

    study = study_of(asked)
    rows = [(label, *number(study.score, [(1.0, record)])) for label, record in own_results(study, results).all()]
    by_label = dict(zip(results.labels, results.records, strict=True))
    for one in judged_contrasts(results, study):
        weights = one.contrast.weights
        for records in zip(*(by_label[label] for label in weights), strict=False):
            rows.append(
                (contrast_name(one), *number(one.contrast.score, list(zip(weights.values(), records, strict=True))))
            )
    return pd.DataFrame(rows, columns=NUMBER_COLUMNS)


def number(score: str, parts: Sequence[tuple[float, RunRecord]]) -> tuple:
    """What is measured, the seed, a weighted sum of what records score, their keys with weights, and the fields: all
    columns but the first of ``numbers``.
    """
    asked = run_score(score)
    value = sum(weight * asked.read(record) for weight, record in parts)
    runs = " ".join(f"{weight:+.6g}*{record.key}" for weight, record in parts)
    factor = 2**value if asked.unit == OCTAVES else value
    return score, parts[0][1].spec.seed, float(f"{factor:.8g}"), runs, " ".join(asked.fields)


def test_share(one: Judged, results: Results) -> str:
    """Which share of the variance of a contrast of test errors comes from too few test images; "–" of others."""
    if one.contrast.score != ERROR or one.n < FEWEST:
        return "–"
    differences = 0.0
    for label, weight in one.contrast.weights.items():
        arm = results.labels.index(label)
        differences += weight * np.stack([results.right(arm, seed) for seed in range(one.n)])
    return f"{share_of_images(differences):.0%}"


def levels(results: Results, asked: int | Study) -> str:
    """At which levels the intervals stand, for a caption: "95 to 98.8 %"."""
    found = sorted(
        {f"{100 * (1 - one.level):.3g}" for one in judged_contrasts(results, asked) if one.contrast.decides}, key=float
    )
    return f"{' to '.join(dict.fromkeys((found[0], found[-1])))} %"


def beforehand(number: int) -> list[tuple[str, str]]:
    """What was decided before the runs, and what others found, as rows of what and how."""
    study, design = study_of(number), design_of(number)
    arms = [design.arm(label) for label in study.arms]
    again = [design.arm(label) for label in study.second_arms]
    settings = dict.fromkeys(design.settings[arm.setting] for arm in arms)
    trained_on = "; ".join(
        f"{one.dataset}{f', {one.train_images:,} training images' if one.train_images else ''}, {one.epochs} epochs"
        for one in settings
    )
    seeds = sorted({arm.seeds for arm in arms})
    second = [("second round decided in commit", design.decided_again or NOT_YET)] if again else []
    new = sorted({f"{arm.seeds} (from seed {arm.first_seed} on)" for arm in again})
    return [
        ("decided in commit", design.decided or NOT_YET),
        *second,
        ("published", study.published),
        ("data", trained_on),
        ("training", f"recipe {design.recipe}, {design.batch_size} images a step"),
        ("seeds of an arm", " or ".join(map(str, seeds)) + (f"; {NEW_SEEDS}: {', '.join(new)}" if new else "")),
        (
            "learning rate",
            f"of {', '.join(f'{rate:g}' for rate in RATES)} the best of the search for all arms of a family together"
            + (
                f"; an arm’s own best where that is {100 * design.departs:g} points better"
                if design.departs < 1
                else ""
            ),
        ),
        *rule_rows(study),
        ("expected to turn it round", study.expected),
    ]


def rule_rows(study: Study) -> list[tuple[str, str]]:
    """The rule of each contrast of a study, and that of all together, as rows of what and how."""
    rules = [
        (
            f"{one.name}{f', {one.condition}' if one.condition else ''}: {one.score}",
            rule(one) if one.decides else "is looked at, and decides nothing",
        )
        for one in study.contrasts
    ]
    return [
        *((capital(what), how) for what, how in rules),
        (
            "several contrasts",
            "5 % for all that decide: an equal share for each part of the statement, Holm’s steps within it, "
            "conditions after the statement as it stands"
            + ("; 5 % again for the second round, so 10 % for both" if study.second_arms else ""),
        ),
    ]


def cost_columns(asked: int | Study) -> tuple[str, ...]:
    """The columns of ``cost_rows``."""
    score = study_of(asked).score
    scored = () if score == ERROR else (score,)
    costs = ("parameters", "multiply-adds", "learning rate")
    return ("arm", *costs, "training accuracy", "test error", *scored, "seconds a run", "n")


def cost_rows(results: Results, asked: int | Study) -> list[tuple]:
    """One row an arm of a study: in what else the arms differ, and what each scored."""
    study, rows = study_of(asked), []
    own = own_results(study, results)
    for arm, records in zip(own.arms, own.records, strict=True):
        totals = anatomy.trace(network_of(records[0])).totals
        rows.append(
            (
                arm.label,
                f"{totals.parameters:,}",
                totals.spelled_multiply_adds(),
                f"{records[0].spec.learning_rate or records[0].history['learning_rate'][0]:g}",  # else the recipe's
                f"{statistics.mean(100 * record.test['accuracy_training'] for record in records):.2f}",
                _scored(ERROR, records),
                *(() if study.score == ERROR else (_scored(study.score, records),)),
                f"{statistics.median(record.wall_seconds for record in records):.0f}",
                len(records),
            )
        )
    return rows


def _scored(name: str, records: Sequence[RunRecord]) -> str:
    """Mean and sample standard deviation of a score of some runs."""
    score = run_score(name)
    values = [score.read(record) for record in records]
    if score.unit == OCTAVES:
        values = [2**value for value in values]
    spread = f" ± {statistics.stdev(values):.{score.digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{score.digits}f}{spread}"


def surprises(results: Results, number: int) -> str:
    """What nobody expected of the runs that count; empty where the results are others."""
    return study_of(number).surprises if searched(design_of(number), results) else ""


def curves(results: Results, asked: int | Study) -> pd.DataFrame:
    """The curves of a study's arms."""
    return results.of(study_of(asked).arms).curves()


SEARCH_COLUMNS = ("arm", *(f"at {rate:g}" for rate in RATES), "best of its kind", "taken")


def search_rows(results: Results, experiment: str) -> list[tuple]:
    """One row a searched arm: its validation accuracy at each rate, what the search finds and what is taken."""
    design = DESIGNS[experiment]
    found = searched(design, results)
    rates = found_rates(design, found) if found else {}
    return [
        (label, *(f"{value:.1%}" for value in values), f"{rates[label]:g}", f"{design.arm(label).rate:g}")
        for label, values in found.items()
    ]
