"""Where a training step's time goes: the operations of a row of benchmarks/training.py, by kind.

    python benchmarks/step_profile.py [--row NAME]… [--precision NAME]… [--json FILE]

The last of three epochs of ``cnnrepro.train``'s step is recorded by TensorFlow's profiler. Times are those of the
operations, summed over the threads that compute at the same time: with two cores they come to up to twice the time of
the step. What is in no operation (Python, the executor, waiting) is the difference to that.
"""

from __future__ import annotations

import collections
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from training import PRECISIONS, ROWS, Row, chosen, images_of
from training_arm import Job, spec_of, splits_of

# The kinds, and the operations that belong to each, by how their names begin; the first that fits counts.
KINDS = {
    "convolutions": (
        "_MklNativeConv",
        "_MklNativeFusedConv",
        "Conv2D",
        "_FusedConv",
        "_MklConv",
        "_MklNativeDepthwise",
    ),
    "matrix products": (
        "_MklMatMul",
        "_MklNativeFusedMatMul",
        "MatMul",
        "BatchMatMul",
        "_MklNativeBatchMatMul",
        "Einsum",
    ),
    "normalisation": ("_MklNativeFusedBatchNorm", "FusedBatchNorm", "LRN", "_MklLRN"),
    "pools": ("_MklNativeMaxPool", "_MklNativeAvgPool", "MaxPool", "AvgPool"),
    "optimiser": ("ResourceApply",),
    "input": ("Iterator", "ParallelMap", "Prefetch", "Gather", "MapDataset", "Range", "Batch"),
}
OTHERS = "element by element, and copies"
# What the profiler records around operations.
AROUND = re.compile(r"Process|Run|DoCompute|Root|Start|Done|Execut|Dataset")


def profile(row: Row, precision: str, folder: Path) -> dict:
    """Milliseconds a step by kind of operation, and of the step itself."""
    import tensorflow as tf

    from cnnrepro.training.epoch import compiled_model, numeric_mode, train_epoch
    from cnnrepro.training.progress import Progress
    from cnnrepro.training.resolve import resolve

    job = Job(row.model, row.dataset, row.classes, row.batch, precision, str(images_of(row, folder / "images.npz")))
    splits = splits_of(job)
    run = resolve(spec_of(job, splits), splits)
    with numeric_mode(run):
        model = compiled_model(run).model
        validation = run.feed.batches("validation", row.batch)
        for epoch in range(1 + job.epochs):
            if epoch == job.epochs:
                tf.profiler.experimental.start(str(folder))
            measured = train_epoch(run, model, validation, epoch, {}, Progress())
        tf.profiler.experimental.stop()
    by_kind = collections.Counter()
    for operation, seconds in _operations(folder):
        by_kind[_kind(operation)] += 1000 * seconds / row.steps
    return {
        "row": row.title,
        "precision": precision,
        "step": 1000 * row.batch / measured["images_per_second"],
        "kinds": {kind: by_kind[kind] for kind in (*KINDS, OTHERS)},
    }


def _operations(folder: Path) -> list[tuple[str, float]]:
    """Names of the operations that ran, and the seconds that each took."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(max(folder.rglob("*.xplane.pb")).read_bytes())
    found = []
    for plane in space.planes:
        for line in plane.lines if "CPU" in plane.name else ():
            for event in line.events:
                _, colon, name = plane.event_metadata[event.metadata_id].name.rpartition(":")  # "place in the graph:Op"
                if colon and re.fullmatch(r"_?[A-Z]\w*", name) and not AROUND.match(name):
                    found.append((name, event.duration_ps / 1e12))
    return found


def _kind(operation: str) -> str:
    return next((kind for kind, names in KINDS.items() if operation.startswith(names)), OTHERS)


def lines(found: Mapping) -> list[str]:
    """What was found, as a table's rows."""
    total = sum(found["kinds"].values())
    shares = ", ".join(f"{kind} {spent / total:.0%}" for kind, spent in found["kinds"].items() if spent >= total / 200)
    return [
        f"{found['row']}, {found['precision']}: {found['step']:.1f} ms a step, {total:.1f} ms in operations: {shares}"
    ]


def main(
    row: Annotated[
        list[str] | None, typer.Option(help="Of those of benchmarks/training.py.", show_default="all")
    ] = None,
    precision: Annotated[list[str] | None, typer.Option(help="float32 or mixed_bfloat16.", show_default="both")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results here too.")] = None,
) -> None:
    """Print where the time of a step goes."""
    results = []
    for name in chosen(row, list(ROWS), "row"):
        for each in chosen(precision, PRECISIONS, "precision"):
            with tempfile.TemporaryDirectory() as folder:
                results.append(profile(ROWS[name], each, Path(folder)))
            typer.echo("\n".join(lines(results[-1])))
    if json_file:
        json_file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
