"""The rows of the ledger, and every check of its arithmetic: it gives the recorded word, in sentences with figures."""

import importlib
import inspect
import pkgutil
import re

import pytest

from cnnrepro.claims import LEDGER, SOURCES, Outcome, Statement, Verdict, check, checks
from cnnrepro.claims.checks import recipe
from cnnrepro.claims.ledger import TOPICS
from cnnrepro.claims.statement import Claimed
from cnnrepro.claims.verdict import Part, conclude_parts, word_of_parts
from cnnrepro.errors import UsageError
from cnnrepro.experiments import EXPERIMENTS

ARITHMETIC = [row for row in LEDGER.values() if not row.experiment and not row.to_come]


@pytest.fixture
def no_clock(monkeypatch):
    """No test asserts a time: what statement 69 measures takes 1 second each."""
    monkeypatch.setattr("cnnrepro.claims.checks.convolution._seconds", lambda function: 1.0)


@pytest.mark.parametrize("row", ARITHMETIC, ids=lambda row: str(row.number))
def test_the_check_gives_the_recorded_word_in_short_sentences_with_figures(no_clock, row):
    verdict = check(row.number)
    assert [part.word for part in verdict.parts] == [part.verdict for part in row.parts]
    for part in verdict.parts:
        assert re.search(r"\d", part.found) or row.number == 73, part.found
        assert part.found.endswith(".") and len(part.found) <= 200, part.found
    assert (verdict.claim, verdict.word) == (row.number, row.verdict)
    assert "not foreseen" not in verdict.sentence
    assert 2 <= len(verdict.evidence) <= 5
    for sentence in (verdict.sentence, *verdict.evidence):
        assert re.search(r"\d", sentence), sentence
        assert sentence.endswith("."), sentence
        assert len(sentence) <= 300, sentence
        assert "  " not in sentence and "nan" not in sentence.lower(), sentence
    assert verdict.basis and not verdict.basis.endswith(".")


def test_a_row_says_what_is_claimed_and_where():
    for row in LEDGER.values():
        assert row.text.endswith(".")
        assert row.method and not row.method.endswith(".")
        assert all(part.text.endswith(".") for part in row.parts) and len(row.parts) != 1
        assert row.verdict == word_of_parts(part.verdict for part in row.parts) if row.parts else row.verdict
        assert set(row.sources) <= set(SOURCES)
        assert not row.experiment or row.experiment in EXPERIMENTS
    assert {number for experiment in EXPERIMENTS.values() for number in experiment.claims} <= set(LEDGER)


def test_a_statement_names_the_notebook_that_gives_its_verdict():
    notebooks = {number: Outcome(row, None).to_dict()["notebook"] for number, row in LEDGER.items()}
    assert [notebooks[number] for number in (7, 22, 30)] == ["convolution_by_hand", "claims", "alexnet_vs_resnet"]


def test_no_number_is_given_twice_and_a_statement_and_its_check_have_one_topic():
    modules = [(topic, importlib.import_module(f"cnnrepro.claims.statements.{topic}")) for topic in TOPICS]
    rows = [(topic, row) for topic, module in modules for row in module.STATEMENTS]
    assert sorted(row.number for _, row in rows) == list(LEDGER)
    assert list(LEDGER) == [*range(1, 27), *range(30, 79)]
    assert [row.function.split(":")[0] for _, row in rows] == [topic for topic, _ in rows]


def test_no_check_is_left_out_of_the_ledger():
    listed = {row.function for row in LEDGER.values()}
    for info in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        module = importlib.import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith(("_", "judge_"))
            if own and inspect.signature(function).return_annotation == "Verdict":
                assert f"{info.name.rpartition('.')[2]}:{name}" in listed


def test_the_statements_that_do_not_hold():
    assert {row.number for row in ARITHMETIC if row.verdict == "does not hold"} == {6, 7, 17, 23, 58, 65, 67, 73}


def test_a_study_that_is_still_to_be_written_is_not_tested_and_says_how_it_is_to_be_checked():
    to_come = [row for row in LEDGER.values() if row.to_come]
    assert [row.number for row in to_come] == [*range(35, 40), *range(41, 45), 46]
    for row in to_come:
        assert "turn round" in row.method
        verdict = check(row.number)
        assert {verdict.word, *(part.word for part in verdict.parts)} == {"not tested yet"}
        assert len(verdict.parts) == len(row.parts)
        assert verdict.sentence == (
            "The study is designed and not yet run: how it is to be checked is decided, and the experiment is still to "
            "be written."
        )
        assert verdict.brief() == verdict.sentence
        assert Outcome(row, verdict).to_dict() | {"computed": False, "agrees": True} == Outcome(row, verdict).to_dict()


def test_what_cannot_be_checked_is_a_wrong_call():
    with pytest.raises(UsageError, match="There is no statement 27; there are 1 to 26, 30 to 78"):
        check(27)
    with pytest.raises(UsageError, match="decided by runs: cnnrepro run alexnet_vs_resnet"):
        check(30)


def test_a_verdict_has_a_known_word():
    with pytest.raises(ValueError, match="Received: 'maybe'"):
        Verdict(30, "maybe", "")


def test_the_word_of_the_whole_is_that_of_its_worst_part():
    worst_first = ("does not hold", "holds if …", "undecided", "not checkable here", "not tested yet", "holds")
    for place, word in enumerate(worst_first):
        assert word_of_parts(reversed(worst_first[place:])) == word
    parts = (Part("holds", "1 is 1."), Part("holds if …", "2 is 3 in places."))
    verdict = conclude_parts(7, parts, (), "numbers")
    assert (verdict.word, verdict.sentence) == (
        "holds if …",
        "1 × holds, 1 × holds if …, of 2 parts. 2 is 3 in places.",
    )
    assert Verdict.from_dict(verdict.to_dict()) == verdict
    older = {name: value for name, value in verdict.to_dict().items() if name not in ("parts", "made")}
    assert (Verdict.from_dict(older).parts, Verdict.from_dict(older).made) == ((), "computed now")
    with pytest.raises(ValueError, match="Received: 'perhaps'"):
        Part("perhaps", "")


def test_parts_disagree_where_one_has_another_word():
    claimed = (Claimed("1 is 1.", "holds"), Claimed("2 is 3.", "does not hold"))
    row = Statement(7, "1 is 1 and 2 is 3.", "S2, end", "By counting", "sizes:plain_sizes", parts=claimed)
    verdict = conclude_parts(7, (Part("does not hold", "No."), Part("does not hold", "No.")), (), "numbers")
    outcome = Outcome(row, verdict)
    assert (outcome.to_dict()["verdict"], row.verdict, outcome.agrees) == ("does not hold", "does not hold", False)
    assert [part["part"] for part in outcome.to_dict()["parts"]] == ["7a", "7b"]
    assert Outcome(row, None).to_dict()["parts"][1]["verdict"] == "does not hold"
    assert "no author" in outcome.to_dict()["sources"]["S2"]


def test_two_runs_print_the_same():
    """No figure comes of weights that nobody seeded."""
    for number in (7, 14):
        assert check(number) == check(number)
    (weights, _), (again, _) = (recipe._first_weights(recipe.RECIPES["alexnet-2012"]) for _ in range(2))
    assert all((weights[name] == again[name]).all() for name in weights)
