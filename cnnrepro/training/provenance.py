"""Where a run's numbers come from: data, machine, versions of the libraries, commit of the code."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cnnrepro
from cnnrepro import data, machine
from cnnrepro.runs.record import RUNNING, RunRecord

if TYPE_CHECKING:
    from cnnrepro.data import Splits
    from cnnrepro.runs.spec import RunSpec
    from cnnrepro.training.resolve import ResolvedRun

NAMED_PICTURES = 100  # of those that were left out, in a record
LIBRARIES = ("keras", "tensorflow", "jax", "numpy", "tensorflow-datasets", "mlxtend")


def versions(libraries: Sequence[str] = LIBRARIES) -> dict[str, str]:
    """Versions of Python, cnnrepro and the libraries, by default those that decide numbers, as far as installed."""
    versions_here = {"python": platform.python_version(), "cnnrepro": cnnrepro.__version__}
    for library in libraries:
        try:
            versions_here[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions_here


def _git(*arguments: str) -> str | None:
    """What git says of the folder of this package; None without git or outside of a checkout."""
    git = shutil.which("git")
    if git is None:
        return None
    folder = Path(cnnrepro.__file__).parent
    try:
        command = [git, "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None


@cache
def commit() -> str | None:
    """The commit of the package's checkout, with "+changes" where the package differs from it; None outside of one.

    An installed package inside somebody else's checkout (a virtual environment in a project) has no commit of its
    own, so the file must be tracked.
    """
    if _git("ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    name = _git("rev-parse", "--short=12", "HEAD")
    return f"{name}+changes" if name and _git("status", "--porcelain", "--", ".") else name


def first_record(run: ResolvedRun, earlier: RunRecord | None) -> RunRecord:
    """The record at the start of a session of a run; ``earlier`` is that of the session before, if there was one."""
    from cnnrepro import engine

    splits = run.splits
    return RunRecord(
        key=run.key,
        status=RUNNING,
        spec=run.spec,
        history=earlier.history if earlier else {},
        precision=run.precision,
        backend=run.backend,
        data={
            "name": splits.name,
            "fingerprint": splits.fingerprint,
            "sizes": dict(splits.sizes),
            "mean": list(splits.mean),
            "std": list(splits.std),
            **_classes(splits),
            **_remarks(splits),
            "input": run.feed.describe(),
        },
        versions=versions(),
        machine={
            **machine.describe().to_dict(on_gpu=bool(engine.gpus())),
            "instruction_set": machine.instruction_set(),
            **engine.on_processor(),
            "settings": machine.settings(),
        },
        commit=commit(),
        started=earlier.started if earlier else datetime.now(UTC).isoformat(timespec="seconds"),
        wall_seconds=earlier.wall_seconds if earlier else 0.0,
        sessions=earlier.sessions + 1 if earlier else 1,
        network=_network(run.spec),
    )


def _network(spec: RunSpec) -> dict:
    """What a network of one's own is made of; empty for others."""
    if not spec.network:
        return {}
    own = spec.own_network()
    return {"configuration": own.configuration, "code": dict(own.code)}


def _classes(splits: Splits) -> dict:
    """The names of the classes where the pictures alone tell them: the network can then be asked without them."""
    named = splits.info.classes
    return {} if named == data.info(splits.name).classes else {"classes": list(named)}


def _remarks(splits: Splits) -> dict:
    """What is to be said of the data: what was left out, is not here, is damaged or shared; empty where nothing is."""
    missing = {"partial": splits.partial} if splits.partial else {}
    if splits.skipped:
        named = [{"picture": name, "reason": reason} for name, reason in splits.skipped[:NAMED_PICTURES]]
        missing |= {"skipped": len(splits.skipped), "skipped_pictures": named}
    return missing | splits.findings.to_dict()
