"""The parameters of a notebook: read from its parameters cell, checked, and turned from text into values.

A parameters cell of this project holds one scalar or list a line, ``name: type = value  # help``, with the types
``bool``, ``int``, ``float``, ``str`` and ``list``; those of other people's notebooks are read by ``papermill_form``.
Papermill replaces values by injecting a second cell, warns where a name is unknown, and hands lists and booleans of its
``-p`` over as text; here an unknown name is an error and text becomes a value.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from cnnrepro.errors import UsageError, brief, of_path, shortened, unknown
from cnnrepro.experiments.yaml_values import read_yaml, short_number

if TYPE_CHECKING:
    from nbformat import NotebookNode

TAG = "parameters"
TYPES = {"bool": bool, "int": int, "float": float, "str": str, "list": list}
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
MOST_BITS = 1024  # of a whole number: as large as floats; Python writes none of some thousand digits
MOST_ITEMS = 100_000  # of a list, in several ranges
LONGEST_RANGE = 10_000  # items; a slip such as 0..1000000 is an error, not a thousand days


class Expression(str):
    """The source of a default that is no literal, such as ``os.getcwd()``."""

    __slots__ = ()


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell.

    Args:
        name, help: as the line has them.
        type: a name of ``TYPES``; in notebooks of other people also ``dict``, and ``any`` where it cannot be known.
        default: its value; an ``Expression`` where it is no literal.
        loose: of the type of its default as far as Python minds: it may be None, and a whole number any number.
        fixed: the number of a later cell that sets it, so that no value can be given; 0 where there is none.
    """

    name: str
    type: str
    default: object
    help: str = ""
    loose: bool = False
    fixed: int = 0


def read_notebook(path: Path) -> NotebookNode:
    """A notebook, whatever the version of its format.

    Raises:
        UsageError: there is none, or it is of another language than Python.
    """
    import nbformat

    if not os.path.isfile(path):  # noqa: PTH113 - pathlib raises for a name that is too long
        raise UsageError(f"There is no notebook {of_path(path)}; see `cnnrepro list experiments` for the known ones.")
    try:
        content = _content(path.read_text(encoding="utf-8-sig"))
        # Made anew: of formats before 4 the upgrade leaves objects of another class.
        notebook = nbformat.from_dict(nbformat.reads(json.dumps(content), as_version=4))
        _require_cells(notebook)
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not a Jupyter notebook: it is no text in UTF-8.") from error
    except Exception as error:  # nbformat raises whatever jsonschema and its upgrades raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"{str(path)!r} is not a Jupyter notebook: {shortened(reason.rstrip('.'), 400)}.") from error
    language = _language(notebook)
    if language.lower() not in ("", "python", "ipython"):
        raise UsageError(f"{str(path)!r} is a notebook in {brief(language)}; only notebooks in Python can be run.")
    return notebook


def _content(text: str) -> dict:
    """What the file of a notebook holds; raises ValueError where it holds none.

    Each cell has an id of its own.
    """
    if not text.strip():
        raise ValueError("it is empty")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"it is no JSON{where}") from error
    if not isinstance(content, dict) or type(content.get("nbformat")) is not int:
        raise ValueError('it is JSON, but no object with "nbformat", a whole number, and "cells"')
    if content["nbformat"] == 4:
        _require_cells(content)
        known = set()
        for cell in content["cells"]:
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(cell.get("id", ""))) or cell["id"] in known:
                cell["id"] = uuid.uuid4().hex[:8]
            known.add(cell["id"])
    return content


def _require_cells(content: Mapping[str, object]) -> None:
    """Make sure of what is read of a notebook in format 4, and forget an earlier run of it; raises ValueError."""
    if not isinstance(content.get("metadata"), dict) or not isinstance(content.get("cells"), list):
        raise ValueError('its "metadata" must be an object and its "cells" a list')
    for number, cell in enumerate(content["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise ValueError(f"cell {number} is no cell of code, Markdown or raw text")
        source = cell.get("source")
        texts = source if isinstance(source, list) else [source]
        if not isinstance(cell.get("metadata"), dict) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f'cell {number} needs "metadata", an object, and "source", a text')
        cell["metadata"].pop("papermill", None)
        if cell["cell_type"] == "code":
            cell.update({"outputs": [], "execution_count": None})
        tags = cell["metadata"].get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):  # Jupyter shows none then
            cell["metadata"]["tags"] = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    content["metadata"].pop("papermill", None)
    for name in ("kernelspec", "language_info"):  # some tools write null
        if not isinstance(content["metadata"].get(name, {}), dict):
            del content["metadata"][name]


def _language(notebook: NotebookNode) -> str:
    """The language that a notebook names; "" where it names none."""
    for where, name in (("kernelspec", "language"), ("language_info", "name")):
        named = notebook.metadata.get(where)
        if isinstance(named, dict) and isinstance(named.get(name), str):
            return named[name]
    return ""


def read_parameters(path: Path) -> dict[str, Parameter]:
    """The parameters that a notebook of this project declares, in their order.

    Raises:
        UsageError: no such file, not a notebook, no cell tagged "parameters", or a line of it that is not of the form.
    """
    notebook = read_notebook(path)
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
    lines = source.encode(errors="replace").splitlines()  # the columns of ast count bytes
    declared = {}
    for statement in statements:
        parameter = declaration(statement, lines)
        if parameter is None:
            raise UsageError(
                f"Line {statement.lineno} of the parameters cell of {where} must read `name: type = value  # help` "
                f"with a type of {', '.join(TYPES)}. Received: {brief(lines[statement.lineno - 1].decode())}"
            )
        declared[parameter.name] = parameter
    return declared


def declaration(statement: ast.stmt, lines: list[bytes]) -> Parameter | None:
    """The parameter of one statement ``name: type = value  # help``; None where it has another form."""
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        return None
    if not isinstance(statement.annotation, ast.Name) or statement.annotation.id not in TYPES:
        return None
    try:
        default = ast.literal_eval(statement.value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None
    if type(default) is not TYPES[statement.annotation.id] or not is_plain(default):
        return None
    comment = comment_behind(statement, lines)
    return Parameter(statement.target.id, statement.annotation.id, default, comment)


def comment_behind(statement: ast.stmt, lines: list[bytes]) -> str:
    """The comment on the last line of a statement; empty where there is none."""
    after = lines[statement.end_lineno - 1][statement.end_col_offset :].decode(errors="replace").strip()
    return after.lstrip("# ") if after.startswith("#") else ""


def complete(
    declared: Mapping[str, Parameter], given: Mapping[str, object], where: str = "this notebook"
) -> dict[str, object]:
    """All parameters with their values: those given, checked and converted, and the defaults of the rest.

    Raises:
        UsageError: a name that is not declared, or a value of the wrong type.
    """
    require_known(given, declared, where)
    return {
        name: coerce(parameter, given[name]) if name in given else parameter.default
        for name, parameter in declared.items()
    }


def require_known(given: Iterable[str], declared: Mapping[str, Parameter], where: str) -> None:
    """Make sure that names are parameters of a notebook; raises UsageError with the nearest name, or what to do."""
    for name in given:
        if not declared:
            raise UsageError(
                f"{where} takes no parameters, so {brief(name)} cannot be given: no cell of it is tagged 'parameters' "
                f"and sets a name. Tag the cell that sets {brief(name)} (JupyterLab: the gear at the upper right, "
                "'Cell Tags')."
            )
        if name not in declared:
            raise unknown(f"parameter of {where}", name, declared)


def coerce(parameter: Parameter, value: object) -> object:
    """A value, or the text that stands for it, in a parameter's type.

    Lists are written ``0,1,2`` or ``[0, 1, 2]`` or, for whole numbers, ``0..2``; nested ones, and dicts, as YAML does.

    Raises:
        UsageError: it cannot be read as that type.
    """
    if parameter.fixed:
        raise UsageError(
            f"Parameter {brief(parameter.name)} cannot be given: cell {parameter.fixed} of the notebook sets it after "
            f"the value that is given. Keep one cell tagged 'parameters', and set {brief(parameter.name)} there."
        )
    try:
        return _coerced(parameter, value)
    except UsageError:
        raise
    except (ValueError, KeyError, yaml.YAMLError, RecursionError) as error:
        example = shortened(spell(parameter.default))
        raise UsageError(
            f"Parameter {brief(parameter.name)} must be a {parameter.type} such as {example}. Received: {brief(value)}"
        ) from error


def _coerced(parameter: Parameter, value: object) -> object:
    if parameter.type == "any" or (parameter.loose and value is None):
        return _plain(value)
    if parameter.type == "dict":
        value = read_yaml(value) if isinstance(value, str) else value
        if not isinstance(value, dict):
            raise ValueError("no dict")
        return _plain(value)
    if parameter.type != "list":
        return _scalar(TYPES[parameter.type], value, loose=parameter.loose)
    items = items_of(value, texts=of_scalars(parameter.default)) if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):  # papermill makes a number of `-p seeds 0`
        items = [items]
    if not items and not parameter.loose:
        raise ValueError("an empty list")
    return [_item(parameter.default, item, loose=parameter.loose) for item in items]


def _item(siblings: object, item: object, *, loose: bool) -> object:
    """An item of a list, of the kind of those that the default has."""
    kinds = {type(sibling) for sibling in siblings} if isinstance(siblings, (list, tuple)) else set()
    if kinds in ({int, float}, {float}):
        return _scalar(float, item, loose=loose)
    if len(kinds) == 1 and kinds <= {bool, int, str}:
        return _scalar(*kinds, item, loose=loose)
    if kinds and kinds <= {list, tuple}:
        if not isinstance(item, (list, tuple)):
            raise ValueError("not nested")
        return [_item([each for sibling in siblings for each in sibling], part, loose=loose) for part in item]
    return _plain(item)


def of_scalars(default: object) -> bool:
    """Whether a list holds scalars, or lists of them, so that its items can be read by their type."""
    if isinstance(default, (list, tuple)):
        return bool(default) and all(map(of_scalars, default))
    return default is not None and not isinstance(default, dict)


def _scalar(wanted: type, value: object, *, loose: bool = False) -> object:
    if isinstance(value, str) and wanted is not str:
        text = value.strip()
        if wanted is int and loose:
            value = resolved(text)
        else:
            _require_few_digits(text)
            return WORDS[text.lower()] if wanted is bool else wanted(text)
    allowed = (int, float) if wanted is float or (wanted is int and loose) else wanted
    if not isinstance(value, allowed) or (isinstance(value, bool) and wanted is not bool) or not is_plain(value):
        raise ValueError("of another type")
    return value if wanted is int else wanted(value)


def _require_few_digits(text: str) -> None:
    """Refuse a number that Python would not read, or take for infinite."""
    if re.fullmatch(r"[-+.eE_\d]+", text):
        short_number(text)


def of_text(parameter: Parameter, text: str) -> object:
    """What a text behind ``-p`` stands for as far as papermill would know; ``coerce`` knows the rest from the type."""
    return resolved(text) if parameter.type == "any" or (parameter.loose and text == "None") else text


def resolved(text: str) -> object:
    """What papermill makes of a text that ``-p`` gives: True, False, None, a number, or the text."""
    if text in ("True", "False", "None"):
        return ast.literal_eval(text)
    _require_few_digits(text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def is_plain(value: object) -> bool:
    """Whether a value is of those that a notebook can be given and JSON can write."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(is_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, int):
        return value.bit_length() <= MOST_BITS
    return value is None or isinstance(value, (float, str))


def _plain(value: object) -> object:
    if not is_plain(value):
        raise ValueError("not of scalars, lists and dicts with texts as keys")
    return value


def items_of(text: str, *, texts: bool = True) -> list:
    """The items of a list written as text.

    Args:
        text: with or without brackets around it; in YAML's flow form where items are quoted or nested.
        texts: leave scalars as they were written; otherwise they are what YAML makes of them.
    """
    text = text.strip()
    structured = _flow(text, texts) if re.search(r"[\"'{]|.\[", text) or not (texts or ".." in text) else None
    if structured is not None:
        return structured
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    items = []
    for part in (part.strip().strip("'\"") for part in text.split(",")):
        span = re.fullmatch(r"(\d+)\.\.(\d+)", part)
        if span:
            first, last = int(span[1]), int(span[2])
            if not 0 <= last - first < LONGEST_RANGE:
                raise ValueError("not a range")
            items += [str(number) if texts else number for number in range(first, last + 1)]
            if len(items) > MOST_ITEMS:
                raise ValueError("too many items")
        elif part.count("[") != part.count("]") or part.count("{") != part.count("}"):
            raise ValueError("brackets that are not closed")
        elif part:
            items.append(part if texts else resolved(part))
    return items


def _flow(text: str, texts: bool) -> list | None:
    """The list that a text in YAML's flow form stands for; None where it is none."""
    for form in (text, f"[{text}]"):
        try:
            value = read_yaml(form, texts=texts)
        except yaml.YAMLError:
            continue
        if isinstance(value, list):
            return value
    return None


def depth(value: object) -> int:
    """How deep lists are nested: 0 for a scalar, 1 for a flat list."""
    return 1 + max(map(depth, value), default=0) if isinstance(value, (list, tuple)) else 0


def identity(value: object) -> str:
    """A text that two values share only if they are the same, type by type: 1, 1.0, True and "1" are four."""
    return repr(value) if isinstance(value, Expression) else json.dumps(value)


def spell(value: object) -> str:
    """A value as ``-p`` takes it: lists as ``0,1`` or ``0..9`` where that reads back, a text that looks like several as
    one.
    """
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        items = list(map(str, value))
        nested = any(item is None or isinstance(item, (list, tuple, dict)) for item in value)
        plain = as_range(value) or ",".join(items)
        return plain if not nested and _reads_back(plain, items) else json.dumps(list(value), ensure_ascii=False)
    text = str(value)
    several = text.strip().startswith("[") and text.strip().endswith("]")
    return json.dumps([text]) if isinstance(value, str) and (several or not text.isprintable()) else text


def as_range(values: Sequence[object]) -> str:
    """Three or more whole numbers in a row as ``0..9``; "" for other values."""
    whole = len(values) > 2 and all(type(each) is int for each in values)
    in_a_row = whole and list(values) == [*range(values[0], values[-1] + 1)]
    return f"{values[0]}..{values[-1]}" if in_a_row else ""


def _reads_back(text: str, items: list[str]) -> bool:
    try:
        return items_of(text) == items
    except ValueError:
        return False


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
            raise UsageError(f"A parameter is given as name=value, such as epochs=5. Received: {brief(assignment)}")
        if not value.isprintable():
            raise UsageError(f"Parameter {brief(name)} must be printable text. Received: {brief(value)}")
        if name in given:
            raise UsageError(f"Parameter {brief(name)} was given twice: {brief(given[name])} and {brief(value)}.")
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
