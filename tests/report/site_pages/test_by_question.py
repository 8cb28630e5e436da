"""The order in which reports are listed."""

from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.report.site_pages.by_question import GROUPS, by_question, grouped


def test_studies_and_lessons_come_before_pages_of_ones_own_and_one_question_has_its_pages_together():
    names = ["mine", "pooling", "dropout", "compare", "claims", "dropout", "alexnet_vs_resnet", "benchmarks", "also"]
    entries = [{"experiment": name, "number": number} for number, name in enumerate(names)]
    ordered = by_question(entries)
    assert [(one["experiment"], one["number"]) for one in ordered] == [
        *(("claims", 4), ("alexnet_vs_resnet", 6), ("dropout", 2), ("dropout", 5), ("benchmarks", 7)),
        *(("pooling", 1), ("compare", 3), ("also", 8), ("mine", 0)),
    ]
    groups = grouped(ordered)
    assert [group for group, _ in groups] == list(GROUPS)
    assert [(question, len(reports)) for question, reports in groups[1][1]][1] == (EXPERIMENTS["dropout"].question, 2)


def test_every_experiment_has_one_place():
    placed = [name for names in GROUPS.values() for name in names]
    assert sorted(placed) == sorted([*EXPERIMENTS, "benchmarks"])
