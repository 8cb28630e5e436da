import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.experiments.parameters import parse_cell
from cnnrepro.runner.page import slug

DECLARED = parse_cell('a: str = "0"\nb: str = "0"\nseeds: list = [0, 1]\nn: int = 5', "here")
DEFAULTS = {name: parameter.default for name, parameter in DECLARED.items()}


@pytest.mark.parametrize(
    "changes, name",
    [
        ({}, "default"),
        ({"n": 3}, "n-3"),
        ({"a": "mnist_5k", "seeds": [0, 1, 2]}, "a-mnist_5k_seeds-0,1,2"),
    ],
)
def test_a_folder_is_named_by_what_differs(changes, name):
    assert slug(DECLARED, DEFAULTS | changes) == name


@given(st.lists(st.tuples(st.text(max_size=120), st.text(max_size=120)), min_size=2, max_size=2, unique=True))
def test_two_sets_of_parameters_never_share_a_folder(pairs):
    slugs = {slug(DECLARED, DEFAULTS | {"a": a, "b": b}) for a, b in pairs}
    assert len(slugs) == 2
    assert all(len(one) < 110 and "/" not in one and not one.startswith(".") for one in slugs)


def test_a_text_that_looks_like_another_parameter():
    assert slug(DECLARED, DEFAULTS | {"a": "1_b-2"}) != slug(DECLARED, DEFAULTS | {"a": "1", "b": "2"})
