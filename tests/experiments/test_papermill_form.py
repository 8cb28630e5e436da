"""Notebooks of other people: what their parameters cells say, and which values count."""

import nbformat
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments.papermill_form import declared_by, parameters_of
from cnnrepro.experiments.parameters import Expression, coerce, of_text

CELL = """
import os
%matplotlib inline
alpha = 0.1
epochs = 3; seed = None  # of all that is drawn
name = "#ff0000"  # é
size = (28, 28)
options = {"depth": 2}
home = os.getcwd()
rate: float = 1  # type is told
layers: list[int] = []
momentum = 1  # type: float of the optimizer
width, height = 8, 0.5
try:
    deep = True
except ImportError:
    deep = False
"""


def test_plain_assignments_are_parameters_of_their_default_s_type():
    found = declared_by(CELL)
    assert {name: one.type for name, one in found.items()} == {
        **{"alpha": "float", "epochs": "int", "seed": "any", "name": "str", "size": "list", "options": "dict"},
        **{"home": "any", "rate": "float", "layers": "list", "momentum": "float", "width": "int", "height": "float"},
        "deep": "any",
    }
    assert found["home"].default == Expression("os.getcwd()")
    assert (found["name"].default, found["name"].help) == ("#ff0000", "é")
    assert found["momentum"].help == "of the optimizer"


def test_what_is_no_python_declares_nothing():
    assert declared_by("alpha <- 0.1") == declared_by("a = (") == declared_by("\0") == {}
    assert list(declared_by("%%time\na = 1")) == ["a"]


@pytest.mark.parametrize(
    "name, given, value",
    [
        ("alpha", "2", 2.0),
        ("epochs", "0.5", 0.5),
        ("epochs", "7", 7),
        ("epochs", None, None),
        ("epochs", "None", None),
        ("seed", "3", 3),
        ("seed", "True", True),
        ("seed", "three", "three"),
        ("seed", [1, "a"], [1, "a"]),
        ("name", "7", "7"),
        ("size", "32,64", [32, 64]),
        ("options", "{depth: 3, rate: 1e-3, sizes: [[1, 2], [3]], other: null}", None),
        ("home", "[1, 2]", "[1, 2]"),
        ("layers", "1,2", [1, 2]),
        ("layers", "0..2", [0, 1, 2]),
        ("layers", "['1', a]", ["1", "a"]),
        ("layers", "[]", []),
    ],
)
def test_values_are_what_papermill_makes_of_them(name, given, value):
    if name == "options":
        value = {"depth": 3, "rate": 0.001, "sizes": [[1, 2], [3]], "other": None}
    parameter = declared_by(CELL)[name]
    found = coerce(parameter, of_text(parameter, given) if isinstance(given, str) else given)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "name, given", [("epochs", "five"), ("epochs", True), ("options", "[1]"), ("options", "{1: 2}"), ("size", "a,b")]
)
def test_what_is_of_another_type_is_refused(name, given):
    with pytest.raises(UsageError, match=f"Parameter '{name}' must be a .* Received"):
        coerce(declared_by(CELL)[name], given)


def test_a_key_twice_in_a_value_is_named():
    with pytest.raises(UsageError, match="key 'a' is given twice"):
        coerce(declared_by(CELL)["options"], "{a: 1, a: 2}")


@pytest.fixture
def notebook(tmp_path):
    def write(*cells):
        made = [nbformat.v4.new_code_cell(source, metadata={"tags": [tag] if tag else []}) for tag, source in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=made), tmp_path / "a.ipynb")
        return tmp_path / "a.ipynb"

    return write


def test_of_two_tagged_cells_the_later_wins_and_takes_no_value(notebook):
    path = notebook(("parameters", "epochs: int = 1\nlr = 0.1"), ("", "1"), ("parameters", "epochs = 5\nseed = 0"))
    declared, earlier = parameters_of(path)
    assert ({name: one.default for name, one in declared.items()}, earlier) == ({"epochs": 5, "lr": 0.1, "seed": 0}, {})
    assert coerce(declared["lr"], "0.2") == 0.2
    for name in ("epochs", "seed"):
        with pytest.raises(UsageError, match=f"'{name}' cannot be given: cell 3 of the notebook sets it after"):
            coerce(declared[name], "9")


def test_what_papermill_injected_earlier_counts_until_values_are_given(notebook):
    cells = [("parameters", "a = 1\nb = float('nan')"), ("injected-parameters", "# Parameters\na = 2\nextra = 'x'\n")]
    declared, earlier = parameters_of(notebook(*cells))
    assert earlier == {"a": 2, "extra": "x"}
    assert (declared["a"].default, declared["a"].fixed, declared["b"].type) == (1, 0, "float")


def test_a_notebook_without_tagged_cell_declares_nothing_and_one_may_begin_with_a_byte_order_mark(notebook):
    path = notebook(("", "epochs = 3"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert parameters_of(path) == ({}, {})
