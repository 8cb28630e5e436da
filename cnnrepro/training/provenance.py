"""Where numbers come from: versions of what computed them and the commit of the code."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import cnnrepro

LIBRARIES = ("keras", "tensorflow", "jax", "numpy", "tensorflow-datasets", "mlxtend")


def versions() -> dict[str, str]:
    """The versions of Python, cnnrepro and the libraries that decide numbers, of those that are installed."""
    found = {"python": platform.python_version(), "cnnrepro": cnnrepro.__version__}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


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
