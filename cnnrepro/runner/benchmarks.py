"""The scripts of ``benchmarks/`` as the command line runs them; they lie in a checkout, outside of the package."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cnnrepro
from cnnrepro.errors import UsageError, unknown

# What each is given for a quick look: a minute or two in all on two cores.
QUICK: dict[str, tuple[str, ...]] = {
    "training": (
        *("--row", "resnet20", "--precision", "float32"),
        *("--arm", "keras", "--arm", "torch", "--repeats", "1"),
    ),
    "layers": ("--repeats", "3"),
    "dense_to_convolution": ("--repeats", "1"),
    "pipeline": ("--repeats", "1", "--images", "256", "--only", "JPEG"),
}
RESULTS = "results"  # in the folder of the benchmarks


def benchmarks_dir() -> Path:
    """The folder of the scripts; raises UsageError where the package is not that of a checkout."""
    folder = Path(cnnrepro.__file__).parents[1] / "benchmarks"
    if not (folder / "side_by_side.py").is_file():
        raise UsageError(
            "The benchmarks are no part of the installed package; get a checkout of cnnrepro, and there run "
            "`make install` and `.venv/bin/cnnrepro bench`."
        )
    return folder


def chosen(names: Sequence[str]) -> list[str]:
    """The benchmarks of these names, or all; raises UsageError for a name that nobody knows."""
    for name in names:
        if name not in QUICK:
            raise unknown("benchmark", name, QUICK)
    return [name for name in QUICK if not names or name in names]


def run_benchmark(name: str, to: Path, *, quick: bool = False) -> bool:
    """Run a benchmark, which says on standard error what it finds.

    Args:
        name: of the benchmark.
        to: the file its results go to.
        quick: with fewer rows and repeats.

    Returns:
        Whether it ended well. One that refuses a row does not, and its file has the other rows.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    command = [sys.executable, str(benchmarks_dir() / f"{name}.py"), "--json", str(to.resolve())]
    return subprocess.run([*command, *(QUICK[name] if quick else ())], stdout=2, check=False).returncode == 0  # noqa: S603
