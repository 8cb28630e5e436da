"""How results look in a terminal or a log: text that is printable, tables that are never cut, and JSON.

Names of files, classes, layers and machines, and why something failed, may be anybody's. A terminal takes some of their
characters for commands: to move the cursor, to write elsewhere, to turn what follows round. So whatever is printed goes
through ``printable``.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict

import typer

BETWEEN = 3  # characters that a column takes besides its cells
FOLDED_LEAST = 20  # of a column whose cells go over several lines
WORD_MOST = 30  # a longer word is broken where there is no room

# Unicode's categories of what a terminal may obey or hides: control and format characters, halves of surrogate pairs,
# private and unknown ones, separators of lines and paragraphs.
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str, kept: str = "\n\t") -> str:
    """Text with what a terminal would obey or hide written as Python writes it: an escape as \\x1b.

    Args:
        text: of anybody.
        kept: control characters that are left.
    """
    if text.isprintable():
        return text
    return "".join(one if one in kept or unicodedata.category(one) not in _OBEYED else ascii(one)[1:-1] for one in text)


def echo(text: object) -> None:
    """A line, or several, on standard output."""
    typer.echo(printable(str(text)))


def echo_path(path: object) -> None:
    """The path of a result on a line of its own: in a terminal for people, else to the letter for programs."""
    typer.echo(printable(str(path), kept="") if sys.stdout.isatty() else str(path))


def print_json(value: object) -> None:
    """JSON alone, of plain values and dataclasses of them."""
    from cnnrepro.files import json_text  # with psutil and locks, which `cnnrepro --help` does without

    typer.echo(json_text(value, indent=2, default=asdict))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    fold: str | Sequence[str] = (),
    right: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """A table on standard output; cells are text, never markup, and never cut.

    Args:
        columns, rows: headings, which may have several lines, and cells.
        fold: the column, or columns, whose cells may go over several lines, with whole words where there is room.
        right: columns that are set right.
        spare: columns that are left out, first to last, while the table is wider than the terminal.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [[printable(str(cell)) for cell in row] for row in rows]
    # By their places: two columns may have one heading, or none.
    folded = {fold} - {""} if isinstance(fold, str) else set(fold)
    texts = [[name, *(str(row[place]) for row in rows)] for place, name in enumerate(columns)]
    widths = [
        min(_longest(cells, None) + BETWEEN, max(FOLDED_LEAST, min(_longest(cells, r"\s"), WORD_MOST) + BETWEEN))
        if name in folded
        else _longest(cells, r"\n") + BETWEEN
        for name, cells in zip(columns, texts, strict=True)
    ]
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
        table.add_column(name, overflow="fold", no_wrap=bool(folded) and name not in folded, justify=side)
    for row in rows:
        table.add_row(*(Text(str(row[place])) for place in shown))
    Console(width=max(room, sum(widths[place] for place in shown))).print(table)
    if left_out:
        named = ", ".join(name.replace("\n", " ") for name in left_out)
        print_text(f"Left out for want of width: {named}; a wider terminal or --json shows them.\n")


def _longest(cells: Sequence[str], between: str | None) -> int:
    """The length of the longest part of some cells, which ``between`` (a pattern) separates; of the longest cell."""
    parts = cells if between is None else [part for cell in cells for part in re.split(between, cell)]
    return max(map(len, parts), default=0)


def print_text(text: str) -> None:
    """Text on standard output: in a terminal with whole words on its lines, elsewhere as it is."""
    text = printable(text)
    if not sys.stdout.isatty():
        typer.echo(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(text), soft_wrap=False)


def spell(cell: object) -> str:
    """A cell as text: thousands separators, lists and options after one another."""
    if isinstance(cell, dict):
        return ", ".join(f"{name} {spell(value)}" for name, value in cell.items())
    if isinstance(cell, (list, tuple)):
        return ", ".join(str(item) for item in cell)
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
