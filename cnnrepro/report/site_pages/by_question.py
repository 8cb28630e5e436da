"""The reports by the question that they answer: the ledger, the studies, the lessons, then pages of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.report.links import LEDGER_PAGE

BENCHMARKS = "benchmarks"  # no experiment of the catalogue: its page is drawn from measurements
FLAGSHIP = "alexnet_vs_resnet"
_STUDIES = (
    *(FLAGSHIP, "normalisation", "pooling_in_training", "dropout", "depth", "lenet5_on_mnist", "fast_mnist"),
    BENCHMARKS,
)
_OWN = ("compare", "own_claim", "train_on_your_images")
_LESSONS = tuple(name for name in EXPERIMENTS if name not in (*_STUDIES, *_OWN, LEDGER_PAGE))
OWN = "Pages of your own"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "The lecture notes, statement by statement": (LEDGER_PAGE,),
    "Studies: what training decides": _STUDIES,
    "Lessons: what can be worked out, drawn or counted": _LESSONS,
    OWN: _OWN,  # and whatever is not in the catalogue
}
_PLACES = {name: (group, place) for group, names in enumerate(GROUPS.values()) for place, name in enumerate(names)}
_QUESTIONS = {name: row.question for name, row in EXPERIMENTS.items()}
_QUESTIONS[BENCHMARKS] = "How fast are training and layers here, beside others on the same machine?"


def by_question(entries: Sequence[Mapping]) -> list[dict]:
    """Reports in the order of the questions that they answer; those of one question stay in their order.

    Args:
        entries: what the index says of each.

    Returns:
        The entries with a ``group`` and a ``question`` each; of a page of one's own that is its notebook's name.
    """
    last = (len(GROUPS) - 1, len(_OWN))
    names = list(GROUPS)
    ordered = sorted(entries, key=lambda one: (_PLACES.get(one["experiment"], last), one["experiment"]))
    return [
        {
            **one,
            "group": names[_PLACES.get(one["experiment"], last)[0]],
            "question": _QUESTIONS.get(one["experiment"], one["experiment"]),
        }
        for one in ordered
    ]


def grouped(ordered: Sequence[dict]) -> list[tuple[str, list[tuple[str, list[dict]]]]]:
    """Reports as ``by_question`` has them, in their groups, and in these by their questions."""
    return [
        (group, [(question, list(reports)) for question, reports in groupby(of_group, lambda one: one["question"])])
        for group, of_group in groupby(ordered, lambda one: one["group"])
    ]
