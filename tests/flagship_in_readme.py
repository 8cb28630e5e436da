"""What README says came out of the flagship, drawn from the committed records.

``python -m tests.flagship_in_readme`` writes it there, between two marks; a test compares.
"""

import json

from cnnrepro import experiments, paths
from cnnrepro.claims import check
from cnnrepro.claims.checks.training_comparisons import HeadToHead, all_pairs, words
from cnnrepro.experiments.alexnet_vs_resnet import DECIDING, WAYS
from cnnrepro.experiments.results import Results
from tests import drawn_in_readme
from tests.committed_page import PAGES, REPORTS

MODULE = "tests.flagship_in_readme"
HEAD = (
    "| data, seeds | networks | batch norm judged by | AlexNet ahead throughout | AlexNet’s accuracy | ResNet’s | |",
    "|---|---|---|---|---|---|---|",
)


def committed_results() -> list[Results]:
    """The results of the flagship's committed pages."""
    found = []
    with paths.environment(CNNREPRO_COMMITTED=str(REPORTS)):
        for folder in PAGES:
            parameters = json.loads((folder / "report.json").read_text(encoding="utf-8"))["parameters"]
            found.append(experiments.collect(experiments.arms("alexnet_vs_resnet", **parameters)))
    return found


def sentences(results: Results) -> str:
    """The verdict of a page, in a line."""
    verdict = check(30, results)
    return f"**{verdict.word}**: {verdict.sentence}"


def in_a_word(results: Results) -> str:
    """The data and the word of a page, in a line."""
    records = results.records[0]
    data = f"{records[0].spec.dataset}, {sum(records[0].data['sizes'].values()):,} of its digits"
    return f"- On {data}, {len(records)} seeds: **{check(30, results).word}**."


def rows(results: Results) -> list[str]:
    """A line of the table for each pair of networks and way of judging that decides."""
    record, pairs = results.records[0][0], all_pairs(results)
    data = f"{record.spec.dataset}, {len(results.records[0])}"
    return [
        f"| {data} | {pair.champion}, {pair.opponent} | {pair.way} | {pair.ahead} of {pair.seeds} | "
        f"{last_accuracy(results, pair.champion)} | {last_accuracy(results, pair.opponent, pair)} | {word} |"
        for pair, word in zip(pairs, words(pairs), strict=True)
        if not pair.condition and pair.way in DECIDING
    ]


def last_accuracy(results: Results, label: str, judged: HeadToHead | None = None) -> str:
    """Mean validation accuracy of an arm after the last epoch, by a way of judging."""
    curves = results.curves()
    own = curves[curves["arm"] == label]
    last = own[own["epoch"] == own["epoch"].max()][f"val_accuracy{WAYS[judged.way] if judged else ''}"]
    return f"{100 * last.mean():.2f} %"


def block() -> str:
    """All of it, with its marks: what the page that decides says, with its table, and the words of the others."""
    first, *others = committed_results()
    said = [f"- {sentences(first)}", *map(in_a_word, others)]
    return drawn_in_readme.block(MODULE, [*said, "", *HEAD, *rows(first)])


if __name__ == "__main__":
    drawn_in_readme.write(MODULE, block())
