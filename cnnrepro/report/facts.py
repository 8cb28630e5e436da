"""The facts under a page: what its numbers rest on and how to repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cnnrepro.claims.ledger import LEDGER, SOURCES
from cnnrepro.data.folder.findings import sentences
from cnnrepro.experiments.parameters import spell

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

MOST_STATEMENTS = 16  # more are counted, not spelled out


def page_facts(
    target: str,
    statements: Sequence[int],
    given: Mapping[str, object],
    records: Sequence[RunRecord],
) -> dict[str, str]:
    """What a reader needs to judge or repeat the numbers of a page, by heading.

    Args:
        target: what ``cnnrepro run`` was asked for.
        statements: those that it gives a verdict on.
        given: its parameters that differ from the defaults.
        records: the runs that it shows.
    """
    facts = _statements(statements)
    facts |= _of_runs(records) if records else _of_this_machine()
    repeated = [f"-p {shlex.quote(f'{name}={spell(value)}')}" for name, value in given.items()]
    facts["To repeat"] = " ".join(["cnnrepro run", shlex.quote(target), *repeated])
    return facts


def _of_runs(records: Sequence[RunRecord]) -> dict[str, str]:
    def each(values: Iterable[str], separator: str = ", ") -> str:
        return separator.join(sorted(set(values)))

    minutes = sum(record.wall_seconds for record in records) / 60
    told = dict.fromkeys(sentence for record in records for sentence in sentences(record.data))
    data = (f"{record.spec.data_title()}, SHA-256 {record.data['fingerprint'][:16]}" for record in records)
    return {
        "Runs": f"{len(records)}, trained in {minutes:.1f} minutes altogether",
        "Machine": each(map(_spell_machine, records), "; "),
        "Precision": each(record.precision for record in records),
        "Backend": each(record.backend for record in records),
        "Versions": each(f"{name} {version}" for record in records for name, version in record.versions.items()),
        "Data": each(data, "; "),
        **({"Pictures": " ".join(told)} if told else {}),
        "Commit": each(record.commit or "not from a checkout" for record in records),
    }


def _of_this_machine() -> dict[str, str]:
    """What computed a page that rests on no run: this machine, these versions, this commit, now."""
    from cnnrepro import machine
    from cnnrepro.training import provenance

    return {
        "Machine": machine.describe().summary(),
        "Versions": ", ".join(sorted(f"{name} {version}" for name, version in provenance.versions().items())),
        "Commit": provenance.commit() or "not from a checkout",
    }


def _statements(numbers: Sequence[int]) -> dict[str, str]:
    """The statements of the notes that a page is about."""
    if not numbers:
        return {}
    if len(numbers) > MOST_STATEMENTS:
        return {"Statements": f"{len(numbers)} of the ledger: {', '.join(map(str, numbers))}"}
    rows = [LEDGER[number] for number in numbers]
    return {
        "Statements": " ".join(f"No. {row.number}: {row.text}" for row in rows),
        "Source": _sources(row.source for row in rows),
    }


def _sources(cited: Iterable[str]) -> str:
    """Where statements stand: each set of notes once, with its title and its sections."""
    sections: dict[str, dict[str, None]] = {}
    for place in (place.strip() for source in cited for place in source.split(";")):
        name, _, section = place.partition(", ")
        sections.setdefault(name, {})[section] = None
    return "; ".join(f"{name} (“{SOURCES[name].title}”): {', '.join(sections[name])}" for name in sorted(sections))


def _spell_machine(record: RunRecord) -> str:
    machine = record.machine
    gpus = ", ".join(machine.get("gpus", ())) or "no GPU"
    cores = machine.get("cores")
    first = f"{cores} core{'s' * (cores != 1)} of {machine.get('cpu')}, {machine.get('memory_gib', 0):.0f} GiB, {gpus}"
    if "workers" not in machine:
        return first
    return f"{machine['workers']} workers with {machine['devices']} devices together, the first: {first}"
