"""What a shell offers behind a command or an option: names out of the tables, keys of runs, files. Loads no Keras."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import typer

from cnnrepro import paths
from cnnrepro.errors import UsageError

_DESCRIBED = 30  # runs; of more the keys alone, as each record is a file

Offered = list[str] | list[tuple[str, str]]


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def models(incomplete: str) -> Offered:
    """Names of models, and files that hold networks."""
    from cnnrepro.models.catalogue import MODELS

    return _beginning(MODELS, incomplete) or _files(incomplete, (".keras", ".py"))


def datasets(incomplete: str) -> Offered:
    """Names of data sets, and the beginning of ``folder:PATH``."""
    from cnnrepro.data.catalogue import DATASETS, FOLDER

    return _beginning([*DATASETS, FOLDER], incomplete)


def prepared_datasets(incomplete: str) -> Offered:
    """Names of data sets that ``data prepare`` takes."""
    from cnnrepro.data.catalogue import DATASETS

    return _beginning(DATASETS, incomplete)


def recipes(incomplete: str) -> Offered:
    """Names of recipes."""
    from cnnrepro.recipes.catalogue import RECIPES

    return _beginning(RECIPES, incomplete)


def pipelines(incomplete: str) -> Offered:
    """Names of pipelines."""
    from cnnrepro.data.pipelines.catalogue import PIPELINES

    return _beginning(PIPELINES, incomplete)


def experiments(incomplete: str) -> Offered:
    """Names of experiments with their titles."""
    from cnnrepro.experiments.catalogue import EXPERIMENTS

    return [(name, row.title) for name, row in EXPERIMENTS.items() if name.startswith(incomplete)]


def targets(incomplete: str) -> Offered:
    """Names of experiments; notebooks, claims and batch files."""
    return experiments(incomplete) or _files(incomplete, (".ipynb", ".py", ".yaml", ".yml"))


def runs(context: typer.Context, incomplete: str) -> Offered:
    """Keys of the runs in the store that ``--runs`` names, with what they are where they are few."""
    from cnnrepro.runs.store import RunStore

    given = context.params.get("runs") or (context.parent.params.get("runs") if context.parent else None)
    try:
        store = RunStore(paths.expand(given) if given else paths.runs_dir())
    except UsageError:  # it is told when the command is given
        return []
    keys = _beginning(store.keys(), incomplete)
    if len(keys) > _DESCRIBED:
        return keys
    found = [(key, store.readable(key)) for key in keys]
    return [(key, record.spec.title() if record else "cannot be read") for key, record in found]


def networks(context: typer.Context, incomplete: str) -> Offered:
    """Names of models, or keys of runs."""
    return models(incomplete) or runs(context, incomplete)


def pictures(incomplete: str) -> Offered:
    """Picture files and folders."""
    from cnnrepro.data.folder.layout import SUFFIXES

    return _files(incomplete, tuple(SUFFIXES))


def one_of(*names: str) -> Callable[[str], Offered]:
    """Some words."""

    def words(incomplete: str) -> Offered:
        return _beginning(names, incomplete)

    return words


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """The files of some endings, and the folders, whose paths begin as a text does."""
    return sorted(_found(incomplete, endings))


def _found(incomplete: str, endings: tuple[str, ...]) -> Iterator[str]:
    folder, _, start = incomplete.rpartition("/")
    before = f"{folder}/" if "/" in incomplete else ""
    try:
        with os.scandir(paths.expand(before or ".")) as entries:
            for entry in entries:
                if entry.name.startswith(start) and (start or not entry.name.startswith(".")):
                    if entry.is_dir():
                        yield f"{before}{entry.name}/"
                    elif Path(entry.name).suffix.lower() in endings:
                        yield f"{before}{entry.name}"
    except OSError:
        return
