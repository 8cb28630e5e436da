"""How results look in a terminal or a log: tables that are never cut, and JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import typer


def print_json(value: object) -> None:
    """JSON alone, of plain values and dataclasses of them."""
    from cnnrepro.files import json_text  # with psutil and locks, which `cnnrepro --help` does without

    typer.echo(json_text(value, indent=2, default=asdict))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    fold: str = "",
    right: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """A table on standard output; cells are text, never markup, and never cut.

    Args:
        columns, rows: headings and cells.
        fold: the column whose cells may go over several lines.
        right: columns that are set right.
        spare: columns that are left out, first to last, while the table is wider than the terminal.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # By their places: two columns may have one heading, or none.
    widths = [max((len(str(row[place])) for row in rows), default=0) for place in range(len(columns))]
    widths = [max(width, len(name)) + 3 for width, name in zip(widths, columns, strict=True)]
    if fold:
        at = columns.index(fold)
        widths[at] = min(widths[at], 20)
    # Without a terminal there is no width to fit into: a log or a pipe gets the lines whole.
    room = Console().width if sys.stdout.isatty() else max(200, sum(widths))
    shown, left_out = list(range(len(columns))), []
    for name in spare:
        if sum(widths[place] for place in shown) > room:
            shown.remove(columns.index(name))
            left_out.append(name)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (columns[place] for place in shown):
        side = "right" if name in right else "left"
        table.add_column(name, overflow="fold", no_wrap=bool(fold) and name != fold, justify=side)
    for row in rows:
        table.add_row(*(Text(str(row[place])) for place in shown))
    Console(width=max(room, sum(widths[place] for place in shown))).print(table)
    if left_out:
        typer.echo(f"Left out for want of width: {', '.join(left_out)}; a wider terminal or --json shows them.\n")


def spell(cell: object) -> str:
    """A cell as text: thousands separators, lists and options after one another."""
    if isinstance(cell, dict):
        return ", ".join(f"{name} {spell(value)}" for name, value in cell.items())
    if isinstance(cell, (list, tuple)):
        return ", ".join(str(item) for item in cell)
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
