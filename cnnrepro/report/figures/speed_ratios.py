"""How fast ours is beside others: a bar a row, and the share of the machine's own matrix product that both reach."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from cnnrepro.report import style
from cnnrepro.report.benchmark_results import ComparedRow
from cnnrepro.report.figures.panels import one_panel


@style.applied()
def speed_ratios(rows: Sequence[ComparedRow]) -> Figure:
    """Draw the ratio of each row with its quartiles, the first row at the top, and a line where both are equal."""
    if not rows:
        raise ValueError("speed_ratios() has nothing to draw: there are no rows.")
    figure, axes = one_panel(1.0 + 0.5 * len(rows))
    for place, row in enumerate(rows):
        low, high = row.spread
        colour = style.colour(0 if row.ratio >= 1 else 1)
        axes.barh(place, row.ratio, color=colour, height=0.6)
        axes.plot([low, high], [place, place], color=style.INK, linewidth=1.4, marker="|", markersize=8)
        words = f"{row.ratio:.2f} × {style.short(row.peer_name, 36)}"
        look = {"va": "center", "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.0}}
        axes.annotate(style.plain(words), (max(high, row.ratio), place), (6, 0), textcoords="offset points", **look)
    axes.axvline(1.0, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.set_yticks(range(len(rows)), [style.wrapped(row.row, 52) for row in rows], color=style.INK)
    axes.set_xlim(0, 1.9 * max(max(row.ratio, row.spread[1]) for row in rows))  # room for the words behind the bars
    axes.invert_yaxis()
    axes.spines["left"].set_visible(False)
    style.quiet_grid(axes, "x")
    axes.set_title("Ours over the best peer")
    words = "Ratio within a repeat: median, and a line from quartile to quartile. Above 1 ours is ahead."
    axes.set_xlabel(style.wrapped(words, 70))
    return figure


@style.applied()
def product_shares(rows: Sequence[ComparedRow]) -> Figure:
    """Draw, for each row that tells it, the share of the matrix product's FLOP/s that ours and the peer reach."""
    told = [row for row in rows if row.mfu]
    if not told:
        raise ValueError("product_shares() has nothing to draw: no row tells its share.")
    figure, axes = one_panel(1.1 + 0.55 * len(told))
    for side, label in enumerate(("ours", "best peer")):
        places = [place + 0.34 * side - 0.17 for place in range(len(told))]
        drawn = axes.barh(places, [row.mfu[side] for row in told], height=0.32, color=style.colour(side), label=label)
        axes.bar_label(drawn, fmt="%.2f", padding=4, fontsize=8.5)
    axes.set_yticks(range(len(told)), [style.wrapped(row.row, 52) for row in told], color=style.INK)
    axes.set_xlim(0, 1.15 * max(max(row.mfu) for row in told))
    axes.invert_yaxis()
    axes.spines["left"].set_visible(False)
    style.quiet_grid(axes, "x")
    words = "Model FLOP/s over those of a matrix product in the same precision, measured beside it (MFU)"
    axes.set_xlabel(style.wrapped(words, 70))
    axes.set_title("The share of the machine that is used")
    figure.legend(loc="outside upper left", ncols=2)
    return figure
