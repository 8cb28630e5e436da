"""Which pages ``cnnrepro run`` is asked for: experiments, notebooks and batch files with their parameters."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.data import FOLDER
from cnnrepro.errors import UsageError
from cnnrepro.experiments import train_on_your_images
from cnnrepro.experiments.catalogue import EXPERIMENTS, Experiment, experiment
from cnnrepro.experiments.parameters import Parameter, complete, read_parameters, spell
from cnnrepro.experiments.results import Arm
from cnnrepro.runner import batch_file
from cnnrepro.runner.sweeps import combinations

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

LONGEST_SLUG = 80


@dataclass(frozen=True)
class PageRequest:
    """A page to be made.

    Args:
        notebook: the notebook it is drawn by.
        declared: the parameters that the notebook declares.
        parameters: their values, all of them.
        experiment: its entry in the catalogue; None for a notebook of one's own.
        arms: its runs.
    """

    notebook: Path
    declared: Mapping[str, Parameter]
    parameters: Mapping[str, object]
    experiment: Experiment | None
    arms: tuple[Arm, ...]

    @property
    def name(self) -> str:
        """The folder of its reports."""
        return self.experiment.name if self.experiment else self.notebook.stem

    @property
    def title(self) -> str:
        """The heading of its page."""
        if self.experiment:
            return self.experiment.title_of(self.arms)
        return self.notebook.stem.replace("_", " ").capitalize()

    @property
    def claims(self) -> tuple[int, ...]:
        """The statements that it gives a verdict on: of those that its notebook judges, the ones its runs are about."""
        from cnnrepro.claims import decided_by

        specs = [spec for arm in self.arms for spec in arm.specs]
        return decided_by(self.experiment.claims, specs) if self.experiment else ()

    @property
    def given(self) -> dict[str, object]:
        """The parameters that differ from the notebook's defaults."""
        return {name: value for name, value in self.parameters.items() if value != self.declared[name].default}

    @property
    def slug(self) -> str:
        """Its folder below ``name``."""
        return slug(self.declared, self.parameters)


def page_requests(targets: Sequence[str], given: Mapping[str, str]) -> list[PageRequest]:
    """The pages that are asked for, each once, all of them checked before anything starts.

    Args:
        targets: names of experiments, paths of notebooks, or batch files.
        given: the ``-p`` of the command line; they belong to every target, and to no batch file.

    Raises:
        UsageError: an unknown experiment or parameter, a bad value, a notebook or file that cannot be used; names the
            entry of a batch file.
    """
    requests: dict[tuple[str, str], PageRequest] = {}
    for target in targets:
        for request in (_of_file if target.endswith(batch_file.ENDINGS) else _of_target)(target, given):
            other = requests.setdefault((request.name, request.slug), request)
            if other.notebook.resolve() != request.notebook.resolve():
                raise UsageError(
                    f"The pages of {str(other.notebook)!r} and {str(request.notebook)!r} would go to one folder, "
                    f"{request.name!r}; rename one of the notebooks."
                )
    return list(requests.values())


def page_request(target: str, values: Mapping[str, object]) -> PageRequest:
    """The one page of an experiment or notebook whose parameters have these values; each is a value, never a sweep."""
    chosen, notebook, declared = _read(target)
    return _request(chosen, notebook, declared, complete(declared, values, where=target))


def request_of_run(record: RunRecord) -> PageRequest:
    """The page of one run: the experiment ``train_on_your_images`` with the parameters that name it."""
    return page_request(train_on_your_images.NAME, train_on_your_images.parameters_of(record))


def slug(declared: Mapping[str, Parameter], parameters: Mapping[str, object]) -> str:
    """A folder's name for a set of parameters: those that differ from the defaults, or "default".

    A part of a hash is added where letters had to be left out, the name was cut or a text could be taken for another
    parameter, so that two sets never share a folder. Of an absolute path the last name is enough.
    """
    differing = {name: spell(value) for name, value in parameters.items() if value != declared[name].default}
    readable = {name: _last_name(text) for name, text in differing.items()}
    plain = "_".join(f"{name}-{text}" for name, text in readable.items()) or "default"
    safe = re.sub(r"[^A-Za-z0-9._,-]", "-", plain).strip(".")[:LONGEST_SLUG]
    ambiguous = any(f"_{name}-" in f"_{text}" for name in declared for text in differing.values())
    if safe == plain and readable == differing and not ambiguous:
        return safe
    return f"{safe}-{hashlib.sha256(json.dumps(differing).encode()).hexdigest()[:8]}"


def _last_name(text: str) -> str:
    """A text as it is, and of an absolute path, or ``folder:`` and one, its last name: pages are shown to others."""
    path = paths.expand(text.removeprefix(FOLDER))
    return text[: len(FOLDER)] * text.startswith(FOLDER) + path.name if path.is_absolute() else text


def _of_file(path: str, given: Mapping[str, str]) -> Iterator[PageRequest]:
    if given:
        raise UsageError(f"-p goes with an experiment, not with a file; write {next(iter(given))!r} into {path!r}.")
    for number, entry in enumerate(batch_file.read(Path(path)), 1):
        try:
            yield from _of_target(entry.target, entry.parameters)
        except UsageError as error:
            raise UsageError(f"Entry {number} of {path!r}: {error}") from error


def _of_target(target: str, given: Mapping[str, object]) -> list[PageRequest]:
    chosen, notebook, declared = _read(target)
    return [_request(chosen, notebook, declared, values) for values in combinations(declared, given, target)]


def _read(target: str) -> tuple[Experiment | None, Path, Mapping[str, Parameter]]:
    """The experiment that a target names, its notebook and the parameters that this declares."""
    chosen = _experiment_of(target)
    notebook = chosen.notebook if chosen else Path(target)
    if not chosen and (notebook.stem in EXPERIMENTS or notebook.stem.startswith(".") or notebook.stem == "index.html"):
        raise UsageError(
            f"Reports of {str(notebook)!r} would go to a folder {notebook.stem!r}, which is taken; rename the notebook."
        )
    return chosen, notebook, read_parameters(notebook)


def _experiment_of(target: str) -> Experiment | None:
    """The experiment that a target names, or whose notebook it is; None for a notebook of one's own."""
    if target in EXPERIMENTS or not (target.endswith(".ipynb") or "/" in target):
        return experiment(target)
    path = Path(target).resolve()
    return next((entry for entry in EXPERIMENTS.values() if entry.notebook.resolve() == path), None)


def _request(
    chosen: Experiment | None, notebook: Path, declared: Mapping[str, Parameter], values: Mapping[str, object]
) -> PageRequest:
    return PageRequest(notebook, declared, values, chosen, chosen.arms(**values) if chosen else ())
