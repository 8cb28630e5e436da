"""The parameters of a notebook of anybody's: papermill's own form, ``alpha = 0.1``, and what may stand around it.

Papermill takes the first cell tagged "parameters" for the defaults and injects the values that are given behind it, or
in place of the cell that an earlier run of it injected. What is set in the same way later on wins, as in any notebook.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.experiments.parameters import (
    TAG,
    TYPES,
    Expression,
    Parameter,
    comment_behind,
    declaration,
    is_plain,
    read_notebook,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

INJECTED_TAG = "injected-parameters"
NAMES = {**{name: name for name in TYPES}, "dict": "dict", "List": "list", "Dict": "dict"}
_TYPE_COMMENT = re.compile(r"type:\s*(\S+)\s*")
_MAGIC = re.compile(r"^.*[%!?].*$", re.MULTILINE)  # a line that may have one
MOST_MAGICS = 100  # lines with magic commands of a cell that is no Python without
LONGEST_WITH_MAGICS = 50_000  # characters of such a cell
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
UNKNOWN = Expression("set by code")


def parameters_of(path: Path) -> tuple[dict[str, Parameter], dict[str, object]]:
    """The parameters that a notebook declares, and the values that an earlier run of papermill left in it.

    Without values that are given, those of the earlier run are the ones that count.

    Raises:
        UsageError: no such file, or not a notebook.
    """
    cells = [(number, cell, _tags(cell)) for number, cell in enumerate(read_notebook(path).cells, 1)]
    tagged = [number for number, _, tags in cells if TAG in tags]
    injected = [number for number, _, tags in cells if INJECTED_TAG in tags]
    place = (injected or tagged or [0])[0]  # the cell behind which, or in whose place, papermill injects
    declared: dict[str, Parameter] = {}
    earlier: dict[str, Parameter] = {}
    for number, cell, tags in cells:
        if cell.cell_type != "code" or not tags & {TAG, INJECTED_TAG}:
            continue
        found = declared_by(cell.source)
        if number == place and injected:
            earlier = found
        else:
            declared |= {name: replace(one, fixed=number if number > place else 0) for name, one in found.items()}
    values = {name: one.default for name, one in earlier.items() if not isinstance(one.default, Expression)}
    return {**earlier, **declared}, values


def _tags(cell: NotebookNode) -> set[str]:
    tags = cell.metadata.get("tags", ())
    return {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, (list, tuple)) else set()


def declared_by(source: str) -> dict[str, Parameter]:
    """The parameters that the source of a cell sets; the last line of each counts, and what is no assignment none."""
    text = python_of(source)
    lines = text.encode(errors="replace").splitlines()
    return {one.name: one for statement in ast.parse(text).body for one in _parameters(statement, lines)}


def python_of(source: str) -> str:
    """The source of a cell as Python, its magic commands as the calls they are; empty where it is no Python."""
    for read in (str, _without_magics):
        try:
            text = read(source)
            ast.parse(text)
        except (SyntaxError, ValueError, RuntimeError, MemoryError):  # also a NUL, or nested too deeply
            continue
        return text
    return ""


def _without_magics(source: str) -> str:
    """The source of a cell with its magic commands as calls; raises ValueError where that would take minutes."""
    from IPython.core.inputtransformer2 import TransformerManager

    if len(source) > LONGEST_WITH_MAGICS or len(_MAGIC.findall(source)) > MOST_MAGICS:
        raise ValueError("IPython reads a cell anew for each magic command in it")
    return TransformerManager().transform_cell(re.sub(r"\A%%.*", "", source))


def _parameters(statement: ast.stmt, lines: list[bytes]) -> Iterator[Parameter]:
    """The parameters that one statement sets."""
    strict = declaration(statement, lines)
    if strict is not None:
        yield strict
        return
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        comment = comment_behind(statement, lines)
        annotation = _expression(statement.annotation) if isinstance(statement, ast.AnnAssign) else ""
        told = _TYPE_COMMENT.match(comment)
        if told:
            annotation, comment = annotation or told[1], comment[told.end() :]
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            for name, node in _pairs(target, statement.value):
                yield _parameter(name, annotation, node, comment)
    elif not isinstance(statement, _DEFINITIONS):
        yield from (Parameter(name, "any", UNKNOWN, loose=True) for name in bound(statement))


def bound(statement: ast.AST) -> list[str]:
    """The names that a statement sets, in it and in the blocks that it opens."""
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return list(dict.fromkeys(node.id for node in nodes))


def names_set_by(source: str) -> list[str]:
    """The names that a cell sets, outside of the functions and classes that it defines."""
    kept = [one for one in ast.parse(python_of(source)).body if not isinstance(one, _DEFINITIONS)]
    return bound(ast.Module(kept, []))


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    """The names of a target with what each is set to."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
        for number, each in enumerate(target.elts):
            yield from _pairs(each, parts[number] if parts else None)


def _parameter(name: str, annotation: str, value: ast.expr | None, comment: str) -> Parameter:
    default = UNKNOWN if value is None else _literal(value)
    kind = "any" if default is None or isinstance(default, Expression) else type(default).__name__
    kind = "list" if kind == "tuple" else kind
    told = NAMES.get(re.sub(r"^\W*(?:Optional|typing)\W+|\[.*|\|.*|\W", "", annotation), "")
    fits = kind in ("any", told) or (told, kind) == ("float", "int")
    return Parameter(name, told if told and fits else kind, default, comment, loose=True)


def _literal(node: ast.expr) -> object:
    """The value of a literal, also of ``float("nan")`` as papermill writes it; the source of anything else."""
    try:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "float" and len(node.args) == 1:
            return float(ast.literal_eval(node.args[0]))
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return _expression(node)
    return value if is_plain(value) else _expression(node)


def _expression(node: ast.expr) -> Expression:
    try:
        return Expression(ast.unparse(node))
    except (ValueError, RecursionError):  # a number of thousands of digits, or nested too deeply
        return UNKNOWN
