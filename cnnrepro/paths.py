"""Where things lie: runs, reports, data and the notebooks.

The *home* of a command is the checkout it is called in (the nearest folder upwards whose pyproject.toml is
cnnrepro's), or else the current folder. So a notebook opened in ``notebooks/`` and a command typed at the top of the
checkout find the same runs.

| what    | environment variable | default                                        |
|---------|----------------------|------------------------------------------------|
| runs    | CNNREPRO_RUNS        | <home>/runs                                    |
| pictures | CNNREPRO_PICTURES   | <runs>/pictures: photographs on their canvas, ready for the next epoch |
| TensorBoard | CNNREPRO_TENSORBOARD | <runs>/tensorboard, where event files are asked for |
| reports | CNNREPRO_REPORTS     | <home>/reports                                 |
| committed | CNNREPRO_COMMITTED | none: folder of pages whose records count as had |
| data    | CNNREPRO_DATA        | TFDS_DATA_DIR, else ~/tensorflow_datasets, else <home>/data where there is no HOME |
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cnnrepro.errors import UsageError


def home(start: Path | None = None) -> Path:
    """The checkout around ``start`` (default: the current folder), or ``start`` itself outside of one."""
    start = working_folder() if start is None else start
    return next((folder for folder in (start, *start.parents) if _is_checkout(folder)), start)


def working_folder() -> Path:
    """The folder that the process works in; raises UsageError where somebody removed it."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("The folder that this was called in is gone; change to another, as with cd ~.") from error


def _is_checkout(folder: Path) -> bool:
    """Whether a folder's pyproject.toml is cnnrepro's."""
    try:
        project = (folder / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(r'(?m)^name = "cnnrepro"$', project) is not None


def runs_dir() -> Path:
    """The folder of the run store."""
    return expand(os.environ.get("CNNREPRO_RUNS") or home() / "runs")


def reports_dir() -> Path:
    """The folder of the report pages."""
    return expand(os.environ.get("CNNREPRO_REPORTS") or home() / "reports")


def committed_dir() -> Path | None:
    """The folder of pages whose records count as had; None where there is none."""
    chosen = os.environ.get("CNNREPRO_COMMITTED")
    return expand(chosen) if chosen else None


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """For the length of a block environment variables have these values, also for processes started in it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def runs_at(folder: Path) -> contextlib.AbstractContextManager[None]:
    """For the length of a block ``runs_dir`` is this folder, so that what ``--runs`` names holds for all in it."""
    return environment(CNNREPRO_RUNS=str(folder.resolve()))


def pictures_dir(runs: Path | None = None) -> Path:
    """The folder of the cached forms of photographs, beside the runs that are trained on them."""
    chosen = os.environ.get("CNNREPRO_PICTURES")
    return expand(chosen) if chosen else (runs or runs_dir()) / "pictures"


def tensorboard_dir(runs: Path | None = None) -> Path:
    """The folder of TensorBoard's event files, with a folder for each run."""
    chosen = os.environ.get("CNNREPRO_TENSORBOARD")
    return expand(chosen) if chosen else (runs or runs_dir()) / "tensorboard"


def expand(path: Path | str) -> Path:
    """A path with a leading ``~`` replaced; left as it is where there is no home (no HOME and no passwd entry)."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises where this leaves the path alone


def data_dir() -> Path:
    """The folder in which tensorflow-datasets keeps prepared data."""
    folder = expand(os.environ.get("CNNREPRO_DATA") or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    return home() / "data" if folder.parts[:1] == ("~",) else folder  # there is no home


def notebooks_dir() -> Path:
    """The folder of the notebooks: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    carried = package / "notebooks"
    return carried if carried.is_dir() else package.parent / "notebooks"


def documented_checkout() -> Path | None:
    """The checkout that the package lies in, with README.md and docs/; None where it is installed from a wheel."""
    folder = Path(__file__).parent.parent
    return folder if _is_checkout(folder) and (folder / "docs").is_dir() else None


def nearest_existing(folder: Path) -> Path:
    """The folder itself or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def require_writable(folder: Path, option: str) -> Path:
    """Check that files can be made in ``folder``, and leave everything as it was: a folder that is missing stays so.

    Args:
        folder: the folder to write into.
        option: how the user named it, for the error ("--runs").

    Raises:
        UsageError: the folder cannot be made or written.
    """
    missing = [place for place in (folder, *folder.absolute().parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # without a name where the system can, so that none is ever left
            pass
    except OSError as error:
        raise UsageError(
            f"{option} {str(folder)!r} cannot be written ({error.strerror}); name a folder that you can write to."
        ) from error
    finally:
        for place in missing:
            with contextlib.suppress(OSError):  # not made, or in use by now
                place.rmdir()
    return folder
