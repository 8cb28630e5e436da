"""Sides timed in turn: the statistics of a row, and the form in which benchmarks print it, or write it with --json."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Repeats = Annotated[int, typer.Option(min=1, help="Interleaved repeats; the median is reported.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the rows here, with machine and versions.")]

PEER_LIBRARIES = ("torch", "torchvision", "simplejpeg", "albumentations", "opencv-python-headless")


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


def quartiles(values: Sequence[float]) -> list[float]:
    """The first and the third quartile; of one value that value twice."""
    if len(values) == 1:
        return [values[0], values[0]]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [low, high]


def compared(ours: Sequence[float], peers: Mapping[str, Sequence[float]]) -> dict:
    """Ours beside the peer with the greatest median.

    Args:
        ours: a value a repeat; more is better.
        peers: likewise for each peer.

    Returns:
        The medians of both, and of their ratios within a repeat (above 1: ours is ahead) median and quartiles.
    """
    name = max(peers, key=lambda peer: statistics.median(peers[peer]))
    ratios = [mine / theirs for mine, theirs in zip(ours, peers[name], strict=True)]
    return {
        "ours": statistics.median(ours),
        "peer": statistics.median(peers[name]),
        "peer_name": name,
        "ratio": statistics.median(ratios),
        "spread": quartiles(ratios),
    }


def measure(pair: Pair, repeats: int) -> dict:
    """Both sides in turn, again and again."""
    values = [(pair.ours(), pair.peer()) for _ in range(repeats)]
    return {"row": pair.row} | compared([ours for ours, _ in values], {pair.peer_name: [peer for _, peer in values]})


def told(row: Mapping, repeats: int) -> str:
    """A row as a line."""
    low, high = row["spread"]
    return (
        f"{row['row']:62} {row['ours']:7.0f} against {row['peer']:7.0f} ({row['peer_name']}): "
        f"ratio {row['ratio']:.2f}, quartiles {low:.2f} and {high:.2f} of {repeats} repeats"
    )


def versions() -> dict[str, str]:
    """Of the libraries of both sides, of those that are installed."""
    from cnnrepro.training import provenance

    return provenance.versions((*provenance.LIBRARIES, *PEER_LIBRARIES))


def about(repeats: int, **more: object) -> dict:
    """What a file of results says besides its rows: the benchmark, the machine, the versions, the commit, the day."""
    from cnnrepro import machine
    from cnnrepro.training import provenance

    script = Path(sys.argv[0])
    return {
        "benchmark": script.stem,
        "machine": machine.describe().summary(),
        "versions": versions(),
        "commit": provenance.commit(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "repeats": repeats,
        **more,
    }


def write(json_file: Path | None, rows: Sequence[Mapping], facts: Mapping) -> None:
    """Write rows and what is to be said of them, where a file is asked for."""
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps({**facts, "rows": rows}, indent=2) + "\n", encoding="utf-8")


def report(
    pairs: Iterable[Pair],
    repeats: int,
    json_file: Path | None,
    *,
    precision: str = "float32",
    more: Callable[[], Sequence[Mapping]] = list,
    left_out: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Measure every pair, print a line for each below the machine and the versions, and write them where asked.

    Args:
        pairs: one after the other, each made when its turn comes.
        repeats: of each.
        json_file: where to.
        precision: of the computations, for the reader.
        more: rows of another form, found when the pairs are done, that are written behind them.
        left_out: peers that cannot be measured here, by row and name, and why.
    """
    facts = about(repeats, precision=precision, left_out=left_out or {})
    print(f"{facts['machine']}; {precision}; {facts['versions']}")
    rows = []
    for pair in pairs:
        rows.append(measure(pair, repeats))
        print(told(rows[-1], repeats), flush=True)
    write(json_file, [*rows, *more()], facts)
