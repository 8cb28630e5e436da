"""What ``benchmarks/`` wrote: rows of ours beside a peer, with the machine and the versions they were measured with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnrepro.errors import WorkFailed


@dataclass(frozen=True)
class ComparedRow:
    """Ours beside a peer.

    Args:
        row: what is measured, with its unit; more is better.
        ours, peer: medians over the repeats.
        peer_name: whom ours is measured against.
        ratio: median over the repeats of ours / peer in the same repeat; above 1 ours is ahead.
        spread: first and third quartile of these ratios.
        mfu: model FLOP/s of ours and of the peer over the machine's own matrix product; None where it is not told.
    """

    row: str
    ours: float
    peer: float
    peer_name: str
    ratio: float
    spread: tuple[float, float]
    mfu: tuple[float, float] | None = None

    @classmethod
    def from_dict(cls, values: Mapping) -> ComparedRow:
        """A row as it stands in a file; what else is there is left out."""
        own = {name: values[name] for name in ("row", "ours", "peer", "peer_name", "ratio")}
        low, high = values["spread"]
        mfu = values.get("mfu")
        return cls(**own, spread=(low, high), mfu=(mfu["ours"], mfu["peer"]) if mfu else None)


@dataclass(frozen=True)
class BenchmarkResult:
    """What one run of a benchmark found.

    Args:
        benchmark: its name.
        machine, commit, made: where, of which code and when it ran; no commit outside of a checkout.
        versions: of the libraries of both sides.
        repeats: of each side, in turn.
        rows: those in which there was a peer to compare with.
        refused: names of rows that said nothing, and why.
        left_out: peers that could not be measured, by row and name, and why.
    """

    benchmark: str
    machine: str
    versions: Mapping[str, str]
    commit: str | None
    made: str
    repeats: int
    rows: tuple[ComparedRow, ...]
    refused: Mapping[str, str]
    left_out: Mapping[str, Mapping[str, str]]

    def notes(self) -> list[str]:
        """Sentences about what is not in the rows."""
        missing = [f"{row}: refused, since {reason}." for row, reason in self.refused.items()]
        return missing + [
            f"{row}: without {peer}, since {reason}."
            for row, peers in self.left_out.items()
            for peer, reason in peers.items()
        ]


def read_result(path: Path) -> BenchmarkResult:
    """The results in a file; raises WorkFailed where it is not such a file."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(ComparedRow.from_dict(row) for row in held["rows"] if row.get("ratio") is not None)
        own = {name: held[name] for name in ("benchmark", "machine", "versions", "commit", "made", "repeats")}
        return BenchmarkResult(**own, rows=rows, refused=held.get("refused", {}), left_out=held.get("left_out", {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkFailed(
            f"{str(path)!r} cannot be read as results of a benchmark: {type(error).__name__}: {error}"
        ) from error
