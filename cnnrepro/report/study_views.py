"""What a notebook shows of a study: a statement's contrasts as a picture and tables, and the search for the rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.claims.checks.studies import own_results, spelled
from cnnrepro.claims.contrasts import Judged
from cnnrepro.claims.verdict import capital
from cnnrepro.experiments.run_scores import GAP, NATS, OCTAVES, POINTS, run_score
from cnnrepro.experiments.study import LESS, MORE
from cnnrepro.lessons import studies
from cnnrepro.report.display import show_note, show_table
from cnnrepro.report.figure_numbers import with_numbers
from cnnrepro.report.tables import table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnrepro.experiments.results import Results
    from cnnrepro.experiments.study import Study
    from cnnrepro.report.figures import ContrastRow

UNITS = {POINTS: "in percentage points", NATS: "in nats", OCTAVES: "as a factor"}


def contrast_picture(results: Results, asked: int | Study) -> Figure:
    """What the arms of a study scored, and the contrasts by which it is judged; it carries both, with their runs.

    Args:
        results: the runs.
        asked: the study, or the number of its statement.
    """
    from cnnrepro.report import figures

    study = studies.study_of(asked)
    score = run_score(study.score)
    own = own_results(study, results)
    scores = [
        (label, [score.read(record) for record in records])
        for label, records in zip(own.labels, own.records, strict=True)
    ]
    found = studies.judged_contrasts(results, study)
    kinds = dict.fromkeys((one.contrast.score, one.contrast.target) for one in found)
    panels = []
    for name, target in kinds:
        rows = [_row(one) for one in found if (one.contrast.score, one.contrast.target) == (name, target)]
        unit = run_score(name).unit
        title = f"{capital(name)}, {UNITS[unit]}"
        panels.append(figures.ContrastPanel(title, rows, target, factors=unit == OCTAVES))
    unit = UNITS[score.unit].removeprefix("in ")
    if study.score != GAP:  # which is a difference itself
        unit = unit.replace("percentage points", "percent")
    drawn = figures.contrasts(scores, panels, metric=capital(study.score), unit=unit)
    return with_numbers(drawn, studies.numbers(results, study))


def _row(one: Judged) -> ContrastRow:
    from cnnrepro.report.figures import ContrastRow

    contrast, margin, zero = one.contrast, one.contrast.margin, one.contrast.target
    start, end = {MORE: (0.0, margin), LESS: (-margin, 0.0)}.get(contrast.claim, (-margin, margin))
    word = one.word if contrast.decides and not one.superseded else ""
    return ContrastRow(
        studies.contrast_name(one),
        [value + zero for value in one.values],
        one.low + zero,
        one.high + zero,
        (start + zero, end + zero),
        spelled(one, one.mean),
        word,
        contrast.decides and not one.superseded,
    )


def show_study(results: Results, number: int) -> None:
    """Show the tables of a statement: its contrasts, its arms, and what was decided beforehand."""
    show_contrasts(results, studies.study_of(number))
    rows = studies.beforehand(number)
    show_table(
        table(
            ("what", "how"),
            rows,
            caption=f"What is decided before the runs that count, statement {number}",
            folded=True,
        )
    )
    if surprises := studies.surprises(results, number):
        show_note(surprises, "What surprised")
    whose = "this" if surprises else "the full study (-p full=true)"
    show_note(studies.study_of(number).limits, f"What {whose} does not say")


def show_contrasts(results: Results, study: Study) -> None:
    """Show the tables of a study's contrasts and of its arms."""
    show_table(
        table(
            studies.CONTRAST_COLUMNS,
            studies.contrast_rows(results, study),
            caption="Mean over the n seeds that all arms of a comparison have, which may be fewer than those of an arm "
            "in the table below, with its interval by Student’s t, from five seeds on; those of contrasts that "
            f"decide at {studies.levels(results, study)}, by Holm’s steps. Test set’s share: the part of the variance "
            "of the mean that comes from the number of test images, which more seeds do not lessen. Not judged: "
            "where the statement as it stands is undecided, its conditions are not judged. First round: new seeds have "
            "taken its place. A factor is the geometric mean of the seeds’ ratios.",
            numbers=("mean", "interval", "n", "test set’s share"),
        )
    )
    columns = studies.cost_columns(study)
    show_table(
        table(
            columns,
            studies.cost_rows(results, study),
            caption="In what else the arms differ, and what each scored: means, ± sample standard deviation. The "
            "accuracy on training images, in percent, is that of the trained network in evaluation mode. Seconds of a "
            "whole run, median, with whatever else the machine did.",
            numbers=columns[1:],
        )
    )


def show_search(results: Results, experiment: str) -> None:
    """Show the search for the learning rates; nothing where the runs have none."""
    rows = studies.search_rows(results, experiment)
    if rows:
        show_table(
            table(
                studies.SEARCH_COLUMNS,
                rows,
                caption="The search for the learning rates: validation accuracy, mean over the seeds of the search, "
                "which count in no comparison, after fewer epochs; the same search for every arm.",
                numbers=studies.SEARCH_COLUMNS[1:],
            )
        )
