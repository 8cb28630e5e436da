"""From an experiment to its page: train what is missing, run the notebook, write the page, list it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro import paths
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.experiments import train_on_your_images
from cnnrepro.experiments.catalogue import EXPERIMENTS, Experiment, experiment
from cnnrepro.experiments.parameters import Parameter, complete, read_parameters, spell
from cnnrepro.experiments.results import Arm, collect
from cnnrepro.files import folder_beside
from cnnrepro.runner.notebook import execute, kernels_environment
from cnnrepro.runner.sweeps import combinations

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord
    from cnnrepro.runs.store import RunStore

LONGEST_SLUG = 80
LONGEST_NAME = 230  # bytes of a file's name, of the 255 that systems take


@dataclass(frozen=True)
class Job:
    """A page to be made: a notebook with all its parameters and, for a known experiment, its entry and its runs."""

    notebook: Path
    parameters: Mapping[str, object]
    slug: str
    experiment: Experiment | None
    arms: tuple[Arm, ...]

    @property
    def name(self) -> str:
        """The folder of its reports."""
        return self.experiment.name if self.experiment else self.notebook.stem

    @property
    def title(self) -> str:
        """The heading of its page."""
        return self.experiment.title if self.experiment else self.notebook.stem.replace("_", " ").capitalize()


def plan(target: str, given: Mapping[str, object]) -> Job:
    """What ``cnnrepro run TARGET -p …`` is to do, where every parameter has one value.

    Args:
        target: the name of an experiment, or the path of a notebook.
        given: parameters, as text or values.

    Raises:
        UsageError: an unknown experiment or parameter, a bad value, a notebook that cannot be used.
    """
    chosen, notebook, declared = _target(target)
    return _job(chosen, notebook, declared, complete(declared, given, where=target))


def plans(target: str, given: Mapping[str, object]) -> list[Job]:
    """Likewise, where parameters may have several values: a page for every combination."""
    chosen, notebook, declared = _target(target)
    return [_job(chosen, notebook, declared, values) for values in combinations(declared, given, target)]


def _target(target: str) -> tuple[Experiment | None, Path, Mapping[str, Parameter]]:
    chosen = _experiment_of(target)
    notebook = chosen.notebook if chosen else Path(target)
    if chosen is None:
        _check_name(notebook)
    return chosen, notebook, read_parameters(notebook)


def _job(
    chosen: Experiment | None, notebook: Path, declared: Mapping[str, Parameter], parameters: Mapping[str, object]
) -> Job:
    return Job(notebook, parameters, slug(declared, parameters), chosen, chosen.arms(**parameters) if chosen else ())


def of_record(record: RunRecord) -> Job:
    """The page of one run: the experiment ``train_on_your_images`` with the parameters that name it."""
    return plan(train_on_your_images.NAME, train_on_your_images.parameters_of(record))


def _experiment_of(target: str) -> Experiment | None:
    """The experiment that a target names, or whose notebook it is; None for a notebook of one's own."""
    if target in EXPERIMENTS or not (target.endswith(".ipynb") or "/" in target):
        return experiment(target)
    place = Path(target).resolve()
    return next((one for one in EXPERIMENTS.values() if one.notebook.resolve() == place), None)


def _check_name(notebook: Path) -> None:
    """Refuse a notebook whose reports would have no folder of their own."""
    if notebook.stem in EXPERIMENTS or notebook.stem.startswith(".") or notebook.stem == "index.html":
        raise UsageError(
            f"Reports of {str(notebook)!r} would go to a folder {notebook.stem!r}, which is taken; rename the notebook."
        )


def slug(declared: Mapping[str, Parameter], parameters: Mapping[str, object]) -> str:
    """A folder's name for a set of parameters: those that differ from the defaults, or "default".

    A part of a hash is added where letters had to be left out, the name was cut or a text could be taken for another
    parameter, so that two sets never share a folder.
    """
    differing = {name: spell(value) for name, value in parameters.items() if value != declared[name].default}
    plain = "_".join(f"{name}-{text}" for name, text in differing.items()) or "default"
    safe = re.sub(r"[^A-Za-z0-9._,-]", "-", plain).strip(".")[:LONGEST_SLUG]
    ambiguous = any(f"_{name}-" in f"_{text}" for name in declared for text in differing.values())
    if safe == plain and not ambiguous:
        return safe
    return f"{safe}-{hashlib.sha256(json.dumps(differing).encode()).hexdigest()[:8]}"


def build(job: Job, *, runs: Path, reports: Path) -> Path:
    """Have the runs of a page, and make it.

    Returns:
        The page's path.

    Raises:
        UsageError: a folder that cannot be written; nothing was trained.
        WorkFailed: a run, a cell or the page failed. An earlier page of the same name is left as it was.
    """
    paths.require_writable(runs, "--runs")
    paths.require_writable(reports, "--reports")
    if job.arms:
        collect(job.arms, runs)
    with kernels_environment(runs):
        return draw(job, runs=runs, reports=reports)


def draw(job: Job, *, runs: Path, reports: Path) -> Path:
    """Make a page whose runs are there: ``reports/<experiment>/<slug>/index.html``, records and figures beside it.

    Call it within ``kernels_environment``; several may be drawn at once, in threads.
    """
    from cnnrepro.report import facts, page, site
    from cnnrepro.runs.store import RunStore

    keep_failed = runs / "failed" / f"{_short(f'{job.name}-{job.slug}')}.ipynb"
    try:
        notebook = execute(job.notebook, job.parameters, keep_failed=keep_failed)
    except OSError as error:
        raise WorkFailed(f"The notebook {job.notebook.name} could not be run: {error}") from error
    if job.experiment:
        page.require_complete(notebook, figures=job.experiment.figures, claims=job.experiment.claims)
    else:
        page.require_complete(notebook)
    store = RunStore(runs)
    records = _records(page.run_keys(notebook), store)
    target = reports / job.name / job.slug
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        site.restore(target, reports)
        with folder_beside(target.parent, site.temporary_prefix(target)) as temporary:
            folder = temporary / "page"
            folder.mkdir()
            _copy_records(records, store, folder / "records")
            page.write_page(
                notebook,
                folder,
                title=job.title,
                experiment=job.name,
                parameters=dict(job.parameters),
                facts=facts.page_facts(job.experiment, _given(job), records),
            )
            site.put(folder, target, temporary / site.OLD, reports)
    except OSError as error:
        raise WorkFailed(
            f"The page {target / 'index.html'} could not be written: {error.strerror} "
            f"({error.filename}). The runs are kept; the same command draws it again."
        ) from error
    return target / "index.html"


def _records(keys: list[str], store: RunStore) -> list[RunRecord]:
    """The records that a notebook says it shows."""
    records = store.several(keys)
    if None in records:
        raise WorkFailed(f"The notebook shows run {keys[records.index(None)]}, which is not in {str(store.folder)!r}.")
    return records


def _copy_records(records: list[RunRecord], store: RunStore, folder: Path) -> None:
    """Put what the page was drawn from beside it: record, curves and predictions of each run, no weights."""
    from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD

    for record in records:
        (folder / record.key).mkdir(parents=True)
        for name in (RECORD, CURVES, PREDICTIONS):
            if (store.path(record.key) / name).is_file():
                shutil.copyfile(store.path(record.key) / name, folder / record.key / name)


def _given(job: Job) -> dict[str, object]:
    """The parameters of a job that differ from its notebook's defaults."""
    declared = read_parameters(job.notebook)
    return {name: value for name, value in job.parameters.items() if value != declared[name].default}


def _short(name: str) -> str:
    """A name that a file can have, with an ending: long ones are cut, and told apart by a part of a hash."""
    text = name.encode()
    if len(text) <= LONGEST_NAME:
        return name
    return f"{text[:LONGEST_NAME].decode(errors='ignore')}-{hashlib.sha256(text).hexdigest()[:8]}"
