"""The state of a run after an epoch: all that the next epoch depends on.

Keras's BackupAndRestore leaves the state of Dropout's random generators out, so that a resumed AlexNet differs from
one that was left alone. Here every variable of the model (weights, moving statistics, seed states) and of the
optimiser is kept. The order of the data needs no state: it follows from (seed, epoch).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from cnnrepro.files import write_whole

if TYPE_CHECKING:
    import keras

FURTHER = "further/"  # before the names of arrays that are no variables
NAME, PREVIOUS, DAMAGED = "checkpoint.npz", "checkpoint.previous.npz", "checkpoint.damaged.npz"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds besides the variables: the curves so far, the seconds they took, and further arrays."""

    history: dict[str, list[float]]
    seconds: float
    further: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history["loss"])


def _variables(model: keras.Model) -> dict[str, object]:
    """Every variable of model and optimiser, under a name that says which it is."""
    owners = {"model": model, "optimizer": model.optimizer}
    return {
        f"{name}/{number}/{variable.path}": variable
        for name, owner in owners.items()
        for number, variable in enumerate(owner.variables)
    }


def save(folder: Path, model: keras.Model, checkpoint: Checkpoint, check: Callable[[], object] = lambda: None) -> None:
    """Write the state and keep the one before it: whatever happens, one of the two is whole.

    Args:
        folder: the run's.
        model: compiled, with a built optimiser.
        checkpoint: what is kept besides.
        check: raises where the folder is no longer this process's to write; called just before files are moved.
    """
    from cnnrepro.engine import keras

    arrays = {name: keras.ops.convert_to_numpy(variable.value) for name, variable in _variables(model).items()}
    about = json.dumps({"history": checkpoint.history, "seconds": checkpoint.seconds})
    path = folder / NAME

    def write(file: IO[bytes]) -> None:
        further = {f"{FURTHER}{name}": array for name, array in checkpoint.further.items()}
        np.savez(file, about=np.array(about), **arrays, **further)

    def keep_last() -> None:
        check()
        if path.is_file():
            path.replace(folder / PREVIOUS)

    write_whole(path, write, before_move=keep_last)


def restore(folder: Path, model: keras.Model) -> Checkpoint | None:
    """Put the newest state that can be read whole back into a compiled model with a built optimiser.

    Returns:
        What the checkpoint says, or None where there is none; nothing is changed then. A file that cannot be read is
        set aside.
    """
    variables = _variables(model)
    for path in (folder / NAME, folder / PREVIOUS):
        if not path.is_file():
            continue
        content = _read(path, variables) if is_whole(path) else None
        if content is None:
            path.replace(folder / DAMAGED)
            continue
        checkpoint, arrays = content
        for name, variable in variables.items():
            variable.assign(arrays[name])
        return checkpoint
    return None


def _read(path: Path, variables: Mapping[str, object]) -> tuple[Checkpoint, dict[str, np.ndarray]] | None:
    """A whole file as a checkpoint and its arrays; None where it is none, or one of another model."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {name: file[name] for name in variables}
            further = {name.removeprefix(FURTHER): file[name] for name in file.files if name.startswith(FURTHER)}
        checkpoint = Checkpoint(history=about["history"], seconds=about["seconds"], further=further)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if any(arrays[name].shape != tuple(variable.shape) for name, variable in variables.items()):
        return None
    return checkpoint, arrays


def is_whole(path: Path) -> bool:
    """Whether a checkpoint's file can be read to its end: the zip container has a CRC of every array.

    It is read in pieces, so that damaged sizes ask for no memory; to be short of it says nothing of the file.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except MemoryError:
        raise
    except Exception:  # bytes that were changed can mean anything: encryption, another compression, a place before 0
        return False


def remove(folder: Path) -> None:
    """Remove the checkpoints of a run that has ended."""
    for name in (NAME, PREVIOUS, DAMAGED):
        (folder / name).unlink(missing_ok=True)
