"""Values written as YAML and JSON: what they are, and texts of strangers that stand for more than they seem to."""

import json
import tracemalloc

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments.papermill_form import declared_by
from cnnrepro.experiments.parameters import Parameter, coerce, items_of, of_text
from cnnrepro.experiments.yaml_values import LARGEST, MOST_NESTED, read_json, read_yaml


@pytest.mark.parametrize(
    "text, value",
    [
        ("[1, 0x10, 1_000, 1:30, 2.5, 1e-3, .inf, null, None, yes, 2024-01-01]", None),
        ("a: &a {b: 1}\nc: *a\nd: {<<: *a, e: 2}", {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}),
        ("[&a [1], *a, *a]", [[1], [1], [1]]),
    ],
)
def test_plain_values_and_aliases_are_read(text, value):
    numbers = [1, 16, 1000, 90, 2.5, 0.001, float("inf"), None, None, True, "2024-01-01"]
    assert read_yaml(text) == (numbers if value is None else value)
    assert read_yaml("[1, &a 0x10, *a]", texts=True) == ["1", "0x10", "0x10"]


def unfolding(times=9):
    """Lists of ten of the list before, within 500 characters."""
    lines = [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(["a: &a [" + "x, " * 10 + "x]", *lines[:times]])


TOO_MUCH = {
    "aliases that unfold": (unfolding(), "aliases unfold to more than 1,048,576 characters"),
    "mappings that unfold": (
        "a: &a {k: " + "x" * 1000 + "}\nb: &b [" + "*a, " * 100 + "*a]\nc: [" + "*b, " * 100 + "*b]",
        "aliases unfold",
    ),
    "a list within itself": ("a: &a\n  - [*a]", "value that begins in line 1 is within itself, by an alias"),
    "a mapping within itself": ("&a {b: *a}", "is within itself"),
    "deep lists": ("[" * 100_000, "At most 50 lists and mappings may lie within one another"),
    "deep blocks": ("- " * 1000 + "x", "At most 50 lists"),
    "deep by aliases": (
        "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, MOST_NESTED + 1))]),
        "At most 50 lists",
    ),
    "a whole number": ("9" * 5000, "A number has at most 100 digits. Received: one of 5,000 characters"),
    "a hexadecimal number": ("0x" + "f" * 5000, "A number has at most 100 digits"),
    "a number to the base of 60": ("1" + ":59" * 5000, "A number has at most 100 digits"),
    "a fraction": ("1." + "9" * 5000, "A number has at most 100 digits"),
    "a number by its tag": ("!!int '" + "9" * 5000 + "'", "A number has at most 100 digits"),
    "a long text": ("x" * (LARGEST + 1), "At most 1,048,576 characters are read"),
    "a long key twice": ("{? " + "k" * 900 + " : 1, ? " + "k" * 900 + " : 2}", "is given twice"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_stands_for_more_than_it_seems_is_refused_in_a_short_sentence(name):
    text, sentence = TOO_MUCH[name]
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match=sentence) as raised:
            read_yaml(text)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    "text", ["[" * 1000 + "]" * 1000, "[" * 60 + "]" * 60, "9" * 5000, "-" + "9" * 200, "[1." + "9" * 500 + "]"]
)
def test_so_it_is_in_json(text):
    with pytest.raises(UsageError, match="At most 50 lists|A number has at most 100 digits"):
        read_json(text)
    assert read_json('{"a": [1, -2.5, NaN, "' + "9" * 500 + '"]}')["a"][:2] == [1, -2.5]


@pytest.mark.parametrize(
    "text, what",
    [('{"a": ["../\\ud800/b"]}', "half a character"), ('{"\\udfff": 1}', "half a character"), ('["a\\u0000"]', "NUL")],
)
def test_what_no_path_may_hold_is_refused_in_json(text, what):
    with pytest.raises(UsageError, match=f"A text may not hold .*{what}"):
        read_json(text)
    assert read_json('["\\udcff"]') == ["\udcff"]  # of a file whose name is no UTF-8


def test_many_keys_are_compared_in_no_time():
    keys = {f"k{number}": number for number in range(20_000)}
    assert read_json(json.dumps(keys)) == keys
    with pytest.raises(UsageError, match="The key 'k1' is given twice"):
        read_json(json.dumps(keys)[:-1] + ', "k1": 2}')


@pytest.mark.parametrize("kind, default", [("int", 1), ("float", 1.0), ("list", [1]), ("list", [1.0]), ("any", None)])
def test_a_parameter_takes_no_number_of_thousands_of_digits(kind, default):
    parameter = Parameter("x", kind, default, loose=kind == "any")
    for value in ("9" * 5000, 1 << 20_000):
        with pytest.raises(UsageError) as raised:
            coerce(parameter, of_text(parameter, value) if isinstance(value, str) else value)
        assert len(str(raised.value)) < 300


def test_an_error_shows_a_line_of_what_was_given():
    parameter = Parameter("x", "int", 1)
    with pytest.raises(UsageError, match=r"Received: 'yyy.*… \(100,002 characters\)$") as raised:
        coerce(parameter, "y" * 100_000)
    assert len(str(raised.value)) < 300


def test_ranges_have_an_end_together():
    assert len(items_of(",".join(["0..9999"] * 10))) == 100_000
    with pytest.raises(ValueError, match="too many items"):
        items_of(",".join(["0..9999"] * 11))


def test_a_default_of_thousands_of_digits_is_none_that_is_known():
    found = declared_by("x = 0x" + "f" * 5000 + "\ny: int = 0x" + "f" * 5000 + "\nz = [1]")
    assert (found["x"].default, found["z"].default) == ("set by code", [1])
    assert found["y"].default == "set by code"
