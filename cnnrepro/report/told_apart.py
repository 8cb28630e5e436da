"""What a notebook shows of a comparison: its picture, and the test images that tell its networks apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.experiments.compare import METRICS
from cnnrepro.lessons import compare
from cnnrepro.report.display import show, show_table
from cnnrepro.report.tables import table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnrepro.data import Splits
    from cnnrepro.lessons.compare import Comparison
    from cnnrepro.lessons.compare.by_image import Split


def comparison_picture(made: Comparison) -> Figure:
    """Scores and paired differences."""
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
    return figures.comparison(
        [(label, made.scores(place)) for place, label in enumerate(labels)],
        rows,
        metric=compare.metric_name(made),
        unit=METRICS[made.metric],
        margin=made.margin,
        level=compare.percent(1 - made.pairs[0].decision.level),
        digits=compare.digits(made),
    )


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
