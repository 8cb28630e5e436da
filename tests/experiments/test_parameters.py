import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.errors import UsageError
from cnnrepro.experiments.parameters import (
    Parameter,
    coerce,
    complete,
    parse_assignments,
    parse_cell,
    read_notebook,
    read_parameters,
    spell,
)

CELL = """
dataset: str = "mnist_5k"  # name of a data set
seeds: list = [0, 1]  # one run an arm and seed
epochs: int = 5
rate: float = 0.5  # with a # in it
fast: bool = False
"""


def test_a_cell_declares_names_types_defaults_and_help():
    found = parse_cell(CELL, "here")
    assert list(found) == ["dataset", "seeds", "epochs", "rate", "fast"]
    assert found["dataset"] == Parameter("dataset", "str", "mnist_5k", "name of a data set")
    assert found["seeds"].default == [0, 1]
    assert found["epochs"].help == ""
    assert found["rate"].help == "with a # in it"


@pytest.mark.parametrize(
    "line",
    ["epochs = 5", "epochs: int = five()", "epochs: Integer = 5", "epochs: int", "import os", "epochs: int = 5.0"],
)
def test_another_line_in_the_cell_is_named(line):
    with pytest.raises(UsageError, match="must read `name: type = value"):
        parse_cell(f"a: int = 1\n{line}", "here")


def test_a_cell_that_is_not_python_is_named():
    with pytest.raises(UsageError, match="is not Python: line 1"):
        parse_cell("a: int = = 3", "here")


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("epochs", "7", 7),
        ("epochs", 7, 7),
        ("rate", "1e-3", 1e-3),
        ("rate", 2, 2.0),
        ("fast", "true", True),
        ("fast", "No", False),
        ("fast", True, True),
        ("dataset", "mnist", "mnist"),
        ("dataset", "007", "007"),
        ("seeds", "0,1,2", [0, 1, 2]),
        ("seeds", "[0, 1]", [0, 1]),
        ("seeds", "3", [3]),
        ("seeds", "0..3", [0, 1, 2, 3]),
        ("seeds", "0..1,7", [0, 1, 7]),
        ("seeds", [4, 5], [4, 5]),
        ("seeds", 3, [3]),
    ],
)
def test_text_becomes_a_value(name, text, value):
    assert coerce(parse_cell(CELL, "here")[name], text) == value


@pytest.mark.parametrize(
    "name, text",
    [
        ("epochs", "five"),
        ("epochs", "5.0"),
        ("epochs", 5.5),
        ("epochs", True),
        ("epochs", ""),
        ("rate", "fast"),
        ("rate", False),
        ("fast", "perhaps"),
        ("fast", 1),
        ("dataset", 5),
        ("seeds", "a,b"),
        ("seeds", ""),
        ("seeds", []),
        ("seeds", "3..1"),
        ("seeds", "0..999999999"),
        ("seeds", [1.5]),
    ],
)
def test_what_is_no_value_is_named_with_its_type(name, text):
    with pytest.raises(UsageError, match=f"Parameter '{name}' must be a .* Received: "):
        coerce(parse_cell(CELL, "here")[name], text)


@given(st.lists(st.integers(-5, 10**6), min_size=1, max_size=8))
def test_a_list_survives_being_spelled(values):
    assert coerce(Parameter("seeds", "list", [0]), spell(values)) == values


def test_the_rest_has_its_defaults_and_unknown_names_are_errors():
    declared = parse_cell(CELL, "here")
    assert complete(declared, {"epochs": "2"})["epochs"] == 2
    assert complete(declared, {})["seeds"] == [0, 1]
    with pytest.raises(UsageError, match="Unknown parameter of this notebook 'epoch'.*Did you mean 'epochs'"):
        complete(declared, {"epoch": "2"})


@pytest.mark.parametrize("text", ["epochs", "=5", "a b=5", "x;import os=1", "1a=5"])
def test_an_assignment_needs_a_name_and_an_equals_sign(text):
    with pytest.raises(UsageError, match="given as name=value"):
        parse_assignments([text])


def test_assignments_keep_what_follows_the_first_equals_sign():
    assert parse_assignments(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError, match="given twice: '1' and '2'"):
        parse_assignments(["a=1", "a=2"])


def test_files_that_are_no_notebooks_with_parameters(tmp_path):
    with pytest.raises(UsageError, match="There is no notebook"):
        read_parameters(tmp_path / "none.ipynb")
    (tmp_path / "text.ipynb").write_text("hello")
    with pytest.raises(UsageError, match="is not a Jupyter notebook"):
        read_parameters(tmp_path / "text.ipynb")
    (tmp_path / "object.ipynb").write_text("{}")
    with pytest.raises(UsageError, match="is not a Jupyter notebook|no cell tagged"):
        read_parameters(tmp_path / "object.ipynb")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1")])
    nbformat.write(notebook, tmp_path / "untagged.ipynb")
    with pytest.raises(UsageError, match="no cell tagged 'parameters'"):
        read_parameters(tmp_path / "untagged.ipynb")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "it is empty"),
        ("{", "it is no JSON"),
        *[(text, "it is JSON, but no object") for text in ("[]", "{}", "null", '"text"', '{"nbformat": "4"}')],
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', '"cells" a list'),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ["x"]}', "cell 1 is no cell"),
        (
            '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "source": 5}]}',
            "cell 1 needs",
        ),
    ],
)
def test_a_file_that_is_no_notebook_is_refused_in_a_sentence(text, reason, tmp_path):
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(UsageError, match=f"is not a Jupyter notebook: .*{reason}.*\\.$"):
        read_notebook(tmp_path / "a.ipynb")


@pytest.mark.filterwarnings("error")
def test_cells_get_the_ids_that_they_lack(tmp_path):
    cell = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [{"of": "yesterday"}], "execution_count": 9}
    cells = [cell, cell | {"id": "a"}, cell | {"id": "a"}, cell | {"id": "not one!"}]
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": None}, "cells": cells}
    (tmp_path / "a.ipynb").write_text(json.dumps(content))
    notebook = read_notebook(tmp_path / "a.ipynb")
    nbformat.validate(notebook)
    assert len({each.id for each in notebook.cells}) == 4 and not any(each.outputs for each in notebook.cells)
