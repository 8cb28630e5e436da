"""The parameters of a notebook: read from its parameters cell, checked, and turned from text into values.

A parameters cell holds one scalar or list a line, ``name: type = value  # help``, with the types ``bool``, ``int``,
``float``, ``str`` and ``list``. Papermill replaces values by injecting a second cell, warns where a name is unknown,
and hands lists and booleans of its ``-p`` over as text; here an unknown name is an error and text becomes a value.
(``papermill.inspect_notebook`` ends a default at the # of "#ff0000", and takes no notebook with a brace in its path.)
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnrepro.errors import UsageError, unknown

TAG = "parameters"
TYPES = {"bool": bool, "int": int, "float": float, "str": str, "list": list}
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
LONGEST_RANGE = 10_000  # items; a slip such as 0..1000000 is an error, not a thousand days


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell."""

    name: str
    type: str
    default: object
    help: str = ""


def read_parameters(path: Path) -> dict[str, Parameter]:
    """The parameters that a notebook declares, in their order.

    Raises:
        UsageError: no such file, not a notebook, no cell tagged "parameters", or a line of it that is not of the form.
    """
    import nbformat

    if not path.is_file():
        raise UsageError(f"There is no notebook {str(path)!r}; see `cnnrepro list experiments` for the known ones.")
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises whatever JSON, jsonschema or the codec raises
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"{str(path)!r} is not a Jupyter notebook: {reason}") from error
    for cell in notebook.cells:
        if TAG in cell.metadata.get("tags", ()):
            return parse_cell(cell.source, str(path))
    raise UsageError(
        f"Notebook {str(path)!r} has no cell tagged 'parameters'; tag the cell that sets its parameters "
        f"(JupyterLab: the gear at the upper right, 'Cell Tags')."
    )


def parse_cell(source: str, where: str) -> dict[str, Parameter]:
    """The parameters that the source of a parameters cell declares."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # also a NUL, or nested too deeply
        reason = f"line {error.lineno}, {error.msg}" if isinstance(error, SyntaxError) else type(error).__name__
        raise UsageError(f"The parameters cell of {where} is not Python: {reason}.") from error
    lines = source.splitlines()
    declared = {}
    for statement in statements:
        parameter = _parameter(statement, lines)
        if parameter is None:
            raise UsageError(
                f"Line {statement.lineno} of the parameters cell of {where} must read `name: type = value  # help` "
                f"with a type of {', '.join(TYPES)}. Received: {lines[statement.lineno - 1]!r}"
            )
        declared[parameter.name] = parameter
    return declared


def _parameter(statement: ast.stmt, lines: list[str]) -> Parameter | None:
    """The parameter of one statement; None where it has another form."""
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        return None
    if not isinstance(statement.annotation, ast.Name) or statement.annotation.id not in TYPES:
        return None
    try:
        default = ast.literal_eval(statement.value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None
    if type(default) is not TYPES[statement.annotation.id]:
        return None
    comment = lines[statement.end_lineno - 1][statement.end_col_offset :].strip()
    return Parameter(statement.target.id, statement.annotation.id, default, comment.lstrip("# "))


def complete(
    declared: Mapping[str, Parameter], given: Mapping[str, object], where: str = "this notebook"
) -> dict[str, object]:
    """All parameters with their values: those given, checked and converted, and the defaults of the rest.

    Raises:
        UsageError: a name that is not declared, or a value of the wrong type.
    """
    for name in given:
        if name not in declared:
            raise unknown(f"parameter of {where}", name, declared)
    return {
        name: coerce(parameter, given[name]) if name in given else parameter.default
        for name, parameter in declared.items()
    }


def coerce(parameter: Parameter, value: object) -> object:
    """A value, or the text that stands for it, in a parameter's type.

    Lists are written ``0,1,2`` or ``[0, 1, 2]`` or, for whole numbers, ``0..2``.

    Raises:
        UsageError: it cannot be read as that type.
    """
    wanted = TYPES[parameter.type]
    try:
        if wanted is not list:
            return _scalar(wanted, value)
        items = items_of(value) if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)):  # papermill makes a number of `-p seeds 0`
            items = [items]
        if not items:
            raise ValueError("an empty list")
        return [_scalar(type(parameter.default[0]) if parameter.default else str, item) for item in items]
    except (ValueError, KeyError) as error:
        example = spell(parameter.default)
        raise UsageError(
            f"Parameter {parameter.name!r} must be a {parameter.type} such as {example}. Received: {value!r}"
        ) from error


def _scalar(wanted: type, value: object) -> object:
    if isinstance(value, str) and wanted is not str:
        return WORDS[value.strip().lower()] if wanted is bool else wanted(value.strip())
    allowed = (int, float) if wanted is float else wanted
    if not isinstance(value, allowed) or (isinstance(value, bool) and wanted is not bool):
        raise ValueError("of another type")
    return wanted(value)


def items_of(text: str) -> list[str]:
    """The items of a list written as text."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    items = []
    for part in (part.strip().strip("'\"") for part in text.split(",")):
        span = re.fullmatch(r"(\d+)\.\.(\d+)", part)
        if span:
            first, last = int(span[1]), int(span[2])
            if not 0 <= last - first < LONGEST_RANGE:
                raise ValueError("not a range")
            items += [str(number) for number in range(first, last + 1)]
        elif part:
            items.append(part)
    return items


def spell(value: object) -> str:
    """A value as ``-p`` takes it: lists as ``0,1,2``, words for booleans."""
    if isinstance(value, (list, tuple)):
        return ",".join(spell(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """The ``name=value`` texts of ``-p`` as a mapping.

    Raises:
        UsageError: one without ``=``, with a name that is no identifier, or given twice.
    """
    given: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise UsageError(f"A parameter is given as name=value, such as -p epochs=5. Received: {assignment!r}")
        if not value.isprintable():
            raise UsageError(f"Parameter {name!r} must be printable text. Received: {value!r}")
        if name in given:
            raise UsageError(f"Parameter {name!r} was given twice: {given[name]!r} and {value!r}.")
        given[name] = value
    return given


def injected_names() -> set[str]:
    """The names that papermill injected into the running notebook; empty outside of a notebook.

    Papermill only warns about a name that the notebook does not declare. Its cell begins with the comment
    "# Parameters", and the kernel remembers the source of each cell it ran.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return set()
    sources = shell.user_ns.get("In", ())
    injected = next((source for source in sources if source.startswith("# Parameters\n")), "")
    assignments = [statement for statement in ast.parse(injected).body if isinstance(statement, ast.Assign)]
    return {target.id for statement in assignments for target in statement.targets if isinstance(target, ast.Name)}
