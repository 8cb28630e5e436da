"""The command that trains a run: ``cnnrepro train …`` from its spec."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from cnnrepro import models
from cnnrepro.recipes.catalogue import recipe
from cnnrepro.runs.spec import RunSpec

# Options of the command that have the field's name, and what they are where they are left out.
_PLAIN = {
    "seed": 0,
    "learning_rate": None,
    "precision": "auto",
    "train_images": None,
    "canvas": None,
    "on_error": "stop",
    "evaluate": "as_trained",
}


def train_command(spec: RunSpec, *more: str) -> str:
    """The command that trains a run, in the fewest words; empty where no command names it, but Python alone.

    Args:
        spec: the run.
        more: further words of the command, such as ``--keep-weights``.
    """
    if spec.probes or not spec.deterministic:
        return ""
    return shlex.join(["cnnrepro", "train", spec.model, "--dataset", spec.dataset, *_options(spec), *more])


def _options(spec: RunSpec) -> Iterator[str]:
    """The options that differ from what the command takes without them."""
    chosen = recipe(spec.recipe)
    usual = {"epochs": chosen.epochs, "batch_size": chosen.batch_size, "pipeline": chosen.pipeline_for(spec.model)}
    for name, default in {"recipe": "adam", **usual, **_PLAIN}.items():
        value = getattr(spec, name)
        if value != default:
            yield from (f"--{name.replace('_', '-')}", str(value))
    for momentum in spec.momenta:
        yield from ("--momenta", str(momentum))
    known = models.entry(spec.model).options
    defaults = {name: option.default for name, option in known.items()} | dict(chosen.options)
    for name, value in spec.options:
        if name not in defaults or value != defaults[name]:
            yield from ("-o", f"{name}={_spelled(value)}")


def _spelled(value: object) -> str:
    """A value as an option of a model reads it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
