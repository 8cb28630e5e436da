"""What batches cost beside the training itself.

    python benchmarks/batch.py [run] [jobs] [tiny] [lookups] [--repeats 3] [--json FILE]

run      `cnnrepro run` and papermill against the bare script (the notebook's code in one Python process): seconds of
         whole commands, in turn, first on an empty store (an experiment of about a minute), then where every run is
         there already, which is the overhead alone.
jobs     `cnnrepro run alexnet_vs_resnet --jobs 2` against `--jobs 1`, from an empty store to the page.
tiny     200 runs of one epoch of 64 images in one batch: seconds a run beyond `Model.fit` and the test.
lookups  a store of 10,000 records: each looked up by its key, all listed, one found by the beginning of its key.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import nbformat
import typer
from side_by_side import JsonFile, about, write

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "alexnet_vs_resnet.ipynb"
MINUTE = {"epochs": 1, "seeds": [0]}  # of the experiment that `run` measures: some 60 s on 2 cores
JOBS = {"epochs": 1, "seeds": [0, 1]}
TINY, RECORDS = 200, 10_000

Row = dict[str, object]


def seconds(command: list[object], runs: Path) -> float:
    """Wall time of a command that must succeed."""
    environment = os.environ | {"CNNREPRO_RUNS": str(runs), "CNNREPRO_PROGRESS": "none"}
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return time.monotonic() - began


def cnnrepro(*words: object) -> list[object]:
    """A command of cnnrepro, with this Python."""
    return [sys.executable, "-c", "from cnnrepro.cli import main; main()", *words]


def assignments(values: dict[str, object]) -> list[str]:
    """The parameters as `cnnrepro run` takes them."""
    spelled = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in values.items()}
    return [word for name, value in spelled.items() for word in ("-p", f"{name}={value}")]


def script(values: dict[str, object], place: Path) -> Path:
    """The code of the notebook as a plain script with these parameters."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    given = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    parts = [cell.source + (f"\n{given}" if "parameters" in cell.metadata.get("tags", ()) else "") for cell in cells]
    place.write_text("\n\n".join(parts), encoding="utf-8")
    return place


def measure_run(folder: Path, repeats: int) -> Iterator[Row]:
    """`cnnrepro run` and papermill against the bare script."""
    sides: dict[str, list[object]] = {
        "bare script": [sys.executable, script(MINUTE, folder / "script.py")],
        "papermill": [
            sys.executable,
            "-m",
            "papermill",
            "--no-progress-bar",
            NOTEBOOK,
            folder / "out.ipynb",
            "-y",
            json.dumps(MINUTE),
        ],
        "cnnrepro run": cnnrepro("run", "alexnet_vs_resnet", *assignments(MINUTE), "--reports", folder / "reports"),
    }
    for state in ("an empty store", "all runs there"):
        taken: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(repeats):
            for name, command in sides.items():
                store = folder / "runs"
                if state == "an empty store":
                    shutil.rmtree(store, ignore_errors=True)
                taken[name].append(seconds(command, store))
        bare = taken["bare script"]
        for name, values in taken.items():
            more = [value - other for value, other in zip(values, bare, strict=True)]
            row = {"row": f"{name}, {state}", "seconds": values, "median": statistics.median(values)}
            if name != "bare script":
                row |= {"beyond the bare script": statistics.median(more)}
                row |= {"ratio": statistics.median(value / other for value, other in zip(values, bare, strict=True))}
            yield row


def measure_jobs(folder: Path, repeats: int) -> Iterator[Row]:
    """Two jobs against one."""
    taken: dict[int, list[float]] = {1: [], 2: []}
    for repeat in range(repeats):
        for jobs in (1, 2):
            place = folder / f"jobs-{jobs}-{repeat}"
            words = ("run", "alexnet_vs_resnet", *assignments(JOBS), "--jobs", jobs, "--reports", place / "reports")
            taken[jobs].append(seconds(cnnrepro(*words), place / "runs"))
            shutil.rmtree(place)
    for jobs, values in taken.items():
        yield {"row": f"alexnet_vs_resnet --jobs {jobs}", "seconds": values, "median": statistics.median(values)}
    ratios = [two / one for one, two in zip(taken[1], taken[2], strict=True)]
    yield {"row": "two jobs / one job", "ratio": statistics.median(ratios), "spread": [min(ratios), max(ratios)]}


def measure_tiny(folder: Path, repeats: int) -> Iterator[Row]:
    """A batch of tiny runs in one worker, in a fresh store each time."""
    from cnnrepro.runner.batch_options import TRAINED, BatchOptions
    from cnnrepro.runner.fan_out import fan_out
    from cnnrepro.runs import RunSpec, RunStore
    from cnnrepro.training.stop import StopRequest

    tiny = {"model": "lenet5_modern", "dataset": "mnist_5k", "epochs": 1, "batch_size": 32, "train_images": 64}
    runs = {RunSpec(**tiny, seed=seed, precision="float32"): False for seed in range(TINY)}
    for repeat in range(repeats):
        store = folder / f"tiny-{repeat}"
        began = time.monotonic()
        outcomes = fan_out(runs, BatchOptions(), runs=store, stop=StopRequest())
        wall = time.monotonic() - began
        if any(outcome.status != TRAINED for outcome in outcomes.values()):
            raise SystemExit("not every tiny run was trained")
        records = RunStore(store).records()
        fitting = sum(sum(record.history["seconds"]) for record in records)
        training = sum(record.wall_seconds for record in records)
        yield {
            "row": f"{TINY} tiny runs in one batch",
            "seconds": wall,
            "a run": wall / TINY,
            "of it in Model.fit": fitting / TINY,
            "of it in the record (network, fit, test)": training / TINY,
            "beyond Model.fit": (wall - fitting) / TINY,
            "beyond the record": (wall - training) / TINY,
        }


def measure_lookups(folder: Path, repeats: int) -> Iterator[Row]:
    """10,000 records: copies of one real record under other keys and seeds."""
    from cnnrepro.runs import RunSpec, RunStore
    from cnnrepro.training import train

    store = RunStore(folder / "many")
    spec = RunSpec(
        model="lenet5_modern", dataset="mnist_5k", epochs=5, batch_size=32, train_images=64, precision="float32"
    )
    real = train(spec, runs=folder / "one")
    keys = [f"{number:016x}" for number in range(0, RECORDS * 7919, 7919)]
    for seed, key in enumerate(keys):
        store.put(real.with_(key=key, spec=replace(spec, seed=seed)))

    def each() -> object:
        return [store.get(key) for key in keys]

    looks: dict[str, Callable[[], object]] = {
        "each of 10,000 by its key": each,
        "all of 10,000 listed": lambda: RunStore(store.folder).records(),
        "one of 10,000 by the beginning of its key": lambda: store.find(keys[RECORDS // 2][:14]),
    }
    for name, look in looks.items():
        taken = []
        for _ in range(max(repeats, 5)):
            began = time.monotonic()
            look()
            taken.append(time.monotonic() - began)
        yield {"row": name, "seconds": taken, "median": statistics.median(taken)}


MEASURES = {"run": measure_run, "jobs": measure_jobs, "tiny": measure_tiny, "lookups": measure_lookups}


def main(
    what: Annotated[list[str] | None, typer.Argument(help=f"Some of {', '.join(MEASURES)}; all by default.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats, in turn; the median is reported.")] = 3,
    json_file: JsonFile = None,
) -> None:
    """Measure and print."""
    chosen = what or list(MEASURES)
    unknown = [name for name in chosen if name not in MEASURES]
    if unknown:
        raise typer.BadParameter(f"unknown {unknown[0]!r}; known are {', '.join(MEASURES)}")
    os.environ["CNNREPRO_PROGRESS"] = "none"
    facts = about(repeats)
    print(f"{facts['machine']}; {facts['versions']}")
    rows = []
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="cnnrepro-bench-") as folder:
            for row in MEASURES[name](Path(folder), repeats):
                rows.append(row)
                told = [f"{key} {value:.3f}" for key, value in row.items() if isinstance(value, float)]
                print(f"{row['row']:44} {', '.join(told)}", flush=True)
    write(json_file, rows, facts)


if __name__ == "__main__":
    typer.run(main)
