"""`cnnrepro train --workers …` as real processes of this machine, on JAX."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from cnnrepro.runs import RunStore
from tests.faults.conftest import COMMAND, CURVES, Started

# XLA compiles for longer than such a run trains: without optimising, and what has been compiled is kept.
QUICK = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
}
TOLERANCE = 1e-4  # relative; measured: some 1e-7 until a rectifier or a pool decides otherwise on rounding


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Machine(Started):
    """One worker: a command, its store, what it says, and every process it started."""

    def __init__(self, runs: Path, arguments: list[str], environment: dict[str, str], addresses: Sequence[str] = ()):
        self.runs, self.addresses = runs, addresses
        own = {
            "KERAS_BACKEND": "jax",
            "CNNREPRO_PROGRESS": "none",
            "JAX_COMPILATION_CACHE_DIR": runs.parent / "compiled",
        }
        super().__init__(*COMMAND, "train", *arguments, "--runs", runs, environment=own | QUICK | environment)

    def record(self):
        """The one record of its store; None before there is one."""
        records = RunStore(self.runs).records()
        assert len(records) <= 1
        return records[0] if records else None

    def log(self) -> str:
        return RunStore(self.runs).log_path(self.record().key).read_text(encoding="utf-8")

    def epochs(self) -> int:
        return self.record().epochs_done if self.record() else 0

    def end(self, seconds=420):
        return super().end(seconds)


def arguments(model="lenet5_modern", *, epochs=2, images=389, batch=128, recipe="sgd", more=()) -> list[str]:
    """A run of 3 divided batches and a ragged one of 5 images an epoch, in float32, with small steps.

    With large ones a network makes much of little: AlexNet by the recipe's rate of 0.01, its initial weights moved by
    1e-7 of their size, ends two epochs of one process with another validation accuracy.
    """
    first = [model, "--dataset", "mnist_5k", "--recipe", recipe, "--learning-rate", "0.001", "--epochs", str(epochs)]
    return [*first, "--batch-size", str(batch), "--train-images", str(images), "--precision", "float32", *more]


def start(folder: Path, given: list[str], *, workers=2, environment=None, own=None) -> list[Machine]:
    """All workers of a run; each has a store of its own, of which only the first is written.

    Args:
        folder: holds the stores.
        given: the command's arguments.
        workers: how many; 1 is the command without ``--workers``.
        environment: of all of them.
        own: further arguments of a worker, by its number.
    """
    if workers == 1:
        return [Machine(folder / "0", given, environment or {})]
    addresses = [f"127.0.0.1:{port}" for port in (free_port(), *range(1, workers))]
    return [
        Machine(
            folder / str(number),
            [*given, "--workers", ",".join(addresses), "--worker", str(number), *(own or {}).get(number, ())],
            environment or {},
            addresses,
        )
        for number in range(workers)
    ]


def finished(machines):
    """The record of a run that all workers ended with; all but the first have kept nothing."""
    ends = [machine.end() for machine in machines]
    assert [status for status, _, _ in ends] == [0] * len(ends), ends
    assert len({out for _, out, _ in ends}) == 1
    assert all(machine.record() is None for machine in machines[1:])
    return machines[0].record()


def assert_equal_to_rounding(one, other, *, scored=TOLERANCE, images=0) -> None:
    """Compare the curves and test scores of two records.

    Args:
        one, other: the records.
        scored: the relative difference that validation and test losses may have; those in training have TOLERANCE.
        images: that may have changed sides, in a thousand.
    """
    pairs = {f"{name} {epoch + 1}": pair for name in CURVES for epoch, pair in enumerate(_pairs(one, other, name))}
    pairs |= {f"test {name}": (one.test[name], other.test[name]) for name in one.test}
    differences = {name: abs(a - b) / max(abs(a), abs(b), 1e-30) for name, (a, b) in pairs.items()}
    print({name: f"{value:.1e}" for name, value in differences.items() if value})
    for name, value in differences.items():
        if "accuracy" in name or "error" in name:
            assert abs(pairs[name][0] - pairs[name][1]) <= images / 1000 + 1e-6, (name, pairs[name])
        else:
            assert value <= (scored if name.startswith(("val", "test")) else TOLERANCE), (name, pairs[name])


def _pairs(one, other, name):
    return zip(one.history[name], other.history[name], strict=True)
