"""Tables of a page: text in cells, escaped, with a caption and aligned columns."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Table:
    """A table that notebooks and pages show alike.

    Args:
        columns: headings.
        rows: cells as text, one a column.
        caption: what the table shows, in a sentence.
        numbers: headings of the columns that are set right with figures of one width.
        folded: show the caption alone until it is clicked.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    numbers: frozenset[str] = frozenset()
    folded: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"Every row needs {len(self.columns)} cells, one a column. Received: {row!r}")

    def _repr_html_(self) -> str:
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption and not self.folded else ""
        head = self._row("th", self.columns, ' scope="col"')
        body = "".join(self._row("td", row) for row in self.rows)
        table = f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"
        if self.folded:
            return f"<details><summary>{html.escape(self.caption)}</summary>{table}</details>"
        return table

    def _row(self, tag: str, cells: Sequence[str], attributes: str = "") -> str:
        spelled = []
        for column, cell in zip(self.columns, cells, strict=True):
            kind = ' class="number"' if column in self.numbers else ""
            spelled.append(f"<{tag}{attributes}{kind}>{html.escape(cell)}</{tag}>")
        return f"<tr>{''.join(spelled)}</tr>"

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [self.caption] if self.caption else []
        for row in (self.columns, *self.rows):
            cells = (
                cell.rjust(width) if column in self.numbers else cell.ljust(width)
                for column, cell, width in zip(self.columns, row, widths, strict=True)
            )
            lines.append("  ".join(cells).rstrip())
        return "\n".join(lines)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    caption: str = "",
    numbers: Sequence[str] = (),
    folded: bool = False,
) -> Table:
    """A table from any cells: whole numbers get thousands separators, everything else is spelled as it is."""
    return Table(tuple(columns), tuple(tuple(map(_spell, row)) for row in rows), caption, frozenset(numbers), folded)


def _spell(cell: object) -> str:
    if isinstance(cell, (int, np.integer)) and not isinstance(cell, bool):
        return f"{cell:,}"
    return str(cell)


def mean_spread(values: Sequence[float], *, percent: bool = False, digits: int = 2) -> str:
    """Mean and sample standard deviation: "97.53 ± 0.12 %"; no spread for one value, "–" for none.

    Args:
        values: the values, one a seed.
        percent: they are fractions, to be shown in percent.
        digits: after the decimal point.
    """
    array = np.asarray(values, dtype=np.float64) * (100 if percent else 1)
    if not len(array):
        return "–"
    unit = " %" if percent else ""
    mean = f"{array.mean():.{digits}f}"
    if len(array) == 1:
        return f"{mean}{unit}"
    sd = array.std(ddof=1)
    spread = f"{sd:.{digits}f}" if math.isfinite(sd) else "–"
    return f"{mean} ± {spread}{unit}"
