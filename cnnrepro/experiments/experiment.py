"""What an experiment is: its question, its runs, its parameters for a smoke run.

The figures and verdicts that its page must have are read from its notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cnnrepro import paths
from cnnrepro.experiments import page_contents
from cnnrepro.experiments.results import Arm


def no_runs(**parameters: object) -> tuple[Arm, ...]:
    """The arms of a notebook that trains nothing."""
    return ()


@dataclass(frozen=True)
class Experiment:
    """An experiment and its notebook.

    Args:
        name: what users call it; also the name of its notebook.
        title: a heading for its page.
        question: what it finds out, in one sentence.
        expected: what was seen with the defaults, on which machine.
        minutes: on 2 CPU cores with the defaults, nothing trained before.
        arms: turns all parameters of the notebook into arms of runs; raises UsageError for a bad value.
        smoke: parameters that make it small for a smoke run; the defaults where there are none.
    """

    name: str
    title: str
    question: str
    expected: str
    minutes: float
    arms: Callable[..., tuple[Arm, ...]] = no_runs
    smoke: Mapping[str, object] = field(default_factory=dict)

    @property
    def notebook(self) -> Path:
        """The notebook's path."""
        return paths.notebooks_dir() / f"{self.name}.ipynb"

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures its page must have."""
        return page_contents.figures(self.notebook)

    @property
    def claims(self) -> tuple[int, ...]:
        """Numbers of the statements in the ledger that its page gives verdicts on."""
        return page_contents.statements(self.notebook)
