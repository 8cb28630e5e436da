"""The search for the learning rates of studies: ``python -m cnnrepro.experiments.rate_search NAME…`` trains it.

It prints a line an arm, with the rate that goes into the design.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence

from cnnrepro.errors import UsageError, unknown
from cnnrepro.experiments.results import Results, collect
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import RATES, Design, search_label


def searched(design: Design, results: Results) -> dict[str, list[float]]:
    """By the label of each searched arm its validation accuracy at each rate, mean over the pilots; empty without."""
    labels = {arm.label: [search_label(arm.label, rate) for rate in RATES] for arm in design.arms if arm.searched}
    if not {one for some in labels.values() for one in some} <= set(results.labels):
        return {}
    return {
        label: [
            statistics.mean(record.history["val_accuracy"][-1] for record in records)
            for records in results.of(some).records
        ]
        for label, some in labels.items()
    }


def found_rates(design: Design, accuracies: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The learning rate that the search gives each arm.

    Args:
        design: the arms.
        accuracies: by the label of a searched arm its validation accuracy at each of ``RATES``, mean over the pilots.

    Returns:
        By label: the best of the family, by the mean of its arms; the arm's own best where that is better for it by
        ``Design.departs``.
    """
    families: dict[str, list[Sequence[float]]] = {}
    for arm in design.arms:
        if arm.searched:
            families.setdefault(arm.relatives, []).append(accuracies[arm.label])
    best = {family: _place_of_best([sum(at) for at in zip(*own, strict=True)]) for family, own in families.items()}
    rates = {}
    for arm in design.arms:
        if arm.searched:
            own, shared = accuracies[arm.label], best[arm.relatives]
            departs = max(own) - own[shared] >= design.departs
            rates[arm.label] = RATES[_place_of_best(own) if departs else shared]
    return rates


def _place_of_best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=lambda at: values[at])


def main(names: list[str]) -> None:
    """Search for each of the named studies, and print a line an arm.

    Raises:
        UsageError: no name, or one of no study.
    """
    if not names:
        raise UsageError(f"Name one or more of {', '.join(DESIGNS)}.")
    for name in names:
        if name not in DESIGNS:
            raise unknown("study", name, DESIGNS)
    for name in names:
        found = searched(DESIGNS[name], collect(DESIGNS[name].search()))
        rates = found_rates(DESIGNS[name], found)
        print(f"{name}: validation accuracy at {', '.join(f'{rate:g}' for rate in RATES)}; the rate found")
        for label, values in found.items():
            print(f"  {label}: {', '.join(f'{value:.1%}' for value in values)}; {rates[label]:g}")


if __name__ == "__main__":
    main(sys.argv[1:])
