"""How many statements of each source hold."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    NOT_CHECKABLE,
    NOT_TESTED,
    UNDECIDED,
    Verdict,
    count,
)
from cnnrepro.report import style
from cnnrepro.report.figures.panels import one_panel

# The colours of the page's verdicts, strong enough on white.
COLOURS = {
    HOLDS: "#0a6b3d",
    HOLDS_IF: "#d39b2a",
    DOES_NOT_HOLD: "#b8330f",
    UNDECIDED: "#4f74a8",
    NOT_CHECKABLE: "#9aa4ae",
    NOT_TESTED: "#d9dee3",
}
# A second sign beside the colour.
HATCHES = {HOLDS: "", HOLDS_IF: "//", DOES_NOT_HOLD: "xx", UNDECIDED: "\\\\", NOT_CHECKABLE: "..", NOT_TESTED: ""}


@style.applied()
def tally(rows: Sequence[tuple[Sequence[str], Verdict]], sources: Sequence[str]) -> Figure:
    """Draw how many statements hold, hold under conditions, do not hold: all, their parts apart, and a bar a source.

    Args:
        rows: the sources and the verdict of each statement; it counts for each of its sources.
        sources: the names to look for, one a bar, from the top.
    """
    if not rows:
        raise ValueError("tally() has nothing to draw: there are no statements.")
    verdicts = [verdict for _, verdict in rows]
    bars = {"statements": count(verdicts).statements, "each part apart": count(verdicts).apart} | {
        f"statements of {name}": count(verdict for names, verdict in rows if name in names).statements
        for name in sources
    }
    figure, axes = one_panel(0.9 + 0.42 * len(bars))
    left = [0] * len(bars)
    widest = max(sum(counted.values()) for counted in bars.values())
    narrow = widest * 0.035  # a number has no room in less
    for word in COLOURS:
        numbers = [counted.get(word, 0) for counted in bars.values()]
        look = {"color": COLOURS[word], "hatch": HATCHES[word], "edgecolor": "white", "height": 0.66}
        drawn = axes.barh(list(bars), numbers, left=left, label=word, **look)
        labels = [str(number) if number >= narrow else "" for number in numbers]
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        axes.bar_label(drawn, labels=labels, label_type="center", fontweight="bold", bbox=box)
        left = [start + number for start, number in zip(left, numbers, strict=True)]
    for place, counted in enumerate(bars.values()):
        small = [f"{number} {word}" for word, number in counted.items() if number < narrow]
        axes.annotate(", ".join(small), (left[place], place), (6, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, widest * 1.35)  # room for the words behind the bars
    axes.invert_yaxis()
    earlier = [f"{number} of the statements: {made}" for made, number in count(verdicts).earlier.items()]
    axes.set_xlabel("; ".join(earlier))
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xticks([])
    figure.legend(loc="outside upper left", ncols=len(COLOURS))
    return figure
