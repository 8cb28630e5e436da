"""Every check of the ledger's arithmetic: it gives the recorded word, with figures."""

import functools
import importlib
import inspect
import pkgutil
import re

import pytest

from cnnrepro.claims import LEDGER, SOURCES, Verdict, checks
from cnnrepro.claims.rows_arithmetic import ARITHMETIC
from cnnrepro.claims.verdict import WORDS

NOTEBOOKS = {
    "architectures",
    "claims",
    "convolution_by_hand",
    "dense_to_convolution",
    "geometry_and_receptive_fields",
    "pooling",
    "what_the_filters_see",
}
STATEMENTS = pytest.mark.parametrize("statement", ARITHMETIC, ids=lambda one: str(one.number))


def function_of(statement):
    module, name = statement.how.split(":")
    return getattr(importlib.import_module(module), name)


@functools.cache
def verdict_of(number):
    return function_of(LEDGER[number])()


@STATEMENTS
def test_the_check_gives_the_recorded_word(statement):
    found = verdict_of(statement.number)
    assert isinstance(found, Verdict)
    assert (found.claim, found.word) == (statement.number, statement.verdict)
    assert "not foreseen" not in found.sentence


@STATEMENTS
def test_sentences_are_short_and_have_figures(statement):
    found = verdict_of(statement.number)
    assert 2 <= len(found.evidence) <= 5
    for sentence in (found.sentence, *found.evidence):
        assert re.search(r"\d", sentence), sentence
        assert sentence.endswith("."), sentence
        assert len(sentence) <= 300, sentence
        assert "  " not in sentence and "nan" not in sentence.lower(), sentence
    assert found.basis and not found.basis.endswith(".")


@STATEMENTS
def test_a_row_says_what_is_claimed_and_where(statement):
    assert statement.statement.endswith(".")
    assert statement.check and not statement.check.endswith(".")
    assert statement.verdict in WORDS
    assert statement.notebook in NOTEBOOKS
    assert all(place.split(",")[0].strip() in SOURCES for place in statement.source.split(";"))


def test_all_arithmetic_statements_of_the_list_have_an_entry():
    numbers = [one.number for one in ARITHMETIC]
    assert numbers == sorted(set(numbers))
    assert set(range(1, 27)) <= set(numbers)
    assert all(LEDGER[number].how for number in numbers)


def test_no_check_is_left_out_of_the_ledger():
    listed = {one.how for one in ARITHMETIC}
    for found in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and inspect.signature(function).return_annotation == "Verdict" and name != "conclude":
                assert f"{module.__name__}:{name}" in listed
