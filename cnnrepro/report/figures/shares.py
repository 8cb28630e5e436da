"""Shares of seeds: in how many of them something was seen, with the interval of the share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from cnnrepro.report import style
from cnnrepro.report.figure_numbers import COLUMNS, with_numbers
from cnnrepro.report.figures.panels import one_panel

HALF = 0.5


class ShareRow(NamedTuple):
    """One share.

    Args:
        group: rows of the same group stand below its name.
        name: of the row.
        count, n: how many of how many.
        low, high: of the interval, as fractions.
        word: what it comes to; "" where it decides nothing.
        strong: whether it is drawn in colour.
        by_seed: what was seen in each seed, with its runs, in ``COLUMNS``; the figure carries it, else the shares.
    """

    group: str
    name: str
    count: int
    n: int
    low: float
    high: float
    word: str = ""
    strong: bool = False
    by_seed: Sequence[tuple] = ()


@style.applied()
def shares(rows: Sequence[tuple], *, title: str) -> Figure:
    """Draw a line a share, with its interval, around one half; the strong ones in colour.

    Args:
        rows: the fields of a ``ShareRow`` each, from top to bottom.
        title: what the shares are of.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not rows:
        raise ValueError("shares() has nothing to draw: there are no rows.")
    rows = [ShareRow(*row) for row in rows]
    groups = list(dict.fromkeys(row.group for row in rows))
    lines = [(group, row) for group in groups for row in (None, *(one for one in rows if one.group == group))]
    figure, axes = one_panel(1.3 + 0.3 * len(lines))
    for place, (_, row) in enumerate(lines):
        if row is None:
            continue
        colour = style.colour(0) if row.strong else style.QUIET
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot(row.count / row.n, place, marker="o", color=colour, markersize=7, clip_on=False, zorder=3)
        right = {"xy": (1.02, place), "xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
        words = f"{row.count} of {row.n}" + (f", {row.word}" if row.word else "")
        axes.annotate(style.plain(words), color=style.INK if row.strong else style.QUIET, fontsize=9, **right)
    axes.axvline(HALF, color=style.INK, linewidth=1.0, zorder=0)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    names = [style.plain(group if row is None else row.name) for group, row in lines]
    axes.set_yticks(range(len(lines)), names)
    for label, (_, row) in zip(axes.get_yticklabels(), lines, strict=True):
        label.set(color=style.INK, fontweight="bold" if row is None else "normal")
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    axes.tick_params(axis="x", labeltop=True)  # a page opens with the upper part of a tall figure
    axes.spines["left"].set_visible(False)
    style.quiet_grid(axes, "x")
    axes.set_title(style.wrapped(title, 95))
    axes.set_xlabel("Share of seeds. Bar: 95 % Clopper-Pearson interval. Line: one half. Grey: decides nothing.")
    if by_seed := [number for row in rows for number in row.by_seed]:
        return with_numbers(figure, pd.DataFrame(by_seed, columns=COLUMNS))
    columns = [name for name in ShareRow._fields if name not in ("strong", "by_seed")]
    return with_numbers(figure, pd.DataFrame(rows, columns=ShareRow._fields)[columns])
