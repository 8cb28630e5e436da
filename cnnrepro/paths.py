"""Where things lie: runs, reports, data and the notebooks.

The *home* of a command is the checkout it is called in (the nearest folder upwards whose pyproject.toml is
cnnrepro's), or else the current folder. So a notebook opened in ``notebooks/`` and a command typed at the top of the
checkout find the same runs.

| what    | environment variable | default                                        |
|---------|----------------------|------------------------------------------------|
| runs    | CNNREPRO_RUNS        | <home>/runs                                    |
| reports | CNNREPRO_REPORTS     | <home>/reports                                 |
| data    | CNNREPRO_DATA        | TFDS_DATA_DIR, else ~/tensorflow_datasets      |
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from cnnrepro.errors import UsageError


def home(start: Path | None = None) -> Path:
    """The checkout around ``start`` (default: the current folder), or ``start`` itself outside of one."""
    start = Path.cwd() if start is None else start
    for folder in (start, *start.parents):
        project = folder / "pyproject.toml"
        if project.is_file() and re.search(r'(?m)^name = "cnnrepro"$', project.read_text(encoding="utf-8")):
            return folder
    return start


def runs_dir() -> Path:
    """The folder of the run store."""
    return Path(os.environ.get("CNNREPRO_RUNS") or home() / "runs")


def reports_dir() -> Path:
    """The folder of the report pages."""
    return Path(os.environ.get("CNNREPRO_REPORTS") or home() / "reports")


def data_dir() -> Path:
    """The folder in which tensorflow-datasets keeps prepared data."""
    chosen = os.environ.get("CNNREPRO_DATA") or os.environ.get("TFDS_DATA_DIR")
    return Path(chosen) if chosen else Path("~/tensorflow_datasets").expanduser()


def notebooks_dir() -> Path:
    """The folder of the notebooks: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    carried = package / "notebooks"
    return carried if carried.is_dir() else package.parent / "notebooks"


def require_writable(folder: Path, option: str) -> Path:
    """Check that files can be made in ``folder``, making it where it is missing.

    Args:
        folder: the folder to write into.
        option: how the user named it, for the error ("--runs").

    Raises:
        UsageError: the folder cannot be made or written.
    """
    probe = folder / f".writable-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{option} {str(folder)!r} cannot be written ({error.strerror}); name a folder that you can write to."
        ) from error
    return folder
