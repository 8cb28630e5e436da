"""The test errors of LeNet-5 beside the published one."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnrepro.claims.paired_statistics import paired_difference
from cnnrepro.experiments.lenet5_on_mnist import PUBLISHED
from cnnrepro.experiments.run_scores import ERROR, test_error
from cnnrepro.lessons import studies

if TYPE_CHECKING:
    import pandas as pd

    from cnnrepro.experiments.results import Results

COLUMNS = ("form", "recipe", "images a step", "n", "training error", "test error", "95 % interval", "against 0.95 %")
ON = "mnist"  # the data that the published error is about
NONE = "–"  # in the place of an interval
OTHER_DATA, TOO_FEW = "other data", "too few seeds"
LOWER, HIGHER, NOT_TOLD_APART = "lower", "higher", "not told apart"
WORDS = {LOWER: "reached", HIGHER: "not reached", NOT_TOLD_APART: "undecided", TOO_FEW: "undecided"}
WORDS |= {OTHER_DATA: "not compared"}


def errors(results: Results) -> list[tuple[str, list[float]]]:
    """Each form with its test errors, one a seed, in percent."""
    return [
        (label, [test_error(record) for record in records])
        for label, records in zip(results.labels, results.records, strict=True)
    ]


def numbers(results: Results) -> pd.DataFrame:
    """The same, one row a form and seed, with the run that each comes from; the columns of ``lessons.studies``."""
    import pandas as pd

    found = [(label, *studies.number(ERROR, [(1.0, record)])) for label, record in results.all()]
    return pd.DataFrame(found, columns=studies.NUMBER_COLUMNS)


def rows(results: Results) -> list[tuple]:
    """One row a form: its errors, the interval of the mean test error, and how that lies to the published one.

    The training error is that of the last pass, each image as it was trained on.
    """
    found = []
    for (label, values), records in zip(errors(results), results.records, strict=True):
        training = statistics.mean(100 * (1 - record.history["accuracy"][-1]) for record in records)
        pairs = paired_difference(values, [PUBLISHED] * len(values))
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        interval = f"{pairs.low + PUBLISHED:.2f} to {pairs.high + PUBLISHED:.2f} %" if pairs.has_interval else NONE
        error = f"{statistics.mean(values):.2f}{spread} %"
        found.append(
            (
                *(label, records[0].spec.recipe, records[0].spec.batch_size, len(values)),
                *(f"{training:.2f} %", error, interval, _word(pairs.low, pairs.high, results)),
            )
        )
    return found


def word(table: Sequence[tuple]) -> str:
    """What the rows come to: reached, not reached, undecided or not compared; where they differ, each form's own."""
    said = {row[-1] for row in table}
    return WORDS[said.pop()] if len(said) == 1 else "; ".join(f"{row[0]}: {WORDS[row[-1]]}" for row in table)


def answer(table: Sequence[tuple]) -> str:
    """The rows in a sentence."""
    forms = []
    for label, _, _, n, _, error, interval, said in table:
        figures = f"95 %: {interval}; n = {n}" if interval != NONE else f"n = {n}"
        forms.append(f"{label} {error} ({figures}), {said}")
    return f"Test error: {'; '.join(forms)}. Published: {PUBLISHED} %."


def _word(low: float, high: float, results: Results) -> str:
    """How an error lies to the published one."""
    record = results.records[0][0]
    if record.spec.dataset != ON or record.spec.train_images:
        return OTHER_DATA
    if math.isnan(low):
        return TOO_FEW
    return LOWER if high < 0 else HIGHER if low > 0 else NOT_TOLD_APART
