"""Sweeps: which texts and values mean one value, which several, and which none."""

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments.parameters import Parameter
from cnnrepro.runner.sweeps import combinations, values_of

INT, FLOAT = Parameter("epochs", "int", 5), Parameter("momentum", "float", 0.9)
TEXT, FLAG, LIST = (
    Parameter("recipe", "str", "adam"),
    Parameter("fast", "bool", True),
    Parameter("seeds", "list", [0, 1]),
)
SIZES, NAMES = Parameter("sizes", "list", [[28, 28]]), Parameter("names", "list", ["x"])
DICT, ANY = Parameter("options", "dict", {"a": 1}), Parameter("home", "any", None)


@pytest.mark.parametrize(
    "parameter, given, expected",
    [
        (INT, "5", [5]),
        (INT, "1..4", [1, 2, 3, 4]),
        (INT, "1,3,7..8", [1, 3, 7, 8]),
        (INT, [1, 2], [1, 2]),
        (INT, 3, [3]),
        (FLOAT, "0.9,0.99", [0.9, 0.99]),
        (FLOAT, "1..2", [1.0, 2.0]),
        (FLOAT, "1e-3", [0.001]),
        (TEXT, "adam", ["adam"]),
        (TEXT, "folder:/a,b", ["folder:/a,b"]),
        (TEXT, "1..3", ["1..3"]),
        (TEXT, "[adam,sgd]", ["adam", "sgd"]),
        (TEXT, ["adam", "sgd"], ["adam", "sgd"]),
        (FLAG, "true,false", [True, False]),
        (FLAG, [True, False], [True, False]),
        (LIST, "0..2", [[0, 1, 2]]),
        (LIST, "[0,1]", [[0, 1]]),
        (LIST, [0, 1], [[0, 1]]),
        (LIST, [[0, 1], [2, 3]], [[0, 1], [2, 3]]),
        (LIST, 4, [[4]]),
        (LIST, "[[0,1],[2,3]]", [[0, 1], [2, 3]]),
        (SIZES, "[[28,28],[64,64]]", [[[28, 28], [64, 64]]]),
        (SIZES, [[28, 28], [64, 64]], [[[28, 28], [64, 64]]]),
        (SIZES, "[[[1,2]],[[3,4]]]", [[[1, 2]], [[3, 4]]]),
        (NAMES, "['a,b',c]", [["a,b", "c"]]),
        (DICT, "{a: [1, null]}", [{"a": [1, None]}]),
        (DICT, [{"a": 2}, {"a": 3}], [{"a": 2}, {"a": 3}]),
        (ANY, "[1,2]", ["[1,2]"]),
        (ANY, [1, 2], [[1, 2]]),
        (TEXT, "['a,b',c]", ["a,b", "c"]),
    ],
)
def test_values(parameter, given, expected):
    assert values_of(parameter, given) == expected


@pytest.mark.parametrize(
    "parameter, given", [(INT, "1,x"), (INT, "9..1"), (INT, []), (FLOAT, "0.9,"), (FLAG, "true,perhaps"), (TEXT, []),
     (SIZES, "[[28,28],[64,64"), (SIZES, "28,28"), (DICT, "{a: 1"), (DICT, [1])],
)  # fmt: skip
def test_what_is_no_value_is_one_sentence(parameter, given):
    if given == "0.9,":  # a comma at the end is a slip without consequence
        assert values_of(parameter, given) == [0.9]
        return
    with pytest.raises(UsageError, match=f"'{parameter.name}'"):
        values_of(parameter, given)


DECLARED = {one.name: one for one in (INT, FLOAT, TEXT, LIST)}


def test_every_combination_once_and_the_last_parameter_fastest():
    found = combinations(DECLARED, {"epochs": "1,2", "momentum": "0.9,0.99,0.9"}, "X")
    assert [(one["epochs"], one["momentum"]) for one in found] == [(1, 0.9), (1, 0.99), (2, 0.9), (2, 0.99)]
    assert all(one["recipe"] == "adam" and one["seeds"] == [0, 1] for one in found)
    assert combinations(DECLARED, {}, "X") == [{"epochs": 5, "momentum": 0.9, "recipe": "adam", "seeds": [0, 1]}]


def test_an_unknown_parameter_and_a_sweep_without_end_are_refused():
    with pytest.raises(UsageError, match="Unknown parameter of X 'epoch'.*Did you mean 'epochs'"):
        combinations(DECLARED, {"epoch": "1"}, "X")
    with pytest.raises(UsageError, match="make 1,000,000 pages"):
        combinations(DECLARED, {"epochs": "1..1000", "momentum": "1..1000"}, "X")
