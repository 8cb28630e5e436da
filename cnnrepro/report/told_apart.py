"""What a notebook shows of a comparison: its picture, and the test images that tell its networks apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.experiments.compare import METRICS
from cnnrepro.lessons import compare
from cnnrepro.report.display import show, show_table
from cnnrepro.report.figure_numbers import with_numbers
from cnnrepro.report.tables import table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from cnnrepro.data import Splits
    from cnnrepro.lessons.compare import Comparison
    from cnnrepro.lessons.compare.by_image import Split


def comparison_picture(made: Comparison) -> Figure:
    """Scores and paired differences; it carries both, with their runs."""
    from cnnrepro.report import figures

    labels = made.results.labels
    rows = []
    for pair in made.pairs:
        first, second = (made.scores(place) for place in (pair.first, pair.second))
        low, high = sorted((made.sign * pair.decision.low, made.sign * pair.decision.high))
        values = [one - other for one, other in zip(first, second, strict=True)]
        rows.append(
            figures.DifferenceRow(
                labels[pair.first], labels[pair.second], values, low, high, compare.verdict(made, pair)
            )
        )
    drawn = figures.comparison(
        [(label, made.scores(place)) for place, label in enumerate(labels)],
        rows,
        metric=compare.metric_name(made),
        unit=METRICS[made.metric],
        margin=made.margin,
        level=compare.percent(1 - made.pairs[0].decision.level),
        digits=compare.digits(made),
    )
    return with_numbers(drawn, _numbers(made))


def _numbers(made: Comparison) -> pd.DataFrame:
    """What each run scored, and each pair's differences, one row a seed, with the keys of the runs and weights."""
    import pandas as pd

    labels = made.results.labels
    runs = [list(zip(made.results.records[place], made.scores(place), strict=True)) for place in range(len(labels))]
    rows = [
        (label, record.spec.seed, score, f"+1*{record.key}")
        for label, own in zip(labels, runs, strict=True)
        for record, score in own
    ]
    rows += [
        (
            f"{labels[pair.first]} minus {labels[pair.second]}",
            one.spec.seed,
            first - second,
            f"+1*{one.key} -1*{other.key}",
        )
        for pair in made.pairs
        for (one, first), (other, second) in zip(runs[pair.first], runs[pair.second], strict=True)
    ]
    return pd.DataFrame(rows, columns=("what", "seed", compare.metric_name(made), "runs"))


def show_apart(made: Comparison, splits: Splits) -> None:
    """Show for each two networks the test images that only one of them reads rightly."""
    for split in compare.told_apart(made):
        _show_split(split, splits)


def _show_split(split: Split, splits: Splits) -> None:
    """Show the test images that one network reads rightly and another wrongly, or that there are none."""
    from cnnrepro.report import figures

    said = f"{split.label} right, {split.against} wrong"
    if not split.places:
        show_table(table((said,), [("no test image in most seeds",)]))
        return
    test, classes = splits.examples["test"], splits.info.classes
    words = [f"{classes[test.labels[at]]}: {seeds}" for at, seeds in zip(split.places, split.words, strict=True)]
    count = f"{split.count:,} test image{'s' * (split.count != 1)}"
    shown = "" if split.count == len(split.places) else f", of which the {len(split.places)} clearest are shown"
    show(
        figures.captioned(np.stack([test.images[at] for at in split.places]), words, columns=12),
        f"apart_{split.number}",
        alt=f"Test images that {split.label} reads rightly and {split.against} wrongly, each with its class",
        caption=f"{said}: {count}{shown}. Above each its class, and in how many seeds either side is right.",
    )
