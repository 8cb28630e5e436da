"""Which pages ``cnnrepro run`` is asked for: experiments, notebooks, claims and batch files with their parameters."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnnrepro import paths
from cnnrepro.data import FOLDER
from cnnrepro.errors import UsageError, brief, of_path
from cnnrepro.experiments import own_claim, train_on_your_images
from cnnrepro.experiments.catalogue import EXPERIMENTS, Experiment, experiment
from cnnrepro.experiments.papermill_form import parameters_of
from cnnrepro.experiments.parameters import (
    LONGEST_RANGE,
    Expression,
    Parameter,
    as_range,
    coerce,
    complete,
    identity,
    of_text,
    read_notebook,
    read_parameters,
    require_known,
)
from cnnrepro.experiments.results import Arm
from cnnrepro.models import own_network
from cnnrepro.runner import batch_file
from cnnrepro.runner.sweeps import combinations

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

LONGEST_SLUG = 80
DEFAULT = "default"  # the folder of a page whose parameters are all defaults
_INDEX = re.compile(r"index(-\d+)?\.html")  # what the site's own files are called
NETWORKS = ("networks", "model")  # parameters of experiments that name networks


@dataclass(frozen=True)
class PageRequest:
    """A page to be made.

    Args:
        notebook: the notebook it is drawn by.
        declared: the parameters that the notebook declares.
        parameters: their values, all of them.
        experiment: its entry in the catalogue; None for a notebook of one's own.
        arms: its runs.
        earlier: the values that an earlier run of papermill left in the notebook.
    """

    notebook: Path
    declared: Mapping[str, Parameter]
    parameters: Mapping[str, object]
    experiment: Experiment | None
    arms: tuple[Arm, ...]
    earlier: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder of its reports."""
        return self.experiment.name if self.experiment else self.notebook.stem

    @property
    def own_claim(self) -> Path | None:
        """The file of the claim of one's own that it is the page of; None where it is another page."""
        if self.experiment is None or self.experiment.name != own_claim.NAME:
            return None
        return own_claim.path_of(self.parameters["file"])

    @property
    def target(self) -> str:
        """What a command line calls it by: its name, or the path of the notebook or of the claim's file, of an absolute
        one the last part.
        """
        if self.experiment and not self.of_file:
            return self.experiment.name
        path = Path(self.of_file) if self.of_file else self.notebook
        return path.name if path.is_absolute() else str(path)

    @property
    def of_file(self) -> str:
        """The file of its claim, as it was named; empty for the example and for other pages."""
        return self.parameters["file"] if self.own_claim else ""

    @property
    def title(self) -> str:
        """The heading of its page."""
        if self.own_claim:
            statement = own_claim.read(self.of_file).claim.statement
            return replace(self.experiment, title=statement.strip().rstrip(".")).title_of(self.arms)
        if self.experiment:
            return self.experiment.title_of(self.arms)
        from cnnrepro.report.page import first_heading

        return first_heading(read_notebook(self.notebook)) or self.notebook.stem.replace("_", " ").capitalize()

    @property
    def claims(self) -> tuple[int, ...]:
        """The statements that it gives a verdict on: of those that its notebook judges, the ones its runs are about."""
        from cnnrepro.claims import decided_by

        specs = [spec for arm in self.arms for spec in arm.specs]
        return decided_by(self.experiment.claims, specs) if self.experiment else ()

    @property
    def given(self) -> dict[str, object]:
        """The parameters that differ from the notebook's defaults; a claim's file is the target itself."""
        return {} if self.of_file else differing(self.declared, self.parameters)

    @property
    def injected(self) -> Mapping[str, object]:
        """The values that papermill injects: all of an experiment; of a notebook of one's own what is no default.

        A cell that an earlier run of papermill injected is replaced, so what that set is always among them.
        """
        if self.experiment:
            return self.parameters
        chosen = {**{name: self.parameters[name] for name in self.earlier}, **self.given}
        return {name: value for name, value in chosen.items() if not isinstance(value, Expression)}

    @property
    def slug(self) -> str:
        """Its folder below ``name``; of a claim of one's own what its file is called."""
        return slug_of_claim(self.own_claim) if self.of_file else slug(self.declared, self.parameters)


def page_requests(targets: Sequence[str], given: Mapping[str, str], *, trust: bool = False) -> list[PageRequest]:
    """The pages that are asked for, each once, all of them checked before anything starts.

    Args:
        targets: names of experiments, paths of notebooks, files of claims, or batch files.
        given: the ``-p`` of the command line; they belong to every target, and to no batch file.
        trust: let batch files name networks and claims that are code.

    Raises:
        UsageError: an unknown experiment or parameter, a bad value, a notebook or file that cannot be used, code in a
            batch file that is not trusted; names the entry of a batch file.
    """
    requests: dict[tuple[str, str], PageRequest] = {}
    count = 0
    for target in targets:
        of_file = target.endswith(batch_file.ENDINGS)
        for request in _of_file(target, given, trust) if of_file else _of_command(target, given):
            count += 1
            if count > LONGEST_RANGE:
                raise UsageError(
                    f"{of_path(target)} makes more than {LONGEST_RANGE:,} pages; these are the most at once."
                )
            other = requests.setdefault((request.name, request.slug), request)
            if other.notebook.resolve() != request.notebook.resolve():
                raise UsageError(
                    f"The pages of {str(other.notebook)!r} and {str(request.notebook)!r} would go to one folder, "
                    f"{request.name!r}; rename one of the notebooks."
                )
            if other.own_claim != request.own_claim:
                raise UsageError(
                    f"The pages of {other.of_file!r} and {request.of_file!r} would go to one folder, "
                    f"{request.slug!r}; rename one of the files."
                )
    return list(requests.values())


def parameter_rows(target: str) -> list[dict]:
    """One row a parameter of an experiment's or notebook's: what is known of it; a claim's file has none."""
    read = _read(target)
    return [
        {
            "name": one.name,
            "type": one.type if one.type != "any" else "unknown",
            "default": one.default,
            "help": f"set by cell {one.fixed}; takes no value" if one.fixed else one.help,
        }
        for one in read.declared.values()
        if one.name not in read.fixed
    ]


def page_request(target: str, values: Mapping[str, object]) -> PageRequest:
    """The one page of an experiment or notebook whose parameters have these values; each is a value, never a sweep."""
    read = _read(target)
    return _request(read, complete(read.declared, {**read.fixed, **values}, where=target))


def request_of_run(record: RunRecord) -> PageRequest:
    """The page of one run: the experiment ``train_on_your_images`` with the parameters that name it."""
    return page_request(train_on_your_images.NAME, train_on_your_images.parameters_of(record))


def slug(declared: Mapping[str, Parameter], parameters: Mapping[str, object]) -> str:
    """A folder's name for a set of parameters: those that differ from the defaults, or "default".

    A part of a hash is added where letters had to be left out, the name was cut, a text could be taken for another
    parameter or does not read back as the value, so that two sets never share a folder. Of an absolute path the last
    name is enough.
    """
    texts = {name: _in_a_name(value) for name, value in differing(declared, parameters).items()}
    readable = {name: _last_name(text) for name, text in texts.items()}
    plain = "_".join(f"{name}-{text}" for name, text in readable.items()) or DEFAULT
    safe = re.sub(r"[^A-Za-z0-9._,-]", "-", plain).strip(".")[:LONGEST_SLUG]
    ambiguous = any(f"_{name}-" in f"_{text}" for name in declared for text in texts.values())
    unread = {name for name, text in texts.items() if not _reads_back(declared[name], text, parameters[name])}
    if safe == plain and readable == texts and not ambiguous and not unread:
        return safe
    exact = {name: [identity(parameters[name])] if name in unread else text for name, text in texts.items()}
    return f"{safe}-{hashlib.sha256(json.dumps(exact).encode()).hexdigest()[:8]}"


def slug_of_claim(file: Path) -> str:
    """A folder's name for a file with a claim: its own without the ending, and never that of a page without a file."""
    stem = file.stem
    safe = re.sub(r"[^A-Za-z0-9._,-]", "-", stem).strip(".")[:LONGEST_SLUG]
    return safe if safe == stem and safe != DEFAULT else f"{safe}-{hashlib.sha256(stem.encode()).hexdigest()[:8]}"


def differing(declared: Mapping[str, Parameter], parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters that are not their defaults; of numbers the type counts too."""
    return {name: value for name, value in parameters.items() if identity(value) != identity(declared[name].default)}


def _in_a_name(value: object) -> str:
    """A value in a folder's name: what is in it, without brackets; of three or more numbers in a row a range."""
    if isinstance(value, dict):
        return ",".join(f"{_in_a_name(key)}-{_in_a_name(each)}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return as_range(value) or ",".join(map(_in_a_name, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reads_back(parameter: Parameter, text: str, value: object) -> bool:
    try:
        return identity(coerce(parameter, of_text(parameter, text))) == identity(value)
    except UsageError:
        return False


def _last_name(text: str) -> str:
    """A text as it is, and of an absolute path, or ``folder:`` and one, its last name: pages are shown to others."""
    path = paths.expand(text.removeprefix(FOLDER))
    return text[: len(FOLDER)] * text.startswith(FOLDER) + path.name if path.is_absolute() else text


def _of_file(path: str, given: Mapping[str, str], trust: bool) -> Iterator[PageRequest]:
    if given:
        raise UsageError(f"-p goes with an experiment, not with a file; write {next(iter(given))!r} into {path!r}.")
    for number, entry in enumerate(batch_file.read(Path(path)), 1):
        try:
            read = _read(entry.target)
            for values in _value_sets(read, entry.parameters, entry.target):
                if not trust:
                    _refuse_code(read, values)
                yield _request(read, values)
        except UsageError as error:
            raise UsageError(f"Entry {number} of {path!r}: {error}") from error


def _refuse_code(read: _Read, values: Mapping[str, object]) -> None:
    """Refuse a network or a claim that is code: it runs when whoever gives the command names it, and not because a file
    does.

    Values are looked at as they will be used: a text in a file can be written in many ways.
    """
    if read.experiment is None:
        return  # a notebook, which is code itself
    if read.experiment.name == own_claim.NAME and values["file"]:
        raise UsageError(f"{brief(values['file'])} is code that would run. Give --trust if you trust it.")
    named = [values.get(name) for name in NETWORKS]
    for network in (one for given in named for one in (given if isinstance(given, (list, tuple)) else [given])):
        if isinstance(network, str) and own_network.is_own(network) and own_network.runs_code(network):
            raise UsageError(f"It names {brief(network)}, which is code that would run. Give --trust if you trust it.")


def _of_command(target: str, given: Mapping[str, str]) -> list[PageRequest]:
    read = _read(target)
    if read.fixed:
        return _of_target(read, given, target)
    require_known(given, read.declared, target)
    return _of_target(read, {name: of_text(read.declared[name], text) for name, text in given.items()}, target)


def _of_target(read: _Read, given: Mapping[str, object], target: str) -> list[PageRequest]:
    return [_request(read, values) for values in _value_sets(read, given, target)]


def _value_sets(read: _Read, given: Mapping[str, object], target: str) -> list[dict[str, object]]:
    """The values of all parameters, page by page, that are asked for of a target."""
    if not given:
        return [complete(read.declared, read.fixed) | read.earlier]
    if read.fixed:
        raise UsageError(
            f"{of_path(target)} takes no parameters: what may be changed stands in it. Received: "
            f"{brief(next(iter(given)))}"
        )
    return combinations(read.declared, given, target)


class _Read(NamedTuple):
    """The experiment that a target names, and what its notebook says of its parameters."""

    experiment: Experiment | None
    notebook: Path
    declared: Mapping[str, Parameter]
    earlier: Mapping[str, object]
    fixed: Mapping[str, object] = {}  # parameters that the target itself sets


def _read(target: str) -> _Read:
    if target.endswith(own_claim.ENDING):
        chosen = experiment(own_claim.NAME)
        return _Read(chosen, chosen.notebook, read_parameters(chosen.notebook), {}, {"file": target})
    chosen = _experiment_of(target)
    notebook = chosen.notebook if chosen else Path(target)
    if not chosen and (
        notebook.stem in EXPERIMENTS or notebook.stem.startswith(".") or _INDEX.fullmatch(notebook.stem)
    ):
        raise UsageError(
            f"Reports of {of_path(notebook)} would go to a folder {brief(notebook.stem)}, which is taken; rename "
            f"the notebook."
        )
    return _Read(chosen, notebook, *((read_parameters(notebook), {}) if chosen else parameters_of(notebook)))


def _experiment_of(target: str) -> Experiment | None:
    """The experiment that a target names, or whose notebook or whole copy of it it is; None for one's own notebook."""
    if target in EXPERIMENTS or not (target.endswith(".ipynb") or "/" in target):
        return experiment(target)
    path = Path(target).resolve()
    chosen = EXPERIMENTS.get(path.stem)
    if chosen is None or not path.is_file():
        return None
    own = chosen.notebook.resolve()
    return chosen if path == own or path.read_bytes() == own.read_bytes() else None


def _request(read: _Read, values: Mapping[str, object]) -> PageRequest:
    arms = read.experiment.arms(**values) if read.experiment else ()
    return PageRequest(read.notebook, read.declared, values, read.experiment, arms, read.earlier)
