"""What an experiment is: its question, its runs, its parameters for a smoke run, and what its page must show.

The figures and verdicts that its page must have are read off the code of its notebook.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnnrepro import paths
from cnnrepro.experiments.results import Arm


def no_runs(**parameters: object) -> tuple[Arm, ...]:
    """The arms of a notebook that trains nothing."""
    return ()


@dataclass(frozen=True)
class Experiment:
    """An experiment and its notebook.

    Args:
        name: what users call it; also the name of its notebook.
        title: what it is called in lists, and what its page is headed with.
        question: what it finds out, in one sentence.
        expected: what was seen with the defaults, on which machine.
        minutes: on 2 CPU cores with the defaults, nothing trained before.
        arms: turns all parameters of the notebook into arms of runs; raises UsageError for a bad value.
        smoke: parameters that make it small for a smoke run; the defaults where there are none.
        heading: of a page with runs, from {title}, the first arm's {network}, those of all arms as {networks}, {data}
            and {epochs}.
    """

    name: str
    title: str
    question: str
    expected: str
    minutes: float
    arms: Callable[..., tuple[Arm, ...]] = no_runs
    smoke: Mapping[str, object] = field(default_factory=dict)
    heading: str = "{title}: {data}, {epochs}"

    @property
    def notebook(self) -> Path:
        """The notebook's path."""
        return paths.notebooks_dir() / f"{self.name}.ipynb"

    def title_of(self, arms: Sequence[Arm]) -> str:
        """The heading of its page with these runs: it names their data and epochs, as the page is about no others."""
        if not arms:
            return self.title
        spec = arms[0].specs[0]
        images = f"{spec.train_images:,} training images of " if spec.train_images else ""
        return self.heading.format(
            title=self.title,
            network=arms[0].label,
            networks=" or ".join(dict.fromkeys(arm.label for arm in arms)),
            data=f"{images}{spec.data_title()}",
            epochs=f"{spec.epochs:,} epoch{'s' * (spec.epochs != 1)}",
        )

    @property
    def figures(self) -> tuple[str, ...]:
        """The names in its ``report.show(figure, "name", …)``, in their order, as far as they are literals."""
        names = (call.args[1] for call in calls(self.notebook, "report.show") if len(call.args) > 1)
        return tuple(name.value for name in names if isinstance(name, ast.Constant))

    @property
    def claims(self) -> tuple[int, ...]:
        """The numbers in its ``report.show_verdict(claims.check(7))``, sorted.

        A page gives a verdict on those that its runs are about (``claims.decided_by``).
        """
        nodes = [node for call in calls(self.notebook, "report.show_verdict") for node in ast.walk(call)]
        numbers = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, int)}
        return tuple(sorted(numbers))


def calls(notebook: Path, function: str) -> list[ast.Call]:
    """The calls of a function, by its dotted name, in the code cells of a notebook, in their order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    trees = [ast.parse("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in nodes if ast.unparse(call.func) == function]
