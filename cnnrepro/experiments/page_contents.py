"""What the page of a notebook must show, read off its code: figures and verdicts."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path


def figures(notebook: Path) -> tuple[str, ...]:
    """The names in its calls of ``report.show(figure, "name", …)``, in their order, as far as they are literals."""
    names = (call.args[1] for call in calls(notebook, "report.show") if len(call.args) > 1)
    return tuple(name.value for name in names if isinstance(name, ast.Constant))


def statements(notebook: Path) -> tuple[int, ...]:
    """The numbers in its calls of ``report.show_verdict(claims.check(7))``, sorted."""
    return tuple(sorted({number for call in calls(notebook, "report.show_verdict") for number in _numbers(call)}))


def _numbers(call: ast.Call) -> Iterator[int]:
    return (node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, int))


def calls(notebook: Path, function: str) -> list[ast.Call]:
    """The calls of a function, by its dotted name, in the code cells of a notebook, in their order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in nodes if ast.unparse(call.func) == function]
