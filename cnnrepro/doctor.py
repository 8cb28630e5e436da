"""What this machine can do for cnnrepro, and what to do about what it cannot."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnrepro import data, machine, paths
from cnnrepro.errors import UsageError

OK, NOTE, PROBLEM = "ok", "note", "problem"

# A checkpoint of alexnet_small with Adam is 3 · 5.8 M · 4 bytes = 70 MB, written beside the last one: twice that, and
# reports and records besides.
ENOUGH_DISK_GIB = 1.0
# Training alexnet_small with batch 128 takes some 1.5 GiB, TensorFlow included.
ENOUGH_MEMORY_GIB = 4.0


@dataclass(frozen=True)
class Finding:
    """One line of the report: what was looked at, what was found, and what to do about it (empty: nothing)."""

    topic: str
    state: str
    found: str
    advice: str = ""


def examine(runs: Path, reports: Path) -> list[Finding]:
    """Look at everything.

    Args:
        runs: the folder of the run store.
        reports: the folder of the pages.
    """
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _keras,
        _processor,
        _notebooks,
        lambda: _folders({"--runs": runs, "--reports": reports}),
        _data,
    )
    return [finding for check in checks for finding in check()]


def _python() -> Iterator[Finding]:
    yield Finding("Python", OK, f"{platform.python_version()} at {sys.prefix}")


def _keras() -> Iterator[Finding]:
    try:
        from cnnrepro.engine import backend, gpus, keras
    except Exception as error:  # whatever a broken installation raises is the finding
        yield Finding(
            "Keras", PROBLEM, f"cannot be imported: {error}", "Reinstall: `make install`, or `pip install cnnrepro`."
        )
        return
    versions = [f"Keras {keras.__version__}"]
    for library in ("tensorflow", "jax", "tensorflow-datasets"):
        try:
            versions.append(f"{library} {importlib.metadata.version(library)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    yield Finding("Keras", OK, f"{', '.join(versions)}; backend {backend()}")
    seen, listed = gpus(), machine.describe().gpus
    if seen:
        yield Finding("GPU", OK, ", ".join(gpu.name for gpu in listed) or ", ".join(seen))
    elif listed:
        yield Finding(
            "GPU",
            PROBLEM,
            f"the driver lists {', '.join(gpu.name for gpu in listed)}, {backend()} sees none",
            "Install TensorFlow with CUDA: `pip install 'tensorflow[and-cuda]'`; or JAX: `pip install 'jax[cuda13]'` "
            "and set KERAS_BACKEND=jax.",
        )
    else:
        yield Finding("GPU", NOTE, "none", "Everything runs without one; mnist takes some 25 minutes a seed.")


def _processor() -> Iterator[Finding]:
    this = machine.describe()
    formats = "bfloat16 is native" if this.cpu_bfloat16 else "no native bfloat16, so precision auto is float32"
    yield Finding("Processor", OK, f"{this.cores} cores of {this.cpu}; {formats}")
    state, advice = OK, ""
    if 0 < this.memory_gib < ENOUGH_MEMORY_GIB:
        state, advice = NOTE, "Use a smaller batch: -p batch_size=32."
    yield Finding("Memory", state, f"{this.memory_gib:.1f} GiB", advice)


def _notebooks() -> Iterator[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    names = sorted(path.stem for path in paths.notebooks_dir().glob("*.ipynb"))
    if names:
        yield Finding("Notebooks", OK, f"{', '.join(names)} in {paths.notebooks_dir()}")
    else:
        yield Finding("Notebooks", PROBLEM, f"none in {paths.notebooks_dir()}", "Reinstall cnnrepro.")
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
        is_this = command in ("python", "python3") or Path(command).resolve() == Path(sys.executable).resolve()
        problem = "" if is_this else f"python3 is {command}, another Python"
    except NoSuchKernel:
        problem = "no kernel python3"
    if problem:
        yield Finding("Kernel", PROBLEM, problem, f"Run `{sys.executable} -m ipykernel install --sys-prefix`.")
    else:
        yield Finding("Kernel", OK, "python3 is this Python")


def _folders(folders: dict[str, Path]) -> Iterator[Finding]:
    for option, folder in folders.items():
        try:
            paths.require_writable(folder, option)
        except UsageError as error:
            yield Finding(option, PROBLEM, str(error), f"Name another with {option}.")
            continue
        free = shutil.disk_usage(paths.nearest_existing(folder)).free / 2**30
        if free < ENOUGH_DISK_GIB:
            yield Finding(option, PROBLEM, f"{folder}, {free:.1f} GiB free", "Free some space or name another folder.")
        else:
            yield Finding(option, OK, f"{folder}, {free:.0f} GiB free")


def _data() -> Iterator[Finding]:
    for name in data.DATASETS:
        status = data.status(name)
        if status == "absent":
            advice = f"`cnnrepro data prepare {name}`, or with --from DIR where its files lie."
            yield Finding(f"Data set {name}", NOTE, "not on this machine", advice)
        else:
            yield Finding(f"Data set {name}", OK, status)
