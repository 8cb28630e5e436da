"""Two sides timed in turn, in one process: the form that every benchmark here prints, and writes with --json."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Repeats = Annotated[int, typer.Option(min=1, help="Interleaved repeats; the median is reported.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the rows here.")]


@dataclass(frozen=True)
class Pair:
    """One row of a benchmark.

    Args:
        row: what is measured, with its unit; more is better.
        peer_name: whom we are measured against.
        ours, peer: measure once; each call gives one value.
    """

    row: str
    peer_name: str
    ours: Callable[[], float]
    peer: Callable[[], float]


def measure(pair: Pair, repeats: int) -> dict:
    """Both sides in turn, again and again: medians, the median ratio (above 1: ours is ahead) and its range."""
    values = [(pair.ours(), pair.peer()) for _ in range(repeats)]
    ratios = [ours / peer for ours, peer in values]
    return {
        "row": pair.row,
        "ours": statistics.median(ours for ours, _ in values),
        "peer": statistics.median(peer for _, peer in values),
        "peer_name": pair.peer_name,
        "ratio": statistics.median(ratios),
        "spread": [min(ratios), max(ratios)],
    }


def report(pairs: Iterable[Pair], repeats: int, json_file: Path | None, *, precision: str = "float32") -> None:
    """Measure every pair, print a line for each below the machine and the versions, and write them where asked."""
    from cnnrepro import machine
    from cnnrepro.training import provenance

    print(f"{machine.describe().summary()}; {precision}; {provenance.versions()}")
    rows = []
    for pair in pairs:
        row = measure(pair, repeats)
        rows.append(row)
        low, high = row["spread"]
        print(
            f"{row['row']:62} {row['ours']:7.0f} against {row['peer']:7.0f} ({row['peer_name']}): "
            f"ratio {row['ratio']:.2f}, from {low:.2f} to {high:.2f} in {repeats} repeats",
            flush=True,
        )
    if json_file:
        json_file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
