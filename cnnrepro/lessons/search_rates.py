"""``python -m cnnrepro.lessons.search_rates NAME…``: trains the search of studies, and prints the rates that it
finds."""

from __future__ import annotations

import sys

from cnnrepro.experiments.results import collect
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import RATES, found_rates
from cnnrepro.lessons.studies import search


def main(names: list[str]) -> None:
    """Search for each of the named studies, and print a line an arm."""
    for name in names:
        accuracies = search(collect(DESIGNS[name].search()), name)
        rates = found_rates(DESIGNS[name], accuracies)
        print(f"{name}: validation accuracy at {', '.join(f'{rate:g}' for rate in RATES)}; the rate found")
        for label, values in accuracies.items():
            print(f"  {label}: {', '.join(f'{value:.1%}' for value in values)}; {rates[label]:g}")


if __name__ == "__main__":
    main(sys.argv[1:])
