"""The race: the sides in turn, each training in a process of its own, as many rounds as asked."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from cnnrepro import machine, paths
from cnnrepro.errors import WorkFailed
from cnnrepro.files import json_text, write_whole
from cnnrepro.lessons.fast_mnist.lap import Lap, read_lap
from cnnrepro.runs.spec import RunSpec
from cnnrepro.stderr import say_line
from cnnrepro.training import provenance
from cnnrepro.training.resolve import resolve

# What each is called, its module in this folder, and what must be installed for it.
SIDES = {"fast-mnist": ("ours", "keras"), "keras.io": ("keras_io", "keras"), "PyTorch": ("pytorch", "torch")}
FOLDER = "races"  # in the folder of runs


def missing_sides() -> list[str]:
    """The sides that cannot run here, as what they need is not installed."""
    return [side for side, (_, needed) in SIDES.items() if importlib.util.find_spec(needed) is None]


def race(spec: RunSpec, rounds: int, *, peer_epochs: int = 0, runs: Path | str | None = None) -> list[Lap]:
    """The laps of a race, side by side in time: in every round each side trains once, in a process of its own.

    Laps that were run already on this machine, with these versions, are read from the folder of runs; a race that was
    broken off, or is asked for more rounds, goes on from there.

    Args:
        spec: our side; its seed is that of the first round.
        rounds: how often each side trains; the seed goes up by 1.
        peer_epochs: of the others; 0 for as many as keras.io's script has.
        runs: folder of the store; by default ``cnnrepro.paths.runs_dir()``.

    Raises:
        WorkFailed: a training failed; with the end of what it said.
    """
    sides = [side for side in SIDES if side not in missing_sides()]
    folder = Path(runs) if runs else paths.runs_dir()
    place = folder / FOLDER / f"{_key(spec, peer_epochs, sides)}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else []
    order = [(seed, side) for seed in range(spec.seed, spec.seed + rounds) for side in sides]
    laps = [Lap(**lap) for lap in kept]
    for seed, side in order[len(laps) :]:
        say_line(f"cnnrepro: race, seed {seed}: {side}")
        laps.append(_lap(side, spec, seed, peer_epochs))
        text = json_text([asdict(lap) for lap in laps]).encode()
        write_whole(place, lambda file, text=text: file.write(text))
    return laps[: len(order)]


def _key(spec: RunSpec, peer_epochs: int, sides: Sequence[str]) -> str:
    """Names a race: what is trained, and what on."""
    decides = [resolve(spec).key, peer_epochs, sides, provenance.versions(), machine.describe().summary()]
    return hashlib.sha256(json_text(decides).encode()).hexdigest()[:16]


def _lap(side: str, spec: RunSpec, seed: int, peer_epochs: int) -> Lap:
    module, _ = SIDES[side]
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "lap.json"
        asked = {"spec": spec.to_dict(), "dataset": spec.dataset, "seed": seed, "epochs": peer_epochs, "to": str(to)}
        command = [sys.executable, "-m", f"cnnrepro.lessons.fast_mnist.{module}", json.dumps(asked)]
        # A process started in a notebook would find the package in another folder than the notebook did.
        places = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        began = perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": places})  # noqa: S603
        seconds = perf_counter() - began
        if done.returncode:
            raise WorkFailed(f"The training of {side} with seed {seed} failed: {done.stderr.strip()[-500:]}")
        return read_lap(to, process_seconds=seconds)
