"""The state of a run after an epoch: all that the next epoch depends on.

Keras's BackupAndRestore leaves the state of Dropout's random generators out, so that a resumed AlexNet differs from
one that was left alone. Here every variable of the model (weights, moving statistics, seed states) and of the
optimiser is kept. The order of the data needs no state: it follows from (seed, epoch).
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.files import write_whole

if TYPE_CHECKING:
    import keras

NAME = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds besides the variables: the curves so far and the seconds they took."""

    history: dict[str, list[float]]
    seconds: float

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history["loss"])


def _variables(model: keras.Model) -> dict[str, object]:
    """Every variable of model and optimiser, under a name that says which it is."""
    return {
        **{f"model/{number}/{variable.path}": variable for number, variable in enumerate(model.variables)},
        **{
            f"optimizer/{number}/{variable.path}": variable for number, variable in enumerate(model.optimizer.variables)
        },
    }


def save(folder: Path, model: keras.Model, checkpoint: Checkpoint) -> None:
    """Write the state, in place of the last one, in one move."""
    from cnnrepro.engine import keras

    arrays = {name: keras.ops.convert_to_numpy(variable.value) for name, variable in _variables(model).items()}
    about = json.dumps({"history": checkpoint.history, "seconds": checkpoint.seconds})
    write_whole(folder / NAME, lambda file: np.savez(file, about=np.array(about), **arrays))


def restore(folder: Path, model: keras.Model) -> Checkpoint | None:
    """Put the state back into a compiled model with a built optimiser.

    Returns:
        What the checkpoint says, or None where there is none that can be read whole; nothing is changed then, and an
        unreadable file is set aside.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    variables = _variables(model)
    try:
        # The zip container checks a CRC of every array; pickled objects are refused.
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {name: file[name] for name in variables}
        checkpoint = Checkpoint(history=about["history"], seconds=about["seconds"])
        if any(arrays[name].shape != tuple(variable.shape) for name, variable in variables.items()):
            raise ValueError("shapes differ")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        path.replace(path.with_name("checkpoint.damaged.npz"))
        return None
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return checkpoint


def remove(folder: Path) -> None:
    """Remove the checkpoints of a run that has ended."""
    for name in (NAME, "checkpoint.damaged.npz"):
        (folder / name).unlink(missing_ok=True)
